"""The sentences of a passage that answer a question best, by the words they share.

No model is asked: a passage is short, and a reader wants to see at once where
the words of the question stand. Sentences are weighed by how rare the words
are that they hold, and each further one has to add words of its own.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexer.sentences import Sentence, split_sentences
from indexer.types import Span
from indexer.words import word_root

MOST_HIGHLIGHTS = 3
"""Sentences shown of one passage."""

LEAST_GAIN = 0.25
"""Share of the best sentence's weight that a further one must add."""

LONG_SENTENCE_CHARS = 120
"""Length from which on a sentence loses weight, since it holds more words by its length alone."""

METADATA_SHARE = 0.5
"""What the words of a text's front matter count beside those of the text."""

FEWEST_WORDS = 4
"""Words of a sentence that may stand for a passage in which no word was found."""

KNOWN_TEXTS = 128
"""Texts that are kept taken apart: who types a question meets the same ones at every key."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence, as far as every question looks at it the same way."""

    start: int
    end: int
    roots: frozenset[str]
    worth: float
    """What its words count."""

    words: int
    """How many it has; 0 for one that says nothing by itself."""


def best_sentences(
    text: str, weights: Mapping[str, float], *, most: int = MOST_HIGHLIGHTS
) -> tuple[Span, ...]:
    """Choose the sentences that hold the weightiest words of a question.

    Args:
        text: The passage.
        weights: Words of the question in lower case, each with its weight > 0.
        most: How many sentences at most, at least 1.

    Returns:
        Spans in reading order, at least one if the text is not blank. A heading says nothing by
        itself: where only a heading holds words of the question, the sentence below it stands
        for the passage, and where nothing does, the first one.
    """
    parts = _parts_of(text)
    wanted: dict[str, float] = {}
    for word, weight in weights.items():
        root = word_root(word)
        wanted[root] = max(weight, wanted.get(root, 0.0))
    held = [part.roots & wanted.keys() for part in parts]
    chosen = _chosen(held, wanted, [part.worth for part in parts], most=most)
    if not chosen and parts:
        heading = next((at for at, roots in enumerate(held) if roots), -1)
        chosen = [_first_statement([part.words for part in parts], after=heading)]
    return tuple(Span(start=parts[at].start, end=parts[at].end) for at in sorted(chosen))


@lru_cache(maxsize=KNOWN_TEXTS)
def _parts_of(text: str) -> tuple[_Part, ...]:
    """Return the sentences of a text, in order."""
    return tuple(_part(text, sentence) for sentence in split_sentences(text))


def _part(text: str, sentence: Sentence) -> _Part:
    words = _WORD.findall(text[sentence.start : sentence.end])
    length = math.sqrt(min(1.0, LONG_SENTENCE_CHARS / (sentence.end - sentence.start)))
    share = METADATA_SHARE if sentence.is_metadata else 1.0
    return _Part(
        start=sentence.start,
        end=sentence.end,
        roots=frozenset(map(word_root, words)),
        worth=0.0 if sentence.is_heading else length * share,
        words=0 if sentence.is_heading or sentence.is_metadata else len(words),
    )


def _chosen(
    held: Sequence[frozenset[str]], wanted: Mapping[str, float], worth: Sequence[float], *, most: int
) -> list[int]:
    """Return which sentences to show, best first: each adds wanted words that those before it lack."""
    chosen: list[int] = []
    taken: set[str] = set()
    best = 0.0
    while len(chosen) < min(most, len(held)):
        gains = [
            sum(wanted[root] for root in roots - taken) * share
            for roots, share in zip(held, worth, strict=True)
        ]
        at = max(range(len(gains)), key=gains.__getitem__)
        best = max(best, gains[at])
        if gains[at] <= 0 or gains[at] < LEAST_GAIN * best:
            break
        chosen.append(at)
        taken |= held[at]
    return chosen


def _first_statement(lengths: Sequence[int], *, after: int) -> int:
    """Return which sentence is the first that says something.

    Args:
        lengths: Words of every sentence, 0 for a heading; at least one sentence.
        after: The sentence behind which to begin; those before it come last.
    """
    order = [*range(after + 1, len(lengths)), *range(after + 1)]
    return next(
        (at for at in order if lengths[at] >= FEWEST_WORDS),
        next((at for at in order if lengths[at]), max(after, 0)),
    )
