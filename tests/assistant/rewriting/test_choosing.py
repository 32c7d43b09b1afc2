"""What "the second one" is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.rewriting.choosing import choose, items

NUMBERED = "There are three [1]:\n1. **Fixed**: a rate agreed upon.\n2. Metered - by use [2].\n3) Tiered\n"
BULLETS = "- rye bread\n- sourdough with figs\n"
INLINE = "Do this: 1. Open the box. 2. Turn the key. 3. Wait."
ROW = "The charges are fixed, metered, and tiered [1]."
ASKED_BACK = "Are you asking about Melvin Franklin, Erma Franklin or Aretha Franklin?"


@pytest.mark.parametrize(
    ("answer", "listed"),
    [
        (NUMBERED, ["Fixed", "Metered", "Tiered"]),
        (BULLETS, ["rye bread", "sourdough with figs"]),
        (INLINE, ["Open the box", "Turn the key", "Wait"]),
        (ROW, ["fixed", "metered", "tiered"]),
        (ASKED_BACK, ["Melvin Franklin", "Erma Franklin", "Aretha Franklin"]),
        ("It was bought in 1987 [1].", []),
        ("", []),
    ],
)
def test_lists_are_read(answer: str, listed: list[str]) -> None:
    """Numbered, bulleted, within a line, or a row of words; without marks and emphasis."""
    assert items(answer) == listed


@pytest.mark.parametrize(
    ("question", "chosen"),
    [
        ("Tell me more about the second one", "Tell me more about Metered"),
        ("what about the first?", "what about Fixed?"),
        ("And the last one?", "And Tiered?"),
        ("explain number 3 please", "explain Tiered please"),
        ("What does the third item cost?", "What does Tiered cost?"),
        ("the ninth one?", ""),
        ("When was it first sold?", ""),
        ("Who came last year?", ""),
        ("in the second half of May", ""),
    ],
)
def test_an_item_is_put_in_place_of_its_number(question: str, chosen: str) -> None:
    """Only where a number points to an item that is there."""
    assert choose(question, NUMBERED) == chosen


def test_nothing_is_chosen_where_nothing_is_listed() -> None:
    """The question is left to the other rules."""
    assert choose("the second one", "It was bought in 1987.") == ""


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_answer_can_be_read(answer: str) -> None:
    """Whatever was answered, an item is a piece of it."""
    assert all(item.split()[0] in answer.replace("*", "").replace("`", "") for item in items(answer))
