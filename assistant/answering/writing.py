"""An answer that a model writes from passages, piece by piece."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial

from assistant.answering.results import Clock, finished, refused
from assistant.answering.rooms import Room, make_ready, options_of
from assistant.citations import cite
from assistant.config import AnswerSettings
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.errors import NoAnswerError
from assistant.generating import TextGenerator, count_prompt, relay
from assistant.marking import Doubt, MarkedText
from assistant.prompting import FittedPrompt, fit_messages, is_refusal, may_become_refusal, own_messages
from assistant.types import (
    AnswerEvent,
    AnswerText,
    Cited,
    Doubted,
    Notice,
    Question,
    Retracted,
    Thinking,
    Waiting,
)
from indexer.errors import UsageError
from indexer.types import SearchResult


def write(
    question: Question,
    found: SearchResult,
    *,
    generator: TextGenerator,
    settings: AnswerSettings,
    clock: Clock,
    room: Room | None = None,
    prompt: FittedPrompt | None = None,
) -> Iterator[AnswerEvent]:
    """Have a model answer a question from the passages that were found.

    Args:
        question: What was asked, and what came with it.
        found: The passages, and the question as it stands by itself.
        generator: Writes.
        settings: How long an answer.
        clock: Keeps when the first token came.
        room: What a model can read that is ready; otherwise it is made ready.
        prompt: What it is given to read; otherwise as many of the passages as fit.

    Raises:
        UsageError: If the question is too long for the model.
        NoAnswerError: If the model wrote none.
        KbError: Whatever the generator raises.
    """
    if room is None:
        room = yield from make_ready(generator, settings)
    context_tokens = room.context_tokens
    if prompt is None:
        prompt = fit_messages(
            found.question,
            found.passages,
            extra=question.extra,
            turns=question.turns,
            limit_tokens=room.prompt_tokens,
            count=partial(count_prompt, generator),
        )
        if prompt is None:
            raise _too_long(found.question, question.extra, generator, room.prompt_tokens)
        yield from _fitting_notices(prompt, len(found.passages), context_tokens)
    max_tokens = room.left_behind(prompt.tokens)
    options = options_of(settings, max_tokens=max_tokens)
    shown = prompt.passages
    draft = _Draft(lambda: MarkedText(shown, extra=question.extra, is_strict=question.is_strict))
    with closing(relay(generator.chat(prompt.messages, options))) as pieces:
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
    if is_refusal(draft.text):
        if question.allows_own_knowledge:
            yield from write_own(found, generator=generator, settings=settings, clock=clock, room=room)
        else:
            yield refused(found.passages, generator.model_name, found=found, clock=clock)
        return
    yield from draft.close()
    marked = draft.marked
    if marked.left_out:
        sentences = "1 sentence" if marked.left_out == 1 else f"{marked.left_out} sentences"
        yield Notice(f"{sentences} left out: the passages do not say so")
    if question.is_strict and not marked.has_statements:
        yield refused(found.passages, generator.model_name, found=found, clock=clock)
        return
    text = marked.text.rstrip()
    yield finished(
        text,
        cite(text, marked.passages),
        marked.passages,
        generator.model_name,
        found=found,
        clock=clock,
        unsupported=marked.unsupported,
    )


def write_own(
    found: SearchResult,
    *,
    generator: TextGenerator,
    settings: AnswerSettings,
    clock: Clock,
    room: Room | None = None,
) -> Iterator[AnswerEvent]:
    """Have a model answer from what it knows, since the files do not say; nothing is cited.

    Args:
        found: What the files hold nearest to it, and the question as it stands by itself.
        generator: Writes.
        settings: How long an answer.
        clock: Keeps when the first token came.
        room: What a model can read that is ready; otherwise it is made ready.

    Raises:
        UsageError: If the question is too long for the model.
        NoAnswerError: If the model wrote none.
        KbError: Whatever the generator raises.
    """
    if room is None:
        room = yield from make_ready(generator, settings)
    messages = own_messages(found.question)
    tokens = count_prompt(generator, messages)
    if tokens > room.prompt_tokens:
        raise _too_long(found.question, "", generator, room.prompt_tokens)
    yield Notice("not in your files; what follows is the model's own knowledge")
    options = options_of(settings, max_tokens=room.left_behind(tokens))
    draft = _Draft(lambda: MarkedText((), is_judging=False))
    with closing(relay(generator.chat(messages, options))) as pieces:
        for piece in pieces:
            clock.keep("first_token")
            if isinstance(piece, Delta):
                yield from draft.take(piece)
            elif isinstance(piece, Finished):
                yield from map(Notice, piece.remarks)
                yield from _cut_notices(piece, options, room.context_tokens, is_full=False)
    yield from draft.close()
    text = draft.marked.text.rstrip()
    if is_refusal(text):
        yield refused(found.passages, generator.model_name, found=found, clock=clock)
        return
    yield finished(
        text, (), found.passages, generator.model_name, found=found, clock=clock, is_own_knowledge=True
    )


class _Draft:
    """An answer as far as it is written, and as it is shown.

    Args:
        begin: Makes what turns the model's marks into those that are shown.
    """

    def __init__(self, begin: Callable[[], MarkedText]) -> None:
        self._begin = begin
        self._held = ""
        self.text = ""
        """All that the model wrote of it."""

        self.marked = begin()
        self._cited = 0
        self.has_thought = False

    def take(self, piece: Delta) -> Iterator[AnswerEvent]:
        """Add a piece and say what is to be shown of it."""
        if piece.kind == "thinking":
            self.has_thought = True
            yield Thinking(piece.text)
        elif piece.kind == "retract":
            self.has_thought = True
            if self.marked.text:
                yield Retracted()
            yield Thinking(self.text)
            self.text = self._held = ""
            self.marked = self._begin()
            self._cited = 0
        else:
            self.text += piece.text
            self._held += piece.text
            # a refusal is no answer, so nothing is shown while it is one or may become one.
            if not (may_become_refusal(self.text) or is_refusal(self.text)):
                yield from self._show(self.marked.feed(self._held))
                self._held = ""

    def close(self) -> Iterator[AnswerEvent]:
        """Show the rest."""
        yield from self._show(self.marked.feed(self._held))
        yield from self._show(self.marked.close())
        self._held = ""

    def _show(self, pieces: Iterator[str | Doubt]) -> Iterator[AnswerEvent]:
        for piece in pieces:
            if len(cited := self.marked.cited) > self._cited:
                self._cited = len(cited)
                yield Cited(cited)
            yield AnswerText(piece) if isinstance(piece, str) else Doubted()


def _fitting_notices(prompt: FittedPrompt, found: int, context_tokens: int) -> Iterator[Notice]:
    why = f"the model's context of {context_tokens} tokens"
    if prompt.left_out:
        yield Notice(f"{prompt.left_out} of {found} passages left out: more would not fit {why}")
    if prompt.is_shortened:
        yield Notice(f"the passage was shortened to fit {why}")
    if prompt.turns_left_out:
        turns = "turn" if prompt.turns_left_out == 1 else f"{prompt.turns_left_out} turns"
        yield Notice(f"the oldest {turns} of the conversation left out: more would not fit {why}")


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
    what, text = (
        ("the text with the question", extra) if len(extra) > len(question) else ("the question", question)
    )
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
