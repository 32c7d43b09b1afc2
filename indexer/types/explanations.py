"""What led to the passages of a search: how it was understood, what was found, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from indexer.types.passages import SearchResult
from indexer.types.places import Locator


class WordUse(StrEnum):
    """What was done with a word of the question."""

    SEARCHED = "searched"
    """Looked for in any of its forms."""

    BEGINNING = "beginning"
    """No chunk holds it; looked for as the beginning of a word."""

    CORRECTED = "corrected"
    """No chunk holds it; words that are spelt nearly so were looked for in its place."""

    COMMON = "common"
    """So many chunks hold it that it tells nothing; left to meaning."""

    SURPLUS = "surplus"
    """The question has rarer words enough."""

    UNKNOWN = "unknown"
    """No chunk holds it, nor anything like it."""


class Outcome(StrEnum):
    """What became of a candidate."""

    SHOWN = "shown"
    """A passage begins with it."""

    JOINED = "joined"
    """It is part of a passage that another chunk brought in."""

    FOLDED = "folded"
    """It says what a better one says already."""

    CROWDED_OUT = "crowded_out"
    """Its file has its share of the passages."""

    LEFT_OVER = "left_over"
    """There were better ones enough."""


class FileOutcome(StrEnum):
    """What became of a file in a search."""

    SHOWN = "shown"
    """At least one passage is from it."""

    FOLDED = "folded"
    """A passage of another file says the same."""

    CROWDED_OUT = "crowded_out"
    LEFT_OVER = "left_over"
    """It was found, and others are better."""

    NOT_FOUND = "not_found"
    """Neither retriever brought one of its chunks."""

    FILTERED_OUT = "filtered_out"
    """It is indexed, but not where was looked."""

    NOT_INDEXED = "not_indexed"
    """No chunk of it is in the index; the ledger says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTrace:
    """A word of the question."""

    word: str
    chunks: int
    """Chunks that hold it in any of its forms."""

    rarity: float
    """How much it tells: its inverse document frequency."""

    use: WordUse
    instead: tuple[str, ...] = ()
    """Words that were looked for in its place."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {**_plain(self), "use": self.use.value, "instead": list(self.instead)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**{**value, "use": WordUse(value["use"]), "instead": tuple(value["instead"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateTrace:
    """A chunk that was considered."""

    chunk_id: int
    path: Path
    title: str
    locator: Locator
    excerpt: str
    """How it begins, on one line."""

    score: float
    """What it was ranked by, 0 to 1."""

    rank: int | None
    """Its place among all candidates, from 1; `None` for a chunk that was none."""

    lexical_rank: int | None
    """Its place in the ranking by words, from 1; `None` where that does not reach so far."""

    dense_rank: int | None
    """Its place in the ranking by meaning, from 1; `None` where that does not reach so far."""

    features: Mapping[str, float]
    """What the score was made of, each by name."""

    outcome: Outcome
    reason: str = ""
    """Why, as a sentence; empty where the outcome says it."""

    place: int | None = None
    """The passage that shows it or stands for it, from 1."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {
            **_plain(self),
            "path": str(self.path),
            "locator": self.locator.to_json(),
            "features": dict(self.features),
            "outcome": self.outcome.value,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            **{
                **value,
                "path": Path(value["path"]),
                "locator": Locator.from_json(value["locator"]),
                "outcome": Outcome(value["outcome"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTrace:
    """Why a file appeared among the passages, or did not."""

    path: Path
    outcome: FileOutcome
    verdict: str
    """The whole of it as a sentence."""

    best: CandidateTrace | None = None
    """Its best chunk, whether or not it was a candidate; `None` where nothing of it is indexed."""

    behind: float | None = None
    """How far that chunk's score lies below the last passage's; `None` where nothing was shown."""

    why: Mapping[str, Any] = field(default_factory=dict)
    """What the ledger says of the file; see `GET /v1/why`."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {
            **_plain(self),
            "path": str(self.path),
            "outcome": self.outcome.value,
            "best": None if self.best is None else self.best.to_json(),
            "why": dict(self.why),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        best = value["best"]
        return cls(
            **{
                **value,
                "path": Path(value["path"]),
                "outcome": FileOutcome(value["outcome"]),
                "best": None if best is None else CandidateTrace.from_json(best),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTrace:
    """Every stage of one search."""

    result: SearchResult
    """What it found."""

    embedded: str
    """What the embedding model was given."""

    words: tuple[WordTrace, ...]
    phrases: tuple[str, ...]
    """Words that had to stand side by side, or counted more where they do."""

    is_exact: bool
    """Whether passages had to hold the phrases word for word."""

    chunks: int
    """Chunks in the index."""

    depth: int
    """Chunks asked of each retriever."""

    candidates: tuple[CandidateTrace, ...]
    """All that was considered, best first."""

    weights: Mapping[str, float]
    """What each feature counts in the score."""

    reranker: str
    """What the reranker did, or why there was none, as a sentence."""

    stages_ms: Mapping[str, float]
    """How long each stage took; what ran side by side is counted in both."""

    file: FileTrace | None = None
    """The file that was asked about."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {
            **_plain(self),
            "result": self.result.to_json(),
            "words": [word.to_json() for word in self.words],
            "phrases": list(self.phrases),
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "weights": dict(self.weights),
            "stages_ms": dict(self.stages_ms),
            "file": None if self.file is None else self.file.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        file = value["file"]
        return cls(
            **{
                **value,
                "result": SearchResult.from_json(value["result"]),
                "words": tuple(map(WordTrace.from_json, value["words"])),
                "phrases": tuple(value["phrases"]),
                "candidates": tuple(map(CandidateTrace.from_json, value["candidates"])),
                "file": None if file is None else FileTrace.from_json(file),
            }
        )


def _plain(value: Any) -> dict[str, Any]:
    """Return the fields of a frozen value by name, as they are."""
    return {each.name: getattr(value, each.name) for each in fields(value)}
