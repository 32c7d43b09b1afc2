"""Dates that a person may be about to type, written as a filter takes them; pure."""

from indexer.dates.periods import day_of

_RELATIVE = (
    *("today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year", "last-year"),
    *("7d", "30d", "3m", "1y"),
)
_NAMED = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_YEARS = 10


def dates_beginning(typed: str, now: float) -> list[str]:
    """List dates that begin as something typed: words first, then months and years, the latest first.

    Names of days and months are offered to whoever begins to type one.

    Args:
        typed: What stands behind "since:"; may be empty.
        now: Seconds since the epoch.
    """
    today, beginning = day_of(now), typed.strip().lower().replace("_", "-")
    months = [(today.year * 12 + today.month - 1 - back) for back in range(12 * _YEARS)]
    written = [f"{month // 12}-{month % 12 + 1:02}" for month in months]
    years = [str(today.year - back) for back in range(_YEARS)]
    # a year that is typed already asks for its months; before, a year's worth of them is enough.
    numbers = written if beginning[:4].isdigit() and len(beginning) >= 4 else [*written[:12], *years]
    names = _NAMED if beginning else ()
    return [date for date in (*_RELATIVE, *numbers, *names) if date.startswith(beginning)]
