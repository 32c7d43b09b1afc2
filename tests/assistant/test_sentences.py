"""Cutting text into sentences and words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.sentences import LONGEST_CHARS, content_words, sentences, words


def cut(text: str) -> list[str]:
    """Return the sentences of a text as strings."""
    return [text[one.start : one.end] for one in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We stayed in! Why? Because.", ["It rained.", "We stayed in!", "Why?", "Because."]),
        (
            "Ask Dr. Berg, e.g. on Monday. Then pay 3.50 kr.",
            ["Ask Dr. Berg, e.g. on Monday.", "Then pay 3.50 kr."],
        ),
        ("J. R. Smith came. He left.", ["J. R. Smith came.", "He left."]),
        ("- milk\n- two eggs\n\n3. call Ada", ["milk", "two eggs", "call Ada"]),
        ("# Cabin\nThe rent is due.", ["Cabin", "The rent is due."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("部屋は狭い。家賃は高い。", ["部屋は狭い。", "家賃は高い。"]),
        (
            "wrapped at a width\nof twenty characters\nor so. Next one.",
            ["wrapped at a width\nof twenty characters\nor so.", "Next one."],
        ),
        (
            "Rent: 400 kr\nDeposit: 800 kr\nKey: under the pot",
            ["Rent: 400 kr", "Deposit: 800 kr", "Key: under the pot"],
        ),
        ("| a | b |\n|---|---|\n| x | y |", ["| a | b |", "| x | y |"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_a_text_is_cut_where_a_person_would(text: str, expected: list[str]) -> None:
    """Sentences end at their marks and at blocks, not at abbreviations, numbers or wrapped lines."""
    assert cut(text) == expected


def test_headings_are_told_apart() -> None:
    """A heading is known as one, so that it is not quoted as a statement."""
    assert [one.is_heading for one in sentences("# Cabin\n\nIt is red.")] == [True, False]


@given(st.text(st.sampled_from("ab A.!?\n-#|>1 。"), max_size=300))
def test_sentences_are_spans_in_order(text: str) -> None:
    """Spans neither overlap nor begin or end with white space, and every word is in one."""
    spans = sentences(text)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(text[one.start : one.end].strip() == text[one.start : one.end] != "" for one in spans)
    covered = {position for one in spans for position in range(one.start, one.end)}
    assert all(position in covered for position, char in enumerate(text) if char in "abA")


def test_endless_lines_are_cut() -> None:
    """Minified text yields pieces of bounded length."""
    assert max(map(len, cut("word " * 1000))) <= LONGEST_CHARS
    assert max(map(len, cut("x" * 1000))) <= LONGEST_CHARS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("moved", "move"),
        ("moving", "moves"),
        ("1,200", "1200"),
        ("Café", "cafe"),
        ("cities", "city"),
        ("Ada's", "ada"),
    ],
)
def test_forms_of_a_word_are_one_word(one: str, other: str) -> None:
    """Endings, accents, case and thousands separators do not part what belongs together."""
    assert words(one) == words(other)


@pytest.mark.parametrize(("one", "other"), [("1987", "1986"), ("3.5", "35"), ("read", "red"), ("漢", "字")])
def test_different_words_stay_different(one: str, other: str) -> None:
    """Comparing words does not blur numbers or meanings."""
    assert words(one) != words(other)


def test_content_words_are_what_a_question_is_about() -> None:
    """Stop words and repetitions are left out."""
    assert content_words("What is the rent of the cabin, and the rent's due date?") == [
        "rent",
        "cabin",
        "due",
        "dat",
    ]
