"""What a text holds of a question counts side by side and letter by letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.search.evidence import Reader
from indexer.search.literals import Literal

WEIGHTS = {"ferry": 3.0, "leaves": 1.0, "harbour": 2.0}


def nearness(text: str) -> float:
    """Read one text for one question."""
    return Reader(WEIGHTS, ()).read(text).nearness


def test_rare_words_cover_more_of_a_question() -> None:
    """Coverage is by rarity, wherever the words stand: in the text or in what stands above it."""
    reader = Reader(WEIGHTS, ())
    assert reader.read("The ferry is late.").coverage == pytest.approx(0.5)
    assert reader.read("It is late.", "Ferries › leaving").coverage == pytest.approx(4 / 6)
    assert reader.read("The ferry leaves the harbour.").coverage == 1.0
    assert reader.read("Nothing of it.").coverage == 0.0


def test_words_side_by_side_count() -> None:
    """Neighbours in the question that are near each other in the text count, rare ones more."""
    assert nearness("When the ferry leaves the harbour, run.") == 1.0
    assert nearness("The ferry leaves.") == pytest.approx(4 / 7)
    assert nearness("He leaves the harbour.") == pytest.approx(3 / 7)
    assert nearness("The ferry and the harbour") == 0.0


def test_words_far_apart_do_not_count() -> None:
    """What stands in other sentences is no pair."""
    assert nearness("The ferry. " + "It is a very long way to the pier. " * 3 + "One leaves.") == 0.0


@pytest.mark.parametrize(
    "text", ["ferries leave", "FERRY! Leaving", "the férry, it leaves", "a car-ferry left, leaves"]
)
def test_forms_of_a_word_are_the_word(text: str) -> None:
    """Endings, case and accents do not matter."""
    assert nearness(text) == pytest.approx(4 / 7)


@pytest.mark.parametrize("text", ["ferryman leaves", "overferry leaves", "fer ry leaves"])
def test_a_part_of_a_word_is_not_the_word(text: str) -> None:
    """Only whole words count."""
    assert nearness(text) == 0.0


def test_a_literal_is_found_in_any_of_its_spellings() -> None:
    """One of the ways in which a thing is written is enough; its parts alone are not."""
    literals: tuple[Literal, ...] = ((("read", "file"), ("readfile",)), (("1", "200"), ("1200",)))
    reader = Reader({}, literals)
    assert reader.read("call readFile").literal == 0.5
    assert reader.read("READ_FILE for 1,200").literal == 1.0
    assert reader.read("read the file, 1 of 200 or 11200").literal == 0.0


def test_an_abbreviation_is_no_evidence() -> None:
    """Letters with points between them stand in too many texts to tell anything."""
    assert Reader({}, ((("u", "s"),),)).read("in the U.S. alone").literal == 0.0
    assert Reader({}, ((("3", "5"),),)).read("since version 3.5").literal == 1.0


@given(
    st.text(max_size=80),
    st.dictionaries(st.text("abcé", min_size=1, max_size=4), st.floats(0.1, 9), max_size=4),
)
def test_every_share_is_a_share(text: str, weights: dict[str, float]) -> None:
    """Whatever is read, each figure stays from 0 to 1."""
    evidence = Reader(weights, ((("a", "b"),),)).read(text)
    assert 0 <= evidence.nearness <= 1 + 1e-9
    assert 0 <= evidence.coverage <= 1 + 1e-9
    assert 0 <= evidence.literal <= 1
