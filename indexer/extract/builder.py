"""What the formats share: putting a document together from pieces or from lines."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from indexer.extract.encoding import MAX_TEXT_CHARS
from indexer.types import Block, BlockKind, Document

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_METADATA_NODES = 2000
_MAX_METADATA_CHARS = 10_000


@dataclass
class DocumentBuilder:
    """Collects the blocks of a document whose file has no lines to name (HTML, PDF, office formats)."""

    pieces: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    length: int = 0
    is_full: bool = False
    """Whether text was left out because the document is too long."""

    def add(
        self, kind: BlockKind, text: str, *, level: int = 0, title: str = "", page: int | None = None
    ) -> None:
        """Append a block; blank text adds nothing, and blocks are parted by an empty line."""
        text = sound(text).strip("\n").rstrip()
        if not text or text.isspace():
            return
        if self.length + len(text) > MAX_TEXT_CHARS:
            self.is_full = True
            return
        if self.blocks:
            self.pieces.append("\n\n")
            self.length += 2
        end = self.length + len(text)
        self.blocks.append(
            Block(kind=kind, start=self.length, end=end, level=level, title=title.strip(), page=page)
        )
        self.pieces.append(text)
        self.length = end

    def build(
        self,
        *,
        title: str,
        metadata: Mapping[str, Any] | None = None,
        page_labels: Mapping[int, str] | None = None,
        pages_without_text: Iterable[int] = (),
        notes: Iterable[str] = (),
    ) -> Document:
        """Return the document."""
        full = (f"only the first {self.length:,} characters were read",) if self.is_full else ()
        return Document(
            text="".join(self.pieces),
            blocks=tuple(self.blocks),
            has_lines=False,
            title=sound(title),
            metadata=plain_metadata(metadata or {}),
            page_labels=page_labels or {},
            pages_without_text=tuple(pages_without_text),
            notes=(*notes, *full),
        )


def words(text: str) -> frozenset[str]:
    """Return the set of words of a text, for tables that read better in lines."""
    return frozenset(text.split())


def line_offsets(text: str) -> list[int]:
    """Return where each line begins, and past the last one where a further line would."""
    offsets = [0]
    for line in text.split("\n"):
        offsets.append(offsets[-1] + len(line) + 1)
    return offsets


def span_of_lines(text: str, offsets: list[int], first: int, stop: int) -> tuple[int, int] | None:
    """Return where lines stand (0-based, half-open) without blank ends; `None` if all are blank."""
    start, end = offsets[first], min(offsets[stop], len(text))
    body = text[start:end]
    kept = body.rstrip()
    if not kept:
        return None
    lead = len(kept) - len(kept.lstrip())
    return start + kept.rfind("\n", 0, lead) + 1, start + len(kept)


def sound(text: str) -> str:
    """Replace lone surrogates, which neither SQLite nor a tokenizer takes."""
    return _SURROGATE.sub("\ufffd", text)


def plain_metadata(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return metadata as JSON holds it: dates as ISO strings, strange types as text.

    What is too large to be metadata (a file may repeat an alias a billion
    times in a few lines of YAML) comes out as an empty object.
    """
    budget = [_MAX_METADATA_NODES, _MAX_METADATA_CHARS]
    try:
        plain = _plain(value, budget)
    # nested deeper than Python counts: what holds itself has no end.
    except (_TooLargeError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


class _TooLargeError(Exception):
    """The metadata has more nodes or characters than metadata has."""


def _plain(value: object, budget: list[int]) -> object:
    budget[0] -= 1
    if min(budget) < 0:
        raise _TooLargeError
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() <= 63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(_plain(key, budget)): _plain(item, budget) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, budget) for item in value]
    isoformat = getattr(value, "isoformat", None)
    text = sound(isoformat() if isoformat else _as_text(value))
    budget[1] -= len(text)
    return text


def _as_text(value: object) -> str:
    # hexadecimal: Python refuses to write out very long decimals.
    return hex(value) if isinstance(value, int) else str(value)
