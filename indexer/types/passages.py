"""What a search is asked, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from indexer.types.places import Locator, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a search is confined to; an empty field confines nothing."""

    within: tuple[str, ...] = ()
    """Folders and files, any of them: absolute paths, or names and patterns ("work", "work/may.md", "*.md").

    A name is that of a file or folder anywhere, the roots included, whatever its case.
    """

    exclude: tuple[str, ...] = ()
    """Folders and files to leave out, in the same form."""

    types: tuple[str, ...] = ()
    """Kinds of file, any of them: endings without the dot ("pdf"), or words such as "mail" and "code"."""

    tags: tuple[str, ...] = ()
    """Tags that a file must have, all of them, without "#"; "work" stands for "work/plans" too."""

    since: float | None = None
    """Seconds since the epoch from which on a file must be dated."""

    before: float | None = None
    """Seconds since the epoch before which a file must be dated."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields that confine anything."""
        pairs = {
            "within": list(self.within),
            "exclude": list(self.exclude),
            "types": list(self.types),
            "tags": list(self.tags),
            "since": self.since,
            "before": self.before,
        }
        return {name: value for name, value in pairs.items() if value is not None and value != []}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        lists = {name: tuple(value.get(name, ())) for name in ("within", "exclude", "types", "tags")}
        return cls(**lists, since=value.get("since"), before=value.get("before"))


EVERYTHING = Filters()
"""Filters that confine nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a filter that is being typed may become."""

    value: str
    """The whole value; that of a folder ends with "/"."""

    files: int | None = None
    """How many files it leaves; `None` where nobody counted."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {"value": self.value, "files": self.files}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(value=value["value"], files=value["files"])


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

    dated: float | None = None
    """When the file is from, in seconds since the epoch: what it says of itself, or its last change."""

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
            "dated": self.dated,
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
            dated=value.get("dated"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a search says of whether the files answer at all; all of it is relative to the question."""

    closeness: float
    """How close the closest chunk is: half the cosine of its best window, half its own."""

    lexical: float
    """BM25 of the best chunk, as a share of what an average one with the question's rarest words gets."""

    lead: float | None
    """By how much the best file leads what the library holds on anything; `None` with too few files."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {"closeness": self.closeness, "lexical": self.lexical, "lead": self.lead}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(closeness=value["closeness"], lexical=value["lexical"], lead=value["lead"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Passages for one query, best first, and how fresh the index was."""

    passages: tuple[Passage, ...]
    as_of: float
    """Seconds since the epoch at which the index last agreed with the disk; 0 if it never did."""

    pending: int
    """Files seen and not yet indexed."""

    took_ms: float
    question: str = ""
    """What was looked for: the query without the filters that were typed in it."""

    filters: Filters = EVERYTHING
    """What the search was confined to, whether it was given, typed in the query or said in it."""

    remarks: tuple[str, ...] = ()
    """What a person should know of how the query was understood, a sentence each."""

    grounds: Grounds | None = None
    """What speaks for an answer in the files; `None` where nothing was found."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {
            "passages": [passage.to_json() for passage in self.passages],
            "as_of": self.as_of,
            "pending": self.pending,
            "took_ms": self.took_ms,
            "question": self.question,
            "filters": self.filters.to_json(),
            "remarks": list(self.remarks),
            "grounds": self.grounds.to_json() if self.grounds else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            passages=tuple(map(Passage.from_json, value["passages"])),
            as_of=value["as_of"],
            pending=value["pending"],
            took_ms=value["took_ms"],
            question=value.get("question", ""),
            filters=Filters.from_json(value.get("filters", {})),
            remarks=tuple(value.get("remarks", ())),
            grounds=Grounds.from_json(value["grounds"]) if value.get("grounds") else None,
        )
