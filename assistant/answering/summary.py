"""What a text says, in its own sentences, for when there is no model; pure.

Sentences near the centre of the whole come first, in the sense of Radev and others,
"Centroid-based summarization of multiple documents", 2004,
https://doi.org/10.1016/j.ipm.2003.10.006; those that open a section count more, and
each further one of a section less, so that all of a text has a say.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.citations import narrow
from assistant.extractive import Extract
from assistant.types import Citation
from assistant.words import content_words
from indexer.sentences import quotable_sentences
from indexer.types import Passage, Span

FEWEST, MOST = 3, 8
"""Sentences of a summary; between them it is the square root of how many there are."""

OPENING = 1.4
"""What the first sentence of a section counts, beside 1 for the others."""

FURTHER = 0.6
"""What each sentence more of a section counts, beside the one before."""

_FEWEST_WORDS, _MOST_WORDS = 3, 45
"""Content words of what can be said in one sentence; less is a label, more a list."""

_ALIKE = 0.6
"""Share of a sentence's words from which on another one has said it already."""


@dataclass(frozen=True, slots=True)
class _Said:
    at: int
    """Which sentence of the text it is."""

    passage: Passage
    span: Span
    words: frozenset[str]
    section: tuple[str, ...]
    is_opening: bool


def summarise(passages: Sequence[Passage]) -> Extract | None:
    """Choose three to eight sentences that tell what a text says.

    Args:
        passages: The text, in reading order.

    Returns:
        The sentences in reading order, a line each, behind their section's heading where the text
        has several sections; their passages are numbered from 1 in the order of `Extract.citations`.
        `None` where there is no sentence.
    """
    sentences = _sentences(passages)
    if not sentences:
        return None
    most = max(FEWEST, min(MOST, round(math.sqrt(len(sentences)))))
    chosen = sorted(_choose(sentences, most), key=lambda one: one.at)
    numbers = {
        passage.chunk_id: number
        for number, passage in enumerate(
            {one.passage.chunk_id: one.passage for one in chosen}.values(), start=1
        )
    }
    has_sections = len({one.section for one in chosen}) > 1
    lines: list[str] = []
    section: tuple[str, ...] = ()
    for one in chosen:
        heading = one.section[-1] if has_sections and one.section and one.section != section else ""
        # a text's own title is no section of it.
        heading = "" if heading == one.passage.title else heading
        section = one.section
        text = " ".join(_text(one).split())
        lines.append(f"{f'{heading}: ' if heading else ''}{text} [{numbers[one.passage.chunk_id]}]")
    citations = tuple(
        Citation(
            n=numbers[one.passage.chunk_id],
            passage=one.passage,
            quote=_text(one),
            locator=narrow(one.passage, one.span),
        )
        for one in chosen
    )
    return Extract(text="\n".join(lines), citations=citations)


def _sentences(passages: Sequence[Passage]) -> list[_Said]:
    """List the sentences that say something, each with the section it stands in."""
    depth = _depth(passages)
    has_sections = len({passage.locator.headings[: depth + 1] for passage in passages}) > 1
    found: list[_Said] = []
    opened: set[tuple[str, ...]] = set()
    for passage in passages:
        section = passage.locator.headings[: depth + 1]
        for part in quotable_sentences(passage.text):
            text = passage.text[part.start : part.end]
            if part.is_heading and not has_sections:
                # a short text may be one passage with all its headings.
                section = (text,)
            words = frozenset(content_words(text))
            if (
                part.is_heading
                or part.is_metadata
                or text.startswith("|")
                or not _FEWEST_WORDS <= len(words) <= _MOST_WORDS
            ):
                continue
            span = Span(start=part.start, end=part.end)
            found.append(_Said(len(found), passage, span, words, section, section not in opened))
            opened.add(section)
    return found


def _depth(passages: Sequence[Passage]) -> int:
    """Return how many headings all passages share: the first behind them tells sections apart."""
    headings = [passage.locator.headings for passage in passages if passage.locator.headings]
    depth = 0
    while (
        headings and all(len(one) > depth for one in headings) and len({one[depth] for one in headings}) == 1
    ):
        depth += 1
    return depth


def _choose(sentences: Sequence[_Said], most: int) -> list[_Said]:
    counts = Counter(word for one in sentences for word in one.words)
    # a word that stands once is no subject, one in every sentence is the title's.
    weights = {
        word: math.log(1 + count) * math.log(1 + len(sentences) / count) for word, count in counts.items()
    }
    centre = {word: weights[word] * counts[word] for word in counts}
    scores = {
        one.at: sum(centre[word] * weights[word] for word in one.words)
        / math.sqrt(sum(weights[word] ** 2 for word in one.words))
        * (OPENING if one.is_opening else 1.0)
        for one in sentences
    }
    chosen: list[_Said] = []
    taken: Counter[tuple[str, ...]] = Counter()
    rest = list(sentences)
    while rest and len(chosen) < most:
        best = max(rest, key=lambda one: (scores[one.at] * FURTHER ** taken[one.section], -one.at))
        chosen.append(best)
        taken[best.section] += 1
        rest = [
            one for one in rest if one is not best and len(one.words & best.words) < _ALIKE * len(one.words)
        ]
    return chosen


def _text(one: _Said) -> str:
    return one.passage.text[one.span.start : one.span.end]
