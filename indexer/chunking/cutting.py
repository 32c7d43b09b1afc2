"""Deciding where each chunk of a document ends."""

import math
import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.chunking.outline import MAX_CHARS_PER_TOKEN, Outline, TokenMeter, is_heading
from indexer.types import Block, BlockKind, Document

_FULL = 0.6
"""From this share of the capacity on a chunk is full enough, and a cut is chosen by hash."""

_SMALL = 0.3
"""Below this share a piece is not cut off by itself while it can be avoided.

Between the two shares only a place with a high hash is taken. Such places draw the cuts of
two versions of a text together: a paragraph inserted into made-up prose changes three chunks at
most in 94 of 100 cases and five in the worst, without this in 86 and twenty.
"""

_TINY = 0.1
"""Below this share even a section of its own goes together with what follows."""

_INDENT_CHARS = 40
"""White space before the first word of a chunk is kept up to this length: code is read by its indentation."""

_SEGMENT_CHARS = 30_000
"""Tokenizers slow down on very long inputs (3.0 MB/s at this size, 0.9 MB/s at 700 KB)."""

_NOT_BLANK = re.compile(r"\S")
_GAP = re.compile(r"\n(?:[^\S\n]*\n)+")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"""[.!?…]+["')\]»”’]*\s+|[。！？]+[」』”]*""")
_WORD = re.compile(r"\s+")
_ITEM = re.compile(r"\n(?=(?:[-*+]|\d{1,9}[.)])[ \t])")
_PROSE_SEAMS = (_GAP, _SENTENCE, _LINE, _WORD)
_LINE_SEAMS = (_GAP, _LINE, _SENTENCE, _WORD)
_LIST_SEAMS = (_ITEM, _GAP, _LINE, _SENTENCE, _WORD)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is to become a chunk."""

    start: int
    end: int
    estimate: int
    """Tokens of text and headings, as summed up."""

    is_rough: bool
    """Cut inside a word, where the sum says little."""


class Cutter:
    """Walks through a document and decides where each chunk ends."""

    def __init__(self, document: Document, outline: Outline, counter: TokenMeter) -> None:
        self._text = document.text
        self._blocks = document.blocks
        self._outline = outline
        self._tokens = _token_starts(document, counter)
        self._end = document.blocks[-1].end
        self._seams: dict[tuple[int, re.Pattern[str]], list[int]] = {}
        count = len(document.blocks)
        headings = [is_heading(block) for block in document.blocks]
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
            if document.blocks[i].kind is BlockKind.HEADING and self._is_seam[i]:
                end = document.blocks[i].start

    def spans(self) -> Iterator[Stretch]:
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
            yield Stretch(
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
        # a heading that ends the document goes with the end of the text above it.
        while is_heading(self._blocks[index]) and self._blocks[index].start > start:
            index -= 1
        for pattern in _seams_of(self._blocks[index]):
            seams = self._seams_within(index, pattern)
            inside = seams[bisect_right(seams, start) : bisect_right(seams, reach)]
            if (place := self._choose(start, inside, limit, most)) is not None:
                return place
        return reach

    def _choose(self, start: int, places: Sequence[int], limit: int, most: int) -> int | None:
        """Return the place to cut at, or `None` if all would leave too small a piece."""
        sized = [(self._size(start, place), place) for place in places]
        marked = [
            (_mark(self._text, place), place, size) for size, place in sized if limit * _SMALL <= size <= most
        ]
        full = [(mark, place) for mark, place, size in marked if mark >= _needed(size / limit)]
        if full:
            return max(full)[1]
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


def _needed(share: float) -> float:
    """Return the hash that a place must have, 0 to 1, where a chunk would have a share of its capacity."""
    return math.sqrt(max(0.0, _FULL - share) / (_FULL - _SMALL))


def _mark(text: str, place: int) -> float:
    """Hash the words around a place to a number from 0 to 1."""
    return zlib.crc32(text[max(0, place - 24) : place + 40].encode("utf-8", "surrogatepass")) / 2**32


def _token_starts(document: Document, counter: TokenMeter) -> list[int]:
    """Return where every token of the text begins, measured in segments that end with a line or a word."""
    starts: list[int] = []
    text, begin = document.text, 0
    while begin < len(text):
        reach = begin + _SEGMENT_CHARS, begin + 2 * _SEGMENT_CHARS
        seam = _LINE.search(text, *reach) or _WORD.search(text, *reach)
        end = seam.end() if seam else reach[1]
        starts.extend(begin + start for start, _ in counter.offsets(text[begin:end]))
        begin = end
    return starts


def nearest_space(text: str, start: int, end: int) -> int:
    """Return the place between words that is nearest to the middle, or the middle of a lone word."""
    middle = (start + end) // 2
    spaces = [found.end() for found in _WORD.finditer(text, start + 1, end - 1)]
    return min(spaces, key=lambda place: abs(place - middle), default=middle)
