"""What is kept of a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from assistant.types import Turn
from indexer.types import EVERYTHING, Filters, Locator


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What stands behind a mark [n] of an answer, as it stood when it was cited."""

    n: int
    path: Path
    locator: Locator
    quote: str
    """The sentences that bear the answer."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object, as `Citation.to_json` does."""
        return {"n": self.n, "path": str(self.path), "locator": self.locator.to_json(), "quote": self.quote}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            n=value["n"],
            path=Path(value["path"]),
            locator=Locator.from_json(value["locator"]),
            quote=value["quote"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTurn:
    """One question and what was answered."""

    question: str
    """As it was typed."""

    standalone: str
    """As it was searched for."""

    answer: str
    """With its marks; empty where the files did not say."""

    answered: bool = True
    sources: tuple[Source, ...] = ()
    """In the order of their numbers; of one number several where it was used for several statements."""

    filters: Filters = EVERYTHING
    """What the search was confined to."""

    model: str | None = None
    """File name of the model; `None` for an answer in the files' own words."""

    timings_ms: Mapping[str, float] = field(default_factory=dict)
    tokens_per_s: float = 0.0
    """How fast the model wrote; 0 where that is not known."""

    unsupported: tuple[str, ...] = ()
    """Sentences of the answer that no cited passage bears."""

    is_own_knowledge: bool = False
    """Whether the model answered from what it knows."""

    asked_at: float
    """Seconds since the epoch at which the answer was finished."""

    def as_turn(self) -> Turn:
        """Return what a follow-up needs to know of it."""
        return Turn(
            question=self.question,
            standalone=self.standalone,
            answer=self.answer,
            sources=tuple(dict.fromkeys(source.path for source in self.sources)),
            filters=self.filters,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb history show --json` prints."""
        return {
            "question": self.question,
            "standalone": self.standalone,
            "answered": self.answered,
            "answer": self.answer,
            "sources": [source.to_json() for source in self.sources],
            "filters": self.filters.to_json(),
            "model": self.model,
            "timings_ms": dict(self.timings_ms),
            "tokens_per_s": self.tokens_per_s,
            "unsupported": list(self.unsupported),
            "is_own_knowledge": self.is_own_knowledge,
            "asked_at": self.asked_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Questions that were asked one after the other."""

    id: int
    """Never used twice."""

    title: str
    """The first question, or what it was renamed to."""

    begun_at: float
    """Seconds since the epoch."""

    updated_at: float
    """When its last question was asked, in seconds since the epoch."""

    turns: int
    """How many questions; at least 1."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb history list --json` prints."""
        return {
            "id": self.id,
            "title": self.title,
            "begun_at": self.begun_at,
            "updated_at": self.updated_at,
            "turns": self.turns,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A turn that holds what was searched for."""

    conversation: Conversation
    turn: StoredTurn
    number: int
    """Which of the conversation's turns it is, from 1."""
