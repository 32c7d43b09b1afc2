"""The sentences of a passage that answer a question best, by the words they share.

No model is asked: a passage is short, and a reader wants to see at once where
the words of the question stand. Sentences are weighed by how rare the words
are that they hold, and each further one has to add words of its own.
"""

import math
import re
from collections.abc import Mapping, Sequence

from indexer.sentences import split_sentences
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

_WORD = re.compile(r"[^\W_]+")


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
    sentences = split_sentences(text)
    wanted: dict[str, float] = {}
    for word, weight in weights.items():
        root = word_root(word)
        wanted[root] = max(weight, wanted.get(root, 0.0))
    words = [_WORD.findall(text[span.start : span.end]) for span in sentences]
    held = [{root for word in found if (root := word_root(word)) in wanted} for found in words]
    worth = [
        0.0
        if span.is_heading
        else math.sqrt(min(1.0, LONG_SENTENCE_CHARS / (span.end - span.start)))
        * (METADATA_SHARE if span.is_metadata else 1.0)
        for span in sentences
    ]
    chosen = _chosen(held, wanted, worth, most=most)
    if not chosen and sentences:
        lengths = [
            0 if span.is_heading or span.is_metadata else len(found)
            for span, found in zip(sentences, words, strict=True)
        ]
        heading = next((at for at, roots in enumerate(held) if roots), -1)
        chosen = [_first_statement(lengths, after=heading)]
    return tuple(Span(start=sentences[at].start, end=sentences[at].end) for at in sorted(chosen))


def _chosen(
    held: Sequence[set[str]], wanted: Mapping[str, float], worth: Sequence[float], *, most: int
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
