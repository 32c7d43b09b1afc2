"""The fewest words that answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.spans import asks_for_list, is_definition, shortest_span


@pytest.mark.parametrize(
    ("question", "sentence", "span"),
    [
        ("Who bought the cabin?", "The cabin was bought in 1987 by Ada Lindqvist.", "Ada Lindqvist"),
        ("Who bought the cabin?", "Ada Lindqvist bought the cabin in 1987.", "Ada Lindqvist"),
        ("When was the cabin bought?", "The cabin was bought on 3 May 1987 by Ada.", "3 May 1987"),
        ("When was the cabin bought?", "The cabin was bought in 1987 by Ada.", "1987"),
        ("When do we meet the museum?", "We meet the museum on Tuesday at 14:00.", "Tuesday at 14:00"),
        ("How much is the rent?", "The rent is 4,200 kr a month.", "4,200 kr"),
        ("How much did the lamp cost?", "The lamp did cost $1.5 million.", "$1.5 million"),
        ("How long did repairs take?", "Repairs took three weeks.", "three weeks"),
    ],
)
def test_the_thing_asked_for_is_found(question: str, sentence: str, span: str) -> None:
    """Names, dates, times, prices and durations, as they stand in the sentence."""
    assert shortest_span(question, sentence) == span


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("When was the cabin bought?", "The cabin was bought in 1987 and sold in 1999."),
        ("Who bought the cabin?", "The cabin was bought by Ada Lindqvist from Bo Ek."),
        ("When was the cabin painted red by Ada?", "It rained in 1987."),
        ("Did Ada Lindqvist buy the cabin?", "The cabin was bought by Ada Lindqvist."),
        ("Who is Ada Lindqvist?", "Ada Lindqvist lives in the cabin."),
        ("Where is the cabin?", "The cabin stands in Hjo."),
    ],
)
def test_what_is_not_sure_is_not_given(question: str, sentence: str) -> None:
    """Two of a kind, a sentence about something else, and what the question says itself are no answer."""
    assert shortest_span(question, sentence) == ""


def test_definitions_are_known_by_both_sides() -> None:
    """The question asks what it is, and the sentence says it of that very thing."""
    assert is_definition("What is a heddle?", "A heddle is a part of a loom.")
    assert not is_definition("What is a heddle?", "The loom is beside the heddle.")
    assert not is_definition("What is a heddle?", "By default the title of the heddle is blue.")
    assert not is_definition("Where is the heddle?", "A heddle is a part of a loom.")


def test_lists_are_asked_for_in_several_ways() -> None:
    """By a command, or for several things."""
    assert asks_for_list("list the ingredients")
    assert asks_for_list("What are the steps to update it?")
    assert not asks_for_list("What is the rent?")


@given(st.text(max_size=80), st.text(max_size=200))
def test_a_span_stands_in_its_sentence(question: str, sentence: str) -> None:
    """Whatever is given is verbatim."""
    assert shortest_span(question, sentence) in sentence
