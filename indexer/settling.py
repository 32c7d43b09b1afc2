"""Which of the paths that keep changing have come to rest; pure but for the times it is given."""

from dataclasses import dataclass

QUIET_S = 0.2
"""How long nothing may happen to a path before it is looked at."""

OPEN_S = 1.0
"""The same for a file that was written to and not closed yet: half of it may still be missing."""

LONGEST_S = 30.0
"""A file that never comes to rest, such as a log, is looked at this long after its first change."""

FLOOD_PATHS = 500
"""More paths than this in a short time are an unpacked archive or a checkout: one batch, when it is over."""

FLOOD_WINDOW_S = 2.0
"""The short time."""

FLOOD_S = 10.0
"""The longest time that a flood is waited for."""


@dataclass(slots=True)
class _Change:
    """What happened to a path since it was last looked at; seconds of the monotonic clock."""

    first: float
    last: float
    is_open: bool

    def due(self) -> float:
        quiet_s = OPEN_S if self.is_open else QUIET_S
        return min(self.last + quiet_s, self.first + LONGEST_S)


class Settling:
    """Collects changed paths of one root and tells which of them have come to rest.

    Not thread-safe. Times are seconds of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._changes: dict[str, _Change] = {}
        self._first: float | None = None
        self._flood_since: float | None = None
        self._window_began, self._window_paths = float("-inf"), 0

    def note(self, path: str, *, now: float, is_open: bool) -> None:
        """Record that something happened to a path; `is_open` while it is being written to."""
        change = self._changes.get(path)
        if change is None:
            self._changes[path] = _Change(now, now, is_open)
            if self._first is None:
                self._first = now
            if now - self._window_began > FLOOD_WINDOW_S:
                self._window_began, self._window_paths = now, 0
            self._window_paths += 1
            is_flood = max(self._window_paths, len(self._changes)) > FLOOD_PATHS
            if is_flood and self._flood_since is None:
                self._flood_since = now
        else:
            change.last, change.is_open = now, is_open

    def __len__(self) -> int:
        """Count the paths that have not been taken."""
        return len(self._changes)

    def first(self) -> float | None:
        """Return a time no later than the first change that has not been taken; `None` if there is none."""
        return self._first

    def take_all(self) -> list[str]:
        """Take out every path, at rest or not."""
        taken = list(self._changes)
        self._changes.clear()
        self._first = self._flood_since = None
        return taken

    def due(self) -> float | None:
        """Return when the next path comes to rest; `None` if there is none."""
        if not self._changes:
            return None
        if self._flood_since is not None:
            last = max(change.due() for change in self._changes.values())
            return min(last, self._flood_since + FLOOD_S)
        return min(change.due() for change in self._changes.values())

    def take(self, *, now: float) -> list[str]:
        """Take out the paths that are at rest; of a flood all or none."""
        due = self.due()
        if due is None or due > now:
            return []
        if self._flood_since is not None:
            taken = list(self._changes)
            self._flood_since = None
        else:
            taken = [path for path, change in self._changes.items() if change.due() <= now]
        for path in taken:
            del self._changes[path]
        # the oldest stands first: a path keeps its place when it changes again.
        oldest = next(iter(self._changes.values()), None)
        self._first = None if oldest is None else oldest.first
        return taken
