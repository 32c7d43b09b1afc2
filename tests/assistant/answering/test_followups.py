"""Follow-ups on their way through the core."""

from assistant.answering import answer
from assistant.config import AnswerSettings
from assistant.types import AnswerEvent, AnswerFinished, Question, Turn, Understood
from indexer.types import Filters
from tests.fakes import FakeSearcher, make_passage

RENT = make_passage("The rent of the cabin is 4,200 kr a month.", name="lease.md", score=0.8)
BEFORE = Turn(
    question="Where is the cabin?",
    standalone="Where is the cabin?",
    answer="By the lake [1].",
    filters=Filters(tags=("home",)),
)


def ask(searcher: FakeSearcher, text: str, *turns: Turn) -> list[AnswerEvent]:
    """Return every event of an answer in the files' own words."""
    question = Question(text=text, turns=turns)
    return list(answer(question, searcher=searcher, generator=None, settings=AnswerSettings()))


def test_a_follow_up_is_searched_for_as_it_stands_by_itself() -> None:
    """And as it was typed, with the filters that hold on; the answer says what was searched for."""
    searcher = FakeSearcher([RENT])
    events = ask(searcher, "How much is its rent?", BEFORE)
    rewritten = "How much is its rent? (cabin)"
    assert searcher.asked == [(rewritten, AnswerSettings().passages, BEFORE.filters)]
    assert searcher.beside == ["How much is its rent?"]
    assert Understood(rewritten, BEFORE.filters, (), is_rewritten=True) in events
    assert isinstance(events[-1], AnswerFinished)
    assert (events[-1].answer.question, events[-1].answer.filters) == (rewritten, BEFORE.filters)
    assert {"rewriting", "search"} <= events[-1].answer.timings_ms.keys()


def test_a_question_that_stands_is_searched_for_once() -> None:
    """As it was typed, without the filters of the turn before."""
    searcher = FakeSearcher([RENT])
    text = "How much is the monthly rent of the office in Lisbon?"
    events = ask(searcher, text, BEFORE)
    assert searcher.asked == [(text, AnswerSettings().passages, Filters())]
    assert searcher.beside == [""]
    assert not any(isinstance(event, Understood) for event in events)
