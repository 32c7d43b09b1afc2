"""Past conversations as they are listed and read."""

from dataclasses import replace

import pytest

from assistant.history import Conversation, Found
from assistant.tui.found import Wanted
from assistant.tui.talks import Listed, grouped, label, lost, reading, shown_turns
from tests.assistant.history.test_history import turn

KEPT = Conversation(id=1, title="The \x1b[2Jrent", begun_at=1.0, updated_at=100.0, turns=3)


def test_an_entry_says_what_when_and_how_much() -> None:
    """A mark is a sign, and not a colour."""
    text = label(Listed(KEPT), Wanted(""), is_marked=True, now=280.0).plain
    assert text == "✓ The rent\n  3 min ago · 3 questions"
    assert label(Listed(KEPT), Wanted(""), is_marked=False, now=280.0).plain.startswith("  The rent")


def test_what_was_found_stands_with_its_conversation() -> None:
    """Each conversation once, with the turn that fits best; its words are marked."""
    found = [
        Found(conversation=KEPT, turn=turn("Is it due?", "The rent is due."), number=2),
        Found(conversation=KEPT, turn=turn("Rent?"), number=1),
    ]
    (one,) = grouped(found, "rent")
    assert (one.turn, one.said) == (2, "Is it due? — The rent is due.")
    entry = label(one, Wanted("rent"), is_marked=False, now=280.0)
    assert {entry.plain[span.start : span.end] for span in entry.spans if "underline" in str(span.style)} == {
        "rent"
    }


def test_a_turn_is_read_as_question_answer_and_sources() -> None:
    """What the files do not say is said to be so, and nothing of an answer drives the terminal."""
    text = reading(turn("Rent?\x1b[2J", "640 \x1b]0;x\x07[bold]euros[/bold] [1]."), Wanted("")).plain
    assert text.startswith("› Rent?  ")
    assert "640 [bold]euros[/bold] [1]." in text
    refused = replace(turn("Rent?", ""), answered=False)
    assert "not in your files" in reading(refused, Wanted("")).plain


@pytest.mark.parametrize(
    ("count", "found", "shown"),
    [(1, None, (1, 2)), (40, None, (1, 41)), (100, None, (61, 101)), (100, 3, (1, 41)), (100, 50, (30, 70))],
)
def test_of_a_long_conversation_a_part_is_shown(
    count: int, found: int | None, shown: tuple[int, int]
) -> None:
    """The latest turns, or those around what was found."""
    assert shown_turns(count, found) == shown


def test_what_is_lost_is_named() -> None:
    """Titles, and how many questions go with them."""
    assert lost([KEPT]).startswith("“The rent”\n\n3 questions and their answers are overwritten")
    assert "and 2 more" in lost([replace(KEPT, turns=1)] * 7)
    assert "1 question and its answer" in lost([replace(KEPT, turns=1)])
