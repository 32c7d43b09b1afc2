"""How far indexing is, and how long it will take.

Time left is told from bytes, not from files: small files come first, so that
counting files would promise too much.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from indexer.types import Progress

WINDOW_S = 15.0
"""Rates are those of the last so many seconds."""

LEAST_S = 1.0
"""Before so many seconds there is too little to tell a rate from."""

FILE_COST_BYTES = 4096
"""What a file costs beyond its bytes: opening it, starting a chunk, a row of the ledger."""


class ProgressMeter:
    """Counts what is done; safe to use from many threads.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._files_total = self._files_done = 0
        self._cost_total = self._cost_done = 0
        self._chunks_done = 0
        self._chunks_ahead, self._cost_ahead = 0, 0.0
        self._samples: deque[tuple[float, int, float]] = deque([(self._clock(), 0, 0)])

    def restart(self) -> None:
        """Begin a new stretch of work at nothing."""
        with self._lock:
            self._start()

    def expect(self, size_bytes: int) -> None:
        """Count a file that is to be read."""
        with self._lock:
            self._files_total += 1
            self._cost_total += size_bytes + FILE_COST_BYTES

    def finish(self, size_bytes: int, *, chunks: int = 0) -> None:
        """Count a file that is done, whatever became of it.

        Args:
            size_bytes: The size it was expected with.
            chunks: How many chunks of it became searchable.
        """
        cost = size_bytes + FILE_COST_BYTES
        with self._lock:
            self._files_done += 1
            self._cost_done += cost
            self._chunks_done += chunks
            # what was counted ahead is counted now.
            self._chunks_ahead = max(0, self._chunks_ahead - chunks)
            self._cost_ahead = max(0.0, self._cost_ahead - cost)
            self._note()

    def advance(self, chunks: int, share: float, sizes_bytes: Sequence[int]) -> None:
        """Count chunks of files that are not finished yet; finishing the files takes them over.

        Args:
            chunks: How many more are embedded.
            share: What part of these files that is, 0 to 1.
            sizes_bytes: The sizes of the files.
        """
        with self._lock:
            self._chunks_ahead += chunks
            self._cost_ahead += share * sum(size_bytes + FILE_COST_BYTES for size_bytes in sizes_bytes)
            self._note()

    def fall_back(self) -> None:
        """Take back what was counted ahead: the files will not be finished as expected."""
        with self._lock:
            self._chunks_ahead, self._cost_ahead = 0, 0.0

    def _note(self) -> None:
        now = self._clock()
        self._samples.append(
            (now, self._chunks_done + self._chunks_ahead, self._cost_done + self._cost_ahead)
        )
        # one sample from before the window stays, so that a pause counts as one.
        while len(self._samples) > 2 and self._samples[1][0] < now - WINDOW_S:
            self._samples.popleft()

    def progress(self, *, current: str, is_idle: bool) -> Progress:
        """Return how far the work is.

        Args:
            current: The path that is worked on; empty between files.
            is_idle: Whether nothing is left to do.
        """
        with self._lock:
            then, chunks, cost = self._samples[0]
            # files come in batches: between two of them the rate stands, and only a long pause lowers it.
            elapsed_s = max(self._samples[-1][0], self._clock() - WINDOW_S) - then
            is_known = elapsed_s >= LEAST_S
            chunks_done, cost_done = (
                self._chunks_done + self._chunks_ahead,
                self._cost_done + self._cost_ahead,
            )
            chunks_per_s = max(0.0, (chunks_done - chunks) / elapsed_s) if is_known else 0.0
            cost_per_s = (cost_done - cost) / elapsed_s if is_known else 0.0
            cost_left = max(0.0, self._cost_total - cost_done)
            return Progress(
                files_done=self._files_done,
                files_total=self._files_total,
                chunks_done=chunks_done,
                chunks_per_s=chunks_per_s,
                seconds_left=0.0 if is_idle else cost_left / cost_per_s if cost_per_s > 0 else None,
                current=current,
                is_idle=is_idle,
            )
