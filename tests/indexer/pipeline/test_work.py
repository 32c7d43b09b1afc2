"""The queue: what comes first, what is done twice, and when nothing is left."""

from pathlib import Path

from indexer.pipeline.work import Read, Sweep, WorkQueue
from indexer.reconcile import Upsert
from indexer.types import FileState

ROOT, OTHER = Path("/notes"), Path("/papers")
NOW_S = 1_000_000.0


def upsert(name: str, *, size: int = 1, age_h: float = 0) -> Upsert:
    state = FileState(size_bytes=size, mtime_ns=int((NOW_S - age_h * 3600) * 1e9), inode=1)
    return Upsert(Path(name), state)


def make() -> WorkQueue:
    return WorkQueue(clock=lambda: NOW_S)


def take_read(work: WorkQueue) -> Read:
    taken = work.take(wait=False)
    assert isinstance(taken, Read)
    return taken


def test_sweeps_come_before_files_and_once_each() -> None:
    """A root that is asked for twice is compared once."""
    work = make()
    work.add_reads(ROOT, [upsert("/notes/a.md")])
    work.add_sweeps([ROOT, OTHER])
    work.add_sweeps([ROOT])
    assert [work.take(wait=False) for _ in range(2)] == [Sweep(ROOT), Sweep(OTHER)]
    assert take_read(work).path == Path("/notes/a.md")
    assert work.take(wait=False) is None


def test_new_files_come_first_and_then_small_ones() -> None:
    """What was just written does not wait for a library."""
    work = make()
    work.add_reads(ROOT, [upsert("large", size=9, age_h=100), upsert("small", size=1, age_h=100)])
    work.add_reads(ROOT, [upsert("new", size=99)])
    assert [take_read(work).path.name for _ in range(3)] == ["new", "small", "large"]


def test_a_file_that_waits_is_read_once_in_its_newest_state() -> None:
    """Adding it again replaces what was known of it."""
    work = make()
    work.add_reads(ROOT, [upsert("a", size=1)])
    work.add_reads(ROOT, [upsert("a", size=2)])
    assert work.pending_count() == 1
    assert take_read(work).upsert.state.size_bytes == 2
    assert work.take(wait=False) is None


def test_a_file_being_read_is_read_again_only_if_it_changed() -> None:
    """A sweep during the work adds nothing for a file that is the same."""
    work = make()
    work.add_reads(ROOT, [upsert("a", size=1)])
    first = take_read(work)
    work.add_reads(ROOT, [upsert("a", size=1)])
    assert work.take(wait=False) is None
    work.add_reads(ROOT, [upsert("a", size=2)])
    second = take_read(work)
    work.finish_read(first)
    assert not work.progress().is_idle
    work.finish_read(second)
    assert work.progress().is_idle
    progress = work.progress()
    assert progress.files_done == progress.files_total == 2


def test_idle_means_finished_and_not_only_taken() -> None:
    """Work that was handed out still counts, and finishing it twice changes nothing."""
    work = make()
    work.add_sweeps([ROOT])
    assert not work.progress().is_idle
    sweep = work.take(wait=False)
    assert isinstance(sweep, Sweep)
    work.add_reads(ROOT, [upsert("a")])
    work.finish_sweep(sweep)
    read = take_read(work)
    assert not work.progress().is_idle
    assert work.since() == NOW_S
    work.finish_read(read, chunks=2)
    work.finish_read(read, chunks=2)
    assert work.progress().is_idle
    assert work.since() is None
    assert work.progress().chunks_done == 2


def test_dropping_a_root_leaves_the_others() -> None:
    """What waits for one root is taken back; what is being worked on goes on."""
    work = make()
    work.add_reads(ROOT, [upsert("/notes/a"), upsert("/notes/b")])
    work.add_reads(OTHER, [upsert("/papers/c")])
    under_way = take_read(work)
    work.drop([ROOT])
    assert [entry.path for entry in work.pending()] == sorted([under_way.path, Path("/papers/c")])
    assert take_read(work).path == Path("/papers/c")


def test_a_stopped_queue_hands_nothing_out() -> None:
    """Whoever waits is let go."""
    work = make()
    work.add_reads(ROOT, [upsert("a")])
    work.stop()
    assert work.take() is None
