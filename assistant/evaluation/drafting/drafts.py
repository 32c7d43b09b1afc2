"""A drafted question, what speaks for it, and what speaks against one; pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from assistant.citations import narrow
from assistant.evaluation.agreement import contains, normalised
from assistant.words import content_words
from indexer.types import Passage, Span

LEAST_WORDS, MOST_WORDS = 3, 40
"""Words of a question."""

MOST_ANSWER_WORDS = 25
SAME = 0.75
"""Share of their words that two questions may have in common."""

_POINTING = re.compile(
    r"(?i)\b(?:the|this|that|given|above|following|provided)\s+(?:above\s+|given\s+|following\s+)?"
    r"(?:passages?|texts?|documents?|excerpts?|paragraphs?|snippets?|articles?|sections?|files?|contexts?)\b"
)
_PRONOUN = re.compile(
    r"(?i)\b(?:he|she|it|they|him|her|them|his|hers|its|their|this|these|those|here|above)\b"
)
_NAME = re.compile(r"(?<=\w )(?:[A-Z][\w'’-]*|\w*\d[\w-]*|[“\"])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A question that was made from a passage, for a person to look at."""

    question: str
    answer: str
    """In the passage's own words; empty where the files do not say it."""

    passage: Passage
    """What it was made from."""

    span: Span
    """The sentence of the passage that says it, or that it was made of."""

    made_by: str
    """A rule or a model."""

    is_answerable: bool = True

    def to_json(self, source: str) -> dict[str, Any]:
        """Return the line of a set.

        Args:
            source: What the file is called there.
        """
        place = narrow(self.passage, self.span).describe()
        quote = self.passage.text[self.span.start : self.span.end]
        if self.is_answerable:
            return {
                "question": self.question,
                "answer": self.answer,
                "answerable": "yes",
                "source": source,
                "place": place,
                "quote": quote,
                "made_by": self.made_by,
            }
        # not `source`: nothing is to be found there.
        made_from = f"{source}, {place}" if place else source
        return {
            "question": self.question,
            "answerable": "no",
            "made_from": made_from,
            "instead_of": quote,
            "made_by": self.made_by,
        }


def trouble(draft: Draft) -> str:
    """Say in a clause what speaks against a draft; empty if nothing does."""
    words = len(normalised(draft.question))
    faults = {
        "too short or too long": not LEAST_WORDS <= words <= MOST_WORDS,
        "says nothing": not content_words(draft.question),
        "no question": not draft.question.endswith("?") or "\n" in draft.question,
        "speaks of the passage": _POINTING.search(draft.question) is not None,
        "does not say of what": bool(_PRONOUN.search(draft.question) and not _NAME.search(draft.question)),
        **(_answer_faults(draft) if draft.is_answerable else {}),
    }
    return next((fault for fault, is_there in faults.items() if is_there), "")


def _answer_faults(draft: Draft) -> dict[str, bool]:
    return {
        "length of the answer": not 0 < len(normalised(draft.answer)) <= MOST_ANSWER_WORDS,
        "answer not in the passage": not contains(draft.passage.text, draft.answer),
        "answer in the question": bool(contains(draft.question, draft.answer)),
    }


def is_repeated(draft: Draft, others: Iterable[Draft]) -> bool:
    """Tell whether a draft asks what another one asks already."""
    words = set(content_words(draft.question))
    return any(
        _is_alike(words, set(content_words(other.question)))
        or (
            draft.is_answerable
            and other.is_answerable
            and draft.passage.path == other.passage.path
            and draft.span == other.span
        )
        for other in others
    )


def _is_alike(words: Collection[str], others: Collection[str]) -> bool:
    shared = len(set(words) & set(others))
    return shared > SAME * len(set(words) | set(others))
