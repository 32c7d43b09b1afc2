"""Question → events of one answer: the one core under every face.

Faces draw the events and decide nothing, so that they cannot disagree. With a
generator the answer is written by a model; without one it is taken from the
files word for word.
"""

import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from assistant.citations import cite
from assistant.config import AnswerSettings
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.errors import NoAnswerError
from assistant.extractive import extract
from assistant.generating import Loads, TextGenerator
from assistant.prompting import FittedPrompt, fit_messages, is_refusal, may_become_refusal
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    AnswerText,
    Citation,
    ModelLoading,
    ModelReady,
    Notice,
    PassagesFound,
    Retracted,
    Thinking,
    Waiting,
)
from indexer.errors import UsageError
from indexer.types import Passage, SearchResult

__all__ = ["NEAREST", "Searcher", "TextGenerator", "answer"]

NEAREST = 3
"""Passages that are shown in place of an answer."""

_EXTRA_QUERY_CHARS = 400
_TEMPLATE_TOKENS = 64
_SHORTEST_ANSWER_TOKENS = 16


class Searcher(Protocol):
    """Whatever finds passages; the indexer's client is one."""

    def search(self, query: str, *, top_k: int = 8, under: Sequence[Path] = ()) -> SearchResult:
        """Return the passages nearest to a query, best first."""
        ...


class _Clock:
    """Milliseconds since the question, kept under the names of `Answer.timings_ms`."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.timings_ms: dict[str, float] = {}

    def keep(self, name: str) -> None:
        """Note the time that has passed, unless that name has one already."""
        if name not in self.timings_ms:
            self.timings_ms[name] = round((time.perf_counter() - self._started) * 1000, 1)


def answer(
    question: str,
    *,
    searcher: Searcher,
    generator: TextGenerator | None,
    settings: AnswerSettings,
    extra: str = "",
    under: Sequence[Path] = (),
) -> Generator[AnswerEvent, None, None]:
    """Answer a question from the indexed files.

    The first event is `PassagesFound`, the last `AnswerFinished`. The pieces
    of `AnswerText` since the last `Retracted` are together the answer's text, but
    for white space at its ends; there are none when the files do not say.
    Closing the iterator stops the model.

    Args:
        question: What the person typed.
        searcher: Finds the passages.
        generator: Writes the answer; `None` takes sentences of the files instead.
        settings: How many passages, and how long an answer.
        extra: Text given with the question, such as a mail; or empty.
        under: Folders or files to search in; empty for all.

    Raises:
        UsageError: If the question is empty, or too long for the model.
        KbError: Whatever searcher and generator raise.
    """
    question = question.strip()
    if not question:
        raise UsageError(
            "the question is empty", hint='ask something, as in `kb ask "when is the rent due?"`'
        )
    clock = _Clock()
    found = _search(searcher, question, extra, top_k=settings.passages, under=under)
    clock.keep("search")
    yield PassagesFound(found.passages, found.as_of, found.pending)
    if generator is None:
        yield from _extractive(question, found, extra, clock)
    elif found.passages or extra.strip():
        yield from _written(question, found, extra, generator=generator, settings=settings, clock=clock)
    else:
        yield _refused((), generator.model_name, found, clock)


def _search(
    searcher: Searcher, question: str, extra: str, *, top_k: int, under: Sequence[Path]
) -> SearchResult:
    """Search for the question, and for what was given with it, each having a say in turn."""
    found = searcher.search(question, top_k=top_k, under=under)
    if not extra.strip():
        return found
    beside = searcher.search(extra.strip()[:_EXTRA_QUERY_CHARS], top_k=top_k, under=under)
    mixed: dict[int, Passage] = {}
    for pair in itertools.zip_longest(found.passages, beside.passages):
        for passage in pair:
            if passage is not None:
                mixed.setdefault(passage.chunk_id, passage)
    return SearchResult(
        passages=tuple(mixed.values())[:top_k],
        as_of=min(found.as_of, beside.as_of),
        pending=max(found.pending, beside.pending),
        took_ms=found.took_ms + beside.took_ms,
    )


def _extractive(question: str, found: SearchResult, extra: str, clock: _Clock) -> Iterator[AnswerEvent]:
    if extra.strip():
        yield Notice("reading the piped text takes a model; this is what your files say")
    extracted = extract(question, found.passages)
    clock.keep("first_token")
    if extracted is None:
        yield _refused(found.passages, None, found, clock)
        return
    yield AnswerText(extracted.text)
    yield _finished(extracted.text, extracted.citations, found.passages, None, found=found, clock=clock)


def _written(
    question: str,
    found: SearchResult,
    extra: str,
    *,
    generator: TextGenerator,
    settings: AnswerSettings,
    clock: _Clock,
) -> Iterator[AnswerEvent]:
    if isinstance(generator, Loads):
        for share in generator.loading():
            yield ModelLoading(generator.model_name, share)
    status = generator.wait_ready()
    yield ModelReady(status)
    context_tokens = int(status["context_tokens"])
    yield from map(Notice, status.get("notices", ()))
    # three quarters of the context are for reading, whatever an answer may take.
    reserved = _TEMPLATE_TOKENS + min(settings.max_tokens, context_tokens // 4)
    prompt = fit_messages(
        question,
        found.passages,
        extra=extra,
        limit_tokens=context_tokens - reserved,
        count_tokens=generator.count_tokens,
    )
    if prompt is None:
        raise _too_long(question, extra, generator, context_tokens - reserved)
    yield from _fitting_notices(prompt, len(found.passages), context_tokens)
    room = context_tokens - _TEMPLATE_TOKENS - prompt.tokens
    max_tokens = max(_SHORTEST_ANSWER_TOKENS, min(settings.max_tokens, room))
    options = ChatOptions(
        max_tokens=max_tokens,
        temperature=None if settings.temperature < 0 else settings.temperature,
        thinking=settings.thinking,
        thinking_tokens=settings.thinking_tokens,
        time_limit_s=settings.time_limit_s,
    )
    draft = _Draft()
    with closing(_relay(generator.chat(prompt.messages, options))) as pieces:
        for piece in pieces:
            if isinstance(piece, Progress):
                yield Waiting(piece.queued, piece.read_share)
                continue
            clock.keep("first_token")
            if isinstance(piece, Delta):
                yield from draft.take(piece)
                continue
            yield from map(Notice, piece.remarks)
            # who ends without a word refuses; who was cut off, or only thought, does not.
            if not draft.text.strip() and (draft.has_thought or piece.reason != "stop"):
                raise _no_answer(piece, options, has_thought=draft.has_thought)
            yield from _cut_notices(piece, options, context_tokens, is_full=max_tokens < settings.max_tokens)
    text = draft.text.strip()
    if is_refusal(text):
        yield _refused(prompt.passages, generator.model_name, found, clock)
        return
    if draft.held.strip():
        yield AnswerText(draft.held.lstrip())
    citations = cite(text, prompt.passages)
    yield _finished(text, citations, prompt.passages, generator.model_name, found=found, clock=clock)


class _Draft:
    """An answer as far as it is written, and what of it nobody was shown yet."""

    def __init__(self) -> None:
        self.text = ""
        self.held = ""
        """The end of the text that was not shown."""

        self.has_thought = False

    def take(self, piece: Delta) -> Iterator[AnswerEvent]:
        """Add a piece and say what is to be shown of it."""
        if piece.kind == "thinking":
            self.has_thought = True
            yield Thinking(piece.text)
        elif piece.kind == "retract":
            self.has_thought = True
            if self.text != self.held:
                yield Retracted()
            yield Thinking(self.text)
            self.text = self.held = ""
        else:
            self.text += piece.text
            self.held += piece.text
            # a refusal is no answer, so nothing is shown while it is one or may become one.
            if not (may_become_refusal(self.text) or is_refusal(self.text)):
                yield AnswerText(self.held if self.text != self.held else self.held.lstrip())
                self.held = ""


def _relay(chat: Iterator[Delta | Progress | Finished]) -> Generator[Delta | Progress | Finished, None, None]:
    """Pass on what comes, and the closing too."""
    yield from chat


def _fitting_notices(prompt: FittedPrompt, found: int, context_tokens: int) -> Iterator[Notice]:
    why = f"the model's context of {context_tokens} tokens"
    if prompt.left_out:
        yield Notice(f"{prompt.left_out} of {found} passages left out: more would not fit {why}")
    if prompt.is_shortened:
        yield Notice(f"the passage was shortened to fit {why}")


def _cut_notices(
    finished: Finished, options: ChatOptions, context_tokens: int, *, is_full: bool
) -> Iterator[Notice]:
    what = "the answer was cut off after"
    if finished.reason == "length" and is_full:
        yield Notice(
            f"{what} {options.max_tokens} tokens, where the model's context of {context_tokens:,} is full;"
            " fewer passages or a larger [model] context_tokens leave more room"
        )
    elif finished.reason == "length":
        yield Notice(f"{what} {options.max_tokens} tokens; [answer] max_tokens allows more")
    elif finished.reason == "time":
        yield Notice(f"{what} {options.time_limit_s:g} s; [answer] time_limit_s allows more")


def _no_answer(finished: Finished, options: ChatOptions, *, has_thought: bool) -> NoAnswerError:
    """Say why nothing was written; a thought is no answer, whether it was cut off or not."""
    match finished.reason:
        case "length":
            limit = f" after {options.max_tokens} tokens"
        case "time":
            limit = f" after {options.time_limit_s:g} s"
        case "stop":
            limit = ""
    if has_thought:
        how = f"was still thinking{limit}" if limit else "ended with its thoughts"
        hint = "end thoughts earlier with [answer] thinking_tokens, or ask with `--thinking off`"
    else:
        how = f"had not begun{limit}"
        hint = "[answer] time_limit_s allows more" if finished.reason == "time" else "ask in other words"
    return NoAnswerError(f"the model {how} and wrote no answer", hint=hint)


def _too_long(question: str, extra: str, generator: TextGenerator, limit_tokens: int) -> UsageError:
    what, text = ("the piped text", extra) if len(extra) > len(question) else ("the question", question)
    tokens = generator.count_tokens(text)
    if tokens < limit_tokens:
        return UsageError(
            f"the {limit_tokens:,} tokens that {generator.model_name} can read at once"
            " leave no room for a question and what belongs to it",
            hint="set [model] context_tokens higher, or to 0 for what fits",
        )
    return UsageError(
        f"{what} is {tokens:,} tokens long, and {generator.model_name} can read {limit_tokens:,} at once",
        hint="shorten it, or raise [model] context_tokens if the model allows more",
    )


def _finished(
    text: str,
    citations: tuple[Citation, ...],
    passages: tuple[Passage, ...],
    model: str | None,
    *,
    found: SearchResult,
    clock: _Clock,
) -> AnswerFinished:
    clock.keep("total")
    return AnswerFinished(
        Answer(
            answered=True,
            text=text,
            citations=citations,
            passages=passages,
            model=model,
            timings_ms=clock.timings_ms,
            as_of=found.as_of,
            pending=found.pending,
        )
    )


def _refused(
    passages: tuple[Passage, ...], model: str | None, found: SearchResult, clock: _Clock
) -> AnswerFinished:
    clock.keep("first_token")
    clock.keep("total")
    return AnswerFinished(
        Answer(
            answered=False,
            text="",
            citations=(),
            passages=passages[:NEAREST],
            model=model,
            timings_ms=clock.timings_ms,
            as_of=found.as_of,
            pending=found.pending,
        )
    )
