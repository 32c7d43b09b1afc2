"""The writing end of the pipeline: many files in one batch, one bad file in none.

Chunks of many files are embedded together, because a note is a chunk or two
and an embedder is fast on batches. A batch that fails is tried file by file,
so that the file at fault is found and the others are indexed.
"""

import logging
import queue
import threading
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from indexer.errors import DocumentError, IndexerError, KbError, StoreError, WorkerError
from indexer.index import FileRecord
from indexer.pipeline.adopting import is_outdated
from indexer.pipeline.items import (
    READ_AHEAD_CHUNKS,
    Adopted,
    Close,
    Flush,
    Gone,
    Handoff,
    Item,
    Ready,
    Swept,
    Verdicts,
)
from indexer.pipeline.ledger import Ledger
from indexer.pipeline.troubles import FILE_WAITS_S, wait_s
from indexer.pipeline.work import Read, WorkQueue
from indexer.types import FileState, FileStatus

__all__ = [
    "READ_AHEAD_CHUNKS",
    "Adopted",
    "Close",
    "Flush",
    "Gone",
    "Handoff",
    "Item",
    "Ready",
    "Swept",
    "Verdicts",
    "Writer",
    "failed",
    "log_bug",
    "skipped",
]

logger = logging.getLogger(__name__)

BATCH_CHUNKS = (32, 64, 512)
"""Least, first and most chunks of a batch; between them a batch takes about `BATCH_S`."""

BATCH_S = 2.0
"""What is embedded in one batch becomes searchable at once, and root changes wait for it to end."""

BATCH_WAIT_S = 0.5
"""A smaller batch is written when its first file has waited so long."""

WORKER_DEATHS = 3
"""After so many files in a row that the worker did not survive, the worker is at fault and not the files."""


def failed(read: Read, state: FileState, error: KbError, *, is_lasting: bool, now: float) -> Verdicts:
    """Return the verdict on a file that cannot be indexed.

    Args:
        read: The work.
        state: What the disk says of the file.
        error: What went wrong.
        is_lasting: Whether only a change of the file can help; otherwise it is tried
            again by and by, and stays findable as it was.
        now: Seconds since the epoch.
    """
    # a file that changed meanwhile was not tried before.
    attempts = read.upsert.attempt if state == read.upsert.state else 1
    record = replace(
        _record_of(read, state, FileStatus.FAILED, error.message),
        attempts=attempts,
        retry_at=None if is_lasting else now + wait_s(attempts, FILE_WAITS_S),
        keeps_chunks=not is_lasting,
    )
    return Verdicts((record,), read)


def skipped(read: Read, state: FileState, reason: str) -> Verdicts:
    """Return the verdict on a file that a rule leaves out."""
    return Verdicts((_record_of(read, state, FileStatus.SKIPPED, reason),), read)


def _record_of(read: Read, state: FileState, status: FileStatus, reason: str) -> FileRecord:
    return FileRecord(path=read.path, root=read.root, state=state, status=status, reason=reason)


class Writer:
    """Takes items from a queue in one thread and brings them into the index.

    Args:
        ledger: The index.
        work: Where finished work is reported.
        items: Where items come from.
        on_failure: Told of each file that failed, once that is recorded.
        on_fault: Told of an error that concerns the index and not one file; nothing
            is written any more while `has_fault` says so.
        has_fault: Whether such an error stands.
        on_forgotten: Told of files after they were forgotten.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        work: WorkQueue,
        items: Handoff,
        on_failure: Callable[[FileRecord], None],
        on_fault: Callable[[KbError], None],
        has_fault: Callable[[], bool],
        on_forgotten: Callable[[Collection[Path]], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._work = work
        self._items = items
        self._on_failure = on_failure
        self._clock = clock
        self._on_fault = on_fault
        self._has_fault = has_fault
        self._on_forgotten = on_forgotten
        self._batch: list[Ready] = []
        self._chunks = 0
        self._batch_chunks = BATCH_CHUNKS[1]
        self._deadline = 0.0
        self.lock = threading.Lock()
        """Held while the index is written, so that a root is not removed under a batch."""

    def run(self) -> None:
        """Write until `Close` comes; what is gathered then is left to the next sweep."""
        while True:
            item = self._next()
            if isinstance(item, Close):
                return
            try:
                if self._has_fault() or self._work.is_stopped:
                    self._discard(item)
                else:
                    self._handle(item)
            except KbError as error:
                self._on_fault(error)
                self._discard(item)
            # the loop outlives a bug.
            except Exception as error:  # noqa: BLE001
                log_bug("write_failed", error)
                self._on_fault(IndexerError(f"an internal error ({type(error).__name__})"))
                self._discard(item)

    def _next(self) -> Item:
        if not self._batch:
            return self._items.get()
        try:
            return self._items.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            return Flush()

    def _handle(self, item: Item) -> None:
        if isinstance(item, Ready):
            if not self._batch:
                self._deadline = time.monotonic() + BATCH_WAIT_S
            self._batch.append(item)
            self._chunks += len(item.document.chunks)
            if self._chunks >= self._batch_chunks or time.monotonic() > self._deadline:
                self._flush()
        elif (
            isinstance(item, Verdicts | Gone | Adopted)
            and item.read is not None
            and self._work.take_back(item.read)
        ):
            pass
        elif isinstance(item, Adopted):
            self._adopt(item)
        elif isinstance(item, Verdicts):
            self._flush_before({record.path for record in item.records})
            with self.lock:
                self._record(item)
        elif isinstance(item, Swept):
            self._work.finish_sweep(item.sweep)
        elif isinstance(item, Gone):
            self._flush_before(set(item.paths))
            with self.lock:
                self._ledger.forget(item.paths)
            # whoever looked before this moment saw them as indexed still.
            self._on_forgotten(item.paths)
            if item.read is not None:
                self._work.finish_read(item.read)
        elif isinstance(item, Flush):
            self._flush()
            if item.is_drained:
                with self.lock:
                    self._ledger.purge()

    def _discard(self, item: Item) -> None:
        """Count what will not be written as done, so that nobody waits for it."""
        batch, self._batch, self._chunks = self._batch, [], 0
        for ready in batch:
            self._work.finish_read(ready.read)
        if isinstance(item, Swept):
            self._work.finish_sweep(item.sweep)
        elif isinstance(item, Ready | Verdicts | Gone | Adopted) and item.read is not None:
            self._work.finish_read(item.read)

    def _adopt(self, item: Adopted) -> None:
        self._flush_before({path for each in item.adoptions for path in (each.path, each.source)})
        with self.lock:
            failed = self._ledger.adopt(item.adoptions)
        # again, where something else is stored by now, or the bytes may be others since they were hashed.
        for each in (*failed, *filter(is_outdated, item.adoptions)):
            self._work.add_changes(each.root, {each.source, each.path} if each.is_move else {each.path})
        if item.read is not None:
            self._work.finish_read(item.read)

    def _flush_before(self, paths: Collection[Path]) -> None:
        """Write what is gathered if it holds one of these files: what is newer must come after."""
        if any(ready.read.path in paths for ready in self._batch):
            self._flush()

    def _flush(self) -> None:
        with self.lock:
            roots = set(self._ledger.roots())
            wanted: list[Ready] = []
            for ready in self._batch:
                if ready.document.root not in roots:
                    # removed meanwhile.
                    self._work.finish_read(ready.read)
                elif not self._work.take_back(ready.read):
                    wanted.append(ready)
            if wanted:
                self._put(wanted)
            self._batch, self._chunks = [], 0

    def _put(self, batch: Sequence[Ready]) -> None:
        try:
            self._put_together(batch)
        except StoreError:
            raise
        except Exception as error:
            if self._work.is_stopped:
                # the worker was ended under the batch: nobody is to blame, and the next start tries again.
                return
            if not isinstance(error, KbError):
                log_bug("batch_failed", error)
            elif not isinstance(error, WorkerError | DocumentError):
                raise
            self._put_singly(batch)

    def _put_singly(self, batch: Sequence[Ready]) -> None:
        deaths = 0
        for ready in batch:
            try:
                self._put_together([ready])
                deaths = 0
            except WorkerError as error:
                deaths += 1
                if deaths == WORKER_DEATHS:
                    raise
                self._blame(ready, error, is_lasting=False)
            except DocumentError as error:
                self._blame(ready, error, is_lasting=True)
            except KbError:
                raise
            except Exception as error:  # noqa: BLE001 - one file's bug is one file's failure
                log_bug("document_failed", error)
                bug = DocumentError(f"an internal error ({type(error).__name__})")
                self._blame(ready, bug, is_lasting=False)

    def _blame(self, ready: Ready, error: KbError, *, is_lasting: bool) -> None:
        """Record that a file failed, unless it is we who end the worker."""
        if not self._work.is_stopped:
            state, now = ready.document.state, self._clock()
            self._record(failed(ready.read, state, error, is_lasting=is_lasting, now=now))

    def _put_together(self, batch: Sequence[Ready]) -> None:
        started = time.monotonic()
        reads = [ready.read for ready in batch]
        chunks = sum(len(ready.document.chunks) for ready in batch)
        try:
            counts = self._ledger.put_documents(
                [ready.document for ready in batch],
                on_embedded=lambda count: self._work.advance(reads, count, count / chunks),
            )
        except BaseException:
            self._work.fall_back()
            raise
        took_s = time.monotonic() - started
        if counts.embedded >= BATCH_CHUNKS[0]:
            self._batch_chunks = batch_size(counts.embedded / took_s)
        logger.debug(
            "batch_written files=%d chunks=%d embedded=%d took_ms=%.0f",
            len(batch),
            counts.chunks,
            counts.embedded,
            took_s * 1000,
        )
        for ready in batch:
            self._work.finish_read(ready.read, chunks=len(ready.document.chunks))

    def _record(self, verdicts: Verdicts) -> None:
        roots = set(self._ledger.roots())
        self._ledger.set_statuses([record for record in verdicts.records if record.root in roots])
        for record in verdicts.records:
            if record.status is FileStatus.FAILED:
                logger.warning("file_failed path=%r reason=%r", str(record.path), record.reason)
                self._on_failure(record)
        if verdicts.read is not None:
            self._work.finish_read(verdicts.read)


def batch_size(chunks_per_s: float) -> int:
    """Return how many chunks the next batch is to hold on a machine of this speed."""
    least, _, most = BATCH_CHUNKS
    return max(least, min(most, int(chunks_per_s * BATCH_S)))


def log_bug(event: str, error: Exception) -> None:
    """Log where an unforeseen exception came from, without its message: it may hold text of a document."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("%s kind=%s at=%s", event, type(error).__name__, " > ".join(places))
