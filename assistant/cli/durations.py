"""Durations as people type them, and moments as they read them; pure."""

import re
from datetime import datetime

from indexer.errors import UsageError

_UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

_FORM = re.compile(r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s?)?", re.ASCII)

LONGEST_S = 366 * 86_400


def seconds_of(text: str) -> int:
    """Read a duration: a number of seconds, or days, hours, minutes and seconds as in "2h30m".

    Raises:
        UsageError: If it is nothing of the kind, nothing at all, or more than a year.
    """
    found = _FORM.fullmatch(text.strip().lower().replace(" ", ""))
    if found is None or not found[0]:
        raise UsageError(f"{text!r} is no duration", hint="write it as 90s, 30m, 1h, 2h30m or 1d")
    seconds = sum(int(found[unit] or 0) * size for unit, size in _UNITS_S.items())
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(f"the duration must be from one second to a year, not {text!r}")
    return seconds


def moment_in(seconds: float, *, now: float) -> str:
    """Name a moment in the local time: "14:30", with the day where it is another one.

    Args:
        seconds: How far away it is.
        now: Seconds since the epoch.
    """
    start = datetime.fromtimestamp(now).astimezone()
    moment = datetime.fromtimestamp(now + seconds).astimezone()
    clock = f"{moment:%H:%M:%S}" if seconds < 60 else f"{moment:%H:%M}"
    return clock if moment.date() == start.date() else f"{moment:%Y-%m-%d} {clock}"
