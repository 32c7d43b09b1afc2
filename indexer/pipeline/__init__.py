"""From changed files to an index that agrees with the disk, in the background.

Two threads look at the disk and have files read and chunked, one of them only
what somebody just changed; a third writes what was read, so that reading the
next files and embedding the present ones overlap. A file that fails is recorded
and the rest goes on; an error of the index itself stops the work for a while.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from threading import Thread
from typing import Literal

from indexer.errors import KbError
from indexer.pipeline.freshness import Freshness, Unwatched, Watching
from indexer.pipeline.lanes import Readers, ReadingLane
from indexer.pipeline.ledger import Ledger
from indexer.pipeline.looking import Looker
from indexer.pipeline.pausing import Pausing
from indexer.pipeline.reading import Reader
from indexer.pipeline.roots import Roots
from indexer.pipeline.tasks import Lane
from indexer.pipeline.tickets import Ticket
from indexer.pipeline.troubles import Troubles
from indexer.pipeline.work import WorkQueue
from indexer.pipeline.writer import READ_AHEAD_CHUNKS, Handoff, Writer
from indexer.reconcile import covering
from indexer.types import FileEntry, Progress
from indexer.walk import WalkRules

__all__ = ["Ledger", "Pausing", "Pipeline", "Reader", "Ticket", "Watching"]

logger = logging.getLogger(__name__)

CLOSE_S = 10.0
"""How long a batch under way may take to be finished when the pipeline is closed."""

READING_CLOSE_S = 1.0
"""How long the end of a reading thread is waited for; it leaves nothing half done."""


class Pipeline:
    """Keeps an index in step with its roots. Thread-safe.

    Args:
        index: What is kept in step.
        rules: Which files are left out.
        open_reader: Makes a reader when files are to be read; may wait for the
            embedding model, whose capacity the chunks must fit.
        home: kb's own directory, which is never walked.
        watcher: Told which roots there are; whoever makes it hands its changes to `look_at`.
        pausing: Says when nothing is to be indexed; `None` for one of its own.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        index: Ledger,
        *,
        rules: WalkRules,
        open_reader: Callable[[], Reader],
        home: Path,
        watcher: Watching | None = None,
        pausing: Pausing | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self.troubles = Troubles(index, clock=clock)
        """What went wrong, and when it is tried again."""

        self.pausing = pausing or Pausing(home / "paused.json", clock=clock)
        """Whether indexing is paused, and by whom."""

        self._watcher = watcher or Unwatched()
        self._readers = Readers(open_reader)
        self._work = WorkQueue(clock=clock, hold=self.pausing.hold, on_idle=self._note_idle)
        self.pausing.listen(self._work.wake)
        self._freshness = Freshness(
            index,
            watcher=self._watcher,
            since=self._work.since,
            has_fault=lambda: self.fault is not None,
            clock=clock,
        )
        self._items = Handoff(READ_AHEAD_CHUNKS)
        self._wants_reader = False
        self.rules = rules
        """Which files are left out."""

        # walks and events speak of real paths.
        self.home = home = home.resolve()
        """kb's own directory, which is never walked."""

        self._looker = Looker(
            index,
            rules=rules,
            home=home,
            watcher=self._watcher,
            work=self._work,
            items=self._items,
            troubles=self.troubles,
            freshness=self._freshness,
            prepare=self._prepare,
            clock=clock,
        )
        self._writer = Writer(
            index,
            work=self._work,
            items=self._items,
            on_failure=self.troubles.note_failure,
            on_fault=self.stop_work,
            has_fault=lambda: self.fault is not None,
            on_forgotten=self._looker.look_again,
            clock=clock,
        )
        self._roots = Roots(
            index,
            rules=rules,
            home=home,
            work=self._work,
            looker=self._looker,
            freshness=self._freshness,
            writing=self._writer.lock,
            sweep=self.sweep,
        )
        self._lanes = [
            ReadingLane(
                lane,
                work=self._work,
                items=self._items,
                look=self._looker.look,
                readers=self._readers,
                index=index,
                rules=rules,
                on_fault=self.stop_work,
                on_error=self.troubles.note_error,
                clock=clock,
            )
            for lane in Lane
        ]
        self._writing = Thread(target=self._writer.run, name="writing", daemon=True)

    def start(self) -> None:
        """Start the threads, and have every root compared with the disk."""
        self._freshness.begin(self._index.roots())
        self.sweep()
        for lane in self._lanes:
            lane.start()
        self._writing.start()

    def close(self) -> bool:
        """Finish the batch under way and stop; what waits is found again by the next start.

        Returns:
            Whether the batch was finished in time.
        """
        if self._writing.ident is None:
            return True
        self._work.stop()
        self._readers.close()
        # a reading thread may wait for the model, which is nothing to wait for here.
        self._items.close()
        self._writing.join(CLOSE_S)
        for lane in self._lanes:
            lane.join(READING_CLOSE_S)
        self._freshness.keep(is_end=True)
        return not self._writing.is_alive()

    # -- what people ask for

    def sweep(self, roots: Collection[Path] | None = None) -> None:
        """Have roots compared with the disk, all of them by default; returns at once.

        After an error of the index this is what tries again.
        """
        self.troubles.start_over()
        self._work.add_sweeps(self._index.roots() if roots is None else roots)

    def look_at(self, root: Path, paths: Collection[Path], since: float | None = None) -> None:
        """Have what may have changed in a root compared with the disk; returns at once.

        Args:
            root: The root.
            paths: Files and folders, whether they exist or not; none for everything.
            since: When the first of them changed, in seconds since the epoch; `None` for now.
        """
        if self.fault is None:
            self._work.add_changes(root, paths, since=since)

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

    def retry_now(self, under: Sequence[Path] = ()) -> int:
        """Read files that failed again at once, also those that wait for a change; return how many.

        Args:
            under: Files and folders that matter; empty for everything.
        """
        if self.fault is not None:
            self.sweep()
        count = self.troubles.retry_now(under)
        self.retry()
        return count

    def begin_wait(self, under: Collection[Path] = ()) -> Ticket:
        """Have everything that is on disk now made searchable; `end_wait` must follow.

        Whatever the events say, the disk is looked at anew. What changes after the
        call is not waited for, nor is a file that is given up.

        Args:
            under: Folders and files that matter; none for all roots.

        Returns:
            What `progress` takes, to say how far that is.
        """
        if self.fault is not None:
            # what was given up has to be found again first.
            self.sweep()
        # what is waited for is not pending any more at the end.
        self._watcher.hurry()
        roots = self._index.roots()
        whole = {root for root in roots if not under or any(_holds(each, root) for each in under)}
        parts: dict[Path, frozenset[Path]] = {}
        for path in under:
            root = covering(path, roots)
            if root is not None and root not in whole:
                parts[root] = parts.get(root, frozenset()) | {path}
        return self._work.add_ticket(whole, parts)

    def end_wait(self, ticket: Ticket) -> None:
        """Forget a wait, whether everything came or not."""
        self._work.close_ticket(ticket)

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
        return self._roots.add(path)

    def remove_root(self, path: Path) -> int:
        """Forget a root with everything indexed of it; return how many files that were.

        Raises:
            UsageError: If it is not a root.
        """
        return self._roots.remove(path)

    def prune(self) -> int:
        """Forget the files of roots that are away, and return how many; the roots stay.

        One that has come back meanwhile is compared with the disk instead.
        """
        return self._roots.prune()

    def pause(self, seconds: float | None) -> None:
        """Read and embed nothing for some seconds, or until `resume`; what changes is noted meanwhile."""
        self.pausing.pause(seconds)

    def resume(self) -> None:
        """Go on reading and embedding."""
        self.pausing.resume()

    # -- how it stands

    def progress(self, ticket: Ticket | None = None) -> Progress:
        """Return how far the present stretch of work is, or how the last one ended.

        Args:
            ticket: Of `begin_wait`; tells how far that is instead.
        """
        return self._work.progress(ticket)

    def pending(self) -> list[FileEntry]:
        """List the files that wait to be read, or are being indexed."""
        return self._work.pending()

    @property
    def pending_count(self) -> int:
        """How many files wait to be read, are being indexed, or have just changed and not come to rest."""
        return self._work.pending_count() + self._watcher.unsettled()[0]

    @property
    def as_of(self) -> float:
        """Seconds since the epoch: all that was on disk then can be found; 0 if that is not known."""
        return self._freshness.as_of()

    @property
    def away(self) -> frozenset[Path]:
        """Roots that did not exist when they were last looked at; nothing of them is forgotten."""
        return frozenset(self._looker.away)

    @property
    def fault(self) -> KbError | None:
        """The error that stopped indexing, or `None`."""
        return self.troubles.fault

    @property
    def paused_until(self) -> float | Literal["resume"] | None:
        """When a person's pause ends: seconds since the epoch, "resume", or `None` where there is none."""
        return self.pausing.until

    @property
    def paused_why(self) -> str:
        """Why indexing is paused: "by you", "on battery"; empty where it is not."""
        return self.pausing.why

    def standstill(self) -> KbError | None:
        """Return why work does not go on although there is some; `None` while it does, or there is none."""
        if self.fault is not None:
            return self.fault
        return self.pausing.error() if self._work.is_held else None

    def stop_work(self, error: KbError) -> None:
        """Stop all work because of an error that concerns the index and not one file."""
        if not self._work.is_stopped:
            logger.error("indexing_stopped kind=%s reason=%r", type(error).__name__, error.message)
            self._freshness.distrust()
            self.troubles.stop(error)
        self._work.drop()

    def _note_idle(self) -> None:
        self._freshness.keep()

    def _prepare(self) -> None:
        if self._wants_reader:
            # after an error of the index: does the worker start again at all?
            self._readers.open()
            self._wants_reader = False


def _holds(folder: Path, path: Path) -> bool:
    return folder == path or folder in path.parents
