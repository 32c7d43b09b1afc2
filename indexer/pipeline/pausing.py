"""Whether indexing is paused: by a person for a while, or by a computer that runs on its battery.

A person's pause stands in a file, so that it outlasts the daemon and holds for
every index that is kept. On battery only what somebody just saved is indexed,
which costs next to nothing; `resume` overrules that until the next charge.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import psutil

from indexer.errors import ConfigError, IndexerError
from indexer.pipeline.tasks import Hold

BATTERY_LOOK_S = 60.0
"""How often the battery is looked at, and only while files wait."""

Until = float | Literal["resume"]
"""When a pause ends: seconds since the epoch, or not by itself."""

BY_YOU = "by you"
ON_BATTERY = "on battery"


def runs_on_battery() -> bool:
    """Tell whether the computer runs on a battery; one without any never does."""
    # what the system says of batteries may be missing or broken in many ways.
    with contextlib.suppress(Exception):
        battery = psutil.sensors_battery()
        return battery is not None and battery.power_plugged is False
    return False


class Pausing:
    """Tells what is not to be indexed for now. Thread-safe.

    Args:
        file: Where a person's pause is kept.
        on_battery: Tells whether the computer runs on its battery; `None` never pauses for that.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        file: Path,
        *,
        on_battery: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._on_battery = on_battery
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._is_on_battery = self._is_overruled = False
        self._listeners: list[Callable[[], None]] = []
        self._until = self._load()

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have a function called after each pause and resume."""
        self._listeners.append(on_change)

    def pause(self, seconds: float | None) -> None:
        """Pause for some seconds, or until `resume`; outlasts the daemon.

        Raises:
            ConfigError: If it cannot be kept.
        """
        until: Until = "resume" if seconds is None else self._clock() + seconds
        try:
            beside = self._file.with_name(self._file.name + ".new")
            beside.write_text(json.dumps({"until": until}), encoding="ascii")
            beside.replace(self._file)
        except OSError as error:
            raise ConfigError(f"cannot write {self._file}: {error.strerror}") from error
        self._until = until
        self._tell()

    def resume(self) -> None:
        """Go on, also on battery.

        Raises:
            ConfigError: If the pause cannot be taken back for good.
        """
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot remove {self._file}: {error.strerror}") from error
        self._until = None
        self._is_overruled = True
        self._tell()

    @property
    def until(self) -> Until | None:
        """When a person's pause ends: seconds since the epoch, "resume", or `None` where there is none."""
        until = self._until
        return None if isinstance(until, float) and until <= self._clock() else until

    @property
    def why(self) -> str:
        """Why indexing is paused, as of the last look; empty where it is not."""
        if self.until is not None:
            return BY_YOU
        return ON_BATTERY if self._is_on_battery and not self._is_overruled else ""

    def hold(self) -> tuple[Hold, float | None]:
        """Return what is not to be read now, and after how many seconds to ask again at the latest."""
        until = self.until
        if until is not None:
            return Hold.ALL, None if until == "resume" else until - self._clock()
        if self._on_battery is None:
            return Hold.NOTHING, None
        with self._lock:
            now = self._clock()
            # a clock that was set back is no reason to wait for it.
            if not 0 <= now - self._looked_at < BATTERY_LOOK_S:
                self._looked_at = now
                self._is_on_battery = self._on_battery()
                self._is_overruled &= self._is_on_battery
            if self._is_on_battery and not self._is_overruled:
                return Hold.BULK, self._looked_at + BATTERY_LOOK_S - now
        return Hold.NOTHING, None

    def error(self) -> IndexerError:
        """Return what to tell somebody who waits for work that does not go on."""
        until = self.until
        if until is None:
            what = "indexing is paused while the computer runs on its battery"
        elif until == "resume":
            what = "indexing is paused"
        else:
            what = f"indexing is paused until {clock_time(until, now_s=self._clock())}"
        return IndexerError(what, hint="run `kb indexer resume` to go on now")

    def _load(self) -> Until | None:
        try:
            until = json.loads(self._file.read_text(encoding="ascii"))["until"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return "resume" if until == "resume" else float(until) if isinstance(until, int | float) else None

    def _tell(self) -> None:
        for on_change in self._listeners:
            on_change()


def clock_time(at: float, *, now_s: float) -> str:
    """Write a moment as a person says it: "14:05", with the date on another day."""
    then, today = time.localtime(at), time.localtime(now_s)
    is_today = (then.tm_year, then.tm_yday) == (today.tm_year, today.tm_yday)
    return time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", then)
