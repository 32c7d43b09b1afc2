"""The model made ready to answer, and how much it can read at once."""

from collections.abc import Generator
from dataclasses import dataclass

from assistant.config import AnswerSettings
from assistant.engine.types import ChatOptions
from assistant.generating import Loads, TextGenerator
from assistant.types import AnswerEvent, ModelLoading, ModelReady, Notice

TEMPLATE_TOKENS = 64
"""Kept free for what a template writes around the messages where that cannot be counted."""

_SHORTEST_ANSWER_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Room:
    """What prompt and answer may take of a model's context."""

    context_tokens: int
    answer_tokens: int
    """Longest answer that is wanted."""

    @property
    def prompt_tokens(self) -> int:
        """What a prompt may take: three quarters of the context at least, whatever an answer may take."""
        return self.context_tokens - TEMPLATE_TOKENS - min(self.answer_tokens, self.context_tokens // 4)

    def left_behind(self, prompt_tokens: int) -> int:
        """Return how many tokens an answer may have behind a prompt."""
        left = self.context_tokens - TEMPLATE_TOKENS - prompt_tokens
        return max(_SHORTEST_ANSWER_TOKENS, min(self.answer_tokens, left))


def make_ready(generator: TextGenerator, settings: AnswerSettings) -> Generator[AnswerEvent, None, Room]:
    """Load the model, say so meanwhile, and return what it can read.

    Raises:
        KbError: Whatever the generator raises.
    """
    if isinstance(generator, Loads):
        for share in generator.loading():
            yield ModelLoading(generator.model_name, share)
    status = generator.wait_ready()
    yield ModelReady(status)
    yield from map(Notice, status.get("notices", ()))
    return Room(int(status["context_tokens"]), settings.max_tokens)


def options_of(settings: AnswerSettings, *, max_tokens: int) -> ChatOptions:
    """Return what an answer is asked for with."""
    return ChatOptions(
        max_tokens=max_tokens,
        temperature=None if settings.temperature < 0 else settings.temperature,
        thinking=settings.thinking,
        thinking_tokens=settings.thinking_tokens,
        time_limit_s=settings.time_limit_s,
    )
