"""Which filters of the turn before still hold for a follow-up; pure."""

import re
from dataclasses import replace

from indexer.types import Filters

_TYPED = re.compile(
    r"(?<!\S)(?P<name>-?in|type|tag|since|after|before|exclude):(?:\"[^\"]+\"|'[^']+'|\S+)", re.IGNORECASE
)
_TIME = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|fall|winter|"
    r"today|yesterday|tonight|ago|latest|newest|recent|recently|(?:19|20)\d\d|"
    r"(?:last|this|past|next|previous|each|any) (?:\w+ )?(?:day|week|weekend|month|quarter|year)s?)\b",
    re.IGNORECASE,
)
_FIELDS = {"in": "within", "-in": "exclude", "exclude": "exclude", "type": "types", "tag": "tags"}


def carried(question: str, given: Filters, before: Filters) -> Filters:
    """Return the filters of a follow-up: its own, and for what it says nothing of, those of the turn before.

    Each field is carried by itself: "and in:home?" goes to another folder and keeps the dates. A
    question that names a time has one of its own.

    Args:
        question: As it was typed, with the filters in it.
        given: Those that were given beside it.
        before: What the turn before was confined to.
    """
    own = {_FIELDS.get(match["name"].lower(), "time") for match in _TYPED.finditer(question)}
    has_time = "time" in own or _TIME.search(question) or given.since is not None or given.before is not None
    held = {
        name: getattr(before, name)
        for name in ("within", "exclude", "types", "tags")
        if name not in own and not getattr(given, name)
    }
    if not has_time:
        held |= {"since": before.since, "before": before.before}
    return replace(given, **held)


def with_typed(rewritten: str, question: str) -> str:
    """Return a rewritten question with the filters that were typed in the question."""
    lost = [match[0] for match in _TYPED.finditer(question) if match[0] not in rewritten]
    return " ".join([rewritten, *lost])
