"""An answer with all that led to it: how it was understood, searched for, read and written.

The question goes through the same core as everywhere. Only the searcher and the
generator are others: they do the same, and keep what they were asked and what
they said.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from assistant.answering import TextGenerator, answer
from assistant.answering.finding import Library
from assistant.citations import statements
from assistant.config import AnswerSettings
from assistant.engine.types import Finished
from assistant.generating import Watched
from assistant.support import BORNE, Evidence
from assistant.types import Answer, AnswerFinished, Notice, Question, Step, Understood
from indexer.types import EVERYTHING, Filters, SearchResult, SearchTrace


class ExplainingSearcher(Protocol):
    """Whatever finds passages and tells how; the indexer's client is one."""

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        """Return the passages nearest to a query, best first."""
        ...

    def explain(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, file: Path | None = None
    ) -> SearchTrace:
        """Search, and return every stage of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a model was given to read."""

    model: str
    context_tokens: int
    """What prompt and answer may take together."""

    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Borne:
    """A statement of the answer, and how well its passages bear it."""

    text: str
    numbers: tuple[int, ...]
    """Of the passages that it cites; empty where it has no mark."""

    score: float
    """How much of it these passages say, 0 to 1."""

    @property
    def is_borne(self) -> bool:
        """Whether that is enough."""
        return self.score >= BORNE


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that led to an answer."""

    answer: Answer
    searches: tuple[SearchTrace, ...]
    """In the order in which they were made; none where a file was read as a whole."""

    remarks: tuple[str, ...]
    """What was said meanwhile: how the question was understood, steps, what did not fit."""

    readings: tuple[Reading, ...]
    """What the model read, for each time it wrote; none without a model."""

    statements: tuple[Borne, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb explain --json` prints."""
        return {
            "answer": self.answer.to_json(),
            "remarks": list(self.remarks),
            "searches": [trace.to_json() for trace in self.searches],
            "readings": [
                {
                    "model": each.model,
                    "context_tokens": each.context_tokens,
                    "prompt_tokens": each.prompt_tokens,
                    "answer_tokens": each.answer_tokens,
                }
                for each in self.readings
            ],
            "statements": [
                {
                    "text": each.text,
                    "numbers": list(each.numbers),
                    "score": each.score,
                    "is_borne": each.is_borne,
                }
                for each in self.statements
            ],
            "borne_from": BORNE,
        }


def explain(
    question: Question,
    *,
    searcher: ExplainingSearcher,
    generator: TextGenerator | None,
    settings: AnswerSettings,
    file: Path | None = None,
) -> Explanation:
    """Answer a question, and return all that led to it.

    Args:
        question: What is asked.
        searcher: Finds the passages.
        generator: Writes the answer; `None` takes sentences of the files instead.
        settings: How many passages, and how long an answer.
        file: An absolute path whose part in the searches is to be told too.

    Raises:
        KbError: Whatever `answer` raises.
    """
    kept = _Kept(searcher)
    ends: list[Finished] = []
    watched = None if generator is None else Watched(generator, ends.append)
    remarks: list[str] = []
    answered: Answer | None = None
    events = answer(question, searcher=kept, generator=watched, settings=settings)
    with closing(events):
        for event in events:
            match event:
                case AnswerFinished(finished):
                    answered = finished
                case Understood(_, _, said):
                    remarks += said
                case Notice(text) | Step(text, _, _):
                    remarks.append(text)
    assert answered is not None
    return Explanation(
        answer=answered,
        # only now, so that the answer took no longer than it always does.
        searches=tuple(
            replace(searcher.explain(query, top_k=top_k, filters=filters, file=file), result=found)
            for query, top_k, filters, found in kept.searches
        ),
        remarks=tuple(dict.fromkeys(remarks)),
        readings=() if generator is None else tuple(_reading(ended, generator) for ended in ends),
        statements=borne(answered, extra=question.extra),
    )


def borne(answered: Answer, *, extra: str = "") -> tuple[Borne, ...]:
    """Return how well the passages bear each statement of an answer, in order; pure."""
    evidence = Evidence(answered.passages, extra)
    numbers: dict[str, list[int]] = {}
    for number, statement in statements(answered.text):
        numbers.setdefault(statement, []).append(number)
    for span in answered.unsupported:
        text = answered.text[span.start : span.end]
        if not statements(text):
            numbers.setdefault(text, [])
    in_order = sorted(numbers.items(), key=lambda item: answered.text.find(item[0]))
    return tuple(
        Borne(text=text, numbers=tuple(cited), score=evidence.score(text, cited)) for text, cited in in_order
    )


class _Kept:
    """A searcher that keeps what it was asked and what it found.

    Args:
        searcher: Finds the passages.
    """

    def __init__(self, searcher: ExplainingSearcher) -> None:
        self._searcher = searcher
        self.searches: list[tuple[str, int, Filters, SearchResult]] = []
        if isinstance(searcher, Library):
            self.resolve = searcher.resolve
            self.passages_of = searcher.passages_of

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        found = self._searcher.search(query, top_k=top_k, filters=filters, beside=beside)
        self.searches.append((query, top_k, filters, found))
        return found


def _reading(ended: Finished, generator: TextGenerator) -> Reading:
    return Reading(
        model=generator.model_name,
        context_tokens=int(generator.wait_ready()["context_tokens"]),
        prompt_tokens=ended.usage.prompt_tokens,
        answer_tokens=ended.usage.completion_tokens,
    )
