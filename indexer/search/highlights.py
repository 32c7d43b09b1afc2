"""The sentences of a passage that answer a question best, by the words they share.

No model is asked: a passage is short, and a reader wants to see at once where
the words of the question stand. Sentences are weighed by how rare the words
are that they hold, and each further one has to add words of its own.
"""

import math
import re
from collections.abc import Mapping, Sequence

from indexer.sentences import Sentence, split_sentences
from indexer.types import Span
from indexer.words import word_root

MOST_HIGHLIGHTS = 3
"""Sentences shown of one passage."""

LEAST_GAIN = 0.25
"""Share of the best sentence's weight that a further one must add."""

LONG_SENTENCE_CHARS = 120
"""Length from which on a sentence loses weight, since it holds more words by its length alone."""

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
        Spans in reading order, at least one if the text is not blank. A heading never stands
        alone where a sentence follows it; where no sentence holds a word of the question, the
        first that is more than a heading stands for the passage.
    """
    sentences = split_sentences(text)
    wanted: dict[str, float] = {}
    for word, weight in weights.items():
        root = word_root(word)
        wanted[root] = max(weight, wanted.get(root, 0.0))
    held = [
        {root for word in _WORD.findall(text[span.start : span.end]) if (root := word_root(word)) in wanted}
        for span in sentences
    ]
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < most and len(chosen) < len(sentences):
        gains = [
            sum(wanted[root] for root in roots) * _brevity(span) if at not in chosen else 0.0
            for at, (roots, span) in enumerate(zip(held, sentences, strict=True))
        ]
        at = max(range(len(gains)), key=gains.__getitem__)
        best = max(best, gains[at])
        if gains[at] <= 0 or gains[at] < LEAST_GAIN * best:
            break
        chosen.append(at)
        taken = held[at]
        held = [roots - taken for roots in held]
    if all(sentences[at].is_heading for at in chosen):
        chosen += _first_statement(text, sentences, after=min(chosen, default=0))
    if not chosen and sentences:
        chosen = [0]
    return tuple(Span(start=sentences[at].start, end=sentences[at].end) for at in sorted(chosen))


def _first_statement(text: str, sentences: Sequence[Sentence], *, after: int) -> list[int]:
    """Return where the first sentence stands that is more than a heading; empty if there is none."""
    order = [*range(after, len(sentences)), *range(after)]
    bodies = [at for at in order if not sentences[at].is_heading]
    long = [
        at
        for at in bodies
        if len(_WORD.findall(text[sentences[at].start : sentences[at].end])) >= FEWEST_WORDS
    ]
    return (long or bodies)[:1]


def _brevity(span: Sentence) -> float:
    """Return 1 for a sentence of ordinary length, less for a long one."""
    return math.sqrt(min(1.0, LONG_SENTENCE_CHARS / max(1, span.end - span.start)))
