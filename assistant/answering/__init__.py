"""Question → events of one answer: the one core under every face.

Faces draw the events and decide nothing, so that they cannot disagree. With a
generator the answer is written by a model; without one it is taken from the
files word for word.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace

from assistant.answering.asking import Asking
from assistant.answering.finding import Searcher, find
from assistant.answering.results import NEAREST, Clock, Pace, finished, refused, with_steps
from assistant.answering.ways import other_ways
from assistant.answering.writing import write, write_own
from assistant.config import AnswerSettings
from assistant.evidence import ENOUGH, HOPELESS, confidence
from assistant.extractive import extract
from assistant.generating import TextGenerator, Watched
from assistant.rewriting import rewrite
from assistant.types import AnswerEvent, AnswerText, Notice, PassagesFound, Question, Understood
from indexer.errors import UsageError
from indexer.types import SearchResult

__all__ = ["NEAREST", "Searcher", "TextGenerator", "answer"]


def answer(
    question: Question, *, searcher: Searcher, generator: TextGenerator | None, settings: AnswerSettings
) -> Generator[AnswerEvent, None, None]:
    """Answer a question from the indexed files.

    `Understood` comes first where the question is not searched for as it was typed, then
    `PassagesFound`; the last is `AnswerFinished`. The pieces of `AnswerText` since the
    last `Retracted` are together the answer's text, but for white space at its ends;
    there are none when the files do not say. Closing the iterator stops the model.

    Args:
        question: What is asked, and how it is to be answered.
        searcher: Finds the passages.
        generator: Writes the answer; `None` takes sentences of the files instead.
        settings: How many passages, and how long an answer.

    Raises:
        UsageError: If the question is empty, or too long for the model.
        KbError: Whatever searcher and generator raise.
    """
    text = question.text.strip()
    if not text:
        raise UsageError(
            "the question is empty", hint='ask something, as in `kb ask "when is the rent due?"`'
        )
    pace = Pace()
    watched = None if generator is None else Watched(generator, pace.note)
    with closing(_answer(question, searcher, watched, settings)) as events:
        yield from pace.of(with_steps(events))


def _answer(
    question: Question,
    searcher: Searcher,
    generator: TextGenerator | None,
    settings: AnswerSettings,
) -> Generator[AnswerEvent, None, None]:
    clock = Clock()
    asked = yield from rewrite(question, generator)
    if asked.is_rewritten:
        clock.keep("rewriting")
    asking = Asking(
        question=replace(question, filters=asked.filters),
        text=asked.text,
        searcher=searcher,
        generator=generator,
        settings=settings,
        clock=clock,
    )
    left = yield from other_ways(asking)
    if left is None:
        return
    question = left.question
    found = find(searcher, asked.text, question, top_k=settings.passages)
    clock.keep("search")
    if asked.is_rewritten or found.remarks:
        yield Understood(found.question, found.filters, found.remarks, asked.is_rewritten)
    yield PassagesFound(found.passages, found.as_of, found.pending)
    if generator is None:
        yield from _extractive(question, found, clock)
    elif question.extra.strip() or confidence(found) >= HOPELESS:
        yield from write(question, found, generator=generator, settings=settings, clock=clock)
    elif question.allows_own_knowledge:
        yield from write_own(found, generator=generator, settings=settings, clock=clock)
    else:
        yield refused(found.passages, generator.model_name, found=found, clock=clock)


def _extractive(question: Question, found: SearchResult, clock: Clock) -> Iterator[AnswerEvent]:
    if question.extra.strip():
        yield Notice("reading the text with the question takes a model; this is what your files say")
    if question.allows_own_knowledge:
        yield Notice("without a model there is no knowledge but that of your files")
    is_enough = confidence(found) >= ENOUGH
    extracted = extract(found.question, found.passages) if is_enough else None
    clock.keep("first_token")
    if extracted is None:
        yield refused(found.passages, None, found=found, clock=clock)
        return
    yield AnswerText(extracted.text)
    yield finished(
        extracted.text,
        extracted.citations,
        extracted.passages,
        None,
        found=found,
        clock=clock,
        span=extracted.span,
    )
