"""Hints that something changed somewhere: the disk is looked at there, and nowhere else."""

import threading
from collections.abc import Collection
from pathlib import Path

import pytest

from indexer.pipeline.rounds import ASLEEP_S, LOOK_S, UNWATCHED_S, WATCHED_S, Rounds
from indexer.pipeline.work import LOOK_PLACES, Sweep, WorkQueue
from tests.indexer.pipeline.bench import Bench, settle

ROOT = Path("/r")


def test_only_what_is_named_is_looked_at(bench: Bench) -> None:
    """Changes elsewhere wait for their own hint."""
    bench.write("a.md", "one")
    bench.write("sub/b.md", "two")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    a, b = bench.write("a.md", "one more"), bench.write("sub/b.md", "two more")
    pipeline.look_at(bench.folder, [b])
    settle(pipeline)
    assert bench.reader.read == [b]
    pipeline.look_at(bench.folder, [a])
    settle(pipeline)
    assert bench.reader.read == [b, a]


def test_a_folder_stands_for_everything_in_it(bench: Bench) -> None:
    """A tree that moved is forgotten at one place and found at the other, without embedding."""
    bench.write("sub/deep/a.md", "one")
    bench.write("sub/b.md", "two")
    bench.write("c.md", "three")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    (bench.folder / "sub").rename(bench.folder / "sup")
    pipeline.look_at(bench.folder, [bench.folder / "sub", bench.folder / "sup"])
    settle(pipeline)
    assert set(bench.ledger()) == {"sup/deep/a.md", "sup/b.md", "c.md"}
    assert len(bench.worker.embedded) == 3


@pytest.mark.parametrize("name", [".hidden/a.md", "node_modules/a.md", "env/lib/a.md"])
def test_a_hint_does_not_reach_what_a_walk_leaves_out(bench: Bench, name: str) -> None:
    """Hidden and excluded folders stay unread, however one comes to them."""
    bench.write("env/pyvenv.cfg", "")
    bench.write("b.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    pipeline.look_at(bench.folder, [bench.write(name)])
    settle(pipeline)
    assert set(bench.ledger()) == {"b.md"}


def test_a_folder_that_becomes_a_link_is_forgotten(bench: Bench, tmp_path: Path) -> None:
    """What a link leads to is not ours, whether it is named itself or a place below it."""
    path = bench.write("sub/a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    path.parent.rename(tmp_path / "outside")
    path.parent.symlink_to(tmp_path / "outside")
    pipeline.look_at(bench.folder, [path])
    settle(pipeline)
    assert set(bench.ledger()) == set()


def test_a_file_that_marks_its_folder_is_obeyed(bench: Bench) -> None:
    """A CACHEDIR.TAG that appears takes its folder out, one that goes brings it back."""
    bench.write("sub/a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    tag = bench.write("sub/CACHEDIR.TAG", "")
    pipeline.look_at(bench.folder, [tag])
    settle(pipeline)
    assert bench.ledger() == {}
    tag.unlink()
    pipeline.look_at(bench.folder, [tag])
    settle(pipeline)
    assert set(bench.ledger()) == {"sub/a.md"}


def test_a_root_that_goes_is_away_and_comes_back_whole(bench: Bench, tmp_path: Path) -> None:
    """Nothing is forgotten of it, and the first hint after its return has everything compared."""
    bench.write("a.md")
    path = bench.write("b.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.folder.rename(tmp_path / "unmounted")
    pipeline.look_at(bench.folder, [path])
    settle(pipeline)
    assert pipeline.away == {bench.folder}
    assert set(bench.ledger()) == {"a.md", "b.md"}
    (tmp_path / "unmounted" / "a.md").unlink()
    (tmp_path / "unmounted").rename(bench.folder)
    pipeline.look_at(bench.folder, [path])
    settle(pipeline)
    assert pipeline.away == frozenset()
    assert set(bench.ledger()) == {"b.md"}


def test_hints_gather_until_they_are_taken() -> None:
    """Places of one root are looked at together, and before whole roots, which may take long."""
    work = WorkQueue()
    work.add_changes(ROOT, [ROOT / "a"])
    work.add_changes(ROOT, [])
    work.add_changes(ROOT, [ROOT / "b"])
    assert work.take(wait=False) == Sweep(ROOT, frozenset({ROOT / "a", ROOT / "b"}))
    assert work.take(wait=False) == Sweep(ROOT)
    assert work.take(wait=False) is None


def test_hints_without_end_are_a_look_at_everything() -> None:
    """More places than can be looked at one by one stand for the whole root."""
    work = WorkQueue()
    for number in range(LOOK_PLACES + 1):
        work.add_changes(ROOT, [ROOT / str(number)])
    assert work.take(wait=False) == Sweep(ROOT)
    assert work.take(wait=False) is None


def test_two_looks_at_one_root_end_apart() -> None:
    """The queue is idle only when both are finished."""
    work = WorkQueue()
    looks = []
    for _ in range(2):
        work.add_changes(ROOT, [ROOT / "a"])
        look = work.take(wait=False)
        assert isinstance(look, Sweep)
        looks.append(look)
    assert looks[0] == looks[1]
    work.finish_sweep(looks[1])
    assert not work.progress().is_idle
    work.finish_sweep(looks[0])
    assert work.progress().is_idle


class Day:
    """A clock, two roots, and what was swept when."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.swept: list[set[str]] = []
        self.rounds = Rounds(
            lambda: {Path("/watched"): True, Path("/nas"): False}, self._note, clock=lambda: self.now
        )

    def _note(self, roots: Collection[Path]) -> None:
        self.swept.append(set(map(str, roots)))

    def pass_by(self, seconds: float, *, step: float = LOOK_S) -> None:
        """Let time pass, with a look at the clock after each step."""
        for _ in range(round(seconds / step)):
            self.now += step
            self.rounds.look()


def test_roots_are_swept_at_regular_times() -> None:
    """What is not watched comes round more often."""
    day = Day()
    day.pass_by(WATCHED_S + LOOK_S)
    assert sum("/watched" in each for each in day.swept) == 1
    assert sum("/nas" in each for each in day.swept) == WATCHED_S // UNWATCHED_S


@pytest.mark.parametrize("jump", [LOOK_S + ASLEEP_S + 1, 8 * 3600.0, -3600.0])
def test_after_sleep_everything_is_swept(jump: float) -> None:
    """A clock that jumped says that the machine slept, or that nobody knows what happened."""
    day = Day()
    day.pass_by(5 * LOOK_S)
    day.now += jump
    day.rounds.look()
    assert day.swept == [{"/watched", "/nas"}]
    day.pass_by(5 * LOOK_S)
    assert len(day.swept) == 1


def test_a_root_that_is_moved_away_or_back_is_swept_at_the_next_look(tmp_path: Path) -> None:
    """No event tells of it; nor of another folder that stands in its place, as when a disk is mounted."""
    root, swept = tmp_path / "notes", list[set[Path]]()
    root.mkdir()
    rounds = Rounds(lambda: {root: True}, lambda roots: swept.append({*roots}))
    rounds.look()
    rounds.look()
    assert swept == []
    root.rename(tmp_path / "elsewhere")
    rounds.look()
    rounds.look()
    assert swept == [{root}]
    (tmp_path / "elsewhere").rename(root)
    rounds.look()
    assert swept == [{root}, {root}]
    root.rename(tmp_path / "elsewhere")
    root.mkdir()
    rounds.look()
    assert swept == [{root}] * 3


def test_the_thread_looks_and_ends_when_told() -> None:
    """It looks at the clock by itself, and closing does not wait for the next look."""
    looked = threading.Event()

    def roots() -> dict[Path, bool]:
        looked.set()
        return {}

    rounds = Rounds(roots, lambda _: None, look_s=0.01)
    rounds.start()
    assert looked.wait(20)
    rounds.close()
    idle = Rounds(roots, lambda _: None, look_s=3600)
    idle.start()
    idle.close()
