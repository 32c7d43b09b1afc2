"""A passage with more of what stands around it in its file; pure."""

from collections.abc import Sequence
from dataclasses import replace

from indexer.types import Locator, Passage, Span

BETWEEN = "\n\n"
"""Stands between passages that follow one another; their own line ends are not part of them."""


def widened(
    passage: Passage, text: Sequence[Passage], reach: int, *, quotes: Sequence[Span] = ()
) -> tuple[Passage, tuple[Span, ...]] | None:
    """Return a passage with its neighbours, and where its marked sentences stand in that.

    Args:
        passage: As it was found, or some sentences of it.
        text: The file as it is indexed, in reading order.
        reach: How many neighbours on each side, >= 0.
        quotes: Spans of the passage's text, in order.

    Returns:
        `None` if nothing of the passage stands in the file any more.
    """
    within = [number for number, part in enumerate(text) if _overlap(passage, part, quotes)]
    if not within:
        return None
    first, last = max(0, within[0] - reach), min(len(text) - 1, within[-1] + reach)
    parts = text[first : last + 1]
    whole = BETWEEN.join(part.text for part in parts)
    sentences = [passage.text[span.start : span.end] for span in quotes]
    spans: list[Span] = []
    at = 0
    for sentence in sentences:
        start = whole.find(sentence, at)
        if start < 0:
            start = whole.find(sentence)
        if sentence and start >= 0:
            spans.append(Span(start=start, end=start + len(sentence)))
            at = start + len(sentence)
    kept = {(span.start, span.end): span for span in sorted(spans, key=lambda one: one.start)}
    return (
        replace(passage, text=whole, locator=_around(parts), highlights=(), root=parts[0].root),
        tuple(kept.values()),
    )


def _overlap(passage: Passage, part: Passage, quotes: Sequence[Span]) -> bool:
    """Tell whether a part of the file and a passage have text in common."""
    if passage.chunk_id and part.chunk_id == passage.chunk_id:
        return True
    # a passage may be several parts joined, and one that was kept is no more than its quotes.
    if part.text in passage.text or passage.text in part.text:
        return True
    return any((said := passage.text[span.start : span.end]) and said in part.text for span in quotes)


def _around(parts: Sequence[Passage]) -> Locator:
    """Return where a row of passages stands."""
    first, last = parts[0].locator, parts[-1].locator
    headings = first.headings
    for part in parts[1:]:
        shared = 0
        while headings[: shared + 1] == part.locator.headings[: shared + 1] and shared < len(headings):
            shared += 1
        headings = headings[:shared]
    return replace(first, line_end=last.line_end, page_end=last.page_end, headings=headings)
