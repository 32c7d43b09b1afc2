"""The vocabulary: what moves between the rooms of kb, as frozen values.

Offsets are code points of a document's extracted text, half-open. Lines and
pages are counted from 1, ordinals from 0. Scores and similarities: higher is
better. What crosses a process border has `to_json` and `from_json`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    # types only: the faces import this module, and numpy costs them 60 ms.
    import numpy as np
    import numpy.typing as npt

Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""Embeddings: `(dim,)` for one, `(n, dim)` for a batch, float32, L2-normalised."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What an embedding model makes of texts."""

    vectors: Vectors
    """One row per text."""

    windows: tuple[bytes, ...] = ()
    """Per text, what `indexer.windows` packs; empty where the model has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locator:
    """Where a span stands, in a person's terms; what does not apply is `None` or empty."""

    line_start: int | None = None
    """First line in the file, from 1; `None` where the text has no lines of its own (PDF, HTML)."""

    line_end: int | None = None
    """Last line, inclusive."""

    page_start: int | None = None
    """First physical page, from 1."""

    page_end: int | None = None
    """Last physical page, inclusive."""

    page_label: str | None = None
    """What is printed on the first page ("iv"), where that differs from its number."""

    headings: tuple[str, ...] = ()
    """Headings the span stands under, outermost first."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields that apply; an empty object where none does."""
        pairs: dict[str, Any] = {
            "line_start": self.line_start,
            "line_end": self.line_end,
            "page_start": self.page_start,
            "page_end": self.page_end,
            "page_label": self.page_label,
            "headings": list(self.headings) or None,
        }
        return {key: value for key, value in pairs.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**value, "headings": tuple(value.get("headings", ()))})

    def describe(self) -> str:
        """Name the place for a person: "page 3", "lines 4-9", or an empty string."""
        if self.page_start is not None:
            if self.page_end is not None and self.page_end != self.page_start:
                return f"pages {self.page_start}-{self.page_end}"
            label = f" ({self.page_label})" if self.page_label else ""
            return f"page {self.page_start}{label}"
        if self.line_start is not None:
            if self.line_end is not None and self.line_end != self.line_start:
                return f"lines {self.line_start}-{self.line_end}"
            return f"line {self.line_start}"
        return ""


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


class FileStatus(StrEnum):
    """The one state of a file in the ledger."""

    PENDING = "pending"
    """Seen, not yet looked into."""

    INDEXED = "indexed"
    PARTIAL = "partial"
    """Indexed, with something missing that `reason` names."""

    SKIPPED = "skipped"
    """Left out by the rule that `reason` names."""

    FAILED = "failed"
    """Not indexed because of the error that `reason` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What the disk says of a file; equal states mean that nothing is to be done."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One row of the ledger."""

    path: Path
    status: FileStatus
    state: FileState
    reason: str = ""
    chunks: int = 0
    pages_without_text: int = 0
    indexed_at: float | None = None
    """Seconds since the epoch of the last time it was indexed; `None` if never."""

    since: float | None = None
    """Seconds since the epoch at which it came to this status for this reason; `None` if nobody knows."""

    attempts: int = 0
    """How often reading it failed while it was as it is."""

    retry_at: float | None = None
    """Seconds since the epoch at which it is tried again although it did not change; `None` for never."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API and for `--json`."""
        return {
            "path": str(self.path),
            "status": self.status.value,
            "reason": self.reason,
            "size_bytes": self.state.size_bytes,
            "mtime_ns": self.state.mtime_ns,
            "inode": self.state.inode,
            "chunks": self.chunks,
            "pages_without_text": self.pages_without_text,
            "indexed_at": self.indexed_at,
            "since": self.since,
            "attempts": self.attempts,
            "retry_at": self.retry_at,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            path=Path(value["path"]),
            status=FileStatus(value["status"]),
            state=FileState(size_bytes=value["size_bytes"], mtime_ns=value["mtime_ns"], inode=value["inode"]),
            reason=value["reason"],
            chunks=value["chunks"],
            pages_without_text=value["pages_without_text"],
            indexed_at=value["indexed_at"],
            since=value["since"],
            attempts=value["attempts"],
            retry_at=value["retry_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open range of code points inside some text that the context names."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A chunk as retrieved for one query, with a score."""

    chunk_id: int
    path: Path
    """Absolute path of the file."""

    root: Path
    """The root it was found under, so that a short name can be shown."""

    title: str
    text: str
    locator: Locator
    score: float
    """Fused relevance, 0 to 1, comparable only within one result."""

    similarity: float
    """Cosine of query and chunk, -1 to 1."""

    lexical: float
    """BM25 score, >= 0; 0 where no word matched."""

    highlights: tuple[Span, ...] = ()
    """The best sentences, in reading order, as spans of `text`."""

    @property
    def short_path(self) -> str:
        """The path from its root's name on, `notes/cabin.md` for a root `…/notes`."""
        try:
            return str(Path(self.root.name) / self.path.relative_to(self.root))
        except ValueError:
            return str(self.path)

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb search --json` prints and the API sends."""
        return {
            "path": str(self.path),
            "score": self.score,
            "text": self.text,
            "locator": self.locator.to_json(),
            "highlights": [self.text[span.start : span.end] for span in self.highlights],
            "highlight_spans": [[span.start, span.end] for span in self.highlights],
            "title": self.title,
            "root": str(self.root),
            "chunk_id": self.chunk_id,
            "similarity": self.similarity,
            "lexical": self.lexical,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            chunk_id=value["chunk_id"],
            path=Path(value["path"]),
            root=Path(value["root"]),
            title=value["title"],
            text=value["text"],
            locator=Locator.from_json(value["locator"]),
            score=value["score"],
            similarity=value["similarity"],
            lexical=value["lexical"],
            highlights=tuple(Span(start=start, end=end) for start, end in value["highlight_spans"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Passages for one query, best first, and how fresh the index was."""

    passages: tuple[Passage, ...]
    as_of: float
    """Seconds since the epoch at which the index last agreed with the disk; 0 if it never did."""

    pending: int
    """Files seen and not yet indexed."""

    took_ms: float

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {
            "passages": [passage.to_json() for passage in self.passages],
            "as_of": self.as_of,
            "pending": self.pending,
            "took_ms": self.took_ms,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            passages=tuple(map(Passage.from_json, value["passages"])),
            as_of=value["as_of"],
            pending=value["pending"],
            took_ms=value["took_ms"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far indexing has come; one of these is sent whenever it moves."""

    files_done: int
    files_total: int
    chunks_done: int
    """Chunks made searchable since the work began."""

    chunks_per_s: float
    seconds_left: float | None
    """`None` while there is too little to tell from."""

    current: str
    """Path being worked on; empty between files."""

    is_idle: bool
    """True when nothing is left to do; the last event of a stream."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**value)
