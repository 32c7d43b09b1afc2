"""Tests of having an object written, with a scripted generator."""

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from assistant.engine.types import ChatOptions, Delta, Finished, FinishReason, Progress
from assistant.errors import MalformedAnswerError
from assistant.generating import generate_json
from assistant.types import Message
from tests.fakes import FakeGenerator

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
ASKED = [Message("user", "How many?")]


class TakesTurns(FakeGenerator):
    """Writes one script after the other."""

    def __init__(self, *scripts: Sequence[str | Delta], reason: FinishReason = "stop") -> None:
        super().__init__(reason=reason)
        self._scripts = list(scripts)
        self.asked: list[ChatOptions] = []

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Write the next script."""
        self.asked.append(options)
        self._pieces = self._scripts.pop(0)
        return super().chat(messages, options)


def test_an_object_is_collected_and_read() -> None:
    """Pieces are joined; the schema is asked for, and no thinking."""
    generator = TakesTurns(['{"n"', ": 3}"])
    assert generate_json(generator, ASKED, SCHEMA, max_tokens=50) == {"n": 3}
    (options,) = generator.asked
    assert (options.schema, options.thinking, options.temperature) == (SCHEMA, "off", 0)
    assert options.max_tokens == 50


@pytest.mark.parametrize(
    "script",
    [
        [Delta("thinking", '{"n": 1} or'), Delta("text", '{"n": 3}')],
        [Delta("text", '{"n": 1} or'), Delta("retract", ""), Delta("text", '{"n": 3}')],
        ["```json\n", '{"n": 3}', "\n```"],
    ],
)
def test_nothing_of_a_thought_gets_in(script: list[str | Delta]) -> None:
    """Whatever a server does that thinks all the same, or writes a fence around it."""
    assert generate_json(TakesTurns(script), ASKED, SCHEMA) == {"n": 3}


@pytest.mark.parametrize("first", ["{", "[3]", '{"m": 3}', ""])
def test_what_is_no_such_object_is_asked_for_once_more(first: str) -> None:
    """The second time with the makers' sampling, so that it is not the same again."""
    generator = TakesTurns([first], ['{"n": 3}'])
    assert generate_json(generator, ASKED, SCHEMA) == {"n": 3}
    assert [options.temperature for options in generator.asked] == [0, None]


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("length", "it was cut off after 1024 tokens"),
        ("time", "it was cut off after 5 s"),
        ("stop", "what it wrote does not follow the schema"),
    ],
)
def test_two_failures_are_one_sentence(reason: FinishReason, why: str) -> None:
    """Which says why, and quotes nothing."""
    generator = TakesTurns(["{"], ["{"], reason=reason)
    with pytest.raises(MalformedAnswerError) as caught:
        generate_json(generator, ASKED, SCHEMA, time_limit_s=5)
    assert caught.value.message == f"scripted.gguf wrote no object of the wanted form: {why}"
