"""What the two writing threads gather, and which of several reads of a file is written."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.index import NewDocument
from indexer.pipeline.batches import BATCH_CHUNKS, PendingReads, WritingLane
from indexer.pipeline.items import Close, Flush, Gone, Handoff, Ready
from indexer.pipeline.tasks import Lane, Read
from indexer.reconcile import Upsert
from indexer.types import Embeddings, FileState
from tests.indexer.documents import make_chunks
from tests.indexer.fakes import InMemoryWorker
from tests.indexer.pipeline.bench import Bench, wait_until

STATE = FileState(size_bytes=1, mtime_ns=1, inode=1)


def read(name: str, number: int = 0, *, is_urgent: bool = False) -> Read:
    """Return a read of a file."""
    path = Path("/notes") / name
    return Read(path.parent, Upsert(path, STATE), is_urgent=is_urgent, number=number)


def ready(name: str, chunks: int = 1) -> Ready:
    """Return a file that was read."""
    work = read(name)
    made = make_chunks([f"words {number}" for number in range(chunks)])
    return Ready(work, NewDocument(path=work.path, root=work.root, state=STATE, title=name, chunks=made))


def test_the_urgent_lane_waits_for_nothing() -> None:
    """It writes as soon as nothing more is there; the other waits for more."""
    items = Handoff(10)
    urgent = WritingLane(Lane.URGENT)
    for name in ("a.md", "b.md"):
        items.put_urgent(ready(name))
        item = urgent.next(items)
        assert isinstance(item, Ready)
        urgent.add(item)
        assert not urgent.is_full
    assert isinstance(urgent.next(items), Flush)
    assert [each.read.path.name for each in urgent.take()] == ["a.md", "b.md"]
    assert urgent.take() == []


def test_a_full_batch_is_written() -> None:
    """Whatever the lane, so many chunks are enough."""
    for lane in map(WritingLane, Lane):
        lane.add(ready("a.md", BATCH_CHUNKS[1]))
        assert lane.is_full


def test_the_two_ways_do_not_mix() -> None:
    """What is urgent passes a full handoff; what turned out to be long goes in front of what is not."""
    items = Handoff(2)
    items.put(ready("bulk.md", 5))
    items.put_urgent(Gone((Path("/notes/gone.md"),)))
    assert items.full()
    items.hand_down(ready("long.md", 500))
    assert isinstance(items.get_urgent(wait=False), Gone)
    names = [item.read.path.name for item in (items.get(), items.get()) if isinstance(item, Ready)]
    assert names == ["long.md", "bulk.md"]
    items.close()
    assert isinstance(items.get(), Close)
    assert isinstance(items.get_urgent(wait=False), Close)


def test_only_the_latest_read_of_a_file_is_worth_writing() -> None:
    """While a later one is being written, an older one is not; another file's reads do not matter."""
    pending = PendingReads()
    older, later, other = read("a.md", 1), read("a.md", 2), read("b.md", 1)
    with pending.holding([older, other]):
        assert pending.is_latest(older)
        with pending.holding([later]):
            assert not pending.is_latest(older)
            assert pending.is_latest(later)
            assert pending.is_latest(other)
        assert pending.is_latest(older)


def test_holding_ends_with_an_error() -> None:
    """A read that could not be written stands in nobody's way."""
    pending = PendingReads()
    with pytest.raises(ZeroDivisionError), pending.holding([read("a.md", 2)]):
        raise ZeroDivisionError
    assert pending.is_latest(read("a.md", 1))


def test_a_long_file_that_was_just_saved_does_not_hold_up_the_next(bench: Bench) -> None:
    """All of it is found in the end, and it is not embedded as something urgent."""
    urgent: list[int] = []

    class Watching(InMemoryWorker):
        def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
            if is_urgent:
                urgent.append(len(texts))
            return super().embed(texts, is_urgent=is_urgent)

    bench.worker = Watching()
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    wait_until(lambda: pipeline.progress().is_idle)
    long = bench.write("long.md", "\n\n".join(f"paragraph {number}" for number in range(300)))
    pipeline.look_at(bench.folder, [long, bench.write("short.md")])
    wait_until(lambda: bench.index.chunk_count() == 301)
    assert urgent == [1]
