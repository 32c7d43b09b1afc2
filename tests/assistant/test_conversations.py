"""A conversation as a face holds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.citations import cite
from assistant.conversations import MOST_TURNS, Talk, find
from assistant.errors import HistoryError
from assistant.history import History
from assistant.types import Answer, Question, Turn
from indexer.errors import UsageError
from indexer.types import Filters, Span
from tests.fakes import make_passage

RENT = make_passage("The rent is 4,200 kr a month.", name="lease.md")
TEXT = "The rent is 4,200 kr a month [1]. It is high."
ANSWER = Answer(
    answered=True,
    text=TEXT,
    citations=tuple(cite(TEXT, [RENT])),
    passages=(RENT,),
    model="tiny.gguf",
    timings_ms={"total": 5.0},
    question="How much is the rent of the cabin?",
    filters=Filters(tags=("home",)),
    unsupported=(Span(start=34, end=45),),
)
REFUSAL = Answer(answered=False, text="", citations=(), passages=(RENT,), model=None, question="Who paints?")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Open an empty history."""
    with History.open(tmp_path / "history.sqlite") as opened:
        yield opened


def test_a_finished_answer_becomes_a_turn(history: History) -> None:
    """Everything that `kb history show` needs is kept, sources with their quotes."""
    talk = Talk(lambda: history, clock=lambda: 7.0)
    asked = Question(text=" how much? ")
    talk.keep(talk.question(asked), ANSWER)
    assert talk.conversation is not None
    (kept,) = history.turns(talk.conversation)
    assert (kept.question, kept.standalone) == ("how much?", "How much is the rent of the cabin?")
    assert (kept.answer, kept.answered, kept.model, kept.asked_at) == (TEXT, True, "tiny.gguf", 7.0)
    assert [(one.n, one.path, one.quote) for one in kept.sources] == [
        (1, RENT.path, "The rent is 4,200 kr a month.")
    ]
    assert kept.unsupported == ("It is high.",)
    assert (kept.filters, kept.timings_ms) == (ANSWER.filters, {"total": 5.0})


def test_a_follow_up_gets_what_was_said(history: History) -> None:
    """In the same process and in the next one, refusals as well."""
    talk = Talk(lambda: history)
    talk.keep(Question(text="how much?"), ANSWER)
    talk.keep(Question(text="who paints?"), REFUSAL)
    expected = (
        Turn(
            question="how much?",
            standalone=ANSWER.question,
            answer=TEXT,
            sources=(RENT.path,),
            filters=ANSWER.filters,
        ),
        Turn(question="who paints?", standalone="Who paints?", answer=""),
    )
    assert talk.question(Question(text="and now?")) == Question(text="and now?", turns=expected)
    resumed = Talk.resume(history)
    assert resumed.conversation == talk.conversation
    assert resumed.question(Question(text="and now?")).turns == expected
    resumed.keep(Question(text="and now?"), REFUSAL)
    assert len(history.conversations()) == 1


def test_every_conversation_by_itself(history: History) -> None:
    """A new one knows nothing of the others; one can be gone on with by its id."""
    first, second = Talk(lambda: history), Talk(lambda: history)
    first.keep(Question(text="one"), REFUSAL)
    second.keep(Question(text="two"), REFUSAL)
    assert Talk(lambda: history).question(Question(text="x")).turns == ()
    resumed = Talk.resume(history, first.conversation)
    assert [turn.question for turn in resumed.question(Question(text="x")).turns] == ["one"]


def test_only_the_latest_turns_are_leaned_on(history: History) -> None:
    """However long a conversation becomes."""
    talk = Talk(lambda: history)
    for number in range(MOST_TURNS + 5):
        talk.keep(Question(text=str(number)), REFUSAL)
    turns = talk.question(Question(text="x")).turns
    assert [turn.question for turn in turns] == [str(number) for number in range(5, MOST_TURNS + 5)]
    assert Talk.resume(history).question(Question(text="x")).turns == turns


def test_a_private_conversation_is_remembered_and_not_kept(history: History) -> None:
    """Follow-ups work, and nothing is written."""
    talk = Talk(None)
    talk.keep(Question(text="how much?"), ANSWER)
    assert [turn.question for turn in talk.question(Question(text="x")).turns] == ["how much?"]
    assert talk.conversation is None
    Talk(lambda: history).keep(Question(text="before"), ANSWER)
    private = Talk.resume(history, is_private=True)
    private.keep(Question(text="secret"), REFUSAL)
    assert history.search("secret") == []
    assert len(private.question(Question(text="x")).turns) == 2


def test_old_conversations_are_deleted_when_something_is_kept(history: History) -> None:
    """After so many days without a question; 0 keeps them for good."""
    Talk(lambda: history, clock=lambda: 0.0).keep(Question(text="old"), REFUSAL)
    Talk(lambda: history, clock=lambda: 90 * 86_400.0).keep(Question(text="middle"), REFUSAL)
    Talk(lambda: history, keep_days=30, clock=lambda: 100 * 86_400.0).keep(Question(text="new"), REFUSAL)
    assert [each.title for each in history.conversations()] == ["new", "middle"]


def test_a_history_that_fails_costs_only_itself(tmp_path: Path) -> None:
    """The error says so, and the conversation goes on."""
    talk = Talk(lambda: History.open(tmp_path / "gone" / "history.sqlite"))
    with pytest.raises(HistoryError):
        talk.keep(Question(text="how much?"), ANSWER)
    assert len(talk.question(Question(text="x")).turns) == 1


def test_what_is_not_there_is_said(history: History) -> None:
    """No conversation at all, or none of that number."""
    with pytest.raises(UsageError, match="there is no conversation yet"):
        find(history)
    with pytest.raises(UsageError, match="there is no conversation 7"):
        Talk.resume(history, 7)
