"""Whatever comes in whatever order: the queue becomes idle, waits end, and nothing older wins."""

import random
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.pipeline.tasks import Hold
from indexer.pipeline.tickets import Ticket
from indexer.pipeline.work import Lane, Read, Sweep, WorkQueue
from indexer.reconcile import Upsert
from indexer.types import FileState

FILES = [Path("/a/1"), Path("/a/sub/2"), Path("/b/3")]
ROOTS = [Path("/a"), Path("/b")]
STEPS = 120


class Model:
    """Two lanes and a writer, each doing any of its steps at any time.

    The disk is a version per file, 0 where there is none. A read brings the version at the time
    it was taken; the index holds what was written last.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.hold = Hold.NOTHING
        self.work = WorkQueue(clock=lambda: 1.0, hold=lambda: (self.hold, None))
        self.version = 1
        self.disk = dict.fromkeys(FILES, 1)
        self.index = dict.fromkeys(FILES, 0)
        self.under_way: list[tuple[Read, int]] = []
        self.waits: list[tuple[Ticket, dict[Path, int]]] = []

    def save(self) -> None:
        """Change a file, with or without an event that says so."""
        path = self.chance.choice(FILES)
        self.version += 1
        self.disk[path] = self.version
        if self.chance.random() < 0.7:
            self.work.add_changes(root_of(path), [path])

    def sweep(self) -> None:
        self.work.add_sweeps([self.chance.choice(ROOTS)])

    def wait(self) -> None:
        """Ask for all that is on disk now in some roots, and one more file."""
        whole = {root for root in ROOTS if self.chance.random() < 0.4}
        part = self.chance.choice(FILES)
        parts = {} if root_of(part) in whole else {root_of(part): frozenset({part})}
        wanted = {path: self.disk[path] for path in FILES if path == part or root_of(path) in whole}
        self.waits.append((self.work.add_ticket(whole, parts), wanted))

    def take(self, lane: Lane | None = None) -> bool:
        """Carry out a look, or begin to read a file."""
        work = self.work.take(lane, wait=False)
        if isinstance(work, Sweep):
            found = [path for path in FILES if root_of(path) == work.root and is_within(path, work)]
            changed = [path for path in found if self.index[path] != self.disk[path]]
            states = [FileState(size_bytes=1, mtime_ns=self.disk[path], inode=1) for path in changed]
            urgent = changed if work.below else ()
            self.work.add_reads(work.root, map(Upsert, changed, states), urgent=urgent)
            self.work.finish_sweep(work)
        elif work is not None:
            self.under_way.append((work, self.disk[work.path]))
        return work is not None

    def write(self) -> None:
        """Write any of the files that were read."""
        if self.under_way:
            read, version = self.under_way.pop(self.chance.randrange(len(self.under_way)))
            if not self.work.take_back(read):
                assert version >= self.index[read.path], "an earlier read was written over a later one"
                self.index[read.path] = version
                self.work.finish_read(read)

    def pause(self) -> None:
        self.hold = self.chance.choice([Hold.NOTHING, Hold.NOTHING, *Hold])

    def step(self) -> None:
        """Do anything, and look whether whoever needs not wait any more has what was asked for."""
        steps: list[Callable[[], object]] = [self.save, self.sweep, self.wait, self.write, self.pause]
        steps += [lambda: self.take(Lane.URGENT), lambda: self.take(Lane.BULK)] * 2
        self.chance.choice(steps)()
        for ticket, wanted in self.waits:
            if ticket.is_done:
                assert all(self.index[path] >= version for path, version in wanted.items())

    def finish(self) -> None:
        """Do all that is left, and look through everything once more."""
        self.hold = Hold.NOTHING
        self.work.add_sweeps(ROOTS)
        while self.take() or self.under_way:
            self.write()


def root_of(path: Path) -> Path:
    return path.parents[-2]


def is_within(path: Path, sweep: Sweep) -> bool:
    return not sweep.below or path in sweep.below or not sweep.below.isdisjoint(path.parents)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_whatever_comes_in_whatever_order(seed: int) -> None:
    """In the end the index is as the disk, nothing is left to do, and nobody waits."""
    model = Model(random.Random(seed))
    for _ in range(STEPS):
        model.step()
    model.finish()
    progress = model.work.progress()
    assert model.index == model.disk
    assert progress.is_idle
    assert progress.files_done == progress.files_total
    assert all(ticket.is_done for ticket, _ in model.waits)
    assert model.work.pending() == []
