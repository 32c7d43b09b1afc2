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
from assistant.spans import asks_for_list, is_definition, kind_asked, shortest_span
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

_PASSAGE_POWER = 2
"""How much the score of a passage decides: what stands in the best one is the likelier answer."""

_NEXT_WEIGHT = 0.2
"""What it counts that a sentence follows one that is chosen already: it goes on from there."""

_DEFINITION_WEIGHT = 0.3
"""What it counts that a sentence says what the thing is, where that is asked."""

_FEW_WORDS, _FEW_FACTOR = 5, 0.8
"""Shorter sentences say less than their words promise."""

_SPAN_WORDS = 8
"""A sentence with fewer words is short enough without its date or name before it."""

_METADATA_FACTOR = 0.5
"""What a text says of itself in its front matter seldom is what was asked."""

MOST_ITEMS = 12
"""Items of a list that are quoted."""

_ITEM = re.compile(r"(?:^|\n)[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Sentences that answer a question, with their marks, and what stands behind these."""

    text: str
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...] = ()
    """What it was chosen from, numbered from 1 in this order: as they are used, and then the rest."""

    span: str = ""
    """The date, number or name that was asked for, as it stands in the first sentence; empty if unsure."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    number: int
    passage: Passage
    at: int
    """Which sentence of its passage it is."""

    span: Span
    score: float
    is_item: bool
    """Whether it is an item of a list."""


def extract(question: str, passages: Sequence[Passage]) -> Extract | None:
    """Answer a question with one to three sentences of the passages, or with a list that stands in one.

    A sentence is scored by the share of the question's content words in it,
    each weighted by its rarity among all sentences of the passages; words in
    its headings, its title or the sentence before count three quarters. A sentence that
    holds the kind of thing asked for, one that defines what is asked about, and a passage
    that was found with more certainty come before others. Where one date, amount or name
    in the best sentence is what was asked for, it stands first, on a line of its own.

    Args:
        question: What the person typed.
        passages: Best first.

    Returns:
        `None` when no sentence of them says anything; whether they answer at all is for
        `assistant.evidence` to tell.
    """
    candidates = _candidates(question, passages)
    if not candidates:
        return None
    best = max(candidates, key=lambda one: (one.score, -one.number, -one.at))
    chosen = _items(question, candidates, best) or _choose(candidates, best)
    used = list(dict.fromkeys([*(one.number for one in chosen), *range(1, len(passages) + 1)]))
    number = {before: after for after, before in enumerate(used, start=1)}
    lines = [f"{' '.join(_text(one).split())} [{number[one.number]}]" for one in chosen]
    sentence = " ".join(_text(best).split())
    span = shortest_span(question, sentence)
    if span and len(sentence.split()) >= _SPAN_WORDS and not best.is_item:
        lines.insert(0, f"{span} [{number[best.number]}]")
    citations = tuple(
        Citation(
            n=number[one.number],
            passage=one.passage,
            quote=_text(one),
            locator=narrow(one.passage, one.span),
        )
        for one in sorted(chosen, key=lambda one: (number[one.number], one.span.start))
    )
    return Extract(
        text="\n".join(lines),
        citations=citations,
        passages=tuple(passages[before - 1] for before in used),
        span=span,
    )


def _candidates(question: str, passages: Sequence[Passage]) -> list[_Candidate]:
    wanted = content_words(question)
    kind = kind_asked(question)
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
        for at, part in enumerate(parts):
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
                score = score / total + (_KIND_WEIGHT if kind and kind.says.search(text) else 0.0)
                score += _DEFINITION_WEIGHT if is_definition(question, text) else 0.0
                score += _HIGHLIGHT_WEIGHT if _is_highlighted(passage, span) else 0.0
                # what ends in a colon announces the answer, and is none.
                score *= 0.7 if text.endswith(":") else 1.0
                score *= _METADATA_FACTOR if part.is_metadata else 1.0
                score *= _FEW_FACTOR if len(text.split()) < _FEW_WORDS else 1.0
                score *= (max(0.0, passage.score) / best_score) ** _PASSAGE_POWER
                is_item = _ITEM.search(passage.text, max(0, part.start - 40), part.start) is not None
                found.append(_Candidate(number, passage, at, span, score, is_item))
            before = said
    return found


def _choose(candidates: Sequence[_Candidate], best: _Candidate) -> list[_Candidate]:
    """Take the best sentence, and others that are nearly as good or go on from it, and say something else."""
    chosen = [best]
    for one in sorted(candidates, key=lambda one: -one.score):
        if len(chosen) == MOST_SENTENCES:
            break
        is_next = any(one.number == other.number and one.at == other.at + 1 for other in chosen)
        if one.score + (_NEXT_WEIGHT if is_next else 0.0) < _FURTHER_SHARE * best.score:
            continue
        said = set(words(_text(one)))
        if all(len(said & set(words(_text(other)))) < 0.7 * len(said) for other in chosen):
            chosen.append(one)
    # the best passage leads; inside a passage sentences stand in reading order.
    return sorted(chosen, key=lambda one: (one.number != best.number, one.number, one.span.start))


def _items(question: str, candidates: Sequence[_Candidate], best: _Candidate) -> list[_Candidate]:
    """Return the list that the best sentence announces or belongs to, where a list is asked for."""
    own = sorted((one for one in candidates if one.number == best.number), key=lambda one: one.at)
    is_announced = _text(best).endswith(":")
    if not is_announced and not (best.is_item and asks_for_list(question)):
        return []
    place = own.index(best)
    first = place + 1 if is_announced else place
    while not is_announced and first and own[first - 1].is_item and own[first - 1].at == own[first].at - 1:
        first -= 1
    last = first
    while last < len(own) and own[last].is_item and own[last].at == own[first].at + last - first:
        last += 1
    if last - first < 2:
        return []
    lead = own[first - 1 : first] if first and _text(own[first - 1]).endswith(":") else []
    return [*lead, *own[first : min(last, first + MOST_ITEMS)]]


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
