"""What a text states that must agree to the letter: numbers, dates, times and names; pure.

Every fact becomes a plain token, so that "5 May 2026" and "2026-05-05" are the
same three, "4,200" is "4200" and "three" is "3". Where a notation can be read in
two ways both readings count as said, since a check must not see a contradiction
where there is none.
"""

import re
from collections.abc import Iterator

from assistant.words import words

_SMALL = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_TENS = "twenty thirty forty fifty sixty"
_COUNTED = {
    **{name: str(value) for value, name in enumerate(_SMALL.split(), start=2)},
    "dozen": "12",
    **{name: str(10 * value) for value, name in enumerate(_TENS.split(), start=2)},
    "hundred": "100",
    "thousand": "1000",
}
"""Number words; "one" is none, since it stands for so much else."""

_SCALES = {"k": 10**3, "thousand": 10**3, "million": 10**6, "m": 10**6, "billion": 10**9, "bn": 10**9}
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DIGITS = re.compile(
    r"(?<![\w.])(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:s|st|nd|rd|th)?(?:\s?(?P<scale>thousand|million|billion|bn|k|m)\b)?(?!\w)",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=[^\W\d_])\d+|\d+(?=[^\W\d_])")
_COUNT_WORD = re.compile(rf"(?i)\b(?:{'|'.join(_COUNTED)})\b")
_CLOCK = re.compile(
    r"(?i)\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s?(?P<half>[ap])\.?m\b|\b(?P<h24>\d{1,2}):(?P<m24>\d{2})\b"
)
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})(?:-(\d{1,2}))?\b")
_SLASHED = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})\b")
# "may" is a month beside a number alone.
_NAMED_MONTH = re.compile(
    rf"(?i)\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+)?(?P<month>{_MONTH})\b\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?\b(?!:))?"
)
_NAME = re.compile(r"(?<!\w)[^\W\d_](?:[\w’'&.-]*\w)?")
_OPENED = re.compile(r"(?:^\s*|[.!?:]\s+|\n\s*|[\"“‘(]|[-*•#]\s+)$")

_CAPITALISED = "i monday tuesday wednesday thursday friday saturday sunday mr mrs ms dr"
_NO_NAMES = frozenset(_CAPITALISED.split()).union(_MONTHS)


def figures(text: str) -> frozenset[str]:
    """Return the numbers, dates and times of a text, each as a token."""
    return frozenset(_figures(text))


def names(text: str) -> frozenset[str]:
    """Return the words that are written as names: with a capital, and not because a sentence begins."""
    found: set[str] = set()
    for match in _NAME.finditer(text):
        if not match[0][0].isupper() or _OPENED.search(text[max(0, match.start() - 4) : match.start()]):
            continue
        if match[0].lower() in _COUNTED:
            continue
        found.update(
            word for word in words(match[0]) if word not in _NO_NAMES and word.isalpha() and len(word) > 1
        )
    return frozenset(found)


def _figures(text: str) -> Iterator[str]:
    rest = text
    for pattern, read in ((_ISO, _iso), (_SLASHED, _slashed), (_CLOCK, _clock), (_NAMED_MONTH, _named)):
        for match in pattern.finditer(rest):
            yield from read(match)
        if pattern is not _NAMED_MONTH:
            rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    for match in _DIGITS.finditer(rest):
        value = match["value"].replace(",", "")
        if match["scale"] and (scale := _SCALES.get(match["scale"].lower())):
            value = f"{float(value) * scale:.10g}"
        yield _plain(value)
    yield from (_plain(match[0]) for match in _GLUED.finditer(rest))
    yield from (_COUNTED[match[0].lower()] for match in _COUNT_WORD.finditer(rest))


def _iso(match: re.Match[str]) -> Iterator[str]:
    yield match[1]
    yield _month(int(match[2]))
    if match[3]:
        yield _plain(match[3])


def _slashed(match: re.Match[str]) -> Iterator[str]:
    first, second, year = match.groups()
    yield from (_plain(first), _plain(second), _month(int(first)), _month(int(second)))
    yield year if len(year) == 4 else f"20{year}"


def _clock(match: re.Match[str]) -> Iterator[str]:
    if match["h24"]:
        yield f"{int(match['h24'])}:{match['m24']}"
        return
    hour = int(match["hour"]) % 12 + (12 if match["half"].lower() == "p" else 0)
    yield f"{hour}:{match['minute'] or '00'}"


def _named(match: re.Match[str]) -> Iterator[str]:
    is_word = match["month"].lower() in ("may", "march", "mar") and not (match["day"] or match["after"])
    if not is_word:
        yield _month(_MONTHS[match["month"].lower()])


def _month(number: int) -> str:
    return f"month-{number}"


def _plain(number: str) -> str:
    whole, _, part = number.partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{part}" if part else "")
