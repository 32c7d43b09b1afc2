"""Text → chunks, along the structure the author gave it; pure.

A chunk ends where a section ends if one ends within reach, else between blocks,
else between lines or sentences, else between words. Where several places are
equally good, a hash of the words around them chooses: the choice then depends
on what stands near and not on how much text came before, so that after an
insertion the cuts fall into step again and only chunks near it change.
"""

from collections.abc import Iterator, Sequence

from indexer.chunking.cutting import Cutter, Stretch, nearest_space
from indexer.chunking.outline import MAX_CHARS_PER_TOKEN, Outline, TokenMeter
from indexer.types import Chunk, Document, Locator

__all__ = [
    "BEST_CAPACITY_TOKENS",
    "CHUNKER_VERSION",
    "MAX_CHARS_PER_TOKEN",
    "MIN_CAPACITY_TOKENS",
    "TokenMeter",
    "capacity_for",
    "chunk_document",
]

CHUNKER_VERSION = "2"
"""Part of the store's fingerprint: raise it when the same text gives other chunks."""

MIN_CAPACITY_TOKENS = 16

BEST_CAPACITY_TOKENS = 236
"""Chunks of this size are found best on average over several sets of questions (128 to 254 tried)."""

_EXACT_BELOW = 0.9
"""Sums of token counts are off by a few at the seams; above this share of the capacity they are checked."""


def capacity_for(model_tokens: int, *, wanted_tokens: int = 0) -> int:
    """Return how many tokens a chunk may have.

    Args:
        model_tokens: What the embedding model reads of a text, special tokens excluded.
        wanted_tokens: What the person asks for; 0 for what is best.
    """
    return min(wanted_tokens or BEST_CAPACITY_TOKENS, model_tokens)


def chunk_document(document: Document, *, counter: TokenMeter, capacity_tokens: int) -> list[Chunk]:
    """Cut a document into chunks.

    The chunks cover all of the text that is not white space, in order and
    without overlap. The embedded text of none is longer than the capacity.

    Args:
        document: Its blocks must cover its text but for white space.
        counter: The embedding model's own tokenizer.
        capacity_tokens: Most tokens of `Chunk.embedded_text`, special tokens
            excluded; at least `MIN_CAPACITY_TOKENS`.

    Raises:
        ValueError: If the capacity is too small to hold headings and text.
    """
    if capacity_tokens < MIN_CAPACITY_TOKENS:
        raise ValueError(f"capacity_tokens must be at least {MIN_CAPACITY_TOKENS}, got {capacity_tokens}")
    if not document.blocks:
        return []
    outline = Outline(document, counter, capacity_tokens)
    spans = list(Cutter(document, outline, counter).spans())
    return [
        Chunk(ordinal=ordinal, start=start, end=end, text=document.text[start:end], locator=locator)
        for ordinal, (start, end, locator) in enumerate(_fit(spans, outline, counter, capacity_tokens))
    ]


def _fit(
    spans: Sequence[Stretch], outline: Outline, counter: TokenMeter, capacity: int
) -> Iterator[tuple[int, int, Locator]]:
    """Locate the spans, and split those that prove too long when measured for themselves."""
    text = outline.document.text
    queue = [(span.start, span.end, outline.locate(span.start, span.end)) for span in spans]
    doubtful = [i for i, span in enumerate(spans) if span.is_rough or span.estimate > capacity * _EXACT_BELOW]
    embedded = [_embedded(text, *queue[i]) for i in doubtful]
    too_long = {i for i, size in zip(doubtful, counter.count(embedded), strict=True) if size > capacity}
    for i, (start, end, locator) in enumerate(queue):
        if i not in too_long:
            yield start, end, locator
            continue
        pending = [(start, end)]
        while pending:
            begin, stop = pending.pop()
            place = outline.locate(begin, stop)
            if stop - begin == 1 or counter.count([_embedded(text, begin, stop, place)])[0] <= capacity:
                yield begin, stop, place
                continue
            middle = nearest_space(text, begin, stop)
            left_end = begin + len(text[begin:middle].rstrip())
            pending += [(middle, stop), (begin, left_end)] if left_end > begin else [(middle, stop)]


def _embedded(text: str, start: int, end: int, locator: Locator) -> str:
    """Return what the embedder will read of a span."""
    return Chunk(ordinal=0, start=start, end=end, text=text[start:end], locator=locator).embedded_text
