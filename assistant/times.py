"""Moments, durations and sizes as people say them."""

import time

NOW_S = 3.0
"""What is current as of a moment no further back than this is current as of now."""


def duration(seconds: float) -> str:
    """Write a duration: "40 s", "3 min", "2 h", "2 h 5 min", "3 days"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(minutes / 60 / 24)} days"


def ago(moment: float, *, now: float) -> str:
    """Write how long ago a moment is, both in seconds since the epoch: "3 min ago"."""
    return f"{duration(now - moment)} ago"


def moment(seconds: float, *, now: float) -> str:
    """Write a moment, in seconds since the epoch, by the calendar of this place and by its age."""
    return f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(seconds))} ({ago(seconds, now=now)})"


def as_of(moment: float, pending: int, *, now: float) -> str:
    """Write of which moment something is current: "now", or "3 min ago".

    Args:
        moment: Seconds since the epoch, at which it agreed with what it is made from.
        pending: What has changed since and is not in it yet.
        now: Seconds since the epoch.
    """
    return "now" if now - moment < NOW_S and not pending else ago(moment, now=now)


def ahead(moment: float, *, now: float) -> str:
    """Write how far ahead a moment is: "now" if it has come, "in 3 min"."""
    return f"in {duration(moment - now)}" if moment - now >= 1 else "now"


def counted(count: int, thing: str) -> str:
    """Write a number of things: "1 file", "1,200 files"."""
    return f"1 {thing}" if count == 1 else f"{count:,} {thing}s"


def megabytes(size_bytes: float) -> str:
    """Write a size in millions of bytes, small ones with a decimal: "0.3 MB", "1,204 MB"."""
    size = size_bytes / 1e6
    return f"{size:.1f} MB" if size < 10 else f"{size:,.0f} MB"
