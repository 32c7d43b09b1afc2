"""Which drafts are kept, which questions the files do not answer, and what a model writes."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from assistant.evaluation.drafting import Sampler, draft_answerable, draft_unanswerable
from assistant.evaluation.drafting.drafts import Draft, is_repeated, trouble
from assistant.evaluation.drafting.lacking import Swap, is_lacking, swapped
from assistant.evaluation.drafting.writing import SCHEMA
from indexer.types import EVERYTHING, Filters, Passage, Span
from tests.fakes import FakeGenerator, FakeSearcher, make_passage

CABIN = make_passage("The wifi password of the cabin is heron-42.", name="cabin.md")
OFFICE = make_passage("The door code of the office is 9046.", name="office.md")
BREAD = make_passage("Bake it for 45 minutes.", name="bread.md")


def draft(question: str, answer: str = "heron-42", passage: Passage = CABIN, **more: Any) -> Draft:
    """Make a draft of the whole passage."""
    span = Span(start=0, end=len(passage.text))
    return Draft(question=question, answer=answer, passage=passage, span=span, made_by="test", **more)


class FakeSampler:
    """Draws the same passages whatever the seed is."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = tuple(passages)
        self.drawn: list[tuple[int, int]] = []

    def sample(self, count: int, *, seed: int = 0, filters: Filters = EVERYTHING) -> tuple[Passage, ...]:
        """Return the first so many."""
        assert filters == EVERYTHING
        self.drawn.append((count, seed))
        return self._passages[:count]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (draft("Wifi?"), "too short or too long"),
        (draft("Tell me the wifi password of the cabin."), "no question"),
        (draft("What does the passage say about the password?"), "speaks of the passage"),
        (draft("What is the password mentioned in this document?"), "speaks of the passage"),
        (draft("What password did they choose for it?"), "does not say of what"),
        (draft("What is the wifi password of the cabin?", "crane-7"), "answer not in the passage"),
        (draft("Is heron-42 the wifi password of the cabin?"), "answer in the question"),
        (draft("What is the wifi password of the cabin?", ""), "length of the answer"),
        (draft("What is the wifi password of the cabin?"), ""),
    ],
)
def test_what_speaks_against_a_draft_is_said(bad: Draft, why: str) -> None:
    """A question has to stand by itself, and its answer in the passage."""
    assert trouble(bad) == why


def test_the_same_question_in_other_words_is_a_repetition() -> None:
    """So is another question about the same sentence."""
    first = draft("What is the wifi password of the cabin?")
    assert is_repeated(draft("What is the cabin's wifi password?", passage=OFFICE, answer="9046"), [first])
    assert is_repeated(draft("Which word opens the network of the cabin?"), [first])
    assert not is_repeated(draft("What is the door code of the office?", "9046", OFFICE), [first])


def test_each_passage_gives_one_question_and_each_draw_is_another() -> None:
    """When the passages are used up, there are no more questions."""
    sampler: Sampler = FakeSampler([CABIN, BREAD, OFFICE])
    assert isinstance(sampler, FakeSampler)
    made = list(draft_answerable(5, sampler=sampler, generator=None, seed=7))
    assert [each.question for each in made] == [
        "What is the wifi password of the cabin?",
        "What is the door code of the office?",
    ]
    assert sampler.drawn == [(20, 7), (20, 8)]


def test_a_question_is_asked_of_something_else_of_its_kind() -> None:
    """The cabin's question of the office, and the other way round; names do not take the place of things."""
    drafts = [
        draft("What is the wifi password of the cabin?"),
        draft("What is the door code of the office?", "9046", OFFICE),
        draft("When is the birthday of Mona?", "8 April", BREAD),
    ]
    assert {swap.draft.question for swap in swapped(drafts, seed=1)} == {
        "What is the wifi password of the office?",
        "What is the door code of the cabin?",
    }


def test_what_some_passage_speaks_of_after_all_is_not_lacking() -> None:
    """Thing and question in one passage: somebody has to read it to know."""
    swap = Swap(draft("What is the wifi password of the office?", is_answerable=False), "the office")
    assert is_lacking(swap, [CABIN, OFFICE])
    told = make_passage("In the office the password for wifi is crane-7.", name="other.md")
    assert not is_lacking(swap, [CABIN, told])


def test_unanswerable_questions_are_looked_up_before_they_are_kept() -> None:
    """One that is found in the files after all is left out."""
    drafts = [
        draft("What is the wifi password of the cabin?"),
        draft("What is the door code of the office?", "9046", OFFICE),
    ]
    told = make_passage("The door code of the cabin is 1234.", name="keys.md")
    searcher = FakeSearcher([CABIN, OFFICE], by_query={"What is the door code of the cabin?": [told, CABIN]})
    (made,) = draft_unanswerable(5, drafts, searcher=searcher, seed=0)
    assert made.question == "What is the wifi password of the office?"
    assert not made.is_answerable
    assert made.to_json("notes/cabin.md") == {
        "question": "What is the wifi password of the office?",
        "answerable": "no",
        "made_from": "notes/cabin.md, line 1",
        "instead_of": "The wifi password of the cabin is heron-42.",
        "made_by": "test",
    }


class Writing(FakeGenerator):
    """Writes one object after the other."""

    def __init__(self, *objects: object) -> None:
        super().__init__()
        self._objects = [each if isinstance(each, str) else json.dumps(each) for each in objects]

    def chat(self, messages: Any, options: Any) -> Any:
        """Write the next one."""
        self._pieces = [self._objects.pop(0)]
        return super().chat(messages, options)


def test_a_model_writes_from_the_passage_under_a_schema() -> None:
    """It sees the passage in its fence, and what it writes is an object."""
    generator = Writing({"question": "What is the cabin's wifi password?", "answer": "heron-42"})
    (made,) = draft_answerable(1, sampler=FakeSampler([CABIN]), generator=generator)
    assert (made.question, made.answer) == ("What is the cabin's wifi password?", "heron-42")
    assert made.made_by == "scripted.gguf"
    assert made.to_json("cabin.md")["quote"] == CABIN.text
    assert generator.options.schema == SCHEMA
    assert "<passage>" in generator.messages[1].content


def test_what_a_model_makes_up_is_thrown_away() -> None:
    """An answer that is not in the passage, and something that is no object at all."""
    generator = Writing(
        {"question": "What is the cabin's wifi password?", "answer": "swan-1"},
        "no object",
        "no object either",
        {"question": "How long is the bread baked?", "answer": "45 minutes"},
    )
    made = list(draft_answerable(2, sampler=FakeSampler([CABIN, OFFICE, BREAD]), generator=generator))
    assert [each.question for each in made] == ["How long is the bread baked?"]
