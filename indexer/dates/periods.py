"""Stretches of time as people write them: "2026-01", "last week", "3 weeks ago", "Q2 2026"; pure.

A week begins on Monday, and a day at midnight of this place. What is named without its
year is the one that has begun last. German words are read as the English ones they stand for.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

FIRST_YEAR, LAST_YEAR = 1000, 2999

_MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ),
        start=1,
    )
    for word in words.split()
}
_SYNONYMS = {
    "fall": "autumn",
    "previous": "last",
    "current": "this",
    **{name[:3]: name for name in (*_MONTHS, *_DAYS)},
    "sept": "september",
    "tues": "tuesday",
    "thurs": "thursday",
}
_GERMAN = {
    german: english
    for english, words in {
        "today": "heute",
        "yesterday": "gestern",
        "before yesterday": "vorgestern",
        "last": "letzte letzten letzter letztes letztem vorige vorigen voriger voriges"
        " vergangene vergangenen vergangenes",
        "this": "diese diesen dieser dieses diesem",
        "week": "woche wochen",
        "month": "monat monats monate monaten",
        "year": "jahr jahre jahren",
        "day": "tag tage tagen",
        "quarter": "quartal",
        "weekend": "wochenende",
        "january": "januar jänner",
        "february": "februar feber",
        "march": "märz",
        "may": "mai",
        "june": "juni",
        "july": "juli",
        "october": "oktober okt",
        "december": "dezember dez",
        "spring": "frühling frühjahr",
        "summer": "sommer",
        "autumn": "herbst",
        "monday": "montag",
        "tuesday": "dienstag",
        "wednesday": "mittwoch",
        "thursday": "donnerstag",
        "friday": "freitag",
        "saturday": "samstag sonnabend",
        "sunday": "sonntag",
        "one": "ein eine einem einer einen",
        "two": "zwei",
        "three": "drei",
        "four": "vier",
        "five": "fünf",
        "six": "sechs",
        "seven": "sieben",
        "eight": "acht",
        "nine": "neun",
        "ten": "zehn",
        "eleven": "elf",
        "twelve": "zwölf",
    }.items()
    for german in words.split()
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days in a row."""

    first: date
    stop: date
    """The day after the last one."""

    exactly: date | None = None
    """The day meant by "3 weeks ago" where a beginning is asked for."""

    @property
    def since(self) -> float:
        """When it begins, in seconds since the epoch."""
        return seconds_of(self.first)

    @property
    def before(self) -> float:
        """When it is over, in seconds since the epoch."""
        return seconds_of(self.stop)


def seconds_of(day: date) -> float:
    """Return when a day begins here, in seconds since the epoch."""
    return datetime.combine(day, time.min).timestamp()


def day_of(seconds: float) -> date:
    """Return the day of a moment, in seconds since the epoch, by the calendar of this place."""
    return datetime.fromtimestamp(seconds).astimezone().date()


def period_of(text: str, now: float) -> Period | None:
    """Return the days that an expression means; `None` if it is none.

    Args:
        text: Such as "2026-01-15", "may 2026", "yesterday", "last 3 days" or "7d".
        now: Seconds since the epoch.
    """
    plain = _plain(text)
    today = day_of(now)
    for pattern, read in _FORMS:
        if found := pattern.fullmatch(plain):
            try:
                period = read(found, today)
            except (ValueError, OverflowError):
                return None
            if period.first.year >= FIRST_YEAR and period.stop.year <= LAST_YEAR:
                return period
            return None
    return None


def moment_of(text: str, now: float) -> float | None:
    """Return from when on "since" such an expression means, in seconds since the epoch; `None` for none."""
    if found := re.fullmatch(r"(\d{1,4}) ?h(?:ours?)?(?: ago)?", _plain(text)):
        return now - 3600 * int(found[1])
    period = period_of(text, now)
    return None if period is None else seconds_of(period.exactly or period.first)


def in_words(since: float | None, before: float | None) -> str:
    """Name a stretch of time by its days: "16–22 November 2026", "since 1 March 2026", "May 2026".

    Args:
        since: When it begins, in seconds since the epoch; `None` for never.
        before: When it is over; `None` for never.
    """
    if since is None or before is None:
        begin = "" if since is None else f"since {_day(day_of(since))}"
        return begin if before is None else f"before {_day(day_of(before))}"
    first, last = day_of(since), day_of(before - 1)
    if first >= last:
        words = _day(first)
    elif (first.day, first.month, last.day, last.month) == (1, 1, 31, 12):
        words = str(first.year) if first.year == last.year else f"{first.year}–{last.year}"
    elif first.day == 1 and last.day == monthrange(last.year, last.month)[1]:
        words = _range(_month_name(first), _month_name(last), first, last)
    elif (first.year, first.month) == (last.year, last.month):
        words = f"{first.day}–{_day(last)}"
    else:
        words = _range(f"{first.day} {_month_name(first)}", f"{last.day} {_month_name(last)}", first, last)
    return words


def _range(begin: str, end: str, first: date, last: date) -> str:
    if first.year != last.year:
        return f"{begin} {first.year} – {end} {last.year}"
    return f"{end} {last.year}" if begin == end else f"{begin} – {end} {last.year}"


def _month_name(day: date) -> str:
    return _MONTHS[day.month - 1].title()


def _day(day: date) -> str:
    return f"{day.day} {_month_name(day)} {day.year}"


def _plain(text: str) -> str:
    """Return an expression in lower case, its words English and parted by single spaces."""
    words = re.sub(r"(?<=[a-z])[-_](?=[a-z0-9])|(?<=[0-9])[-_](?=[a-z])", " ", text.lower()).split()
    words = [_GERMAN.get(word, word) for word in words]
    plain = " ".join(_SYNONYMS.get(word.rstrip("."), word) for word in words)
    plain = re.sub(r"^the | of(?= )|(?<=[a-z0-9]),(?= )", "", plain)
    plain = re.sub(r"\b(day|week|month|year|quarter|weekend)s\b", r"\1", plain)
    return re.sub(r"^(?:vor|before) (\S+ (?:day|week|month|year))$", r"\1 ago", plain)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]


def _months_later(day: date, months: int) -> date:
    """Return the first day of the month that lies so many months after a day's."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _whole(unit: str, day: date) -> Period:
    """Return the day, week, month, quarter or year that a day belongs to."""
    if unit == "day":
        return Period(day, day + timedelta(days=1))
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=7))
    if unit == "month":
        return Period(day.replace(day=1), _months_later(day, 1))
    if unit == "quarter":
        first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        return Period(first, _months_later(first, 3))
    return Period(date(day.year, 1, 1), date(day.year + 1, 1, 1))


def _back(day: date, count: int, unit: str) -> date:
    """Return the day so many units before one."""
    if unit in {"day", "week"}:
        return day - timedelta(days=count * (7 if unit == "week" else 1))
    first = _months_later(day, -count * (12 if unit == "year" else 1))
    return first.replace(day=min(day.day, monthrange(first.year, first.month)[1]))


def _this_or_last(found: re.Match[str], today: date) -> Period:
    if found["unit"] == "weekend":
        saturday = today - timedelta(days=today.weekday() - 5 + (7 if found["which"] == "last" else 0))
        return Period(saturday, saturday + timedelta(days=2))
    current = _whole(found["unit"], today)
    return current if found["which"] == "this" else _whole(found["unit"], current.first - timedelta(days=1))


def _ago(found: re.Match[str], today: date) -> Period:
    day = _back(today, _number(found["n"]), found["unit"])
    whole = _whole(found["unit"], day)
    return Period(whole.first, whole.stop, day)


def _last_ones(found: re.Match[str], today: date) -> Period:
    first = _back(today, _number(found["n"] or "one"), found["unit"])
    return Period(first, today + timedelta(days=1))


def _short(found: re.Match[str], today: date) -> Period:
    unit = {"d": "day", "w": "week", "m": "month", "y": "year"}[found["unit"][0]]
    return Period(_back(today, int(found["n"]), unit), today + timedelta(days=1))


def _month(found: re.Match[str], today: date) -> Period:
    number = _MONTHS.index(found["month"]) + 1
    if found["year"]:
        return _whole("month", date(int(found["year"]), number, 1))
    year = today.year - (number > today.month or (found["which"] == "last" and number == today.month))
    return _whole("month", date(today.year if found["which"] == "this" else year, number, 1))


def _day_of_month(found: re.Match[str], today: date) -> Period:
    number = _MONTHS.index(found["month"]) + 1
    if found["year"]:
        return _whole("day", date(int(found["year"]), number, int(found["day"])))
    is_ahead = (number, int(found["day"])) > (today.month, today.day)
    return _whole("day", date(today.year - is_ahead, number, int(found["day"])))


def _weekday(found: re.Match[str], today: date) -> Period:
    back = (today.weekday() - _DAYS.index(found["day"])) % 7
    return _whole("day", today - timedelta(days=back or (7 if found["which"] == "last" else 0)))


def _season(found: re.Match[str], today: date) -> Period:
    month = _SEASONS[found["season"]]
    if found["year"]:
        first = date(int(found["year"]), month, 1)
    else:
        first = date(today.year, month, 1)
        if first > today or (found["which"] == "last" and _months_later(first, 3) > today):
            first = first.replace(year=first.year - 1)
        if found["which"] == "last" and _months_later(first, 3) > today:
            first = first.replace(year=first.year - 1)
    return Period(first, _months_later(first, 3))


def _quarter(found: re.Match[str], today: date) -> Period:
    first = date(int(found["year"] or found["year2"] or today.year), int(found["n"]) * 3 - 2, 1)
    if first > today and not (found["year"] or found["year2"]):
        first = first.replace(year=first.year - 1)
    return _whole("quarter", first)


def _by_numbers(found: re.Match[str], _today: date) -> Period:
    parts = {name: int(value) for name, value in found.groupdict().items() if value}
    unit = "day" if "d" in parts else "month" if "m" in parts else "year"
    return _whole(unit, date(parts["y"], parts.get("m", 1), parts.get("d", 1)))


def _days_back(count: int) -> Callable[[re.Match[str], date], Period]:
    return lambda _found, today: _whole("day", today - timedelta(days=count))


_N = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})"
_UNIT = r"(?P<unit>day|week|month|year)"
_WHICH = r"(?:(?P<which>this|last) )?"
_YEAR = r"(?: (?P<year>\d{4}))?"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"

_FORMS = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"(?P<y>\d{4})(?:-(?P<m>\d{1,2})(?:-(?P<d>\d{1,2}))?)?", _by_numbers),
        (r"(?P<y>\d{4})/(?P<m>\d{1,2})(?:/(?P<d>\d{1,2}))?", _by_numbers),
        (r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)", _by_numbers),
        (r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})", _by_numbers),
        (r"today|this (?:morning|afternoon|evening)|tonight", _days_back(0)),
        (r"yesterday|last night", _days_back(1)),
        (r"(?:day )?before yesterday", _days_back(2)),
        (r"(?P<which>this|last) (?P<unit>week|weekend|month|quarter|year)", _this_or_last),
        (rf"{_N} {_UNIT} ago", _ago),
        (rf"(?:last|past) {_N} {_UNIT}", _last_ones),
        (rf"past (?P<n>){_UNIT}", _last_ones),
        (r"(?P<n>\d{1,3}) ?(?P<unit>days?|d|w|weeks?|mo?|months?|y|years?)", _short),
        (rf"{_WHICH}{_MONTH}{_YEAR}", _month),
        (rf"{_MONTH} {_DAY}{_YEAR}", _day_of_month),
        (rf"{_DAY} {_MONTH}{_YEAR}", _day_of_month),
        (rf"{_WHICH}(?P<day>{'|'.join(_DAYS)})", _weekday),
        (rf"{_WHICH}(?P<season>{'|'.join(_SEASONS)}){_YEAR}", _season),
        (r"(?:(?P<year2>\d{4}) ?)?q(?P<n>[1-4])(?: ?(?P<year>\d{4}))?", _quarter),
    )
)
