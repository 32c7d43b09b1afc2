"""A follow-up and what was said before → a question that stands by itself.

A question that leans on nothing is left as it is. One that leans is rewritten by
the model where there is one, and by a rule where there is none, it fails, or what
it wrote is no rewriting of the question.
"""

from collections.abc import Generator
from dataclasses import dataclass

from assistant.generating import Loads, TextGenerator
from assistant.rewriting.by_model import rewrite_by_model
from assistant.rewriting.by_rule import rewrite_by_rule, standalone_turns
from assistant.rewriting.carrying import carried
from assistant.rewriting.leaning import leans
from assistant.types import AnswerEvent, ModelLoading, Question, Step
from indexer.types import Filters

__all__ = ["Standing", "rewrite", "rewrite_by_rule"]

MOST_TURNS = 6
"""The latest turns are what a follow-up leans on."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A question as it stands by itself."""

    text: str
    filters: Filters
    """Those that were given, and those that still hold from the turn before."""

    is_rewritten: bool = False


def rewrite(question: Question, generator: TextGenerator | None) -> Generator[AnswerEvent, None, Standing]:
    """Return the question as it is to be searched for, and yield what goes on meanwhile.

    Args:
        question: What is asked, and what was said before.
        generator: Rewrites it; `None` has the rule do it.
    """
    text = question.text.strip()
    turns = standalone_turns(question.turns[-MOST_TURNS:])
    if not turns or not leans(text, turns):
        return Standing(text, question.filters)
    filters = carried(text, question.filters, turns[-1].filters)
    rewritten = ""
    if generator is not None:
        yield Step("understanding the question")
        if isinstance(generator, Loads):
            for share in generator.loading():
                yield ModelLoading(generator.model_name, share)
        rewritten = rewrite_by_model(text, turns, generator)
    rewritten = rewritten or rewrite_by_rule(text, turns)
    return Standing(rewritten, filters, is_rewritten=rewritten != text)
