"""Words as questions and answers are compared by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.words import content_words, words


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


def test_what_only_carries_a_question_is_not_its_content() -> None:
    """Words of asking and contractions are left out, but not the verb in "who won"."""
    assert content_words("Please tell me who won, I don't and won't use it") == ["won"]


@given(st.text())
def test_no_word_is_empty(text: str) -> None:
    """Whatever a text holds, its words have a first character to look at."""
    assert all(words(text))
