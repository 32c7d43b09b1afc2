"""When a file is from, by what it says of itself; pure.

What its author wrote inside comes first (front matter, the date of a page), then the date in
its name, then what a program noted in it (the properties of a PDF). Of several dates inside,
the one of what it is about stands before the one of its making, and that before its last
change. A file that says nothing is from when it was last changed, which the caller knows.
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone

from indexer.dates.periods import period_of, seconds_of

WRITTEN_KEYS = (
    *("date", "created", "created_at", "date_created", "published", "publish_date", "pubdate"),
    *("article:published_time", "dc.date", "dcterms.created"),
    *("updated", "modified", "lastmod", "last_modified", "updated_at", "date_modified"),
    *("article:modified_time", "dcterms.modified"),
)
"""Names under which people and their programs write a date at the top of a file, the best first."""

NOTED_KEYS = ("creationdate", "moddate")
"""Names of the properties that programs note in a PDF."""

_EARLIEST, _LATEST = date(1900, 1, 1), date(2100, 1, 1)

_ISO = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:[T ]+\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|[+-]\d\d:?(?:\d\d)?))?)?"
)
_PDF = re.compile(r"(?:D:)?(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:(Z)|([+-])(\d\d)'?(\d\d)?'?)?.*")

_DAY_IN_NAME = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<s>[-_. ]?)(?P<m>0[1-9]|1[0-2])(?P=s)(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?<!\d)(?P<d2>0?[1-9]|[12]\d|3[01])[.](?P<m2>0?[1-9]|1[0-2])[.](?P<y2>(?:19|20)\d\d)(?!\d)"
)
_MONTH_IN_NAME = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_](?P<m>0[1-9]|1[0-2])(?![-_.]?\d)")
_FOLDERS = re.compile(r"/(?P<y>(?:19|20)\d\d)/(?P<m>0[1-9]|1[0-2])(?:\D[^/]*)?/(?P<d>[0-3]\d)(?!\d)[^/]*$")


def date_said(metadata: Mapping[str, object], path: str) -> float | None:
    """Return when a file is from by its own account, in seconds since the epoch; `None` if it does not say.

    Args:
        metadata: Front matter or document properties, as `Document.metadata` has them.
        path: Where it stands.
    """
    named = {str(key).lower().replace("-", "_").replace(" ", "_"): value for key, value in metadata.items()}
    for keys in (WRITTEN_KEYS, None, NOTED_KEYS):
        found = date_in_name(path) if keys is None else _first(named, keys)
        if found is not None:
            return found
    return None


def date_in_name(path: str) -> float | None:
    """Return the date in a path: "2026-05-03.md", "scan_20260503.pdf", "2026-05 invoice", "2026/05/03.md"."""
    name = os.path.basename(path)  # noqa: PTH119 - names may be any bytes, and nothing is opened
    for found in _DAY_IN_NAME.finditer(name):
        parts = (found["y"] or found["y2"], found["m"] or found["m2"], found["d"] or found["d2"])
        if (day := _day(*map(int, parts))) is not None:
            return seconds_of(day)
    if in_path := _FOLDERS.search(path) or _MONTH_IN_NAME.search(name):
        day = _day(int(in_path["y"]), int(in_path["m"]), int(in_path.groupdict().get("d") or 1))
        return None if day is None else seconds_of(day)
    return None


def read_date(value: object) -> float | None:
    """Read a date as front matter, mail, pages and PDFs write it; `None` if it is none.

    Returns:
        Seconds since the epoch; what has no time of day is from its beginning, here.
    """
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not 4 <= len(text) <= 64:
        return None
    for read in (_iso, _pdf, _mail, _plain):
        try:
            seconds = read(text)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        if seconds is not None and seconds_of(_EARLIEST) <= seconds < seconds_of(_LATEST):
            return seconds
    return None


def _first(named: Mapping[str, object], keys: tuple[str, ...]) -> float | None:
    return next((found for key in keys if (found := read_date(named.get(key))) is not None), None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _iso(text: str) -> float | None:
    if not _ISO.fullmatch(text):
        return None
    days, _, clock = text.replace("T", " ").partition(" ")
    year, month, day = map(int, days.split("-"))
    if not clock.strip():
        return seconds_of(date(year, month, day))
    clock = re.sub(r"^(\d):", r"0\1:", clock.strip()).replace(" ", "")
    return datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T{clock}").timestamp()


def _pdf(text: str) -> float | None:
    found = _PDF.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - of this place, if it says nothing
    if found[7]:
        moment = moment.replace(tzinfo=UTC)
    elif found[8]:
        ahead = timedelta(hours=int(found[9]), minutes=int(found[10] or 0))
        moment = moment.replace(tzinfo=timezone(ahead if found[8] == "+" else -ahead))
    return moment.timestamp()


def _mail(text: str) -> float | None:
    if ":" not in text:
        return None
    # deferred: commands that only read options of time would load all of it.
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(text).timestamp()


def _plain(text: str) -> float | None:
    # a year must stand there, so that it does not matter when this is read.
    period = period_of(text, 0.0) if re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", text) else None
    return None if period is None else period.since
