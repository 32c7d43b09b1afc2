"""The queue of what is to be done: sweeps before files, and the most wanted file first.

It also knows when everything taken out is finished, so that "idle" means that
the index agrees with the disk and not only that the queue is empty.
"""

import heapq
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.pipeline.progress import ProgressMeter
from indexer.reconcile import Upsert, priority
from indexer.types import FileEntry, FileStatus, Progress


@dataclass(frozen=True, slots=True)
class Sweep:
    """Compare a root with the disk, or some files and folders of it."""

    root: Path
    below: frozenset[Path] = frozenset()
    """Where to look; empty for everywhere."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read one file of a root."""

    root: Path
    upsert: Upsert
    is_urgent: bool = field(default=False, compare=False)
    """Whether somebody just saved the file: it overtakes whatever else is on its way into the index."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.upsert.path


Work = Sweep | Read


class WorkQueue:
    """What is to be done, in order; safe to use from many threads.

    Args:
        clock: Seconds since the epoch, to tell new files from old ones.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._meter = ProgressMeter()
        self._sweeps: dict[Path, Sweep] = {}
        self._reads: dict[Path, Read] = {}
        self._heap: list[tuple[tuple[int, int], int, Path]] = []
        self._count = 0
        self._sweeping: list[Sweep] = []
        self._working: dict[Path, Read] = {}
        self._is_stopped = False
        self._begun_at = self._as_of = 0.0

    def add_sweeps(self, roots: Iterable[Path]) -> None:
        """Have roots compared with the disk; what already waits is not added twice."""
        with self._changed:
            self._begin()
            self._sweeps.update({root: Sweep(root) for root in roots})
            self._changed.notify_all()

    def add_changes(self, root: Path, paths: Collection[Path]) -> None:
        """Have some files and folders of a root compared with the disk; none means all of it."""
        with self._changed:
            self._begin()
            waiting = self._sweeps.get(root)
            if not paths or (waiting is not None and not waiting.below):
                self._sweeps[root] = Sweep(root)
            else:
                self._sweeps[root] = Sweep(
                    root, frozenset(paths) | (waiting.below if waiting else frozenset())
                )
            self._changed.notify_all()

    def add_reads(self, root: Path, upserts: Iterable[Upsert]) -> None:
        """Have files read; what waits, or is being read in the same state, is not added twice."""
        with self._changed:
            now_s = self._clock()
            for upsert in upserts:
                path = upsert.path
                working = self._working.get(path)
                if working is not None and working == Read(root, upsert):
                    continue
                waiting = self._reads.get(path)
                if waiting is not None:
                    self._meter.finish(waiting.upsert.state.size_bytes)
                self._meter.expect(upsert.state.size_bytes)
                self._reads[path] = Read(root, upsert)
                self._count += 1
                rank = priority(upsert.state, now_s=now_s)
                heapq.heappush(self._heap, (rank, self._count, path))
            self._changed.notify_all()

    def take(self, *, wait: bool = True) -> Work | None:
        """Take the next piece of work; `finish_sweep` or `finish_read` must follow.

        Args:
            wait: Whether to wait for one.

        Returns:
            `None` once the queue is stopped, or if there is nothing and `wait` is false.
        """
        with self._changed:
            while not self._is_stopped:
                if self._sweeps:
                    root, sweep = next(iter(self._sweeps.items()))
                    del self._sweeps[root]
                    self._sweeping.append(sweep)
                    return sweep
                while self._heap:
                    path = heapq.heappop(self._heap)[2]
                    # an entry whose file was dropped, or queued again with another rank, is stale.
                    if (read := self._reads.pop(path, None)) is not None:
                        if (older := self._working.get(path)) is not None:
                            self._meter.finish(older.upsert.state.size_bytes)
                        self._working[path] = read
                        return read
                if not wait:
                    return None
                self._changed.wait()
            return None

    def finish_sweep(self, sweep: Sweep) -> None:
        """Report that a root was compared; its files have been added by now."""
        with self._changed:
            self._sweeping.remove(sweep)
            self._end()

    def finish_read(self, read: Read, *, chunks: int = 0) -> None:
        """Report that a file is done, whatever became of it; a second report changes nothing."""
        with self._changed:
            if self._working.get(read.path) is not read:
                return
            del self._working[read.path]
            self._meter.finish(read.upsert.state.size_bytes, chunks=chunks)
            self._end()

    def advance(self, reads: Sequence[Read], chunks: int, share: float) -> None:
        """Report how far files are that are being indexed; see `ProgressMeter.advance`."""
        self._meter.advance(chunks, share, [read.upsert.state.size_bytes for read in reads])

    def fall_back(self) -> None:
        """Take back what was reported of unfinished files."""
        self._meter.fall_back()

    def drop(self, roots: Collection[Path] | None = None) -> None:
        """Take back everything that waits, or what waits for some roots; what is being worked on goes on."""
        with self._changed:
            if roots is None:
                # the index will not agree with the disk when this stretch of work ends.
                self._begun_at = self._as_of
            self._sweeps = {
                root: sweep for root, sweep in self._sweeps.items() if roots is not None and root not in roots
            }
            for path, read in list(self._reads.items()):
                if roots is None or read.root in roots:
                    del self._reads[path]
                    self._meter.finish(read.upsert.state.size_bytes)
            self._end()

    def stop(self) -> None:
        """Hand nothing out any more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._is_stopped

    @property
    def as_of(self) -> float:
        """Seconds since the epoch at which the index last agreed with the disk; 0 if it never did."""
        return self._as_of

    def pending(self) -> list[FileEntry]:
        """List the files that wait or are being worked on, in path order."""
        with self._changed:
            reads = {**self._reads, **self._working}
        return [
            FileEntry(path=path, status=FileStatus.PENDING, state=read.upsert.state)
            for path, read in sorted(reads.items())
        ]

    def pending_count(self) -> int:
        """Count the files that wait or are being worked on."""
        with self._changed:
            return len(self._reads.keys() | self._working.keys())

    def progress(self) -> Progress:
        """Return how far the present stretch of work is, or how the last one ended."""
        with self._changed:
            # the oldest: younger ones are read ahead.
            current = next(iter(self._working), None)
            return self._meter.progress(current=str(current or ""), is_idle=self._is_idle())

    def _is_idle(self) -> bool:
        return not (self._sweeps or self._reads or self._sweeping or self._working)

    def _begin(self) -> None:
        if self._is_idle():
            self._meter.restart()
            self._begun_at = self._clock()

    def _end(self) -> None:
        if self._is_idle():
            self._as_of = self._begun_at
            self._heap.clear()
        self._changed.notify_all()
