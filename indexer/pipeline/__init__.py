"""From changed files to an index that agrees with the disk, in the background.

Two threads: one sweeps the roots and has files read and chunked, the other
writes what was read, so that reading the next files and embedding the present
ones overlap. A file that fails is recorded and the rest goes on; an error of
the index itself stops the work until the next sweep is asked for.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from indexer.errors import IndexerError, KbError, UsageError
from indexer.index import FileRecord
from indexer.pipeline.reading import Reader, read_file
from indexer.pipeline.sweeping import compare, outermost
from indexer.pipeline.troubles import Troubles
from indexer.pipeline.work import Read, Sweep, WorkQueue
from indexer.pipeline.writer import (
    READ_AHEAD_CHUNKS,
    Flush,
    Gone,
    Handoff,
    Item,
    Ledger,
    Swept,
    Verdicts,
    Writer,
    failed,
    log_bug,
)
from indexer.reconcile import Delete, Job, Skip, Upsert, covering
from indexer.types import FileEntry, FileStatus, Progress
from indexer.walk import RootAwayError, WalkRules, check_root

__all__ = ["Ledger", "Pipeline", "Reader"]

logger = logging.getLogger(__name__)

CLOSE_S = 10.0
"""How long a batch under way may take to be finished when the pipeline is closed."""

READING_CLOSE_S = 1.0
"""How long the end of the reading thread is waited for; it leaves nothing half done."""


class Watching(Protocol):
    """What tells of changes under the roots; see `indexer.watch.Watcher`."""

    def follow(self, root: Path) -> None:
        """Watch a root from now on."""

    def forget(self, root: Path) -> None:
        """Watch a root no longer."""


class Pipeline:
    """Keeps an index in step with its roots. Thread-safe.

    Args:
        index: What is kept in step.
        rules: Which files are left out.
        open_reader: Makes the reader when the first file is to be read; may wait for the
            embedding model, whose capacity the chunks must fit.
        home: kb's own directory, which is never walked.
        watcher: Told which roots there are; whoever makes it hands its changes to `look_at`.
        clock: Seconds since the epoch; says when what failed is tried again.
    """

    def __init__(
        self,
        index: Ledger,
        *,
        rules: WalkRules,
        open_reader: Callable[[], Reader],
        home: Path,
        watcher: Watching | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._rules = rules
        self._open_reader = open_reader
        # walks and events speak of real paths.
        self._home = home.resolve()
        self._watcher = watcher
        self._reader: Reader | None = None
        self._work = WorkQueue()
        self._items = Handoff(READ_AHEAD_CHUNKS)
        self._clock = clock
        self.troubles = Troubles(index, clock=clock)
        """What went wrong, and when it is tried again."""
        self._wants_reader = False
        self._away: set[Path] = set()
        self._roots_lock = threading.Lock()
        self._writer = Writer(
            index,
            work=self._work,
            items=self._items,
            on_failure=self.troubles.note_failure,
            on_fault=self.stop_work,
            has_fault=lambda: self.fault is not None,
            clock=clock,
        )
        self._reading = threading.Thread(target=self._read_files, name="reading", daemon=True)
        self._writing = threading.Thread(target=self._writer.run, name="writing", daemon=True)

    def start(self) -> None:
        """Start the threads, and have every root compared with the disk."""
        self.sweep()
        self._reading.start()
        self._writing.start()

    def close(self) -> bool:
        """Finish the batch under way and stop; what waits is found again by the next start.

        Returns:
            Whether the batch was finished in time.
        """
        self._work.stop()
        if (reader := self._reader) is not None:
            reader.close()
        if self._writing.ident is None:
            return True
        # the reading thread may wait for the model, which is nothing to wait for here.
        self._items.close()
        self._writing.join(CLOSE_S)
        self._reading.join(READING_CLOSE_S)
        return not self._writing.is_alive()

    # -- what people ask for

    def sweep(self, roots: Collection[Path] | None = None) -> None:
        """Have roots compared with the disk, all of them by default; returns at once.

        After an error of the index this is what tries again.
        """
        self.troubles.start_over()
        self._work.add_sweeps(self._index.roots() if roots is None else roots)

    def look_at(self, root: Path, paths: Collection[Path]) -> None:
        """Have what may have changed in a root compared with the disk; returns at once.

        Args:
            root: The root.
            paths: Files and folders, whether they exist or not; none for everything.
        """
        if self.fault is None:
            self._work.add_changes(root, paths)

    def sweep_again(self, roots: Collection[Path]) -> None:
        """Have roots compared with the disk as a matter of routine, so not after an error of the index."""
        for root in roots:
            self.look_at(root, ())

    def retry(self) -> float | None:
        """Try again what failed and is due: after an error of the index all work, else single files.

        Returns:
            When something more is due, in seconds since the epoch; `None` where nothing is known of.
        """
        roots = self._index.roots()
        if self.troubles.may_go_on():
            self._wants_reader = True
            self._work.add_sweeps(roots)
        if self.fault is not None:
            return self.troubles.retry_at
        if self.progress().is_idle:
            self.troubles.note_success()
        due, next_at = self.troubles.take_due(roots, self.away)
        for root, upserts in due.items():
            self._work.add_reads(root, upserts)
        return next_at

    def add_root(self, path: Path) -> str:
        """Have a folder indexed; returns before anything is read.

        A folder that a root already holds changes nothing; roots inside a new one
        become part of it, with everything that is indexed of them.

        Returns:
            What the person should know; empty for a new root.

        Raises:
            UsageError: If the folder cannot become a root.
            StoreError: If the catalog cannot be written.
        """
        real = check_root(path, home=self._home)
        with self._roots_lock:
            roots = self._index.roots()
            holder = covering(real, roots)
            if holder == real:
                self.sweep([real])
                return f"{real} is already indexed"
            if holder is not None and self._rules.reaches(holder, real):
                self.sweep([holder])
                return f"{real} is already indexed as part of {holder}"
            absorbed = [root for root in roots if real in root.parents and self._rules.reaches(real, root)]
            if absorbed:
                self._work.drop(absorbed)
                # not under a batch: its files are about to change their root.
                with self._writer.lock:
                    self._index.add_root(real, absorbing=absorbed)
            else:
                self._index.add_root(real)
            self._away.difference_update(absorbed)
            self._forget(absorbed)
            self.sweep([real])
        logger.info("root_added path=%r absorbed=%d", str(real), len(absorbed))
        return "".join(f"{root} is now part of {real}\n" for root in absorbed).strip()

    def remove_root(self, path: Path) -> int:
        """Forget a root with everything indexed of it; return how many files that were.

        Raises:
            UsageError: If it is not a root.
        """
        with self._roots_lock:
            roots = self._index.roots()
            # as given first: a folder that is gone, or became a link, can be removed as well.
            found = next((each for each in (path, path.resolve()) if each in roots), None)
            if found is None:
                holder = covering(path.resolve(), roots)
                raise UsageError(
                    f"{path} is not an indexed folder" + (f", but part of {holder}" if holder else ""),
                    hint=f"run `kb remove {holder}`" if holder else "run `kb roots`",
                )
            self._work.drop([found])
            with self._writer.lock:
                count = self._index.remove_root(found)
            self._away.discard(found)
            self._forget([found])
        logger.info("root_removed path=%r files=%d", str(found), count)
        return count

    def progress(self) -> Progress:
        """Return how far the present stretch of work is, or how the last one ended."""
        return self._work.progress()

    def pending(self) -> list[FileEntry]:
        """List the files that wait to be read, or are being indexed."""
        return self._work.pending()

    @property
    def pending_count(self) -> int:
        """How many files wait to be read, or are being indexed."""
        return self._work.pending_count()

    @property
    def as_of(self) -> float:
        """Seconds since the epoch at which the index last agreed with the disk; 0 if it never did."""
        return self._work.as_of

    @property
    def away(self) -> frozenset[Path]:
        """Roots that did not exist when they were last looked at; nothing of them is forgotten."""
        return frozenset(self._away)

    @property
    def fault(self) -> KbError | None:
        """The error that stopped indexing, or `None`."""
        return self.troubles.fault

    # -- the thread that reads

    def _read_files(self) -> None:
        while not self._work.is_stopped:
            work = self._work.take(wait=False)
            if work is None:
                # nothing to read ahead: what is gathered is written now, and then it is time to tidy up.
                self._items.put(Flush(is_drained=True))
                work = self._work.take()
            if work is None:
                break
            try:
                if isinstance(work, Sweep):
                    self._sweep(work)
                    self._items.put(Swept(work))
                else:
                    self._items.put(self._read(work))
            except KbError as error:
                self._give_up(work, error)
            except Exception as error:  # noqa: BLE001 - the loop outlives a bug
                log_bug("reading_failed", error)
                bug = IndexerError(f"an internal error ({type(error).__name__})")
                if isinstance(work, Read):
                    # the next version of kb may do better, and so may another try.
                    state, now = work.upsert.state, self._clock()
                    self._items.put(failed(work, state, bug, is_lasting=False, now=now))
                else:
                    self.troubles.note_error(work.root, bug.message)
                    self._items.put(Swept(work))
        if self._reader is not None:
            self._reader.close()

    def _read(self, read: Read) -> Item:
        return read_file(read, rules=self._rules, open_reader=self._open, clock=self._clock)

    def _give_up(self, work: Sweep | Read, error: KbError) -> None:
        self.stop_work(error)
        if isinstance(work, Sweep):
            self._work.finish_sweep(work)
        else:
            self._work.finish_read(work)

    def _forget(self, roots: Collection[Path]) -> None:
        if self._watcher is not None:
            for root in roots:
                self._watcher.forget(root)

    def _sweep(self, sweep: Sweep) -> None:
        """Compare a root, or parts of it, with the disk and hand out what is to be done."""
        started = time.monotonic()
        root = sweep.root
        roots = self._index.roots()
        if root not in roots:
            return
        if self._wants_reader:
            # after an error of the index: does the worker start again at all?
            self._open()
            self._wants_reader = False
        places = outermost(root, sweep.below)
        if self._watcher is not None and not places:
            # watched first: what changes during the walk is looked at again.
            self._watcher.follow(root)
        nested = [each for each in roots if root in each.parents]
        try:
            compared = compare(
                self._index,
                root,
                places,
                self._rules,
                avoid=[self._home, *nested],
                is_stopped=lambda: self._work.is_stopped,
            )
        except RootAwayError:
            self._note_away(root)
            return
        if compared is None:
            return
        for item in compared.unreadable:
            logger.warning("unreadable path=%r reason=%r", str(item.path), item.reason)
            self.troubles.note_error(item.path, item.reason)
        if compared.is_emptied:
            # an unmounted disk leaves an empty folder; whoever means it says `kb remove`.
            self._away.add(root)
            logger.warning("root_emptied path=%r", str(root))
            return
        if root in self._away:
            self._away.discard(root)
            if places:
                # nobody looked while it was away.
                self._work.add_changes(root, ())
        if root in self._index.roots():
            # it may have been removed meanwhile.
            self._hand_out(root, compared.jobs)
        logger.info(
            "root_swept path=%r places=%d files=%d jobs=%d took_ms=%.0f",
            str(root),
            len(places),
            compared.files,
            len(compared.jobs),
            (time.monotonic() - started) * 1000,
        )

    def _hand_out(self, root: Path, jobs: Sequence[Job]) -> None:
        gone = tuple(job.path for job in jobs if isinstance(job, Delete))
        if gone:
            self._items.put(Gone(gone))
        skips = tuple(
            FileRecord(
                path=job.path, root=root, state=job.state, status=FileStatus.SKIPPED, reason=job.reason
            )
            for job in jobs
            if isinstance(job, Skip)
        )
        if skips:
            self._items.put(Verdicts(skips))
        self._work.add_reads(root, [job for job in jobs if isinstance(job, Upsert)])

    def _note_away(self, root: Path) -> None:
        self._away.add(root)
        self._forget([root])
        logger.warning("root_away path=%r", str(root))

    def _open(self) -> Reader:
        if self._reader is None:
            self._reader = self._open_reader()
        return self._reader

    def stop_work(self, error: KbError) -> None:
        """Stop all work because of an error that concerns the index and not one file."""
        if not self._work.is_stopped:
            logger.error("indexing_stopped kind=%s reason=%r", type(error).__name__, error.message)
            self.troubles.stop(error)
        self._work.drop()
