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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from indexer.errors import DocumentError, IndexerError, KbError, StoreError, WorkerError
from indexer.index import FileRecord, NewDocument, PutCounts
from indexer.pipeline.troubles import FILE_WAITS_S, Retrying, wait_s
from indexer.pipeline.work import Read, Sweep, WorkQueue
from indexer.types import FileEntry, FileState, FileStatus

logger = logging.getLogger(__name__)

BATCH_CHUNKS = (32, 64, 512)
"""Least, first and most chunks of a batch; between them a batch takes about `BATCH_S`."""

BATCH_S = 2.0
"""What is embedded in one batch becomes searchable at once, and root changes wait for it to end."""

BATCH_WAIT_S = 0.5
"""A smaller batch is written when its first file has waited so long."""

READ_AHEAD_CHUNKS = 1024
"""How much may be read and not yet taken by the writer."""

WORKER_DEATHS = 3
"""After so many files in a row that the worker did not survive, the worker is at fault and not the files."""


class Ledger(Retrying, Protocol):
    """What the pipeline needs of `indexer.index.Index`."""

    def roots(self) -> list[Path]:
        """List the roots."""

    def add_root(self, path: Path, *, absorbing: Sequence[Path] = ()) -> None:
        """Add a root; the files of the absorbed roots become files of it."""

    def remove_root(self, path: Path) -> int:
        """Remove a root and return how many files were forgotten."""

    def files(
        self,
        *,
        status: FileStatus | None = None,
        under: Path | None = None,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[FileEntry]:
        """List files in path order."""

    def set_statuses(self, records: Sequence[FileRecord]) -> None:
        """Record what became of files that are not indexed."""

    def put_documents(
        self, documents: Sequence[NewDocument], *, on_embedded: Callable[[int], None]
    ) -> PutCounts:
        """Index what files hold now."""

    def forget(self, paths: Collection[Path]) -> None:
        """Forget files; their vectors stay, so that a moved file is not embedded again."""

    def purge(self) -> int:
        """Delete vectors that no file needs any more; return how many."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was read and chunked."""

    read: Read
    document: NewDocument


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Files that are not indexed, and why."""

    records: tuple[FileRecord, ...]
    read: Read | None = None
    """The work that ends with a verdict; `None` where a sweep already knew."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The end of a sweep: what it found without reading a file is in front of this."""

    sweep: Sweep


@dataclass(frozen=True, slots=True)
class Gone:
    """Files that are no longer there."""

    paths: tuple[Path, ...]
    read: Read | None = None


@dataclass(frozen=True, slots=True)
class Flush:
    """Nothing follows for now: what is gathered is to be written."""

    is_drained: bool = False
    """Whether this is the end of a stretch of work, so that what moved has arrived."""


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing follows at all."""


Item = Ready | Verdicts | Gone | Swept | Flush | Close


class Handoff(queue.Queue[Item]):
    """What the reading thread hands to the writing one; full when it holds `READ_AHEAD_CHUNKS`.

    Counting chunks and not files lets hundreds of notes be read ahead, and only a few books.
    """

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._weight = 0

    def _qsize(self) -> int:
        return self._weight

    def _put(self, item: Item) -> None:
        self._weight += _weight_of(item)
        super()._put(item)

    def _get(self) -> Item:
        item: Item = super()._get()
        self._weight -= _weight_of(item)
        return item

    def put_urgent(self, item: Item) -> None:
        """Put what comes of a change that somebody just made, without ever waiting for room.

        All of it comes from one thread and keeps its order: what was read, what is gone, the end of a look.
        """
        with self.mutex:
            self._put(item)
            self.unfinished_tasks += 1
            self.not_empty.notify()

    def close(self) -> None:
        """Put `Close`, also where there is no room: whoever ends kb does not wait for a batch."""
        self.put_urgent(Close())


def _weight_of(item: Item) -> int:
    return 1 + len(item.document.chunks) if isinstance(item, Ready) else 1


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
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._work = work
        self._items = items
        self._on_failure = on_failure
        self._clock = clock
        self._on_fault = on_fault
        self._has_fault = has_fault
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
        elif isinstance(item, Ready | Verdicts | Gone) and item.read is not None:
            self._work.finish_read(item.read)

    def _flush_before(self, paths: Collection[Path]) -> None:
        """Write what is gathered if it holds one of these files: what is newer must come after."""
        if any(ready.read.path in paths for ready in self._batch):
            self._flush()

    def _flush(self) -> None:
        with self.lock:
            roots = set(self._ledger.roots())
            wanted = [ready for ready in self._batch if ready.document.root in roots]
            if wanted:
                self._put(wanted)
            # of a root that was removed meanwhile.
            for ready in self._batch:
                if ready.document.root not in roots:
                    self._work.finish_read(ready.read)
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
