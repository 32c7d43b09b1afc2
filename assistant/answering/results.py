"""How an answer ends, and how long it took."""

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from assistant.engine.types import Finished
from assistant.evidence import confidence
from assistant.generating import relay
from assistant.types import Answer, AnswerEvent, AnswerFinished, Citation, Step
from indexer.types import Passage, SearchResult, Span

NEAREST = 3
"""Passages that are shown in place of an answer."""


class Clock:
    """Milliseconds since the question, kept under the names of `Answer.timings_ms`."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.timings_ms: dict[str, float] = {}

    def keep(self, name: str) -> None:
        """Note the time that has passed, unless that name has one already."""
        if name not in self.timings_ms:
            self.timings_ms[name] = round((time.perf_counter() - self._started) * 1000, 1)


class Pace:
    """How fast a model wrote last."""

    def __init__(self) -> None:
        self._tokens_per_s = 0.0

    def note(self, ended: Finished) -> None:
        """Take note of how an answer ended."""
        took_ms = ended.timings_ms.get("generation", 0.0)
        # the first token is chosen from what reading the prompt has computed.
        tokens = ended.usage.completion_tokens - 1
        self._tokens_per_s = tokens * 1000 / took_ms if tokens > 0 and took_ms > 0 else 0.0

    def of(self, events: Iterable[AnswerEvent]) -> Iterator[AnswerEvent]:
        """Pass on the events of an answer, and add to one that a model wrote how fast that was."""
        for event in events:
            if isinstance(event, AnswerFinished) and event.answer.answered and event.answer.model:
                yield AnswerFinished(replace(event.answer, tokens_per_s=round(self._tokens_per_s, 1)))
            else:
                yield event


def with_steps(events: Iterable[AnswerEvent]) -> Iterator[AnswerEvent]:
    """Pass on the events of an answer, and add to it the steps that led to it."""
    steps: dict[str, None] = {}
    for event in events:
        if isinstance(event, Step) and (event.is_kept or event.total):
            steps[event.text] = None
        if isinstance(event, AnswerFinished) and steps:
            yield AnswerFinished(replace(event.answer, steps=tuple(steps)))
        else:
            yield event


def unless_refused(events: Iterator[AnswerEvent]) -> Generator[AnswerEvent, None, bool]:
    """Pass on the events of an answer but for its end where it is a refusal; tell whether it was answered."""
    with closing(relay(events)) as relayed:
        for event in relayed:
            if isinstance(event, AnswerFinished) and not event.answer.answered:
                return False
            yield event
    return True


def finished(
    text: str,
    citations: Sequence[Citation],
    passages: Sequence[Passage],
    model: str | None,
    *,
    found: SearchResult,
    clock: Clock,
    unsupported: Sequence[Span] = (),
    is_own_knowledge: bool = False,
    span: str = "",
) -> AnswerFinished:
    """Return the last event of an answer."""
    clock.keep("total")
    return AnswerFinished(
        Answer(
            answered=True,
            text=text,
            citations=tuple(citations),
            passages=tuple(passages),
            model=model,
            timings_ms=clock.timings_ms,
            as_of=found.as_of,
            pending=found.pending,
            question=found.question,
            filters=found.filters,
            unsupported=tuple(unsupported),
            is_own_knowledge=is_own_knowledge,
            span=span,
            evidence=round(confidence(found), 3),
        )
    )


def refused(
    passages: Sequence[Passage],
    model: str | None,
    *,
    found: SearchResult,
    clock: Clock,
) -> AnswerFinished:
    """Return the last event where the files do not say: the nearest passages."""
    clock.keep("first_token")
    clock.keep("total")
    return AnswerFinished(
        Answer(
            answered=False,
            text="",
            citations=(),
            passages=tuple(passages[:NEAREST]),
            model=model,
            timings_ms=clock.timings_ms,
            as_of=found.as_of,
            pending=found.pending,
            question=found.question,
            filters=found.filters,
            evidence=round(confidence(found), 3),
        )
    )
