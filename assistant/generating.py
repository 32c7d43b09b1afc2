"""Whoever writes text, and how an object is had from one in place of prose."""

import json
import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from assistant.engine.types import ChatOptions, Delta, Finished, FinishReason, Progress
from assistant.errors import MalformedAnswerError
from assistant.types import Message

_TURN_TOKENS = 8
"""What templates write around one message; most take 3 to 6."""


PieceT = TypeVar("PieceT")


class TextGenerator(Protocol):
    """Whatever writes text; the engine's client is one."""

    @property
    def model_name(self) -> str:
        """File name of the model."""
        ...

    def wait_ready(self) -> Mapping[str, Any]:
        """Wait until the model is loaded.

        `context_tokens` is what prompt and answer may take together, `notices` what a person must
        know of every answer, such as that the model is on another machine.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text."""
        ...

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Iterator[Delta | Progress | Finished]:
        """Write the next turn piece by piece; closing the iterator stops the model."""
        ...


@runtime_checkable
class Loads(Protocol):
    """A generator that tells how far its model is loaded."""

    def loading(self) -> Iterator[float]:
        """Yield the loaded share, 0 to 1, until the model is loaded."""
        ...


@runtime_checkable
class CountsPrompts(Protocol):
    """A generator that counts a prompt as its model will read it."""

    def count_prompt(self, messages: Sequence[Message]) -> int:
        """Count the tokens of messages, with those that the model's template adds."""
        ...


def count_prompt(generator: TextGenerator, messages: Sequence[Message]) -> int:
    """Count the tokens of messages; what a template adds to two of them is left out where it is not known."""
    if isinstance(generator, CountsPrompts):
        return generator.count_prompt(messages)
    text = "\n".join(message.content for message in messages)
    return generator.count_tokens(text) + _TURN_TOKENS * max(0, len(messages) - 2)


class Watched:
    """A generator of which somebody is told how each of its answers ended.

    Where it does not say how long the writing took, that is measured.

    Args:
        generator: Writes.
        told: Is given the end of every answer.
    """

    def __init__(self, generator: TextGenerator, told: Callable[[Finished], None]) -> None:
        self._generator = generator
        self._told = told

    @property
    def model_name(self) -> str:
        """As the generator says."""
        return self._generator.model_name

    def loading(self) -> Iterator[float]:
        """Tell how far it is loaded, where it says so."""
        if isinstance(self._generator, Loads):
            yield from self._generator.loading()

    def wait_ready(self) -> Mapping[str, Any]:
        """Wait for the generator."""
        return self._generator.wait_ready()

    def count_tokens(self, text: str) -> int:
        """Count as the generator does."""
        return self._generator.count_tokens(text)

    def count_prompt(self, messages: Sequence[Message]) -> int:
        """Count as the generator does."""
        return count_prompt(self._generator, messages)

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Iterator[Delta | Progress | Finished]:
        """Have the generator write."""
        began_at = 0.0
        with closing(relay(self._generator.chat(messages, options))) as pieces:
            for piece in pieces:
                if isinstance(piece, Delta):
                    began_at = began_at or time.perf_counter()
                if isinstance(piece, Finished):
                    measured = {"generation": (time.perf_counter() - began_at) * 1000} if began_at else {}
                    ended = replace(piece, timings_ms=measured | piece.timings_ms)
                    self._told(ended)
                    yield ended
                else:
                    yield piece


def generate_json(
    generator: TextGenerator,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    *,
    max_tokens: int = 1024,
    time_limit_s: float = 0,
    attempts: Literal[1, 2] = 2,
    patience_s: float = 0,
) -> dict[str, Any]:
    """Have an object written that follows a JSON schema.

    The likeliest tokens are taken first; should that fail, it is tried once more as the model's makers
    recommend. The model does not think, so that nothing of a thought can be in the object.

    Args:
        generator: Who writes.
        messages: What is asked; the model sees no more of the schema than they say.
        schema: Of type "object".
        max_tokens: Longest object.
        time_limit_s: Longest time for one attempt; 0 for no limit.
        attempts: How often it is tried.
        patience_s: Longest time for all of it, waiting for other answers included; 0 for no limit.

    Raises:
        MalformedAnswerError: If all attempts fail, or the patience is at its end.
        KbError: Whatever the generator raises.
    """
    options = ChatOptions(
        max_tokens=max_tokens, temperature=0, thinking="off", time_limit_s=time_limit_s, schema=schema
    )
    reason = ""
    give_up_at = time.monotonic() + patience_s if patience_s else math.inf
    for attempt in (options, replace(options, temperature=None))[:attempts]:
        text, ended_by = _collect(generator.chat(messages, attempt), give_up_at)
        value = _read_object(text, schema)
        if value is not None:
            return value
        reason = _why_malformed(ended_by, options)
    raise MalformedAnswerError(
        f"{generator.model_name} wrote no object of the wanted form: {reason}",
        hint="ask again, or take another model",
    )


def relay(pieces: Iterable[PieceT]) -> Generator[PieceT, None, None]:
    """Pass on what comes, and the closing too, also to what cannot be closed by its type."""
    yield from pieces


def _collect(chat: Iterator[Delta | Progress | Finished], give_up_at: float) -> tuple[str, FinishReason]:
    """Return the text of an answer and why it ended; thoughts are left out.

    The model is stopped at the first sign of life after `give_up_at`, a moment of the monotonic clock.
    """
    text = ""
    ended_by: FinishReason = "stop"
    # closing stops the model, whatever ends this loop.
    with closing(relay(chat)) as events:
        for event in events:
            if isinstance(event, Finished):
                ended_by = event.reason
            elif time.monotonic() > give_up_at:
                return text, "time"
            elif isinstance(event, Delta):
                if event.kind == "retract":
                    text = ""
                elif event.kind == "text":
                    text += event.text
    return text, ended_by


def _read_object(text: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read an object that has what its schema requires; other servers may not hold models to a schema."""
    text = text.strip()
    if text.startswith("```"):
        text = text.strip("`").removeprefix("json")
    try:
        value = json.loads(text)
    except ValueError:
        return None
    is_whole = isinstance(value, dict) and all(name in value for name in schema.get("required", ()))
    return value if is_whole else None


def _why_malformed(ended_by: FinishReason, options: ChatOptions) -> str:
    match ended_by:
        case "length":
            return f"it was cut off after {options.max_tokens} tokens"
        case "time":
            limit = (
                f"after {options.time_limit_s:g} s" if options.time_limit_s else "because it took too long"
            )
            return f"it was cut off {limit}"
        case "stop":
            return "what it wrote does not follow the schema"
