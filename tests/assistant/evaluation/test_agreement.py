"""How well an answer agrees with what was expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.agreement import (
    best,
    contains,
    normalised,
    overlap,
    token_f1,
    token_recall,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The rent is 4,200 kr.", ["rent", "is", "4200", "kr"]),
        ("“An   Apple”, a day — the doctor’s!", ["apple", "day", "doctors"]),
        ("heron-lake-42", ["heronlake42"]),
        ("東京 is a city", ["東", "京", "is", "city"]),
        ("...", []),
    ],
)
def test_texts_are_compared_as_squad_does_it(text: str, words: list[str]) -> None:
    """Case, punctuation and articles do not count; a Chinese character is a word."""
    assert normalised(text) == words


def test_f1_is_worked_out_by_hand() -> None:
    """3 of 5 words said are among the 4 wanted: 2 * 3 / (5 + 4)."""
    assert token_f1("Oskar Berg is my landlord", "The landlord: Oskar Berg, surely") == pytest.approx(6 / 9)


def test_a_word_counts_as_often_as_both_have_it() -> None:
    """Saying a word three times does not make up for others."""
    assert token_f1("yes yes yes", "yes it is") == pytest.approx(1 / 3)


def test_recall_asks_only_what_is_missing() -> None:
    """2 of the 4 wanted words are there, whatever else is."""
    assert token_recall("in March or April or May, I think", "March and May 2026") == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    ("answer", "reference", "is_in"),
    [
        ("It is due by the fifth of every month.", "the fifth", True),
        ("It is due by the fifteenth.", "fifteen", False),
        ("blue heron 77", "heron blue", False),
        ("anything", "the", False),
    ],
)
def test_containment_is_whole_words_in_a_row(answer: str, reference: str, is_in: bool) -> None:
    """Parts of words, other orders and references without words are not contained."""
    assert contains(answer, reference) == float(is_in)


def test_the_best_of_several_references_counts() -> None:
    """Whoever wrote two right answers does not want both."""
    assert best(token_f1, "4,200 kr", ["a lot", "4200 kr"]) == 1.0


TEXTS = st.text(alphabet="abc the,.é東 ", max_size=30)


@given(one=TEXTS, other=TEXTS)
def test_agreement_is_symmetric_where_it_should_be_and_never_out_of_range(one: str, other: str) -> None:
    """F1 and overlap do not care which text comes first; a contained reference is recalled in full."""
    assert token_f1(one, other) == token_f1(other, one)
    assert overlap(one, other) == overlap(other, one)
    assert 0 <= token_recall(one, other) <= 1
    if contains(one, other):
        assert token_recall(one, other) == 1.0
    assert token_f1(one, one) == 1.0


def test_overlap_finds_a_quote_in_a_passage_and_one_across_its_end() -> None:
    """Whole sentences overlap wholly, half of one about half, another text not at all."""
    passage = "The cabin was bought in 1987 by Ada Lindqvist from the parish of Mora."
    assert overlap("bought in 1987 by Ada Lindqvist", passage) == 1.0
    across = "by Ada Lindqvist from the parish of Mora. Nobody has lived there for many years since then."
    assert 0.1 < overlap(across, passage) < 0.9
    assert overlap("Mix 500 g of flour with 350 g of water.", passage) == 0.0
    assert overlap("", passage) == 0.0
