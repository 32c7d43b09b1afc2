"""What the runner needs of a model; `assistant.engine.llama.Model` is the real one."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol

from assistant.engine.types import FinishReason, ModelFacts, Piece, Sampling


class LoadedModel(Protocol):
    """A model that one thread answers with."""

    is_private: bool
    """Whether what it reads next may not be written to the disk."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model."""

    @property
    def speculation(self) -> tuple[int, int]:
        """Tokens that were guessed ahead in the last answer, and how many of them the model chose too."""

    def tokenize(self, pieces: Sequence[Piece]) -> list[int]:
        """Turn a prompt into tokens; from any thread."""

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text; from any thread."""

    def read(self, prompt: Sequence[int], on_progress: Callable[[int], None] | None = None) -> int:
        """Evaluate a prompt and return how many of its tokens were still in the cache.

        `on_progress` is told after every batch how many tokens are evaluated by now.
        """

    def write(
        self, sampling: Sampling, *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Generator[tuple[bytes, bool], Sequence[int] | None, FinishReason]:
        """Generate what follows; tokens that are sent are gone on from, and not yielded."""

    def settle(self) -> None:
        """Use a quiet moment for what would otherwise hold up the next prompt."""

    def interrupt(self) -> None:
        """Make the work at hand end early; from any thread."""

    def clear_interrupt(self) -> None:
        """Take back `interrupt`."""

    def close(self) -> None:
        """Free the model."""
