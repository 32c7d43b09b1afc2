"""How far an answer is, told by its events."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.citations import cite
from assistant.history import Source, StoredTurn
from assistant.tui.exchange import Exchange
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    AnswerText,
    Cited,
    Doubted,
    ModelLoading,
    ModelReady,
    Notice,
    PassagesFound,
    Question,
    Retracted,
    Step,
    Thinking,
    Understood,
    Waiting,
)
from indexer.errors import EngineError
from indexer.types import EVERYTHING, Locator, Span
from tests.fakes import make_passage

RENT = make_passage("The rent is due on 5 May.", name="lease.md")
NOW = 1_000_000.0


def after(*events: AnswerEvent, each_s: float = 1.0) -> Exchange:
    """Return an exchange after events, one every `each_s` seconds."""
    exchange = Exchange(question=Question(text="When is the rent due?"), clock=lambda: NOW)
    exchange.begin()
    for number, event in enumerate(events):
        exchange.take(event, number * each_s)
    return exchange


def finished(text: str = "It is due on 5 May [1].", *, unsupported: Sequence[Span] = ()) -> Answer:
    """Return a finished answer."""
    return Answer(
        answered=bool(text),
        text=text,
        citations=cite(text, [RENT]),
        passages=(RENT,),
        model="tiny.gguf",
        timings_ms={"search": 100.0, "first_token": 840.0, "total": 5000.0},
        as_of=NOW - 5,
        tokens_per_s=23.08,
        unsupported=tuple(unsupported),
    )


@pytest.mark.parametrize(
    ("events", "line"),
    [
        ([], "searching…"),
        ([PassagesFound((RENT,), 0, 0)], "reading 1 passage"),
        ([ModelLoading("tiny.gguf", 0.43)], "loading tiny.gguf 43%"),
        ([ModelReady({}), Waiting(2, 0.0)], "waiting: 2 answers before yours"),
        ([Waiting(0, 0.6)], "reading 60%"),
        ([Step("searching for “rent”")], "searching for “rent”…"),
        ([Step("reading the notes", 2, 5)], "reading the notes 2/5"),
        ([AnswerText("It is")], "writing…"),
        ([Thinking("Hm.")], ""),
    ],
)
def test_what_goes_on_is_said(events: list[AnswerEvent], line: str) -> None:
    """In the words of the command line."""
    exchange = after(*events)
    assert exchange.state_line() == line
    assert exchange.is_running


def test_thinking_is_told_apart_and_timed() -> None:
    """It counts while it lasts, and says for how long it did."""
    exchange = after(Thinking("Let me "), Thinking("see."))
    assert exchange.thinking_line(4.2) == "thinking… 4.2 s"
    exchange.take(AnswerText("It is"), 6.0)
    assert exchange.thoughts == "Let me see."
    assert exchange.thinking_line(99.0) == "thought for 6.0 s"
    assert exchange.text == "It is"


def test_what_was_no_answer_is_taken_back() -> None:
    """It was thinking, as the mark at its end showed."""
    exchange = after(
        Cited((RENT,)), AnswerText("Hm [1]."), Retracted(), Thinking("Hm [1]."), AnswerText("May.")
    )
    assert (exchange.text, exchange.thoughts, exchange.cited) == ("May.", "Hm [1].", ())


def test_a_doubt_stands_behind_its_sentence() -> None:
    """While it is written, and at the end where the answer says which they are."""
    exchange = after(AnswerText("The moon is near."), Doubted(), AnswerText(" It is May [1]."))
    assert exchange.text == "The moon is near. [?] It is May [1]."
    text = "The moon is near. It is May [1]."
    exchange.take(AnswerFinished(finished(text, unsupported=[Span(start=0, end=17)])), 3.0)
    assert exchange.text == "The moon is near. [?] It is May [1]."
    assert exchange.bare_text == text
    assert "[?] marks what the passages do not say" in exchange.afterwards


def test_the_end_says_who_wrote_it_and_from_what() -> None:
    """Model, pace, first token, passages, and how current the index was when it was searched."""
    exchange = after(AnswerFinished(finished()))
    assert exchange.by == (
        "tiny.gguf · 23.1 tokens/s · first token 0.8 s · 1 passage · index current as of now"
    )
    assert [source.number for source in exchange.sources] == [1]
    assert not exchange.state_line()
    assert not exchange.is_running


def test_what_is_not_in_the_files_is_said_with_what_is_nearest() -> None:
    """The nearest passages are its sources."""
    exchange = after(AnswerFinished(finished("")))
    assert exchange.state_line() == "not in your files; nearest:"
    assert [source.passage for source in exchange.sources] == [RENT]


def test_remarks_are_said_once() -> None:
    """What was searched for, notices, and steps that are kept."""
    exchange = after(
        Understood("when is the rent of the flat due?", EVERYTHING, ("only in home",), True),
        Notice("the index is being built"),
        Notice("the index is being built"),
        Step("searched for “rent”: 3 passages", is_kept=True),
    )
    assert exchange.searched_for == "when is the rent of the flat due?"
    assert exchange.notes == ["only in home", "the index is being built", "searched for “rent”: 3 passages"]


def test_what_is_stopped_or_fails_says_so() -> None:
    """What was written stays."""
    stopped = after(AnswerText("It is"))
    stopped.stop(9.0)
    assert (stopped.state_line(), stopped.text) == ("stopped; the answer is not complete", "It is")
    failed = after(Thinking("Hm"))
    failed.fail(EngineError("the engine ended", hint="ask again"), 2.0)
    assert (failed.state_line(), failed.thinking_line(9.0)) == ("✗ the engine ended", "thought for 2.0 s")


def test_an_escape_sequence_in_two_pieces_is_none() -> None:
    """What a model writes drives no terminal, however it is cut."""
    exchange = after(AnswerText("a\x1b"), AnswerText("[31mb\u202e"), Thinking("c\x1b"), Thinking("]0;t\x07d"))
    exchange.stop(9.0)
    assert (exchange.text, exchange.thoughts) == ("ab", "cd")


def test_a_kept_turn_is_shown_as_it_was() -> None:
    """With its sources, its doubts, what it was searched for and who wrote it."""
    place = Locator(line_start=3, line_end=3)
    turn = StoredTurn(
        question="and then?",
        standalone="when is the rent due?",
        answer="The moon is near. It is May [1].",
        sources=(Source(n=1, path=Path("/vault/lease.md"), locator=place, quote="The rent is due."),),
        model="tiny.gguf",
        timings_ms={"first_token": 800.0},
        tokens_per_s=20.0,
        unsupported=("The moon is near.",),
        asked_at=NOW,
    )
    exchange = Exchange.of_stored(turn)
    assert exchange.text == "The moon is near. [?] It is May [1]."
    assert exchange.searched_for == "when is the rent due?"
    assert exchange.by.startswith("tiny.gguf · 20.0 tokens/s · first token 0.8 s · 1970-01-1")
    assert exchange.sources[0].is_stored
    assert not exchange.is_running
