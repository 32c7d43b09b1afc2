"""What kind of thing a question asks for, and the fewest words of a sentence that say it; pure.

A span is only given where a sentence holds exactly one thing of that kind that the
question does not name itself: two dates leave open which of them is meant.
"""

import re
from dataclasses import dataclass

from assistant.words import content_words, words

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_CLOCK = r"\d{1,2}(?::\d{2})?\s?[ap]\.?m\b\.?|\d{1,2}:\d{2}"
_UNITS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_COUNTED = rf"{_UNITS}|twenty|thirty|forty|fifty|hundred|thousand"
_AMOUNT = r"\d+(?:[.,]\d+)*(?:\s?(?:million|billion|thousand))?"
_MONEY = r"(?:%|percent\b|kr\b|dollars\b|euros?\b|pounds\b|eur\b|usd\b|sek\b)"
_TIME_UNIT = r"(?:second|minute|hour|day|night|week|month|year|decade|centur(?:y|ie))s?"
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w’'-]*"
_LINK = r"(?:of|the|de|da|do|van|von|der|la|le|al|and)"


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that is asked for."""

    asks: re.Pattern[str]
    """Fits a question that asks for it."""

    says: re.Pattern[str]
    """Fits a sentence that may say it."""

    span: re.Pattern[str] | None
    """Fits the words that say it; `None` where no form is sure."""

    is_name: bool = False
    """Whether it is a name, which the first word of a sentence is not by its capital."""


_NUMBER_SAID = re.compile(rf"(?i)\d|\b(?:{_COUNTED}|dozen)\b")
_DATE_SAID = re.compile(
    rf"(?i)\b(?:\d{{4}}|\d{{1,2}}[:.]\d{{2}}|\d{{1,2}}(?:st|nd|rd|th)|\d{{1,2}}\s?(?:am|pm|a\.m|p\.m)"
    rf"|today|tomorrow|yesterday|{_DAY}|{_MONTH}|morning|noon|evening|night|spring|summer|autumn|winter)\b"
)
_DATE_SPAN = re.compile(
    rf"(?i)(?<![\w-])(?:(?:{_DAY},?\s+)?(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b"
    rf"(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,\s*\d{{4}})?|(?:{_MONTH}\s+)?(?:1\d|20)\d{{2}}(?:-\d{{2}}-\d{{2}})?"
    rf"|{_DAY}s?(?:\s+at)?(?:\s+(?:{_CLOCK}))?|{_CLOCK})(?![\w-])"
)

KINDS = (
    Kind(
        re.compile(r"(?i)\bhow long\b"),
        re.compile(rf"(?i)\b{_TIME_UNIT}\b"),
        re.compile(
            rf"(?i)\b(?:{_AMOUNT}|{_COUNTED})(?:\s?(?:to|-|–)\s?(?:{_AMOUNT}|{_COUNTED}))?\s{_TIME_UNIT}\b"
        ),
    ),
    Kind(
        re.compile(r"(?i)\bhow (?:much|expensive)\b|\bwhat\b.{0,30}\b(?:price|cost|fee|rent)\b"),
        _NUMBER_SAID,
        re.compile(rf"(?i)[$€£¥]\s?{_AMOUNT}|\b{_AMOUNT}\s?{_MONEY}"),
    ),
    Kind(
        re.compile(r"(?i)\bhow (?:many|old|far|big|tall|high|often|heavy|large)\b|\bwhat number\b"),
        _NUMBER_SAID,
        None,
    ),
    Kind(re.compile(r"(?i)\bwhen\b|\b(?:what|which) (?:date|day|time|year|month)\b"), _DATE_SAID, _DATE_SPAN),
    Kind(
        re.compile(r"(?i)\bwhere\b"),
        re.compile(r"(?i)\b(?:in|at|on|near|behind|under|above|beside|inside|from|to|between|next to)\b"),
        None,
    ),
    Kind(
        re.compile(r"(?i)^who(?:m|se)?\b"),
        re.compile(r"(?<=[\w,;:'’)] )[A-Z][\w'’-]+"),
        re.compile(rf"{_CAPITAL}(?:\s+(?:{_LINK}\s+)?{_CAPITAL})+"),
        is_name=True,
    ),
)
"""The first that fits a question is what it asks for."""

LEAST_SHARE = 0.75
"""Share of the question's words that a sentence must hold for its date or name to be the one asked for."""

_ABOUT_TIME = frozenset(content_words("date day time year month when long many"))

_DEFINES = re.compile(
    r"(?i)^(?:what|who)(?:'s|’s| is| are| was| were)\s+(?:an?\s+|the\s+)?(?P<what>[^?,;]{2,60})\??\s*$"
)
_LISTS = re.compile(
    r"(?i)^(?:list|name|enumerate)\b|\b(?:what|which) (?:are|were) (?:the|some|all|my|our)\b"
    r"|\bwhat (?:types|kinds|sorts|steps|ingredients|things|items|books|films|countries)\b"
)


def kind_asked(question: str) -> Kind | None:
    """Return what a question asks for; `None` where that is no date, number, place or name."""
    return next((kind for kind in KINDS if kind.asks.search(question)), None)


def asks_for_list(question: str) -> bool:
    """Tell whether a question asks for several things."""
    return _LISTS.search(question.strip()) is not None


def is_definition(question: str, sentence: str) -> bool:
    """Tell whether a question asks what something is, and a sentence says "it is a …"."""
    asked = _DEFINES.match(question.strip())
    wanted = content_words(asked["what"]) if asked else []
    if not wanted:
        return False
    subject = re.split(r"\b(?:is|are|was|were)\b", sentence[:160], maxsplit=1)
    said = content_words(subject[0])
    # "the title of a callout is" says nothing of what a callout is.
    return len(subject) == 2 and set(wanted) <= set(said) and len(said) <= len(wanted) + 1


def shortest_span(question: str, sentence: str) -> str:
    """Return the fewest words of a sentence that answer a question; empty where that is not sure."""
    kind = kind_asked(question)
    if kind is None or kind.span is None:
        return ""
    asked = set(words(question))
    wanted = [word for word in content_words(question) if word not in _ABOUT_TIME]
    held = set(words(sentence))
    # of two words one is a verb, whose forms may differ.
    if sum(word in held for word in wanted) < (1 if len(wanted) == 2 else LEAST_SHARE * len(wanted)):
        return ""
    found: list[str] = []
    for match in kind.span.finditer(sentence):
        if kind.is_name and match.start() == 0 and not _is_name_at_start(match[0]):
            continue
        # what the question names itself is not what it asks for.
        if not set(content_words(match[0])) <= asked:
            found.append(match[0].strip())
    return found[0] if len(set(found)) == 1 else ""


def _is_name_at_start(text: str) -> bool:
    """Tell whether the beginning of a sentence is a name: "Ada Lindqvist", but not "The Nordic"."""
    return bool(content_words(text.split(maxsplit=1)[0]))
