"""Summaries in a text's own sentences."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.answering.summary import FEWEST, MOST, summarise
from tests.assistant.answering.scripted import cut

TRIP = """# Lisbon

We went to Lisbon in April to see the tiles of the old monastery.

## Hotel

The hotel in Lisbon is Casa do Tejo, close to the river.
Breakfast was cold.

## Tiles

The tiles of the monastery in Lisbon are blue and show the voyages.
The tiles of the monastery in Lisbon are blue and show the voyages!
A tile museum lies east of the monastery, and holds tiles of five centuries.

| day | plan |
| --- | --- |
| one | tiles |"""


def test_every_section_has_a_say_and_nothing_is_said_twice() -> None:
    """The central sentence of each, in reading order, behind its heading."""
    extract = summarise(cut("lisbon.md", TRIP))
    assert extract is not None
    assert extract.text.splitlines() == [
        "Lisbon: We went to Lisbon in April to see the tiles of the old monastery. [1]",
        "Hotel: The hotel in Lisbon is Casa do Tejo, close to the river. [2]",
        "Tiles: The tiles of the monastery in Lisbon are blue and show the voyages. [3]",
    ]


def test_a_text_without_sections_has_no_headings_in_its_summary() -> None:
    """A single title is not repeated before every sentence."""
    extract = summarise(cut("a.md", "# Boat\n\nThe boat needs new ropes. The sail of the boat is torn."))
    assert extract is not None
    assert "Boat: " not in extract.text


def test_a_text_without_sentences_has_no_summary() -> None:
    """Labels, tables and rules say nothing by themselves."""
    assert summarise([]) is None
    assert summarise(cut("a.md", "# Title\n\n---\n\n| a | b |\n\nyes\n\n42")) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "# A\n", "## B\n", "## C\n", "- "]), st.text("abc de.\n#|-", max_size=80)
        ),
        max_size=40,
    )
)
def test_whatever_the_text_its_summary_stands_in_it(blocks: list[tuple[str, str]]) -> None:
    """Every quote is a part of its passage, every number has its passage, and there are not too many."""
    text = "\n\n".join(mark + " ".join(body.split("\n\n")) for mark, body in blocks)
    passages = cut("a.md", text) if text.strip() else []
    extract = summarise(passages)
    if extract is None:
        return
    lines = extract.text.splitlines()
    assert len(lines) == len(extract.citations) <= max(FEWEST, MOST)
    for line, one in zip(lines, extract.citations, strict=True):
        assert one.quote in one.passage.text
        assert line.endswith(f"{' '.join(one.quote.split())} [{one.n}]")
    numbers = [one.n for one in extract.citations]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
