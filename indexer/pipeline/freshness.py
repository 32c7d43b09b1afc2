"""Of which moment the index is current: all that was on disk then can be found.

While every root is watched and nothing is under way, that is the present.
Otherwise it is the moment at which the earliest thing under way was noticed,
and for a root that is not watched the begin of the last look through all of
it. What failed counts as known: the ledger names it.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Protocol

from indexer.errors import KbError

EVENT_S = 1.0
"""How long the system may take to tell of a change; the present is counted from before that."""

KEPT_EVERY_S = 60.0
"""How often at most the moment is written down for the next daemon, which a crash may deprive of the end."""

KEY = "as_of"


class Watching(Protocol):
    """What tells of changes under the roots; see `indexer.watch.Watcher`."""

    def follow(self, root: Path) -> None:
        """Watch a root from now on."""

    def forget(self, root: Path) -> None:
        """Watch a root no longer."""

    def is_watching(self, root: Path) -> bool:
        """Tell whether every change of a root is reported."""

    def unsettled(self) -> tuple[int, float | None]:
        """Count the places that changed and are not reported yet, with the time of the first change."""

    def hurry(self) -> None:
        """Report these at once."""


class Unwatched:
    """Stands for a watcher where there is none."""

    def follow(self, root: Path) -> None:
        """Do nothing."""

    def forget(self, root: Path) -> None:
        """Do nothing."""

    def is_watching(self, root: Path) -> bool:  # noqa: ARG002
        """Say that it is not watched."""
        return False

    def unsettled(self) -> tuple[int, float | None]:
        """Know of nothing."""
        return 0, None

    def hurry(self) -> None:
        """Do nothing."""


class Notes(Protocol):
    """Where the moment is written down; see `indexer.index.Index`."""

    def meta(self, key: str) -> str | None:
        """Return what was noted under a key."""

    def set_meta(self, key: str, value: str) -> None:
        """Note something under a key."""


class Freshness:
    """Knows of which moment the index is current. Thread-safe.

    Args:
        notes: Where the moment is kept from one daemon to the next.
        watcher: What tells of changes.
        since: Returns when the work under way began, in seconds since the epoch; `None` when idle.
        has_fault: Whether work was thrown away because of an error of the index.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        notes: Notes,
        *,
        watcher: Watching,
        since: Callable[[], float | None],
        has_fault: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._notes = notes
        self._watcher = watcher
        self._since = since
        self._has_fault = has_fault
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_through: dict[Path, float] = {}
        """Per root, when the last look through all of it began whose work is done.

        At first what the last daemon knew, and 0 for a new root, of which nothing can be found yet.
        """

        self._followed: set[Path] = set()
        """Roots of which every change since that look has been reported, if they are watched."""

        self._looks: dict[Path, float] = {}
        """The same of looks whose work may be under way."""

        self._latest = 0.0
        self._kept_at = float("-inf")

    def begin(self, roots: Collection[Path]) -> None:
        """Begin with what the last daemon knew of the roots."""
        known = 0.0
        # a catalog that cannot be read says so elsewhere.
        with contextlib.suppress(KbError, ValueError):
            known = min(float(self._notes.meta(KEY) or 0), self._clock())
        with self._lock:
            self._looked_through = dict.fromkeys(roots, known)

    def add(self, root: Path) -> None:
        """Take account of a new root."""
        with self._lock:
            self._looked_through[root] = 0.0

    def remove(self, roots: Collection[Path]) -> None:
        """Take no more account of roots."""
        with self._lock:
            self._followed.difference_update(roots)
            for root in roots:
                self._looked_through.pop(root, None)
                self._looks.pop(root, None)

    def note_look(self, root: Path, began_at: float) -> None:
        """Note that a root was looked through as a whole; what differs is under way."""
        with self._lock:
            self._looks[root] = began_at

    def distrust(self) -> None:
        """Note that work was thrown away: no later moment is covered until each root is looked through."""
        as_of = self.as_of()
        with self._lock:
            self._followed.clear()
            self._looks.clear()
            self._looked_through = dict.fromkeys(self._looked_through, as_of)

    def as_of(self) -> float:
        """Return the latest moment known to be covered, in seconds since the epoch; 0 if there is none."""
        # the watcher first: what it hands on is under way from then on.
        _, changed_at = self._watcher.unsettled()
        began_at = self._since()
        moments = [self._clock() - EVENT_S, changed_at, began_at]
        with self._lock:
            if began_at is None and not self._has_fault():
                self._looked_through |= self._looks
                self._followed |= self._looks.keys()
                self._looks.clear()
            self._latest = max(self._latest, min(moment for moment in moments if moment is not None))
            return min(
                [self._latest]
                + [
                    looked_at
                    for root, looked_at in self._looked_through.items()
                    if root not in self._followed or not self._watcher.is_watching(root)
                ]
            )

    def keep(self, *, is_end: bool = False) -> None:
        """Write the moment down, unless that was done within the last minute or nothing can be written."""
        now = self._clock()
        if is_end or not 0 <= now - self._kept_at < KEPT_EVERY_S:
            self._kept_at = now
            with contextlib.suppress(KbError):
                self._notes.set_meta(KEY, repr(self.as_of()))
