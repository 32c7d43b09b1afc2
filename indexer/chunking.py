"""Text → chunks, along the structure the author gave it; pure.

A chunk ends where a section ends if one ends within reach, else between blocks,
else between lines or sentences, else between words. Where several places are
equally good, a hash of the words around them chooses: the choice then depends
on what stands near and not on how much text came before, so that after an
insertion the cuts fall into step again and only chunks near it change.
"""

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from indexer.types import Block, BlockKind, Chunk, Document, Locator

CHUNKER_VERSION = "1"
"""Part of the store's fingerprint: raise it when the same text gives other chunks."""

MAX_CHARS_PER_TOKEN = 12
"""A word the tokenizer gives up on is one token however long it is, so characters are capped too."""

MIN_CAPACITY_TOKENS = 16

_FULL = 0.6
"""From this share of the capacity on a chunk is full enough, and a cut is chosen by hash."""

_SMALL = 0.3
"""Below this share a piece is not cut off by itself while it can be avoided."""

_TINY = 0.1
"""Below this share even a section of its own goes together with what follows."""

_PREFIX = 0.25
"""Share of the capacity that headings may take in the embedded text."""

_EXACT_BELOW = 0.8
"""Sums of token counts are off by a few at the seams; above this share of the capacity they are checked."""

_INDENT_CHARS = 40
"""White space before the first word of a chunk is kept up to this length: code is read by its indentation."""

_SEGMENT_CHARS = 30_000
"""Tokenizers slow down on very long inputs (3.0 MB/s at this size, 0.9 MB/s at 700 KB)."""

_ABOVE_CONTENT = (BlockKind.HEADING, BlockKind.FRONT_MATTER)
_NOT_BLANK = re.compile(r"\S")
_GAP = re.compile(r"\n(?:[^\S\n]*\n)+")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"""[.!?…]+["')\]»”’]*\s+|[。！？]+[」』”]*""")
_WORD = re.compile(r"\s+")
_ITEM = re.compile(r"\n(?=(?:[-*+]|\d{1,9}[.)])[ \t])")
_PROSE_SEAMS = (_GAP, _SENTENCE, _LINE, _WORD)
_LINE_SEAMS = (_GAP, _LINE, _SENTENCE, _WORD)
_LIST_SEAMS = (_ITEM, _GAP, _LINE, _SENTENCE, _WORD)


class TokenMeter(Protocol):
    """What chunking asks of a tokenizer; `indexer.tokens.TokenCounter` is one."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""
        ...

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of every token in code points, in order."""
        ...


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
    outline = _Outline(document, counter, capacity_tokens)
    spans = list(_Cutter(document, outline, counter).spans())
    return [
        Chunk(ordinal=ordinal, start=start, end=end, text=document.text[start:end], locator=locator)
        for ordinal, (start, end, locator) in enumerate(_fit(spans, outline, counter, capacity_tokens))
    ]


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    estimate: int
    """Tokens of text and headings, as summed up."""

    is_rough: bool
    """Cut inside a word, where the sum says little."""


class _Outline:
    """Which headings stand above each block, and how a span of the text is located."""

    def __init__(self, document: Document, counter: TokenMeter, capacity_tokens: int) -> None:
        self.document = document
        self.capacity = capacity_tokens
        self._counter = counter
        self._budget = max(1, int(capacity_tokens * _PREFIX))
        self._shortened: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {(): ((), 0)}
        self._starts = [block.start for block in document.blocks]
        self._line_starts = (
            [0, *accumulate(len(line) + 1 for line in document.text.split("\n"))]
            if document.has_lines
            else []
        )
        self.paths: list[tuple[str, ...]] = []
        self.levels: list[int] = []
        """Level of the innermost heading above each block or of the block itself; 0 above the first."""
        stack: list[tuple[int, str]] = []
        for block in document.blocks:
            if block.kind is BlockKind.HEADING:
                while stack and stack[-1][0] >= block.level:
                    stack.pop()
                stack.append((block.level, " ".join(block.title.split())))
            self.paths.append(tuple(title for _, title in stack if title))
            self.levels.append(stack[-1][0] if stack else 0)
        count = len(document.blocks)
        self._content_from = list(range(count))
        """The first block from each on that is neither heading nor front matter, else the last."""
        for i in range(count - 2, -1, -1):
            if document.blocks[i].kind in _ABOVE_CONTENT:
                self._content_from[i] = self._content_from[i + 1]

    def block_at(self, position: int) -> int:
        """Return the index of the block that holds a position, or of the last one before it."""
        return max(0, bisect_right(self._starts, position) - 1)

    def reserve(self, index: int) -> int:
        """Return how many tokens headings can take in a chunk that begins in a block."""
        paths = self.paths[index], self.paths[self._content_from[index]]
        return max(self._shorten(path[:depth])[1] for path in paths for depth in range(len(path) + 1))

    def locate(self, start: int, end: int) -> Locator:
        """Say where a span stands."""
        blocks = self.document.blocks
        first, last = self.block_at(start), self.block_at(end - 1)
        held = range(first, last + 1)
        content = [i for i in held if blocks[i].kind not in _ABOVE_CONTENT]
        path = _common_prefix([self.paths[i] for i in content or held])
        page = blocks[first].page
        return Locator(
            line_start=bisect_right(self._line_starts, start) if self._line_starts else None,
            line_end=bisect_right(self._line_starts, end - 1) if self._line_starts else None,
            page_start=page,
            page_end=blocks[last].page,
            page_label=None if page is None else self.document.page_labels.get(page),
            headings=self._shorten(path)[0],
        )

    def _shorten(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """Drop headings from the outside until the rest leaves room for text; with its token count."""
        if path not in self._shortened:
            kept = path
            size = self._measure(kept)
            while len(kept) > 1 and size > self._budget:
                kept = kept[1:]
                size = self._measure(kept)
            if size > self._budget:
                kept = (self._abridge(kept[0]),)
                size = self._measure(kept) if kept[0] else 0
                if size > self._budget:
                    kept, size = (), 0
            self._shortened[path] = kept, size
        return self._shortened[path]

    def _measure(self, path: tuple[str, ...]) -> int:
        prefix = " > ".join(path)
        if len(prefix) > self._budget * MAX_CHARS_PER_TOKEN:
            return self._budget + 1
        return self._counter.count([prefix])[0]

    def _abridge(self, heading: str) -> str:
        """Keep the first words of a heading that alone is too long."""
        head = heading[: self._budget * MAX_CHARS_PER_TOKEN // 2]
        spans = self._counter.offsets(head)
        if len(spans) >= self._budget:
            head = head[: spans[max(0, self._budget - 2)][0]]
        elif len(head) == len(heading):
            return heading
        return head.rstrip() + "…"


class _Cutter:
    """Walks through a document and decides where each chunk ends."""

    def __init__(self, document: Document, outline: _Outline, counter: TokenMeter) -> None:
        self._text = document.text
        self._blocks = document.blocks
        self._outline = outline
        self._tokens = _token_starts(document, counter)
        self._end = document.blocks[-1].end
        self._seams: dict[tuple[int, re.Pattern[str]], list[int]] = {}
        count = len(document.blocks)
        headings = [block.kind is BlockKind.HEADING for block in document.blocks]
        small = int(outline.capacity * _SMALL)
        self._is_seam = [False] * count
        """Whether a cut may fall before a block: not after a heading, not before the last lone ones."""
        self._section_end = [self._end] * count
        """Where the next heading, or the document's end, stands after each block."""
        trailing, end = True, self._end
        for i in range(count - 1, -1, -1):
            self._section_end[i] = end
            trailing = trailing and headings[i]
            glued = i == 0 or headings[i - 1]
            if i and document.blocks[i - 1].kind is BlockKind.FRONT_MATTER:
                glued = self._size(document.blocks[i - 1].start, document.blocks[i - 1].end) <= small
            self._is_seam[i] = not trailing and not glued
            if headings[i] and self._is_seam[i]:
                end = document.blocks[i].start

    def spans(self) -> Iterator[_Span]:
        """Yield the chunks' spans in order."""
        position = 0
        while (found := _NOT_BLANK.search(self._text, position)) is not None:
            line_end = self._text.rfind("\n", max(0, position - 1), found.start())
            start = line_end + 1 if line_end >= 0 or position == 0 else found.start()
            if found.start() - start > _INDENT_CHARS:
                start = found.start()
            first = self._outline.block_at(found.start())
            limit = max(1, self._outline.capacity - self._outline.reserve(first))
            position = self._cut(start, first, limit)
            end = start + len(self._text[start:position].rstrip())
            size = self._size(start, end) + self._outline.capacity - limit
            yield _Span(
                start, end, size, is_rough=self._is_inside_word(start) or self._is_inside_word(position)
            )

    def _is_inside_word(self, place: int) -> bool:
        if place in (0, len(self._text)):
            return False
        return not (self._text[place].isspace() or self._text[place - 1].isspace())

    def _size(self, start: int, end: int) -> int:
        return bisect_left(self._tokens, end) - bisect_left(self._tokens, start)

    def _cut(self, start: int, first: int, limit: int) -> int:
        """Return where the chunk that begins at `start`, in block `first`, ends."""
        reach = self._reach(start, limit)
        plain: list[int] = []
        sections: list[tuple[int, int]] = []
        is_closed = False
        base = self._outline.levels[first]
        for i in range(first + 1, len(self._blocks)):
            block = self._blocks[i]
            if block.start > reach or is_closed:
                break
            if not self._is_seam[i]:
                continue
            if self._blocks[i - 1].kind is BlockKind.FRONT_MATTER:
                return block.start
            if block.kind is BlockKind.HEADING:
                # headings that end the section the chunk began in are all alike.
                sections.append((max(block.level, base), block.start))
                is_closed = block.level < base
            else:
                plain.append(block.start)
        else:
            if reach >= self._end and not is_closed:
                sections.append((base, self._end))
                is_closed = True
        grown = [section for section in sections if self._size(start, section[1]) >= limit * _SMALL]
        if grown:
            return min(grown)[1]
        if sections and (is_closed or self._size(start, sections[-1][1]) >= limit * _TINY):
            return sections[-1][1]
        return self._cut_inside(start, reach, plain, limit)

    def _reach(self, start: int, limit: int) -> int:
        """Return how far a chunk can go at most."""
        reach = min(start + limit * MAX_CHARS_PER_TOKEN, self._end)
        token = bisect_left(self._tokens, start)
        if token + limit < len(self._tokens):
            reach = min(reach, self._tokens[token + limit])
        return max(reach, start + 1)

    def _cut_inside(self, start: int, reach: int, plain: Sequence[int], limit: int) -> int:
        """Cut within a section: between blocks, or else within the block that does not fit."""
        index = self._outline.block_at(reach - 1)
        rest = self._size(start, self._section_end[index])
        # a tail too small to stand alone is avoided by leaving more to it.
        most = min(limit, rest - int(limit * _SMALL)) if rest > limit else limit
        if (place := self._choose(start, plain, limit, most)) is not None:
            return place
        for pattern in _seams_of(self._blocks[index]):
            seams = self._seams_within(index, pattern)
            inside = seams[bisect_right(seams, start) : bisect_right(seams, reach)]
            if (place := self._choose(start, inside, limit, most)) is not None:
                return place
        return reach

    def _choose(self, start: int, places: Sequence[int], limit: int, most: int) -> int | None:
        """Return the place to cut at, or `None` if all would leave too small a piece."""
        sized = [(self._size(start, place), place) for place in places]
        full = [place for size, place in sized if limit * _FULL <= size <= most]
        if full:
            return max(full, key=lambda place: (_mark(self._text, place), place))
        fair = [place for size, place in sized if limit * _SMALL <= size <= most]
        if fair:
            return fair[-1]
        # a span of few tokens can be long all the same: the cap on characters set its reach.
        long = [place for place in places if place - start >= limit * MAX_CHARS_PER_TOKEN * _SMALL]
        return long[-1] if long else None

    def _seams_within(self, index: int, pattern: re.Pattern[str]) -> list[int]:
        key = index, pattern
        if key not in self._seams:
            block = self._blocks[index]
            self._seams[key] = [m.end() for m in pattern.finditer(self._text, block.start, block.end)]
        return self._seams[key]


def _seams_of(block: Block) -> Sequence[re.Pattern[str]]:
    """Name what a block may be split at, best first."""
    if block.kind is BlockKind.LIST:
        return _LIST_SEAMS
    return _PROSE_SEAMS if block.kind in (BlockKind.PARAGRAPH, BlockKind.HEADING) else _LINE_SEAMS


def _mark(text: str, place: int) -> int:
    """Hash the words around a place."""
    return zlib.crc32(text[max(0, place - 24) : place + 40].encode("utf-8", "surrogatepass"))


def _common_prefix(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the headings all paths begin with."""
    low, high = min(paths), max(paths)
    length = 0
    while length < len(low) and low[length] == high[length]:
        length += 1
    return low[:length]


def _token_starts(document: Document, counter: TokenMeter) -> list[int]:
    """Return where every token of the text begins, measured in segments that end with a line."""
    starts: list[int] = []
    text, begin = document.text, 0
    while begin < len(text):
        end = text.find("\n", begin + _SEGMENT_CHARS) + 1 or len(text)
        starts.extend(begin + start for start, _ in counter.offsets(text[begin:end]))
        begin = end
    return starts


def _fit(
    spans: Sequence[_Span], outline: _Outline, counter: TokenMeter, capacity: int
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
            middle = (begin + stop) // 2
            spaces = [m.end() for m in _WORD.finditer(text, begin + 1, stop - 1)]
            if spaces:
                middle = min(spaces, key=lambda at: abs(at - middle))
            left_end = begin + len(text[begin:middle].rstrip())
            pending += [(middle, stop), (begin, left_end)] if left_end > begin else [(middle, stop)]


def _embedded(text: str, start: int, end: int, locator: Locator) -> str:
    """Return what the embedder will read of a span."""
    return Chunk(ordinal=0, start=start, end=end, text=text[start:end], locator=locator).embedded_text
