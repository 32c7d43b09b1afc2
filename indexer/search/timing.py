"""Time in questions: "what did I write last week", "my invoice from May", "the latest draft"; pure.

A question about the world ("what happened in May 1968?") says nothing of the date of the
file that answers it. So time only counts in questions about the person's own files and doings;
only where it plainly belongs to the making of a file does it leave others out, elsewhere
files of that time come first, by a little. What is newest only decides between near equals.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.dates import day_of, moment_of, period_of
from indexer.types import Passage

NEAR = 0.85
"""Share of the best score from which on passages are near equals."""

GAIN = 0.12
"""What being of the right time adds to a passage, as a share of the best score."""

_MONTHS = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|march|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|oktober|nov(?:ember)?|dec(?:ember)?|dezember"
)
_DAYS = (
    "(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
)
_SEASONS = "spring|summer|autumn|fall|winter|frühling|frühjahr|sommer|herbst"
_NUMBER = (
    r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    "|eine[mr]?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf)"
)
_UNITS = "(?:days?|weeks?|months?|years?|tage?n?|wochen?|monate?n?|jahre?n?)"
_RELATIVE = (
    "(?:the )?day before yesterday|yesterday|today|tonight|last night|this (?:morning|afternoon|evening)"
    "|heute|gestern|vorgestern"
    "|(?:this|last|past|previous|diese[nrsm]?|letzte[nrsm]?|vorige[nrsm]?|vergangene[nrsm]?) "
    f"(?:week|weekend|month|quarter|year|woche|wochenende|monat|quartal|jahr|{_SEASONS}|{_DAYS}|{_MONTHS})"
    f"|(?:last|past|letzten|vergangenen) {_NUMBER} {_UNITS}|{_NUMBER} {_UNITS} ago|vor {_NUMBER} {_UNITS}"
)
_ABSOLUTE = (
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of)? (?:{_MONTHS})(?: \d{{4}})?"
    rf"|(?:{_MONTHS})(?: \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?| \d{{4}})?"
    rf"|q[1-4](?: \d{{4}})?|(?:{_SEASONS})(?: \d{{4}})?|{_DAYS}"
    r"|\d{4}-\d\d(?:-\d\d)?|(?:19|20)\d\d"
)
_PREPOSITIONS = "in|on|of|from|during|over|within|since|before|after|im|am|aus|vom|von|seit|in den|in der"
_TIME = (
    rf"(?:(?P<before>{_PREPOSITIONS}) )?(?:the )?(?P<relative>{_RELATIVE})"
    r"|(?P<prefix>in|on|from|during|since|before|after|im|am|aus|vom|seit)"
    rf" (?:the )?(?P<absolute>{_ABSOLUTE})"
)
_WHEN = re.compile(rf"(?<![\w-])(?:{_TIME})(?![\w/]|-\w|\.\d)", re.IGNORECASE)

_FILES = (
    "notes?|files?|documents?|docs?|pages?|drafts?|pdfs?|(?:journal |diary )?entr(?:y|ies)"
    "|notiz(?:en)?|datei(?:en)?|dokumente?|entw[uü]rfe?|eintr[aä]ge?"
)
_MADE = (
    "(?:that )?(?:(?:were|was|are|is|have been) )?"
    "(?:written|created|dated|changed|modified|edited|saved|made)"
)
_WROTE = (
    "(?:did|have|had) (?:i|we) (?:just )?"
    "(?:write|written|note|noted|jot|jotted|draft|drafted|edit|edited|save|saved)"
    "|(?:i|we)(?:['’]ve|['’]d| have| had)? (?:wrote|written|noted|jotted|drafted|edited|saved)"
    "|habe? (?:ich|wir)|(?:ich|wir) (?:geschrieben|notiert)"
)
_OF_FILES = re.compile(
    rf"(?<!\w)(?:(?:{_FILES})(?: (?P<made>{_MADE}))?|(?P<wrote>{_WROTE})(?: down| up)?) $", re.IGNORECASE
)
_GERMAN_WROTE = re.compile(r"\b(?:geschrieben|notiert|bearbeitet|gespeichert)\b", re.IGNORECASE)
_OWN = re.compile(
    r"\b(?:(?<!war )i|we|my|our|me|ich|wir|mein\w*|unser\w*|mir|mich|uns"
    r"|invoices?|bills?|receipts?|e?-?mails?|letters?|minutes|meetings?|appointments?|bookings?"
    r"|rechnung(?:en)?|briefe?|protokolle?|besprechung(?:en)?|termine?"
    rf"|{_FILES})\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    rf" ?(?:to|until|till|through|bis|[-–]|(?:and|or|und|oder) (?:{_ABSOLUTE}))\b", re.IGNORECASE
)
_NEWEST = re.compile(
    r"(?<!at the )\b(?:latest|newest|most recent|neuest\w+|aktuellst\w+)(?= \w)"
    r"|\b(?:my|our|mein\w*|unser\w*) (?:current|aktuelle\w*)(?= \w)"
    r"|\bthe current (?!of\b|in\b|through\b|flow|density|state of the art)(?=\w)"
    r"|\b(?:my|our|the|mein\w*|unser\w*|die|der|das) (?:last|letzte\w*)"
    rf" (?=(?:invoice|bill|receipt|letter|meeting|version|rechnung|brief|besprechung|{_FILES})\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Timing:
    """The time that a question speaks of."""

    words: str
    """As they stand in the question."""

    since: float | None
    before: float | None
    is_certain: bool
    """Whether it is when the file was made, so that others need not be looked at."""

    rest: str
    """The question without these words."""


def timing_of(question: str, now: float) -> Timing | None:
    """Return the time that a question about one's own files and doings speaks of; `None` for none.

    Args:
        question: Without filters.
        now: Seconds since the epoch.
    """
    matches = list(_WHEN.finditer(question))
    if len(matches) != 1 or not _OWN.search(question):
        return None
    found = matches[0]
    # "from May to June" and "in May or June" are more than can be told here.
    if _GOES_ON.match(question, found.end()):
        return None
    words = found["relative"] or found["absolute"]
    period = period_of(words, now)
    if period is None:
        return None
    preposition = (found["before"] or found["prefix"] or "").lower()
    match preposition:
        case "since" | "seit":
            since, before = moment_of(words, now), None
        case "before":
            since, before = None, period.since
        case "after":
            since, before = period.before, None
        case _:
            since, before = period.since, period.before
    rest = " ".join(f"{question[: found.start()]} {question[found.end() :]}".split())
    return Timing(
        words=found[0],
        since=since,
        before=before,
        is_certain=_is_certain(question, found, preposition),
        rest=re.sub(r" (?=[?!.,;])|^[,;] ?", "", rest),
    )


def _is_certain(question: str, found: re.Match[str], preposition: str) -> bool:
    """Tell whether time says when a file was made: right behind "notes from" or "did I write"."""
    head = _OF_FILES.search(question[: found.start()])
    if head is None:
        return False
    if head["wrote"] and head["wrote"].lower().startswith("hab"):
        return bool(_GERMAN_WROTE.search(question[found.end() :]))
    if head["wrote"] or head["made"]:
        return True
    # "documents of 1968" and "files in 2020" may be about anything.
    return bool(found["relative"]) or preposition in {
        "from",
        "since",
        "before",
        "after",
        "aus",
        "vom",
        "seit",
    }


def newest_words(question: str) -> str:
    """Return the words by which a question asks for the newest; empty if it does not."""
    found = _NEWEST.search(question)
    return found[0].strip() if found else ""


def newest_first(passages: Sequence[Passage]) -> list[Passage]:
    """Put the newer before the older where passages are near equals; days count, not hours."""
    if not passages:
        return []
    best = max(passage.score for passage in passages)
    near = [passage for passage in passages if passage.score >= NEAR * best and passage.dated is not None]
    days = sorted({day_of(passage.dated) for passage in near if passage.dated is not None})
    if len(days) < 2:
        return list(passages)
    share = {
        passage.chunk_id: days.index(day_of(passage.dated)) / (len(days) - 1)
        for passage in near
        if passage.dated is not None
    }
    return _raised(passages, {chunk_id: GAIN * best * part for chunk_id, part in share.items()})


def those_first(everywhere: Sequence[Passage], inside: Sequence[Passage]) -> list[Passage]:
    """Put passages of the right time before others that are not much better.

    Args:
        everywhere: The best of all, best first.
        inside: The best of the right time, best first.
    """
    if not everywhere:
        return list(inside)
    gain = GAIN * everywhere[0].score
    return _raised(with_more(everywhere, inside), {passage.chunk_id: gain for passage in inside})


def with_more(passages: Sequence[Passage], others: Sequence[Passage]) -> list[Passage]:
    """Add what another search found; it is no better than the last of those that are there."""
    known = {passage.chunk_id for passage in passages}
    last = passages[-1].score if passages else 1.0
    added = (
        replace(passage, score=min(passage.score, last))
        for passage in others
        if passage.chunk_id not in known
    )
    return [*passages, *added]


def _raised(passages: Sequence[Passage], gains: dict[int, float]) -> list[Passage]:
    """Add to the scores of some passages; best first, and no score above 1."""
    raised = [(passage.score + gains.get(passage.chunk_id, 0.0), passage) for passage in passages]
    raised.sort(key=lambda pair: -pair[0])
    return [replace(passage, score=min(1.0, score)) for score, passage in raised]
