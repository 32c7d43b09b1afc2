"""What a question names letter by letter, in every way that it is written; pure.

Identifiers, numbers and dates: the full-text index knows words of letters and
digits, so `read_file` is two of them side by side and `readFile` is one, "1,200"
is two and "1200" one, and a day has several spellings. Each of these is a
*literal*: phrases of which any will do.
"""

import re
from collections.abc import Iterator

Phrase = tuple[str, ...]
"""Words in lower case that stand side by side."""

Literal = tuple[Phrase, ...]
"""Phrases that mean the same, as it was typed first."""

_WORD = re.compile(r"[^\W_]+")
_IDENTIFIER = re.compile(r"(?<![^\W_])[^\W_]++(?:(?:[_./:@#+\\]|->)++[^\W_]++)++")
_CAMEL = re.compile(
    r"(?<![^\W_])(?:[A-Za-z]?[a-z0-9]+(?:[A-Z]+[a-z0-9]+|[A-Z]{2,})+|[A-Z]{2,}[a-z]{2,}[A-Za-z0-9]*)(?![^\W_])"
)
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_NUMBER = re.compile(r"(?<![^\W_])\d++(?:[-.,:/'’\u00a0\u202f]\d++)++(?![^\W_])")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+")

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS)
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.?(?:\s+of)?\s+({_MONTH})\b\.?,?\s+(\d{{4}})\b", re.IGNORECASE
)
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.IGNORECASE)


def literals_of(text: str) -> list[Literal]:
    """Return what a text names letter by letter, in the order of their kinds: dates, numbers, identifiers."""
    found = [*_dates(text), *_numbers(text), *_identifiers(text)]
    return list(dict.fromkeys(literal for literal in found if literal))


def _identifiers(text: str) -> Iterator[Literal]:
    """Yield `read_file` with "readfile", and `readFile` with "read file"."""
    # hyphens do not count: "low-speed" as a phrase ranked worse than its words.
    for name in _IDENTIFIER.findall(text):
        if not _NUMBER.fullmatch(name):
            words = tuple(_WORD.findall(name.lower()))
            is_plain = "_" in name and "." not in name and "/" not in name
            yield (words, ("".join(words),)) if is_plain else (words,)
    for name in _CAMEL.findall(text):
        humps = tuple(hump.lower() for hump in _HUMPS.findall(name))
        if len(humps) > 1:
            yield (name.lower(),), humps


def _numbers(text: str) -> Iterator[Literal]:
    """Yield "1,200" with "1200", and other numbers of several parts as they are."""
    for number in _NUMBER.findall(text):
        if _ISO_DATE.fullmatch(number):
            continue
        parts = tuple(_WORD.findall(number))
        yield (parts, ("".join(parts),)) if _THOUSANDS.fullmatch(number) else (parts,)
    for number in re.findall(r"(?<![\d.,:/-])\d{4,9}(?![\d.,:/-]*\d)", text):
        if not 1000 <= int(number) <= 2999 or len(number) > 4:
            yield (number,), tuple(f"{int(number):,}".split(","))


def _dates(text: str) -> Iterator[Literal]:
    """Yield a day in the ways it is written."""
    for year, month, day in _ISO_DATE.findall(text):
        yield _day(int(year), int(month), int(day))
    for day, month, year in _DAY_FIRST.findall(text):
        yield _day(int(year), _month(month), int(day))
    for month, day, year in _MONTH_FIRST.findall(text):
        yield _day(int(year), _month(month), int(day))


def _month(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, 1) if month.startswith(name.lower()[:3]))


def _day(year: int, month: int, day: int) -> Literal:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ()
    name = _MONTHS[month - 1]
    return (
        (str(year), f"{month:02}", f"{day:02}"),
        (str(day), name, str(year)),
        (name, str(day), str(year)),
    )
