"""A first set of questions, drafted from a person's own files for them to edit.

A quarter asks for what the files do not say. Every draft tells where it is from,
so that whoever reads it can judge it without opening anything.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from assistant.answering import Searcher
from assistant.errors import MalformedAnswerError
from assistant.evaluation.drafting.drafts import Draft, is_repeated, trouble
from assistant.evaluation.drafting.lacking import is_lacking, swapped
from assistant.evaluation.drafting.rules import draft_by_rules
from assistant.evaluation.drafting.writing import draft_by_model
from assistant.generating import TextGenerator
from indexer.types import EVERYTHING, Filters, Passage

__all__ = ["Draft", "Sampler", "draft_answerable", "draft_unanswerable"]

SAMPLED_FOR_EACH = 4
"""Passages sampled for each question that is wanted; not every passage states something plainly."""

MOST_ROUNDS = 5
"""Samples that are drawn before it is left at what there is."""

CHECKED_PASSAGES = 20
"""Passages that are searched through for an answer that should not be there."""


class Sampler(Protocol):
    """Whatever draws passages at random; the indexer's client is one."""

    def sample(self, count: int, *, seed: int = 0, filters: Filters = EVERYTHING) -> tuple[Passage, ...]:
        """Return passages spread over files and kinds of files."""
        ...


def draft_answerable(
    count: int,
    *,
    sampler: Sampler,
    generator: TextGenerator | None,
    seed: int = 0,
    filters: Filters = EVERYTHING,
    on_passage: Callable[[int], None] = lambda _: None,
) -> Iterator[Draft]:
    """Draft questions that the files answer, each from another passage, as they are made.

    Args:
        count: How many at most.
        sampler: Draws the passages.
        generator: Writes the questions; `None` makes them by rule.
        seed: Of the sample.
        filters: What is sampled.
        on_passage: Told how many passages were read.

    Raises:
        KbError: Whatever sampler and generator raise.
    """
    made: list[Draft] = []
    read: set[int] = set()
    for turn in range(MOST_ROUNDS):
        passages = sampler.sample(count * SAMPLED_FOR_EACH, seed=seed + turn, filters=filters)
        fresh = [passage for passage in passages if passage.chunk_id not in read]
        if not fresh:
            return
        for passage in fresh:
            read.add(passage.chunk_id)
            on_passage(len(read))
            if draft := _best_draft(passage, generator, made):
                made.append(draft)
                yield draft
            if len(made) == count:
                return


def draft_unanswerable(
    count: int, drafts: list[Draft], *, searcher: Searcher, seed: int = 0, filters: Filters = EVERYTHING
) -> Iterator[Draft]:
    """Draft questions that the files do not answer, from some that they do.

    Args:
        count: How many at most.
        drafts: Questions that the files answer.
        searcher: Looks whether something answers one after all.
        seed: Of their order.
        filters: What is searched.
    """
    made: list[Draft] = []
    used: set[str] = set()
    for swap in swapped(drafts, seed=seed):
        if len(made) == count:
            return
        draft = swap.draft
        # each question is turned around once at most, and nothing is asked of twice.
        keys = {f"{draft.passage.chunk_id} {draft.span.start}", swap.thing}
        if keys & used or trouble(draft) or is_repeated(draft, [*drafts, *made]):
            continue
        found = searcher.search(draft.question, top_k=CHECKED_PASSAGES, filters=filters)
        beside = searcher.search(swap.thing, top_k=CHECKED_PASSAGES, filters=filters)
        if is_lacking(swap, (*found.passages, *beside.passages)):
            used |= keys
            made.append(draft)
            yield draft


def _best_draft(passage: Passage, generator: TextGenerator | None, made: list[Draft]) -> Draft | None:
    """Return a question that a passage gives and that is none of those made before; `None` for none."""
    if generator is None:
        candidates = list(draft_by_rules(passage))
        # a kind of question that is rare so far goes first.
        openings = [draft.question.split()[0] for draft in made]
        candidates.sort(key=lambda draft: openings.count(draft.question.split()[0]))
    else:
        try:
            candidates = [draft_by_model(passage, generator)]
        except MalformedAnswerError:
            return None
    return next((draft for draft in candidates if not trouble(draft) and not is_repeated(draft, made)), None)
