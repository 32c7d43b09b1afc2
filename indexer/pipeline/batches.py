"""What a writing thread gathers before it writes, and which reads of a file are still worth writing."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from indexer.pipeline.items import Flush, Handoff, Item, Ready
from indexer.pipeline.tasks import Lane, Read

BATCH_CHUNKS = (32, 64, 512)
"""Least, first and most chunks of a batch; between them a batch takes about `BATCH_S`."""

BATCH_S = 2.0
"""What is embedded in one batch becomes searchable at once."""

BATCH_WAIT_S = 0.5
"""A smaller batch is written when its first file has waited so long; an urgent one waits for nothing."""


class WritingLane:
    """The batch of one of the two threads that write; used by that thread alone."""

    def __init__(self, lane: Lane) -> None:
        self.is_urgent = lane is Lane.URGENT
        self.batch: list[Ready] = []
        self.deaths = 0
        """Files in a row that the worker did not survive."""

        self._chunks = 0
        self._batch_chunks = BATCH_CHUNKS[1]
        self._deadline = 0.0

    def next(self, items: Handoff) -> Item:
        """Wait for an item; `Flush` when what is gathered has waited long enough."""
        try:
            if self.is_urgent:
                return items.get_urgent(wait=not self.batch)
            if not self.batch:
                return items.get()
            return items.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            return Flush()

    def add(self, ready: Ready) -> None:
        """Gather a file."""
        if not self.batch:
            self._deadline = time.monotonic() + BATCH_WAIT_S
        self.batch.append(ready)
        self._chunks += len(ready.document.chunks)

    def take(self) -> list[Ready]:
        """Return what is gathered, and begin anew."""
        batch, self.batch, self._chunks = self.batch, [], 0
        return batch

    @property
    def is_full(self) -> bool:
        """Whether it is time to write."""
        return self._chunks >= self._batch_chunks or (
            not self.is_urgent and bool(self.batch) and time.monotonic() > self._deadline
        )

    def note_speed(self, embedded: int, took_s: float) -> None:
        """Fit the size of batches to how long one took."""
        if embedded >= BATCH_CHUNKS[0] and not self.is_urgent:
            self._batch_chunks = batch_size(embedded / took_s)


def batch_size(chunks_per_s: float) -> int:
    """Return how many chunks the next batch is to hold on a machine of this speed."""
    least, _, most = BATCH_CHUNKS
    return max(least, min(most, int(chunks_per_s * BATCH_S)))


class PendingReads:
    """Which reads of files are being written by either thread. Thread-safe.

    A file may be read again, and written by the other thread, while an older read of
    it is still being embedded: what is older must not be written after what is newer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[Path, list[int]] = {}

    @contextlib.contextmanager
    def holding(self, reads: Iterable[Read]) -> Iterator[None]:
        """Count reads as being written."""
        held = list(reads)
        with self._lock:
            for read in held:
                self._numbers.setdefault(read.path, []).append(read.number)
        try:
            yield
        finally:
            with self._lock:
                for read in held:
                    self._numbers[read.path].remove(read.number)
                    if not self._numbers[read.path]:
                        del self._numbers[read.path]

    def is_latest(self, read: Read) -> bool:
        """Tell whether no later read of the file is being written."""
        with self._lock:
            return read.number >= max(self._numbers.get(read.path, [0]))
