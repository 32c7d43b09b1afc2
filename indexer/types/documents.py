"""What is read of a file: its text, its structure, and the chunks it is cut into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from indexer.types.places import Locator


class BlockKind(StrEnum):
    """What a stretch of a document is; chunking keeps blocks whole where it can."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    CODE = "code"
    LIST = "list"
    TABLE = "table"
    FRONT_MATTER = "front_matter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of a document's text that belongs together."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """Depth of a heading, from 1; 0 for everything else."""

    title: str = ""
    """The bare text of a heading, without marks; empty for everything else."""

    page: int | None = None
    """Physical page the block begins on, from 1; `None` where there are no pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file's extracted text and its structure."""

    text: str
    """The whole text; line ends are `\\n`. Where `has_lines`, line for line the decoded file."""

    blocks: tuple[Block, ...]
    """Blocks in order, without overlap; between them stands only white space."""

    has_lines: bool
    """Whether lines of `text` are lines of the file, so that a locator may name them."""

    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Front matter or document properties, JSON-serialisable."""

    page_labels: Mapping[int, str] = field(default_factory=dict)
    """Printed label of a physical page, only where it differs from the number."""

    pages_without_text: tuple[int, ...] = ()
    """Physical pages that hold no text (scans); the file is then only partly indexed."""

    notes: tuple[str, ...] = ()
    """What a person should know, e.g. "truncated after 5,000,000 characters"; makes the file `partial`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A contiguous span of one document, and the unit that is embedded."""

    ordinal: int
    """0-based position among the chunks of its document."""

    start: int
    end: int
    text: str
    """Exactly `document.text[start:end]`."""

    locator: Locator

    def __post_init__(self) -> None:
        if self.end - self.start != len(self.text):
            raise ValueError(f"span {self.start}:{self.end} does not fit {len(self.text)} characters")

    @property
    def embedded_text(self) -> str:
        """What the embedder reads: the heading path, then the text. Never the file's path."""
        if not self.locator.headings:
            return self.text
        return " > ".join(self.locator.headings) + "\n" + self.text

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the way between processes."""
        return {
            "ordinal": self.ordinal,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "locator": self.locator.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**value, "locator": Locator.from_json(value["locator"])})
