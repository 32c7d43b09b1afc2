"""The headings above every block of a document, and where a span of it stands."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from indexer.types import Block, BlockKind, Document, Locator

MAX_CHARS_PER_TOKEN = 12
"""A word the tokenizer gives up on is one token however long it is, so characters are capped too."""

_PREFIX = 0.25
"""Share of the capacity that headings may take in the embedded text."""


class TokenMeter(Protocol):
    """What chunking asks of a tokenizer; `indexer.tokens.TokenCounter` is one."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without special tokens."""
        ...

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the span of every token in code points, in order."""
        ...


def is_heading(block: Block) -> bool:
    """Tell whether a block names what follows it.

    A heading without a title names nothing: it ends the sections above it, as
    code on the top level ends a function, and is content by itself.
    """
    return block.kind is BlockKind.HEADING and bool(block.title.strip())


class Outline:
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
        self._measure_headings()
        self._is_above = [
            is_heading(block) or block.kind is BlockKind.FRONT_MATTER for block in document.blocks
        ]
        count = len(document.blocks)
        self._content_from = list(range(count))
        """The first block from each on that is neither heading nor front matter, else the last."""
        for i in range(count - 2, -1, -1):
            if self._is_above[i]:
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
        content = [i for i in held if not self._is_above[i]]
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

    def _measure_headings(self) -> None:
        """Count the tokens of all heading paths at once: one call each would cost more than the text."""
        paths = {path[:depth] for path in set(self.paths) for depth in range(1, len(path) + 1)}
        paths |= {(path[-1],) for path in paths}
        known = [path for path in paths if sum(map(len, path)) <= self._budget * MAX_CHARS_PER_TOKEN]
        sizes = self._counter.count([" > ".join(path) for path in known])
        self._sizes = dict(zip(known, sizes, strict=True))

    def _shorten(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """Drop headings from the outside until the rest leaves room for text; with its token count."""
        if path not in self._shortened:
            kept, size = path, self._size(path)
            while len(kept) > 1 and size > self._budget:
                kept = kept[1:]
                size = self._size(kept)
            if size > self._budget:
                kept = (self._abridge(kept[0]),)
                size = self._size(kept)
            self._shortened[path] = (kept, size) if size <= self._budget else ((), 0)
        return self._shortened[path]

    def _size(self, path: tuple[str, ...]) -> int:
        """Return the tokens of a heading path, or more than the budget for one of very many characters."""
        if path not in self._sizes:
            prefix = " > ".join(path)
            is_short = len(prefix) <= self._budget * MAX_CHARS_PER_TOKEN
            self._sizes[path] = self._counter.count([prefix])[0] if is_short else self._budget + 1
        return self._sizes[path]

    def _abridge(self, heading: str) -> str:
        """Keep the first words of a heading that alone is too long."""
        head = heading[: self._budget * MAX_CHARS_PER_TOKEN // 2]
        spans = self._counter.offsets(head)
        if len(spans) >= self._budget:
            head = head[: spans[max(0, self._budget - 2)][0]]
        elif len(head) == len(heading):
            return heading
        return head.rstrip() + "…"


def _common_prefix(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the headings all paths begin with."""
    low, high = min(paths), max(paths)
    length = 0
    while length < len(low) and low[length] == high[length]:
        length += 1
    return low[:length]
