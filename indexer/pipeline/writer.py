"""The writing end of the pipeline: many files in one batch, one bad file in none.

Chunks of many files are embedded together, because a note is a chunk or two
and an embedder is fast on batches. A batch that fails is tried file by file,
so that the file at fault is found and the others are indexed.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from indexer.errors import DocumentError, IndexerError, KbError, StoreError, WorkerError
from indexer.index import FileRecord
from indexer.pipeline.adopting import is_outdated
from indexer.pipeline.batches import PendingReads, WritingLane
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
    paths_of,
)
from indexer.pipeline.ledger import Ledger
from indexer.pipeline.tasks import Lane
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

URGENT_CHUNKS = 128
"""A file with more new chunks than this takes longer than a second, and does not overtake others."""

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
    """Takes items from the handoff and brings them into the index, in one thread for each lane.

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
        self._lanes = {lane: WritingLane(lane) for lane in Lane}
        self._pending = PendingReads()
        self._is_drained = False
        self._tidying = threading.Lock()
        self.lock = threading.Lock()
        """Held for changes of the ledger that embed nothing, so that no root is removed under one."""

    def run(self) -> None:
        """Write until `Close` comes; what is gathered then is left to the next sweep."""
        urgent = threading.Thread(
            target=self._run, args=(self._lanes[Lane.URGENT],), name="writing-urgent", daemon=True
        )
        urgent.start()
        self._run(self._lanes[Lane.BULK])
        urgent.join()

    def _run(self, lane: "WritingLane") -> None:
        while True:
            item = lane.next(self._items)
            if isinstance(item, Close):
                return
            try:
                if self._has_fault() or self._work.is_stopped:
                    self._discard(lane, item)
                else:
                    self._handle(lane, item)
                    self._tidy()
            except KbError as error:
                self._on_fault(error)
                self._discard(lane, item)
            # the loop outlives a bug.
            except Exception as error:  # noqa: BLE001
                log_bug("write_failed", error)
                self._on_fault(IndexerError(f"an internal error ({type(error).__name__})"))
                self._discard(lane, item)

    def _handle(self, lane: "WritingLane", item: Item) -> None:
        if isinstance(item, Ready):
            if lane.is_urgent and self._is_large(item):
                # it would hold up the next file that somebody saves.
                self._items.hand_down(item)
                return
            lane.add(item)
            if lane.is_full:
                self._flush(lane)
        elif isinstance(item, Swept):
            self._work.finish_sweep(item.sweep)
        elif isinstance(item, Flush):
            self._flush(lane)
            self._is_drained = self._is_drained or item.is_drained
        elif isinstance(item, Verdicts | Gone | Adopted):
            self._flush_before(lane, paths_of(item))
            with self._pending.holding([item.read] if item.read else []):
                if item.read is not None and self._work.take_back(item.read):
                    return
                if item.read is None:
                    self._enter(item)
                elif self._pending.is_latest(item.read):
                    # else it is done when the later read is.
                    self._enter(item)
                    self._work.finish_read(item.read)

    def _enter(self, item: Verdicts | Gone | Adopted) -> None:
        """Write what embeds nothing."""
        if isinstance(item, Adopted):
            with self.lock:
                failed = self._ledger.adopt(item.adoptions)
            # again, where something else is stored by now, or the bytes may be others since they were hashed.
            for each in (*failed, *filter(is_outdated, item.adoptions)):
                self._work.add_changes(each.root, {each.source, each.path} if each.is_move else {each.path})
        elif isinstance(item, Verdicts):
            with self.lock:
                self._record(item)
            if item.read is None:
                # they were looked at a while ago, and what was just saved may have overtaken this.
                self._on_forgotten([each.path for each in item.records if is_outdated(each)])
        else:
            with self.lock:
                self._ledger.forget(item.paths)
            # whoever looked before this moment saw them as indexed still.
            self._on_forgotten(item.paths)

    def _is_large(self, ready: Ready) -> bool:
        document = ready.document
        return len(document.chunks) > URGENT_CHUNKS and self._ledger.new_chunks(document) > URGENT_CHUNKS

    def _tidy(self) -> None:
        """Delete what nobody needs any more, once all that moved has arrived."""
        if self._is_drained and self._work.since() is None and self._tidying.acquire(blocking=False):
            try:
                self._is_drained = False
                self._ledger.purge(is_drained=True)
            finally:
                self._tidying.release()

    def _discard(self, lane: "WritingLane", item: Item) -> None:
        """Count what will not be written as done, so that nobody waits for it."""
        for ready in lane.take():
            self._work.finish_read(ready.read)
        if isinstance(item, Swept):
            self._work.finish_sweep(item.sweep)
        elif isinstance(item, Ready | Verdicts | Gone | Adopted) and item.read is not None:
            self._work.finish_read(item.read)

    def _flush_before(self, lane: "WritingLane", paths: Collection[Path]) -> None:
        """Write what is gathered if it holds one of these files: what is newer must come after."""
        if any(ready.read.path in paths for ready in lane.batch):
            self._flush(lane)

    def _flush(self, lane: "WritingLane") -> None:
        roots = set(self._ledger.roots())
        wanted: list[Ready] = []
        for ready in lane.batch:
            if ready.document.root not in roots:
                # removed meanwhile.
                self._work.finish_read(ready.read)
            elif not self._work.take_back(ready.read):
                wanted.append(ready)
        if wanted:
            self._put(lane, wanted)
        lane.take()

    def _put(self, lane: "WritingLane", batch: Sequence[Ready]) -> None:
        try:
            self._put_together(lane, batch)
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
            self._put_singly(lane, batch)

    def _put_singly(self, lane: "WritingLane", batch: Sequence[Ready]) -> None:
        for ready in batch:
            try:
                self._put_together(lane, [ready])
                lane.deaths = 0
            except WorkerError as error:
                lane.deaths += 1
                if lane.deaths >= WORKER_DEATHS:
                    lane.deaths = 0
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
            self._work.finish_read(ready.read)

    def _put_together(self, lane: "WritingLane", batch: Sequence[Ready]) -> None:
        started = time.monotonic()
        reads = {id(ready.document): ready.read for ready in batch}
        chunks = sum(len(ready.document.chunks) for ready in batch)
        with self._pending.holding(reads.values()):
            try:
                counts = self._ledger.put_documents(
                    [ready.document for ready in batch],
                    is_urgent=lane.is_urgent,
                    on_embedded=lambda count: self._work.advance(list(reads.values()), count, count / chunks),
                    is_wanted=lambda document: self._is_wanted(reads[id(document)]),
                    goes_on=lambda: not self._work.is_stopped and not self._has_fault(),
                )
            except BaseException:
                self._work.fall_back()
                raise
            written = set(map(id, counts.written))
            for ready in batch:
                if id(ready.document) in written:
                    self._work.finish_read(ready.read, chunks=len(ready.document.chunks))
                elif self._pending.is_latest(ready.read) and not self._work.take_back(ready.read):
                    # given up; one that a later read overtakes is done when that is.
                    self._work.finish_read(ready.read)
        took_s = time.monotonic() - started
        lane.note_speed(counts.embedded, took_s)
        logger.debug(
            "batch_written urgent=%s files=%d chunks=%d embedded=%d took_ms=%.0f",
            lane.is_urgent,
            len(batch),
            counts.chunks,
            counts.embedded,
            took_s * 1000,
        )

    def _is_wanted(self, read: Read) -> bool:
        return self._pending.is_latest(read) and not self._work.is_outdated(read)

    def _record(self, verdicts: Verdicts) -> None:
        roots = set(self._ledger.roots())
        self._ledger.set_statuses([record for record in verdicts.records if record.root in roots])
        for record in verdicts.records:
            if record.status is FileStatus.FAILED:
                logger.warning("file_failed path=%r reason=%r", str(record.path), record.reason)
                self._on_failure(record)


def log_bug(event: str, error: Exception) -> None:
    """Log where an unforeseen exception came from, without its message: it may hold text of a document."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("%s kind=%s at=%s", event, type(error).__name__, " > ".join(places))
