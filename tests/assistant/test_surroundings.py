"""A passage with what stands around it in its file."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assistant.surroundings import widened
from indexer.types import Passage, Span
from tests.fakes import make_passage

PARTS = [
    make_passage("One is here.", line_start=1, headings=("Book", "A")),
    make_passage("Two is there.", line_start=3, headings=("Book", "A")),
    make_passage("Three stands below.", line_start=5, headings=("Book", "B")),
    make_passage("Four is last.", line_start=7, headings=("Book", "B")),
]


def quoted(passage: Passage, spans: Sequence[Span]) -> list[str]:
    """Return the text of spans."""
    return [passage.text[span.start : span.end] for span in spans]


def test_neighbours_come_before_and_after() -> None:
    """One on each side, and the place is that of all of them."""
    found = widened(PARTS[1], PARTS, 1, quotes=[Span(start=0, end=3)])
    assert found is not None
    passage, spans = found
    assert passage.text == "One is here.\n\nTwo is there.\n\nThree stands below."
    assert (passage.locator.line_start, passage.locator.line_end) == (1, 5)
    assert passage.locator.headings == ("Book",)
    assert quoted(passage, spans) == ["Two"]


def test_a_passage_of_several_parts_is_found_in_all_of_them() -> None:
    """As the search joins neighbours."""
    joined = replace(PARTS[1], chunk_id=99, text="Two is there.\nThree stands below.")
    found = widened(joined, PARTS, 0)
    assert found is not None
    assert found[0].text == "Two is there.\n\nThree stands below."


def test_sentences_that_were_kept_are_found_where_they_stand_now() -> None:
    """A kept source has no passage of its own."""
    kept = replace(PARTS[2], chunk_id=0, text="Four is last.\n…\nThree stands below.")
    found = widened(kept, PARTS, 0, quotes=[Span(start=0, end=13), Span(start=16, end=35)])
    assert found is not None
    assert quoted(*found) == ["Three stands below.", "Four is last."]


def test_what_is_not_in_the_file_any_more_has_no_surroundings() -> None:
    """The file was changed since."""
    assert widened(replace(PARTS[0], chunk_id=0, text="Gone."), PARTS, 3) is None
    assert widened(PARTS[0], [], 3) is None


@given(at=st.integers(0, 3), reach=st.integers(0, 5))
def test_more_reach_never_shows_less(at: int, reach: int) -> None:
    """The text grows with the reach until it is the whole file, and always holds the passage."""
    nearer, farther = widened(PARTS[at], PARTS, reach), widened(PARTS[at], PARTS, reach + 1)
    assert nearer is not None
    assert farther is not None
    assert PARTS[at].text in nearer[0].text
    assert nearer[0].text in farther[0].text
