"""Questions that the files do not answer: one thing's question, asked of another; pure.

They are near to what the files hold, so that refusing them takes more than a
look at the words. Whether something answers one after all is checked by a
search: no passage may speak of both the other thing and what is asked of it.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.evaluation.drafting.drafts import Draft
from assistant.words import content_words, words
from indexer.types import Passage

ENOUGH_ELSE = 0.5
"""Share of a question's other words beside which the thing asked of may not stand in any passage."""

_NAME = re.compile(r"(?<=\w )[A-Z][\w'’-]+(?: (?:of |the |and |de |von )?[A-Z][\w'’-]+)*")
_QUOTED = re.compile(r"“[^”]+”")
_OF_SOME = re.compile(r"(?<= of )(?:the|my|our) [^“?,]+(?=\?$)")
_OF_NAME = re.compile(r"(?<= of )[A-Z][^“?,]*(?=\?$)")
_KINDS = {"title": _QUOTED, "thing": _OF_SOME, "owner": _OF_NAME, "name": _NAME}
"""What may be asked of, by how it is named; one is only put in the place of another of its kind."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A question asked of something else, and what that is."""

    draft: Draft
    thing: str


def swapped(drafts: Sequence[Draft], *, seed: int) -> Iterator[Swap]:
    """Ask questions of the things that others ask of, those of other files.

    Args:
        drafts: Questions that the files answer.
        seed: Of the order.
    """
    things = [(draft, kind, thing) for draft in drafts for kind, thing in [_thing(draft.question)] if thing]
    order = random.Random(seed)
    bases = list(things)
    order.shuffle(bases)
    for base, kind, thing in bases:
        others = [
            other
            for draft, other_kind, other in things
            if other_kind == kind
            and draft.passage.path != base.passage.path
            and not set(content_words(other)) & set(content_words(thing))
        ]
        order.shuffle(others)
        for other in dict.fromkeys(others):
            question = base.question.replace(thing, other)
            yield Swap(replace(base, question=question, answer="", is_answerable=False), other)


def is_lacking(swap: Swap, passages: Sequence[Passage]) -> bool:
    """Tell whether nothing that was found speaks of both the thing and what is asked of it."""
    thing = set(content_words(swap.thing))
    asked = [word for word in content_words(swap.draft.question) if word not in thing]
    if not thing or not asked:
        return False
    for passage in passages:
        held = set(
            words(" ".join((passage.path.stem, passage.title, *passage.locator.headings, passage.text)))
        )
        if thing <= held and sum(word in held for word in asked) > ENOUGH_ELSE * len(asked):
            return False
    return True


def _thing(question: str) -> tuple[str, str]:
    """Return what a question asks of, and of which kind its name is; both empty if that is not plain."""
    for kind, pattern in _KINDS.items():
        if found := pattern.findall(question):
            return kind, found[-1].strip()
    return "", ""
