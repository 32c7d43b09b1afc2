"""The vocabulary of answering: messages, citations and the events of one answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.messages import Message as Message  # noqa: PLC0414 - part of this vocabulary
from indexer.types import EVERYTHING, Filters, Locator, Passage, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An earlier question of a conversation, and what was answered."""

    question: str
    """As it was typed."""

    standalone: str
    """As it was searched for; the question itself where it stood by itself."""

    answer: str
    """With its marks; empty where the files did not say."""

    sources: tuple[Path, ...] = ()
    """The files that were cited, in the order of their numbers."""

    filters: Filters = EVERYTHING
    """What the search was confined to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person asks, and how it is to be answered."""

    text: str
    """As it was typed."""

    extra: str = ""
    """Text given with it, such as a mail; or empty."""

    filters: Filters = EVERYTHING
    turns: tuple[Turn, ...] = ()
    """What was said before, oldest first."""

    is_deep: bool = False
    """Whether the model may ask for further searches."""

    is_strict: bool = False
    """Whether sentences that their passages do not bear are left out."""

    allows_own_knowledge: bool = False
    """Whether the model may answer what the files do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A mark [n] in the answer and what stands behind it."""

    n: int
    """The number in the answer, from 1."""

    passage: Passage
    quote: str
    """The sentences of the passage that bear the answer, verbatim."""

    locator: Locator
    """Where the quote stands; at least as narrow as the passage's."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb ask --json` prints."""
        return {
            "n": self.n,
            "path": str(self.passage.path),
            "locator": self.locator.to_json(),
            "quote": self.quote,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A finished answer."""

    answered: bool
    """False when the files do not say; `passages` then holds the nearest."""

    text: str
    """With its marks; empty when the files do not say."""

    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    """What the answer was made from, in the order of their numbers."""

    model: str | None
    """File name of the model; `None` for an extractive answer."""

    timings_ms: Mapping[str, float] = field(default_factory=dict)
    """`search`, `first_token` and `total`, each in milliseconds from the question.

    The first token is the first piece of anything the model wrote, reasoning included.
    """

    as_of: float = 0.0
    """Of which moment the index was current, in seconds since the epoch; 0 if that is not known."""

    pending: int = 0
    """Files that had changed and could not be found yet."""

    question: str = ""
    """What was searched for: the question as it stands by itself, without filters."""

    filters: Filters = EVERYTHING
    """What the search was confined to."""

    unsupported: tuple[Span, ...] = ()
    """Sentences of `text` that no cited passage bears, in order."""

    is_own_knowledge: bool = False
    """Whether the model answered from what it knows, because the files do not say."""

    steps: tuple[str, ...] = ()
    """What was done for it, where that took several steps, in order."""

    tokens_per_s: float = 0.0
    """How fast the model wrote it, thoughts included; 0 where none did, or did not say."""

    evidence: float = 0.0
    """How likely it is that the files answer the question, 0 to 1, as far as the search can tell."""

    span: str = ""
    """The date, number or name that was asked for, in the files' own words; empty where that is not sure."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb ask --json` prints."""
        return {
            "answered": self.answered,
            "answer": self.text,
            "citations": [citation.to_json() for citation in self.citations],
            "passages": [passage.to_json() for passage in self.passages],
            "model": self.model,
            "timings_ms": dict(self.timings_ms),
            "as_of": self.as_of,
            "pending": self.pending,
            "question": self.question,
            "filters": self.filters.to_json(),
            "unsupported": [self.text[span.start : span.end] for span in self.unsupported],
            "is_own_knowledge": self.is_own_knowledge,
            "steps": list(self.steps),
            "tokens_per_s": self.tokens_per_s,
            "evidence": self.evidence,
            "span": self.span,
        }


@dataclass(frozen=True, slots=True)
class Understood:
    """How the question is understood, where that is not just as it was typed."""

    question: str
    """As it stands by itself; that is searched for."""

    filters: Filters
    remarks: tuple[str, ...] = ()
    """What a person should know of it, a sentence each."""

    is_rewritten: bool = False
    """Whether words were added or replaced, because the question leaned on what was said before."""


@dataclass(frozen=True, slots=True)
class Step:
    """What goes on in an answer that takes several steps; the one before is over."""

    text: str
    """In the present participle, such as "searching for “rent”" or "reading plan.md"."""

    done: int = 0
    """Parts of it that are done."""

    total: int = 0
    """All its parts; 0 where it has none."""

    is_kept: bool = False
    """Whether it is said for good, and not only while it goes on; `text` then tells what came of it."""


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The search is done."""

    passages: tuple[Passage, ...]
    as_of: float
    """Of which moment the index was current, in seconds since the epoch; 0 if that is not known."""

    pending: int
    """Files that had changed and could not be found yet."""


@dataclass(frozen=True, slots=True)
class ModelLoading:
    """The model is being loaded; comes again as it goes on."""

    model: str
    share: float
    """How much of it is loaded, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The model is loaded."""

    status: Mapping[str, Any]
    """What its engine says of itself."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The model is loaded and has not written anything yet; comes again when that changes."""

    queued: int
    """Answers that are written before this one is begun."""

    read_share: float
    """How much of the prompt is read, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of the model's reasoning; never part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerText:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """The text that follows uses a number for the first time."""

    passages: tuple[Passage, ...]
    """What stands behind the numbers so far, from 1 on."""


DOUBT_SIGN = "[?]"
"""Stands behind a sentence that no passage bears, wherever answers are shown."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """The sentence shown last is borne by none of its passages; `Answer.unsupported` holds them all."""


@dataclass(frozen=True, slots=True)
class Retracted:
    """Every piece of the answer so far was reasoning; it comes again as `Thinking`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know meanwhile, in one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The last event."""

    answer: Answer


AnswerEvent = (
    Understood
    | Step
    | PassagesFound
    | ModelLoading
    | ModelReady
    | Waiting
    | Thinking
    | Cited
    | AnswerText
    | Doubted
    | Retracted
    | Notice
    | AnswerFinished
)
