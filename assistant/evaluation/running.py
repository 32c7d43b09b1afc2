"""Asking the questions of a set, through the same core as `kb ask`.

Nothing is stored: answers go into results and nowhere else. Where models are
compared, all of them answer the same questions from the same passages.
"""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from assistant.answering import Searcher, TextGenerator, answer
from assistant.answering.finding import Library
from assistant.config import AnswerSettings
from assistant.engine.types import Finished
from assistant.evaluation.cases import Case
from assistant.evaluation.judging import judge
from assistant.evaluation.sources import Gold
from assistant.generating import Watched
from assistant.types import Answer, AnswerFinished, Question
from indexer.errors import KbError, UsageError
from indexer.types import EVERYTHING, Filters, Passage, SearchResult

RANKED_PASSAGES = 50
"""Passages asked for to see at which place the right file stands; ten files are among them as a rule."""

GIVE_UP_AFTER = 3
"""Questions in a row that end in an error before the others are given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One question, asked and judged."""

    case: Case
    model: str
    """File name of the model; empty for answers in the files' own sentences."""

    answer: Answer | None
    """`None` where there is none because of an error."""

    ranked: tuple[Passage, ...] = ()
    """What a search for the question finds, best first, deeper than the answer was read from."""

    scores: Mapping[str, float] = field(default_factory=dict)
    failure: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    tokens: int = 0
    writing_ms: float = 0.0
    error: KbError | None = None


class Rankings:
    """What searches for the questions of a set find; each is asked for once.

    Args:
        searcher: Finds passages.
    """

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._found: dict[tuple[str, Filters], tuple[Passage, ...]] = {}

    def of(self, question: str, filters: Filters) -> tuple[Passage, ...]:
        """Return the passages for a question, best first."""
        key = question, filters
        if key not in self._found:
            found = self._searcher.search(question, top_k=RANKED_PASSAGES, filters=filters)
            self._found[key] = found.passages
        return self._found[key]


class SamePassages:
    """A searcher for a comparison: whoever asks a question again gets what was found the first time.

    Args:
        searcher: Finds passages.
    """

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._found: dict[tuple[str, int], tuple[SearchResult, float]] = {}
        self._case = ""
        self._calls = 0
        self.spared_ms = 0.0
        """What the searches for this question took the first time, if this is not it."""

        if isinstance(searcher, Library):
            self.resolve = searcher.resolve
            self.passages_of = searcher.passages_of

    def begin(self, case: Case) -> None:
        """Say which question the next searches are for."""
        self._case, self._calls, self.spared_ms = case.id, 0, 0.0

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        """Return what the first one to answer this question found with this search."""
        key = self._case, self._calls
        self._calls += 1
        if key in self._found:
            found, took_ms = self._found[key]
            self.spared_ms += took_ms
            return found
        started = time.perf_counter()
        found = self._searcher.search(query, top_k=top_k, filters=filters, beside=beside)
        self._found[key] = found, (time.perf_counter() - started) * 1000
        return found


@dataclass(slots=True)
class _Meter:
    """What a model has written, added up."""

    tokens: int = 0
    writing_ms: float = 0.0

    def note(self, ended: Finished) -> None:
        """Add an answer."""
        if "generation" in ended.timings_ms:
            # the first token is chosen from what reading the prompt has computed.
            self.tokens += max(0, ended.usage.completion_tokens - 1)
            self.writing_ms += ended.timings_ms["generation"]


def run(
    cases: Sequence[Case],
    golds: Mapping[str, Gold],
    *,
    searcher: Searcher,
    rankings: Rankings,
    generator: TextGenerator | None,
    settings: AnswerSettings,
    filters: Filters = EVERYTHING,
    has_history: bool = True,
) -> Generator[Result, None, None]:
    """Ask questions one after the other; each comes as soon as it is answered and judged.

    What goes wrong with one question is its result, and the others go on, unless it goes
    wrong with several in a row.

    Args:
        cases: The questions.
        golds: What each expects, by its id.
        searcher: Finds what answers are made from.
        rankings: Finds what the files' places are taken from.
        generator: Writes the answers; `None` for sentences of the files.
        settings: How questions are answered.
        filters: What all searches are confined to.
        has_history: Whether a question is asked with what was said before it.

    Raises:
        KbError: What went wrong with the last of `GIVE_UP_AFTER` questions in a row.
    """
    in_a_row = 0
    model = "" if generator is None else generator.model_name
    for case in cases:
        if isinstance(searcher, SamePassages):
            searcher.begin(case)
        meter = _Meter()
        watched = None if generator is None else Watched(generator, meter.note)
        gold = golds[case.id]
        exclude = (*filters.exclude, *sorted(map(str, gold.left_out)))
        question = Question(
            text=case.question,
            filters=replace(filters, exclude=exclude),
            turns=case.turns if has_history else (),
        )
        try:
            answered = _ask(question, searcher, watched, settings)
            ranked = rankings.of(answered.question or case.question, answered.filters)
        except KbError as error:
            yield Result(case=case, model=model, answer=None, failure=error.message, error=error)
            # a question that is wrong in itself says nothing of the next one.
            in_a_row += not isinstance(error, UsageError)
            if in_a_row == GIVE_UP_AFTER:
                raise
            continue
        in_a_row = 0
        judged = judge(case, gold, answered, ranked)
        yield Result(
            case=case,
            model=model,
            answer=answered,
            ranked=ranked,
            scores=judged.scores,
            failure=judged.failure,
            timings_ms=_whole(answered.timings_ms, searcher),
            tokens=meter.tokens,
            writing_ms=meter.writing_ms,
        )


def _whole(timings_ms: Mapping[str, float], searcher: Searcher) -> Mapping[str, float]:
    """Return the times of an answer with that of the search, also where it was spared."""
    if not isinstance(searcher, SamePassages):
        return timings_ms
    return {name: took + searcher.spared_ms for name, took in timings_ms.items()}


def _ask(
    question: Question, searcher: Searcher, generator: TextGenerator | None, settings: AnswerSettings
) -> Answer:
    events = answer(question, searcher=searcher, generator=generator, settings=settings)
    # closing it stops the model, whatever ends this loop.
    with closing(events):
        for event in events:
            if isinstance(event, AnswerFinished):
                return event.answer
    raise AssertionError("an answer ends with AnswerFinished")
