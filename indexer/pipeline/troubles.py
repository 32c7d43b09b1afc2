"""What went wrong, and when it is tried again: single files, and all work after an error of the index.

Waiting grows with every try that fails, so that what passes soon is over soon
and what lasts costs next to nothing. A file that changes is read at once and
starts over; so does everything when a person asks for it.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

from indexer.catalog import FileRecord
from indexer.errors import KbError
from indexer.reconcile import Upsert, covering
from indexer.types import FileEntry
from indexer.walk import state_of

FILE_WAITS_S = (30.0, 120.0, 480.0, 1_800.0, 7_200.0, 21_600.0)
"""How long a file is left alone after its first, second, … failure; the last goes for all further ones."""

WORK_WAITS_S = (60.0, 120.0, 240.0, 480.0, 960.0, 1_800.0)
"""The same for all work, after an error of the index itself."""

ERRORS_KEPT = 20


class Retrying(Protocol):
    """What is asked of the ledger."""

    def due(self, now: float) -> list[FileEntry]:
        """List the failed files that are to be tried again by now."""

    def next_retry(self, *, after: float) -> float | None:
        """Return when the first file after a time is to be tried again."""

    def retry_failed(self, at: float, *, under: Sequence[Path] = (), is_waiting_only: bool = False) -> int:
        """Have failed files tried again from another time on, or only those that are tried again anyway."""


def wait_s(attempt: int, waits_s: Sequence[float]) -> float:
    """Return how long to wait after a try, counted from 1."""
    return waits_s[min(attempt, len(waits_s)) - 1]


class Troubles:
    """Remembers what went wrong, and says what is to be tried again now. Thread-safe.

    Args:
        ledger: Keeps which files failed and when they are due.
        clock: Seconds since the epoch.
    """

    def __init__(self, ledger: Retrying, *, clock: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._errors: deque[dict[str, Any]] = deque(maxlen=ERRORS_KEPT)
        self._fault: KbError | None = None
        self._retry_at: float | None = None
        self._stops = 0
        self._handed: dict[Path, float | None] = {}
        self.on_nearer: Callable[[], None] = lambda: None
        """Called when something is to be tried again that was not known before."""

    @property
    def fault(self) -> KbError | None:
        """The error that stopped all work, or `None`."""
        return self._fault

    @property
    def retry_at(self) -> float | None:
        """Seconds since the epoch at which the work goes on after a fault; `None` without one."""
        return self._retry_at

    @property
    def last_errors(self) -> list[dict[str, Any]]:
        """The last files that failed, oldest first: path, reason, and seconds since the epoch."""
        return list(self._errors)

    def note_error(self, path: Path, reason: str) -> None:
        """Remember an error for a person to see."""
        self._errors.append({"path": str(path), "reason": reason, "at": self._clock()})

    def note_failure(self, record: FileRecord) -> None:
        """Remember that a file failed, after the ledger does."""
        self.note_error(record.path, record.reason)
        if record.retry_at is not None:
            self.on_nearer()

    def stop(self, error: KbError) -> None:
        """Remember an error that stopped all work; it goes on later, by itself."""
        with self._lock:
            if self._fault is None:
                self._stops += 1
                self._retry_at = self._clock() + wait_s(self._stops, WORK_WAITS_S)
                # what was handed out is not going to be done.
                self._handed.clear()
            self._fault = error
        self.on_nearer()

    def start_over(self) -> None:
        """Forget the fault, because a person asks for it: the next one is the first again."""
        with self._lock:
            self._fault = self._retry_at = None
            self._stops = 0

    def may_go_on(self) -> bool:
        """Tell whether it is time to try again after a fault, which is forgotten then."""
        with self._lock:
            if self._fault is None or (self._retry_at is not None and self._clock() < self._retry_at):
                return False
            self._fault = self._retry_at = None
            return True

    def note_success(self) -> None:
        """Remember that all work was done, so that the next fault is a first one."""
        with self._lock:
            if self._fault is None:
                self._stops = 0

    def hurry(self, places: Collection[Path]) -> None:
        """Have files tried again now to which something happened that does not show, a change of mode say.

        Args:
            places: Files and folders in which something was seen to happen.
        """
        now = self._clock()
        waiting = [
            entry
            for entry in self._ledger.due(math.inf)
            if entry.path in places or any(above in places for above in entry.path.parents)
        ]
        # what changed is read anyway, and starts over.
        unchanged = [entry.path for entry in waiting if _is_unchanged(entry)]
        if unchanged and self._ledger.retry_failed(now, under=unchanged, is_waiting_only=True):
            self.on_nearer()

    def retry_now(self, under: Sequence[Path] = ()) -> int:
        """Have failed files tried again now, also those that wait for a change; return how many.

        Args:
            under: Files and folders that matter; empty for all.
        """
        count = self._ledger.retry_failed(self._clock(), under=under)
        if count:
            self.on_nearer()
        return count

    def take_due(
        self, roots: Collection[Path], away: Collection[Path]
    ) -> tuple[dict[Path, list[Upsert]], float | None]:
        """Return what is to be read again now, by its root, and when the next file is due.

        What was returned once is not returned again before it has failed again.

        Args:
            roots: The roots.
            away: Those that cannot be looked at now; their files wait until they are back.
        """
        now = self._clock()
        found: dict[Path, list[Upsert]] = {}
        with self._lock:
            handed: dict[Path, float | None] = {}
            for entry in self._ledger.due(now):
                root = covering(entry.path, roots)
                if root is None or root in away:
                    continue
                handed[entry.path] = entry.retry_at
                if self._handed.get(entry.path, -1.0) != entry.retry_at:
                    upsert = Upsert(entry.path, entry.state, entry.attempts + 1)
                    found.setdefault(root, []).append(upsert)
            self._handed = handed
        return found, self._ledger.next_retry(after=now)


def _is_unchanged(entry: FileEntry) -> bool:
    try:
        return state_of(entry.path.lstat()) == entry.state
    except OSError:
        return False
