"""The queue of what is to be done: looks at the disk before files, and the most wanted file first.

It also knows when everything taken out is finished, so that "idle" means that
the index agrees with the disk and not only that the queue is empty. Work is
taken from two lanes, so that what somebody just saved waits for no large
folder and no large file. Two reads of one file may therefore end in either
order: `take_back` says whose result is outdated.
"""

import heapq
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from indexer.pipeline.progress import ProgressMeter
from indexer.pipeline.tasks import Hold, Lane, Read, Sweep, Work, is_held
from indexer.pipeline.tickets import Ticket
from indexer.reconcile import Upsert, priority
from indexer.types import FileEntry, FileStatus, Progress

__all__ = ["Hold", "Lane", "Read", "Sweep", "Work", "WorkQueue"]

LOOK_PLACES = 1000
"""More places of one root than this are looked at by looking through all of it."""


class WorkQueue:
    """What is to be done, in order; safe to use from many threads.

    Args:
        clock: Seconds since the epoch, to tell new files from old ones.
        hold: Returns what is not to be read for now, and after how many seconds to ask again.
        on_idle: Called whenever nothing is left to do, by whoever finished the last piece.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        hold: Callable[[], tuple[Hold, float | None]] = lambda: (Hold.NOTHING, None),
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._hold = hold
        self._on_idle = on_idle
        self._changed = threading.Condition()
        self._meter = ProgressMeter()
        self._looks: dict[Path, Sweep] = {}
        self._sweeps: dict[Path, Sweep] = {}
        self._reads: dict[Path, Read] = {}
        self._heaps: dict[Lane, list[tuple[tuple[int, int], int, Path]]] = {lane: [] for lane in Lane}
        self._count = 0
        self._sweeping: list[Sweep] = []
        self._working: dict[Path, Read] = {}
        self._superseded: dict[Path, list[Read]] = {}
        """Reads under way, by path, of files of which a later read is under way as well."""

        self._outdated: set[int] = set()
        self._busy: set[Lane | None] = set()
        self._tickets: list[Ticket] = []
        self._is_stopped = False
        self._begun_at = 0.0

    # -- adding

    def add_sweeps(self, roots: Iterable[Path]) -> None:
        """Have roots compared with the disk; what already waits is not added twice."""
        with self._changed:
            self._begin()
            for root in roots:
                self._sweeps.setdefault(root, Sweep(root))
            self._end()

    def add_changes(self, root: Path, paths: Collection[Path], *, since: float | None = None) -> None:
        """Have some files and folders of a root compared with the disk; none means all of it.

        Args:
            root: The root.
            paths: The places.
            since: When the first of them changed, in seconds since the epoch; `None` for now.
        """
        with self._changed:
            self._begin(since)
            self._add_look(root, frozenset(paths))
            self._end()

    def add_reads(self, root: Path, upserts: Iterable[Upsert], *, urgent: Collection[Path] = ()) -> None:
        """Have files read; what waits, or is being read in the same state, is not added twice.

        Args:
            root: Their root.
            upserts: The files.
            urgent: Which of them somebody just saved.
        """
        with self._changed:
            self._begin()
            for upsert in upserts:
                path = upsert.path
                working = self._working.get(path)
                if working is not None and working == Read(root, upsert):
                    continue
                self._count += 1
                waiting = self._reads.get(path)
                is_urgent = path in urgent or (waiting is not None and waiting.is_urgent)
                read = Read(root, upsert, is_urgent=is_urgent, number=self._count)
                if waiting is not None:
                    self._meter.finish(waiting.upsert.state.size_bytes)
                self._meter.expect(upsert.state.size_bytes)
                self._push(read)
            self._end()

    def add_ticket(self, whole: Collection[Path], parts: dict[Path, frozenset[Path]]) -> Ticket:
        """Have roots and places looked at next, and return the wait for everything that differs there."""
        with self._changed:
            self._begin()
            ticket = Ticket(whole, parts, also=self._looks)
            # a waiting look begins after the call, and somebody waits for this one.
            self._sweeps = {root: Sweep(root) for root in whole} | self._sweeps
            for root, paths in parts.items():
                self._add_look(root, paths)
            ticket.look(self._outstanding())
            self._tickets.append(ticket)
            self._end()
            return ticket

    def close_ticket(self, ticket: Ticket) -> None:
        """Forget a wait."""
        with self._changed:
            self._tickets.remove(ticket)

    # -- taking and finishing

    def take(self, lane: Lane | None = None, *, wait: bool = True) -> Work | None:
        """Take the next piece of work; `finish_sweep` or `finish_read` must follow.

        Args:
            lane: Which work; `None` for any, the urgent first.
            wait: Whether to wait for one.

        Returns:
            `None` once the queue is stopped, or if there is nothing and `wait` is false.
        """
        with self._changed:
            self._busy.discard(lane)
            while not self._is_stopped:
                hold, again_s = self._hold() if self._reads else (Hold.NOTHING, None)
                if (work := self._next(lane, hold)) is not None:
                    self._busy.add(lane)
                    return work
                if not wait:
                    return None
                self._changed.wait(again_s)
            return None

    def take_back(self, read: Read) -> bool:
        """Tell whether what was read of a file is not to be written, and have done with it then.

        That is so when a later read of the file is written already, or the file is gone; and
        while indexing is paused, when the file goes back into the queue.
        """
        with self._changed:
            if read.number in self._outdated:
                self._outdated.remove(read.number)
                return True
            if self._working.get(read.path) is not read or not is_held(read, self._hold()[0]):
                return False
            del self._working[read.path]
            if read.path in self._reads:
                # a later read waits already.
                self._meter.finish(read.upsert.state.size_bytes)
            else:
                self._push(read)
            return True

    def is_outdated(self, read: Read) -> bool:
        """Tell whether a later read of a file is written already, or the file is gone."""
        return read.number in self._outdated

    def finish_sweep(self, sweep: Sweep) -> None:
        """Report that a root was compared; its files have been added by now."""
        with self._changed:
            # the very one: another look at the same places may be under way.
            self._sweeping = [each for each in self._sweeping if each is not sweep]
            for ticket in self._tickets:
                ticket.end(sweep, self._outstanding())
            is_over = self._end()
        if is_over:
            self._on_idle()

    def finish_read(self, read: Read, *, chunks: int = 0) -> None:
        """Report that a file is done, whatever became of it; a second report changes nothing."""
        with self._changed:
            for ticket in self._tickets:
                ticket.finish(read)
            if self._working.get(read.path) is not read:
                self._outdate(read)
                return
            self._settle(read, chunks=chunks)
            is_over = self._end()
        if is_over:
            self._on_idle()

    def cancel(self, paths: Iterable[Path]) -> None:
        """Take back the reads of files that are gone or left out, also those under way."""
        with self._changed:
            for path in paths:
                if (waiting := self._reads.pop(path, None)) is not None:
                    self._dismiss(waiting)
                if (working := self._working.get(path)) is not None:
                    self._outdated.add(working.number)
                    self._settle(working)
                    for ticket in self._tickets:
                        ticket.finish(working)
            is_over = self._end()
        if is_over:
            self._on_idle()

    def advance(self, reads: Sequence[Read], chunks: int, share: float) -> None:
        """Report how far files are that are being indexed; see `ProgressMeter.advance`."""
        self._meter.advance(chunks, share, [read.upsert.state.size_bytes for read in reads])

    def fall_back(self) -> None:
        """Take back what was reported of unfinished files."""
        self._meter.fall_back()

    def drop(self, roots: Collection[Path] | None = None) -> None:
        """Take back everything that waits, or what waits for some roots; what is being worked on goes on."""
        with self._changed:
            for waiting in (self._looks, self._sweeps):
                for root in [root for root in waiting if roots is None or root in roots]:
                    del waiting[root]
            for path, read in list(self._reads.items()):
                if roots is None or read.root in roots:
                    del self._reads[path]
                    self._dismiss(read)
            for ticket in self._tickets:
                ticket.forget(roots, self._outstanding())
            is_over = self._end()
        if is_over:
            self._on_idle()

    def stop(self) -> None:
        """Hand nothing out any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Have those who wait for work look again at what is held."""
        with self._changed:
            self._changed.notify_all()

    # -- looking

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopped

    @property
    def is_held(self) -> bool:
        """Whether nothing goes on but files wait, because indexing is paused."""
        with self._changed:
            if self._looks or self._sweeps or self._sweeping or self._working:
                return False
            hold = self._hold()[0] if self._reads else Hold.NOTHING
            return hold is not Hold.NOTHING and all(is_held(read, hold) for read in self._reads.values())

    def is_quiet_but_for(self, lane: Lane) -> bool:
        """Whether there is nothing to take, and the other lanes are at rest."""
        with self._changed:
            return not (self._looks or self._sweeps or self._reads or self._busy - {lane})

    def since(self) -> float | None:
        """Return when the present stretch of work began, in seconds since the epoch; `None` when idle."""
        with self._changed:
            return None if self._is_idle() else self._begun_at

    def pending(self) -> list[FileEntry]:
        """List the files that wait or are being worked on, in path order."""
        with self._changed:
            reads = sorted(self._outstanding(), key=lambda read: read.path)
        pending = FileStatus.PENDING
        return [FileEntry(path=read.path, status=pending, state=read.upsert.state) for read in reads]

    def pending_count(self) -> int:
        """Count the files that wait or are being worked on."""
        with self._changed:
            return len(self._reads.keys() | self._working.keys())

    def progress(self, ticket: Ticket | None = None) -> Progress:
        """Return how far the present stretch of work is, or how the last one ended.

        Args:
            ticket: Counts only the files of this wait, where one is given.
        """
        with self._changed:
            # the oldest: younger ones are read ahead.
            current = str(next(iter(self._working), None) or "")
            if ticket is None:
                return self._meter.progress(current=current, is_idle=self._is_idle())
            everything = self._meter.progress(current=current, is_idle=ticket.is_done)
            is_everything = ticket.left == len(self._reads.keys() | self._working.keys())
            return replace(
                everything,
                files_done=ticket.total - ticket.left,
                files_total=ticket.total,
                seconds_left=everything.seconds_left if is_everything or ticket.is_done else None,
            )

    # -- inside, under the lock

    def _add_look(self, root: Path, paths: frozenset[Path]) -> None:
        waiting = self._looks.get(root)
        if root in paths:
            paths = frozenset()
        places = paths | (waiting.below if waiting else frozenset())
        if paths and len(places) <= LOOK_PLACES:
            self._looks[root] = Sweep(root, places)
            return
        self._sweeps.setdefault(root, Sweep(root))
        if paths:
            self._looks.pop(root, None)

    def _push(self, read: Read) -> None:
        self._reads[read.path] = read
        rank = priority(read.upsert.state, now_s=self._clock())
        heapq.heappush(self._heaps[read.lane], (rank, read.number, read.path))

    def _next(self, lane: Lane | None, hold: Hold) -> Work | None:
        for each in Lane if lane is None else (lane,):
            sweeps = self._looks if each is Lane.URGENT else self._sweeps
            if sweeps:
                return self._begin_sweep(sweeps.pop(next(iter(sweeps))))
            if hold is Hold.NOTHING or (hold is Hold.BULK and each is Lane.URGENT):
                heap = self._heaps[each]
                while heap:
                    _, number, path = heapq.heappop(heap)
                    # an entry whose file was dropped, or queued again, is stale.
                    if (read := self._reads.get(path)) is not None and read.number == number:
                        del self._reads[path]
                        return self._begin_read(read)
        return None

    def _begin_sweep(self, sweep: Sweep) -> Sweep:
        self._sweeping.append(sweep)
        for ticket in self._tickets:
            ticket.begin(sweep)
        return sweep

    def _begin_read(self, read: Read) -> Read:
        if (older := self._working.pop(read.path, None)) is not None:
            self._superseded.setdefault(read.path, []).append(older)
            self._meter.finish(older.upsert.state.size_bytes)
        self._working[read.path] = read
        return read

    def _settle(self, read: Read, *, chunks: int = 0) -> None:
        """Have done with a file: whatever was read of it before is outdated."""
        del self._working[read.path]
        self._outdated.update(older.number for older in self._superseded.pop(read.path, ()))
        self._meter.finish(read.upsert.state.size_bytes, chunks=chunks)

    def _outdate(self, read: Read) -> None:
        """Note that what was read of a file before a superseded read that is done is outdated."""
        others = self._superseded.pop(read.path, [])
        self._outdated.update(each.number for each in others if each.number < read.number)
        if later := [each for each in others if each.number > read.number]:
            self._superseded[read.path] = later

    def _dismiss(self, read: Read) -> None:
        self._meter.finish(read.upsert.state.size_bytes)
        for ticket in self._tickets:
            ticket.finish(read)

    def _outstanding(self) -> Iterable[Read]:
        return {**self._working, **self._reads}.values()

    def _is_idle(self) -> bool:
        return not (self._looks or self._sweeps or self._reads or self._sweeping or self._working)

    def _begin(self, since: float | None = None) -> None:
        since = self._clock() if since is None else since
        if self._is_idle():
            self._meter.restart()
            self._begun_at = since
        else:
            self._begun_at = min(self._begun_at, since)

    def _end(self) -> bool:
        """Wake whoever waits; tell whether nothing is left to do."""
        self._changed.notify_all()
        if not self._is_idle():
            return False
        for heap in self._heaps.values():
            heap.clear()
        return True
