"""How much is written at once, and how much is read ahead."""

import queue
from pathlib import Path

import pytest

from indexer.index import NewDocument
from indexer.pipeline.batches import BATCH_CHUNKS, batch_size
from indexer.pipeline.items import Flush, Handoff, Ready
from indexer.pipeline.work import Read
from indexer.reconcile import Upsert
from indexer.types import Chunk, FileState, Locator


def ready(chunks: int) -> Ready:
    """Return a file of so many chunks."""
    path = Path("/notes/a.md")
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    made = [
        Chunk(ordinal=each, start=each, end=each + 1, text="x", locator=Locator()) for each in range(chunks)
    ]
    document = NewDocument(path=path, root=path.parent, state=state, title="a", chunks=made)
    return Ready(Read(path.parent, Upsert(path, state)), document)


def test_a_batch_takes_about_two_seconds_within_bounds() -> None:
    """Slow machines see progress, fast ones are kept busy."""
    assert [batch_size(per_s) for per_s in (1, 50, 100, 10_000)] == [
        BATCH_CHUNKS[0],
        100,
        200,
        BATCH_CHUNKS[2],
    ]


def test_reading_ahead_is_bounded_by_chunks() -> None:
    """Many notes fit, few books do, and one book larger than the bound still passes when there is room."""
    handoff = Handoff(10)
    for _ in range(5):
        handoff.put_nowait(ready(1))
    with pytest.raises(queue.Full):
        handoff.put_nowait(Flush())
    for _ in range(5):
        handoff.get_nowait()
    handoff.put_nowait(ready(100))
    with pytest.raises(queue.Full):
        handoff.put_nowait(ready(1))
    assert isinstance(handoff.get_nowait(), Ready)
    with pytest.raises(queue.Empty):
        handoff.get_nowait()
