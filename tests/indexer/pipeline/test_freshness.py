"""Of which moment the index is current, as work, events and watches come and go."""

from pathlib import Path

import pytest

from indexer.pipeline.freshness import EVENT_S, KEPT_EVERY_S, KEY, Freshness
from indexer.pipeline.tasks import URGENT_BYTES, URGENT_FILES, urgent_paths
from indexer.reconcile import Upsert
from indexer.types import FileState
from tests.indexer.pipeline.bench import Bench, settle

ROOT, OTHER = Path("/notes"), Path("/papers")


class Daemon:
    """A clock, a watcher, a queue and a store of notes that say what a test tells them to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.under_way: float | None = None
        self.changed_at: float | None = None
        self.watched = {ROOT, OTHER}
        self.has_fault = False
        self.notes: dict[str, str] = {}
        self.written = 0

    def follow(self, root: Path) -> None:
        self.watched.add(root)

    def forget(self, root: Path) -> None:
        self.watched.discard(root)

    def is_watching(self, root: Path) -> bool:
        return root in self.watched

    def unsettled(self) -> tuple[int, float | None]:
        return int(self.changed_at is not None), self.changed_at

    def hurry(self) -> None:
        self.changed_at = None

    def meta(self, key: str) -> str | None:
        return self.notes.get(key)

    def set_meta(self, key: str, value: str) -> None:
        self.notes[key] = value
        self.written += 1

    def start(self, *roots: Path) -> Freshness:
        """Begin another life with some roots."""
        freshness = Freshness(
            self,
            watcher=self,
            since=lambda: self.under_way,
            has_fault=lambda: self.has_fault,
            clock=lambda: self.now,
        )
        freshness.begin(roots)
        return freshness


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


def looked_through(daemon: Daemon, *roots: Path) -> Freshness:
    """Return what knows of roots that were looked through a minute ago."""
    freshness = daemon.start(*roots)
    for root in roots:
        freshness.note_look(root, daemon.now)
    assert freshness.as_of() == daemon.now - EVENT_S
    daemon.now += 60
    return freshness


def test_idle_and_watched_is_now(daemon: Daemon) -> None:
    """The present, less what an event may take to arrive, without anything being done."""
    freshness = looked_through(daemon, ROOT, OTHER)
    daemon.now += 3600
    assert freshness.as_of() == daemon.now - EVENT_S


def test_work_and_events_hold_the_moment_at_their_beginning(daemon: Daemon) -> None:
    """What changed then cannot be found yet; it goes on when that is done, and never back."""
    freshness = looked_through(daemon, ROOT)
    freshness.as_of()
    daemon.changed_at = daemon.now + 1
    daemon.now += 10
    assert freshness.as_of() == daemon.changed_at
    # handed on: what was noticed first counts, and a change that is told late takes nothing back.
    daemon.under_way, daemon.changed_at = daemon.changed_at, None
    daemon.now += 10
    assert freshness.as_of() == daemon.under_way
    daemon.changed_at = daemon.under_way - 5
    assert freshness.as_of() == daemon.under_way
    daemon.under_way = daemon.changed_at = None
    assert freshness.as_of() == daemon.now - EVENT_S


def test_a_root_without_watch_counts_from_its_last_look(daemon: Daemon) -> None:
    """Nobody tells of its changes, so the begin of the last whole look is all that is known."""
    freshness = looked_through(daemon, ROOT, OTHER)
    looked_at = daemon.now - 60
    daemon.watched = {ROOT}
    assert freshness.as_of() == looked_at
    began_at = daemon.under_way = daemon.now
    freshness.note_look(OTHER, began_at)
    daemon.now += 30
    # what it found is under way.
    assert freshness.as_of() == looked_at
    daemon.under_way = None
    assert freshness.as_of() == began_at
    freshness.remove([OTHER])
    assert freshness.as_of() == daemon.now - EVENT_S


def test_before_the_first_look_is_through_the_last_life_counts(daemon: Daemon) -> None:
    """What changed while no daemon ran is not known, until everything that differs is done."""
    assert daemon.start(ROOT).as_of() == 0
    former = looked_through(daemon, ROOT)
    former.keep(is_end=True)
    ended_at = former.as_of()
    daemon.now += 86_400
    freshness = daemon.start(ROOT)
    daemon.under_way = daemon.now
    assert freshness.as_of() == ended_at
    freshness.note_look(ROOT, daemon.now)
    assert freshness.as_of() == ended_at
    daemon.under_way = None
    assert freshness.as_of() == daemon.now - EVENT_S


def test_a_new_root_makes_the_index_incomplete(daemon: Daemon) -> None:
    """Until all of it can be found there is no moment of which the index is current."""
    freshness = looked_through(daemon, ROOT)
    freshness.add(OTHER)
    daemon.under_way = daemon.now
    freshness.note_look(OTHER, daemon.now)
    assert freshness.as_of() == 0
    daemon.under_way = None
    assert freshness.as_of() == daemon.now - EVENT_S


def test_after_a_fault_the_moment_stands_still(daemon: Daemon) -> None:
    """The work was thrown away: idle is not current until everything was looked through again."""
    freshness = looked_through(daemon, ROOT)
    began_at = daemon.under_way = daemon.now
    daemon.now += 10
    freshness.distrust()
    daemon.has_fault, daemon.under_way = True, None
    # a look that was going on then ends later.
    freshness.note_look(ROOT, daemon.now)
    assert freshness.as_of() == began_at
    daemon.now += 3600
    daemon.has_fault, daemon.under_way = False, daemon.now
    assert freshness.as_of() == began_at
    freshness.note_look(ROOT, daemon.now)
    daemon.under_way = None
    assert freshness.as_of() == daemon.now - EVENT_S


def test_the_moment_is_written_down_at_most_once_a_minute(daemon: Daemon) -> None:
    """And once more at the end, so that the next life knows it."""
    freshness = looked_through(daemon, ROOT)
    for _ in range(5):
        freshness.keep()
    assert daemon.written == 1
    daemon.now += KEPT_EVERY_S
    freshness.keep()
    assert daemon.written == 2
    freshness.keep(is_end=True)
    assert float(daemon.notes[KEY]) == daemon.now - EVENT_S


def test_what_stands_in_the_notes_may_be_anything(daemon: Daemon) -> None:
    """A damaged note is none, and one from the future is not believed."""
    daemon.notes[KEY] = "yesterday"
    assert daemon.start(ROOT).as_of() == 0
    daemon.notes[KEY] = repr(daemon.now + 1e6)
    assert daemon.start(ROOT).as_of() <= daemon.now


def test_the_next_daemon_knows_when_the_index_was_current(bench: Bench) -> None:
    """It says so before it has looked at anything, from the catalog."""
    bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    as_of = pipeline.as_of
    assert pipeline.close()
    assert float(bench.index.meta(KEY) or 0) >= as_of > 0


def upsert(name: str, *, size: int = 1, age_s: float = 0.0) -> Upsert:
    return Upsert(ROOT / name, FileState(size_bytes=size, mtime_ns=int((1e6 - age_s) * 1e9), inode=1))


def test_what_somebody_just_saved_is_urgent() -> None:
    """A few small files: those that an event told of, and those that a look finds to be new."""
    found = [upsert("new"), upsert("old", age_s=86_400), upsert("large", size=URGENT_BYTES + 1)]
    assert urgent_paths(found, is_hinted=True, now_s=1e6) == {ROOT / "new", ROOT / "old"}
    assert urgent_paths(found, is_hinted=False, now_s=1e6) == {ROOT / "new"}


def test_what_comes_in_masses_is_not_urgent() -> None:
    """A checkout is nobody's note, however new its files are."""
    found = [upsert(str(number)) for number in range(URGENT_FILES + 1)]
    assert len(urgent_paths(found[1:], is_hinted=True, now_s=1e6)) == URGENT_FILES
    assert urgent_paths(found, is_hinted=True, now_s=1e6) == frozenset()
