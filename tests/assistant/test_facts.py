"""Numbers, dates and names, whatever way they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.facts import figures, names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("due on 5 May 2026", "due 2026-05-05"),
        ("on May 5th, 2026", "the 5th of May 2026"),
        ("4,200 kr", "4200 kr"),
        ("$4.5 million", "4,500,000 dollars"),
        ("twelve eggs", "a dozen eggs"),
        ("at 3 pm", "at 15:00"),
        ("at 3:30 p.m.", "at 15:30"),
        ("7.50 a month", "7.5 a month"),
        ("in the 1990s", "in 1990"),
        ("three weeks", "3 weeks"),
    ],
)
def test_notations_of_the_same_are_the_same(one: str, other: str) -> None:
    """Two ways to write a figure give the same tokens."""
    assert figures(one) == figures(other) != frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [("5 May", "6 May"), ("5 May", "5 June"), ("4,200", "4,201"), ("3 am", "3 pm"), ("1.5", "15")],
)
def test_other_figures_are_other_tokens(one: str, other: str) -> None:
    """What differs in a digit, a month or half a day is not the same."""
    assert not figures(one) <= figures(other)


def test_a_day_and_month_in_figures_is_read_both_ways() -> None:
    """Of 05/06/2026 nobody knows which is the month, so both are said."""
    said = figures("05/06/2026")
    assert figures("5 June 2026") <= said
    assert figures("May 6, 2026") <= said


def test_may_is_a_month_only_beside_a_number() -> None:
    """You may, and they march."""
    assert figures("You may march in one line") == frozenset()


def test_names_are_what_has_a_capital_inside_a_sentence() -> None:
    """Neither the first word of a sentence nor a month is a name."""
    assert names("The house of Ada Lindqvist stood in Hjo in May. Three men saw it.") == {
        "ada",
        "lindqvist",
        "hjo",
    }
    assert names("Rent is due.\n- Pay it.") == frozenset()


@given(st.integers(1, 9_999_999))
def test_separators_do_not_matter(number: int) -> None:
    """A number is the same with and without separators between thousands."""
    assert figures(f"it is {number:,} kr") == figures(f"it is {number} kr") == {str(number)}


@given(st.text(max_size=200))
def test_any_text_has_facts(text: str) -> None:
    """Whatever is read, a text holds its own figures."""
    assert figures(text) <= figures(f"{text}\n{text}")
    names(text)
