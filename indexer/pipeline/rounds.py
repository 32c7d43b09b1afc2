"""Sweeps at regular times and after sleep: events are hints, and the disk is the truth."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

logger = logging.getLogger(__name__)

WATCHED_S = 3_600.0
"""How often a root is swept that is watched."""

UNWATCHED_S = 600.0
"""How often a root is swept that cannot be watched."""

LOOK_S = 60.0
"""How often the clock is looked at."""

ASLEEP_S = 90.0
"""A look at the clock that comes this much too late comes from a machine that slept."""


class Rounds:
    """A thread that has roots swept when it is time.

    Args:
        roots: Returns all roots, each with whether it is watched.
        sweep: Has some roots swept.
        clock: Seconds since the epoch, which go on while the machine sleeps.
        look_s: How often the clock is looked at.
    """

    def __init__(
        self,
        roots: Callable[[], dict[Path, bool]],
        sweep: Callable[[Collection[Path]], None],
        *,
        clock: Callable[[], float] = time.time,
        look_s: float = LOOK_S,
    ) -> None:
        self._roots = roots
        self._sweep = sweep
        self._clock = clock
        self._look_s = look_s
        self._looked_at = clock()
        self._swept_at: dict[Path, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        """Start the thread; the first sweep comes after a whole round."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Look at the clock, and have swept what is due."""
        now = self._clock()
        # a clock that was set back is no reason to wait for it.
        was_away = not 0 <= now - self._looked_at <= self._look_s + ASLEEP_S
        self._looked_at = now
        roots = self._roots()
        self._swept_at = {root: self._swept_at.get(root, now) for root in roots}
        due = [
            root
            for root, is_watched in roots.items()
            if was_away or now - self._swept_at[root] >= (WATCHED_S if is_watched else UNWATCHED_S)
        ]
        if due:
            logger.info("round roots=%d after_sleep=%s", len(due), was_away)
            self._swept_at.update(dict.fromkeys(due, now))
            self._sweep(due)

    def _run(self) -> None:
        while not self._ended.wait(self._look_s):
            self.look()
