"""Whoever asks for it waits exactly for what was on disk at the time of the call."""

import os
from pathlib import Path

from indexer.pipeline.work import Read, Sweep, WorkQueue
from indexer.reconcile import Upsert
from indexer.types import FileState
from tests.indexer.pipeline.bench import Bench, settle, wait_until

ROOT, OTHER = Path("/notes"), Path("/papers")


def upsert(name: str, *, mtime_ns: int = 1) -> Upsert:
    return Upsert(Path(name), FileState(size_bytes=1, mtime_ns=mtime_ns, inode=1))


def take_sweep(work: WorkQueue) -> Sweep:
    taken = work.take(wait=False)
    assert isinstance(taken, Sweep)
    return taken


def take_read(work: WorkQueue) -> Read:
    taken = work.take(wait=False)
    assert isinstance(taken, Read)
    return taken


def test_a_sweep_that_began_before_the_call_is_not_enough() -> None:
    """What changed behind its back would be missed, so another one follows, before all others."""
    work = WorkQueue()
    work.add_sweeps([ROOT, OTHER])
    earlier = take_sweep(work)
    ticket = work.add_ticket([ROOT], {})
    work.finish_sweep(earlier)
    assert not ticket.is_done
    again = take_sweep(work)
    assert again == Sweep(ROOT)
    work.finish_sweep(again)
    assert ticket.is_done


def test_exactly_what_is_outstanding_when_the_sweep_ends_is_waited_for() -> None:
    """Files that come later are not, however many they are."""
    work = WorkQueue()
    ticket = work.add_ticket([ROOT], {})
    sweep = take_sweep(work)
    work.add_reads(ROOT, [upsert("/notes/a"), upsert("/notes/b")])
    work.add_reads(OTHER, [upsert("/papers/x")])
    work.finish_sweep(sweep)
    assert (ticket.total, ticket.left) == (2, 2)
    work.add_reads(ROOT, [upsert("/notes/late")])
    reads = {read.path.name: read for read in (take_read(work) for _ in range(4))}
    work.finish_read(reads["late"])
    work.finish_read(reads["x"])
    work.finish_read(reads["a"])
    assert not ticket.is_done
    progress = work.progress(ticket)
    assert (progress.files_done, progress.files_total, progress.is_idle) == (1, 2, False)
    work.finish_read(reads["b"])
    assert work.progress(ticket).is_idle


def test_a_file_that_keeps_changing_is_waited_for_once() -> None:
    """The read that was under way is enough, whatever is queued behind it."""
    work = WorkQueue()
    ticket = work.add_ticket([ROOT], {})
    sweep = take_sweep(work)
    work.add_reads(ROOT, [upsert("/notes/log", mtime_ns=1)])
    work.finish_sweep(sweep)
    # replaced while it waits: the later read is carried out in its place.
    work.add_reads(ROOT, [upsert("/notes/log", mtime_ns=2)])
    first = take_read(work)
    assert first.upsert.state.mtime_ns == 2
    work.add_reads(ROOT, [upsert("/notes/log", mtime_ns=3)])
    work.finish_read(first)
    assert ticket.is_done
    assert not work.progress().is_idle


def test_a_read_that_began_too_early_is_not_enough() -> None:
    """Where a file changed since its read began, the newer read is waited for."""
    work = WorkQueue()
    work.add_reads(ROOT, [upsert("/notes/a", mtime_ns=1)])
    early = take_read(work)
    ticket = work.add_ticket([ROOT], {})
    sweep = take_sweep(work)
    work.add_reads(ROOT, [upsert("/notes/a", mtime_ns=2)])
    work.finish_sweep(sweep)
    work.finish_read(early)
    assert not ticket.is_done
    work.finish_read(take_read(work))
    assert ticket.is_done


def test_an_overtaken_read_is_done_with_the_one_that_overtook_it() -> None:
    """What is written is then newer than what was waited for; the older result is thrown away."""
    work = WorkQueue()
    ticket = work.add_ticket([ROOT], {})
    sweep = take_sweep(work)
    work.add_reads(ROOT, [upsert("/notes/a", mtime_ns=1)])
    work.finish_sweep(sweep)
    older = take_read(work)
    work.add_reads(ROOT, [upsert("/notes/a", mtime_ns=2)])
    newer = take_read(work)
    work.finish_read(newer)
    assert ticket.is_done
    assert work.take_back(older)
    assert work.progress().is_idle


def test_what_is_dropped_or_gone_is_not_waited_for() -> None:
    """Nothing is left to be found of a root that was removed, or a file that was deleted."""
    work = WorkQueue()
    ticket = work.add_ticket([ROOT, OTHER], {})
    for sweep in (take_sweep(work), take_sweep(work)):
        work.finish_sweep(sweep)
    assert ticket.is_done
    ticket = work.add_ticket([ROOT, OTHER], {})
    sweeps = [take_sweep(work), take_sweep(work)]
    work.add_reads(ROOT, [upsert("/notes/a"), upsert("/notes/b")])
    work.add_reads(OTHER, [upsert("/papers/x")])
    for sweep in sweeps:
        work.finish_sweep(sweep)
    assert ticket.left == 3
    under_way = take_read(work)
    work.drop([OTHER])
    work.cancel([Path("/notes/a"), Path("/notes/b")])
    assert ticket.is_done
    assert work.progress().is_idle
    assert work.take_back(under_way) == (under_way.root == ROOT)


def test_a_removed_root_is_not_waited_for_before_its_sweep() -> None:
    """A sweep that is taken back never ends."""
    work = WorkQueue()
    ticket = work.add_ticket([ROOT], {})
    work.drop([ROOT])
    assert ticket.is_done


def test_only_some_places_may_matter() -> None:
    """A wait for a folder looks there alone, and waits for nothing beside it."""
    work = WorkQueue()
    place = ROOT / "sub"
    work.add_reads(ROOT, [upsert("/notes/other"), upsert("/notes/sub/a")])
    ticket = work.add_ticket([], {ROOT: frozenset({place})})
    look = take_sweep(work)
    assert look == Sweep(ROOT, frozenset({place}))
    work.finish_sweep(look)
    assert ticket.total == 1


def test_what_is_on_disk_at_the_call_is_found_at_its_end(bench: Bench) -> None:
    """Without any event: new, changed and deleted files, and a file that was set back to an old time."""
    for name in ("changed.md", "deleted.md", "set back.md"):
        bench.write(name, f"the old words of {name}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.write("new.md", "the words of new.md")
    bench.write("changed.md", "the new words of changed.md")
    os.utime(bench.write("set back.md", "the new words of set back.md"), (1, 1))
    (bench.folder / "deleted.md").unlink()
    ticket = pipeline.begin_wait()
    wait_until(lambda: pipeline.progress(ticket).is_idle)
    pipeline.end_wait(ticket)
    assert set(bench.ledger()) == {"changed.md", "new.md", "set back.md"}
    assert bench.worker.embedded[3:]
    assert all("new" in text for text in bench.worker.embedded[3:])


def test_a_missing_place_is_no_reason_to_wait_for_ever(bench: Bench) -> None:
    """Nothing stands there, in no root or in one, and that is found out."""
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    for place in (bench.folder / "nothing.md", bench.folder.parent / "elsewhere", bench.folder.parent):
        ticket = pipeline.begin_wait([place])
        wait_until(lambda: pipeline.progress(ticket).is_idle)  # noqa: B023
        pipeline.end_wait(ticket)
