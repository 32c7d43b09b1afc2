"""Sweeps at regular times and after sleep, and another try of what failed, when it is due.

Sweeps, because events are hints, and the disk is the truth.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from indexer.errors import KbError

logger = logging.getLogger(__name__)

WATCHED_S = 3_600.0
"""How often a root is swept that is watched."""

UNWATCHED_S = 600.0
"""How often a root is swept that cannot be watched."""

LOOK_S = 60.0
"""How often the clock is looked at."""

MARGIN_S = 0.05
"""How much after its time something is tried again, so that its time has come by every clock."""

ASLEEP_S = 90.0
"""A look at the clock that comes this much too late comes from a machine that slept."""


class Rounds:
    """A thread that has roots swept when it is time.

    Args:
        roots: Returns all roots, each with whether it is watched.
        sweep: Has some roots swept.
        retry: Tries again what failed and is due, and returns when more is: in seconds since
            the epoch, or `None`.
        clock: Seconds since the epoch, which go on while the machine sleeps.
        look_s: How often the clock is looked at.
        woken: Set by whoever knows that something is due sooner than was known.
    """

    def __init__(
        self,
        roots: Callable[[], dict[Path, bool]],
        sweep: Callable[[Collection[Path]], None],
        *,
        retry: Callable[[], float | None] = lambda: None,
        clock: Callable[[], float] = time.time,
        look_s: float = LOOK_S,
        woken: threading.Event | None = None,
    ) -> None:
        self._roots = roots
        self._sweep = sweep
        self._retry = retry
        self._clock = clock
        self._look_s = look_s
        self._looked_at = clock()
        self._swept_at: dict[Path, float] = {}
        self._identities: dict[Path, tuple[int, int] | None] = {}
        """What stood at each root's path when it was last looked at; `None` for nothing."""

        self._woken = woken or threading.Event()
        self._is_ended = False
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        """Start the thread; the first sweep comes after a whole round, another try as soon as it is due."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._is_ended = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> float:
        """Look at the clock, and have done what is due; return how many seconds later to look again."""
        now = self._clock()
        # a clock that was set back is no reason to wait for it.
        was_away = not 0 <= now - self._looked_at <= self._look_s + ASLEEP_S
        self._looked_at = now
        roots = self._roots()
        self._swept_at = {root: self._swept_at.get(root, now) for root in roots}
        # no event tells of a root that is moved away, nor of one that is back.
        identities = {root: _identity(root) for root in roots}
        others = {root for root, one in identities.items() if self._identities.get(root, one) != one}
        self._identities = identities
        due = [
            root
            for root, is_watched in roots.items()
            if was_away
            or root in others
            or now - self._swept_at[root] >= (WATCHED_S if is_watched else UNWATCHED_S)
        ]
        if due:
            logger.info("round roots=%d after_sleep=%s", len(due), was_away)
            self._swept_at.update(dict.fromkeys(due, now))
            self._sweep(due)
        retry_at = self._retry()
        if retry_at is None:
            return self._look_s
        return min(self._look_s, max(0.0, retry_at - now) + MARGIN_S)

    def _run(self) -> None:
        while not self._is_ended:
            self._woken.clear()
            pause_s = self._look_s
            try:
                pause_s = self.look()
            except KbError as error:
                # a catalog that cannot be read today may be read tomorrow.
                logger.warning("round_failed reason=%r", error.message)
            self._woken.wait(pause_s)


def _identity(root: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another at the same path, such as what is mounted there."""
    try:
        found = root.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
