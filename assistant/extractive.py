"""An answer in the files' own sentences, for when there is no model; pure.

Sentences are chosen, never written: each stands in a file word for word and
carries its mark.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.citations import narrow
from assistant.types import Citation
from assistant.words import content_words, words
from indexer.sentences import quotable_sentences
from indexer.types import Passage, Span

MOST_SENTENCES = 3

_CONTEXT_WEIGHT = 0.75
"""What a question's word in the heading, title or neighbouring sentence counts, beside 1 in the sentence."""

_KIND_WEIGHT = 0.2
"""What it counts that a sentence holds the kind of thing that was asked for (a number, a date, a name)."""

_HIGHLIGHT_WEIGHT = 0.15
"""What it counts that the search itself marked a sentence as one of the best."""

_FURTHER_SHARE = 0.75
"""A further sentence needs this share of the best one's score."""

_NUMBER = re.compile(
    r"(?i)\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand)\b"
)
_DATE = re.compile(
    r"(?i)\b(?:\d{4}|\d{1,2}[:.]\d{2}|\d{1,2}(?:st|nd|rd|th)|\d{1,2}\s?(?:am|pm|a\.m|p\.m)"
    r"|today|tomorrow|yesterday"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|morning|noon|evening|night|spring|summer|autumn|winter)\b"
)
_DURATION = re.compile(r"(?i)\b(?:second|minute|hour|day|night|week|month|year|decade|centur(?:y|ie))s?\b")
_NAME = re.compile(r"(?<=[\w,;:'’)] )[A-Z][\w'’-]+")
_PLACE = re.compile(r"(?i)\b(?:in|at|on|near|behind|under|above|beside|inside|from|to|between|next to)\b")

_KINDS = (
    (re.compile(r"(?i)\bhow long\b"), _DURATION),
    (re.compile(r"(?i)\bhow (?:many|much|old|far|big|tall|high|often|heavy|large)\b"), _NUMBER),
    (re.compile(r"(?i)\bwhen\b|\b(?:what|which) (?:date|day|time|year|month)\b"), _DATE),
    (re.compile(r"(?i)\bwhat (?:number|price|cost)\b"), _NUMBER),
    (re.compile(r"(?i)\bwhere\b"), _PLACE),
    (re.compile(r"(?i)\bwho(?:m|se)?\b"), _NAME),
)
"""What a question asks for → what a sentence that says it holds; the first that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Sentences that answer a question, with their marks, and what stands behind these."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    number: int
    passage: Passage
    span: Span
    shared: frozenset[str]
    score: float


def extract(question: str, passages: Sequence[Passage]) -> Extract | None:
    """Answer a question with one to three sentences of the passages.

    A sentence is scored by the share of the question's content words in it,
    each weighted by its rarity among all sentences of the passages; words in
    its headings, its title or the sentence before count three quarters. A sentence that
    holds the kind of thing asked for, and a passage that was found with more
    certainty, come before others.

    Args:
        question: What the person typed.
        passages: Best first; numbered from 1 in this order.

    Returns:
        `None` when no sentence of them says anything; whether they answer at all is for
        `assistant.evidence` to tell.
    """
    candidates = sorted(_candidates(question, passages), key=lambda one: -one.score)
    if not candidates:
        return None
    chosen = _choose(candidates)
    lines = [f"{' '.join(_text(one).split())} [{one.number}]" for one in chosen]
    citations = tuple(
        Citation(n=one.number, passage=one.passage, quote=_text(one), locator=narrow(one.passage, one.span))
        for one in sorted(chosen, key=lambda one: (one.number, one.span.start))
    )
    return Extract(text="\n".join(lines), citations=citations)


def _candidates(question: str, passages: Sequence[Passage]) -> list[_Candidate]:
    wanted = content_words(question)
    kind = next((kind for asks, kind in _KINDS if asks.search(question)), None)
    cut = [
        (number, passage, [part for part in quotable_sentences(passage.text) if not part.is_heading])
        for number, passage in enumerate(passages, start=1)
    ]
    weights = _rarity(
        wanted, [passage.text[part.start : part.end] for _, passage, parts in cut for part in parts]
    )
    total = sum(weights.values()) or 1.0
    best_score = max((passage.score for passage in passages), default=0.0) or 1.0
    found: list[_Candidate] = []
    for number, passage, parts in cut:
        about = set(words(" ".join((*passage.locator.headings, passage.title, passage.path.stem))))
        before: set[str] = set()
        for part in parts:
            text = passage.text[part.start : part.end]
            said = set(words(text))
            shared = frozenset(word for word in wanted if word in said)
            near = {word for word in wanted if word in about or word in before} - shared
            score = sum(weights[word] for word in shared) + _CONTEXT_WEIGHT * sum(
                weights[word] for word in near
            )
            # a sentence that only repeats the question says nothing new.
            if said - set(wanted):
                span = Span(start=part.start, end=part.end)
                score = score / total + (_KIND_WEIGHT if kind and kind.search(text) else 0.0)
                score += _HIGHLIGHT_WEIGHT if _is_highlighted(passage, span) else 0.0
                # what ends in a colon announces the answer, and is none.
                score *= 0.7 if text.endswith(":") else 1.0
                score *= 0.5 + 0.5 * max(0.0, passage.score) / best_score
                found.append(_Candidate(number, passage, span, shared, score))
            before = said
    return found


def _choose(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Take the best sentence, and others that are nearly as good and say something else."""
    chosen = [candidates[0]]
    for one in candidates[1:]:
        if len(chosen) == MOST_SENTENCES or one.score < _FURTHER_SHARE * candidates[0].score:
            break
        said = set(words(_text(one)))
        if all(len(said & set(words(_text(other)))) < 0.7 * len(said) for other in chosen):
            chosen.append(one)
    first = chosen[0].number
    # the best passage leads; inside a passage sentences stand in reading order.
    return sorted(chosen, key=lambda one: (one.number != first, one.number, one.span.start))


def _rarity(wanted: Sequence[str], texts: Sequence[str]) -> dict[str, float]:
    """Weigh each wanted word by log(1 + N / (1 + n)), n of N texts holding it."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(words(text)))
    return {word: math.log(1 + (len(texts) + 1) / (1 + counts[word])) for word in wanted}


def _text(candidate: _Candidate) -> str:
    return candidate.passage.text[candidate.span.start : candidate.span.end]


def _is_highlighted(passage: Passage, span: Span) -> bool:
    return any(span.start < mark.end and mark.start < span.end for mark in passage.highlights)
