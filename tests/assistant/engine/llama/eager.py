"""A pace that always guesses, whatever it costs."""

from assistant.engine.llama import Model
from assistant.engine.llama.pace import LONGEST, Pace


class Eager(Pace):
    """Guesses as far ahead as it may."""

    def length(self) -> int:
        """Always the most."""
        return LONGEST


def make_eager(model: Model) -> None:
    """Let a model try every guess that it has."""
    for drafter in model.drafters:
        drafter.pace = Eager()
