"""Ranked chunks become passages: neighbours joined, repetitions folded, places shared fairly."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalog import StoredChunk
from indexer.search.arranging import MOST_JOINED_CHARS, arrange
from indexer.search.candidates import Candidate
from indexer.types import Locator, Outcome

ROOT = Path("/vault")
PROSE = (
    "The harbour office opens at nine and closes at noon, except in winter, when nobody comes and"
    " the keys hang at the baker's, who also sells stamps, rope, lamp oil and tickets for the ferry"
)


def candidate(
    chunk_id: int,
    text: str,
    *,
    score: float,
    name: str = "",
    ordinal: int = 0,
    locator: Locator | None = None,
) -> Candidate:
    """Return a candidate; of a file of its own where none is named."""
    chunk = StoredChunk(
        chunk_id=chunk_id,
        vector_id=f"{chunk_id:032x}",
        path=ROOT / (name or f"{chunk_id}.md"),
        root=ROOT,
        title="",
        text=text,
        locator=locator or Locator(),
        ordinal=ordinal,
        dated=0.0,
    )
    return Candidate(chunk=chunk, score=score, features={}, similarity=score, lexical=0.0)


def lines(first: int, last: int, *headings: str) -> Locator:
    """Return a place of lines."""
    return Locator(line_start=first, line_end=last, headings=headings)


def page(number: int, last: int | None = None) -> Locator:
    """Return a place of pages."""
    return Locator(page_start=number, page_end=last or number)


def test_neighbours_become_one_passage_in_reading_order() -> None:
    """The better one brings its neighbour along; lines between them stay, headings are those of both."""
    second = candidate(2, "b\nc", score=0.9, name="a.md", ordinal=1, locator=lines(4, 5, "A", "B"))
    first = candidate(1, "a", score=0.8, name="a.md", ordinal=0, locator=lines(2, 2, "A"))
    arrangement = arrange([second, first], top_k=5)
    (group,) = arrangement.groups
    assert (group.text, group.locator, group.lead) == ("a\n\nb\nc", lines(2, 5, "A"), second)
    assert arrangement.fates[1].outcome is Outcome.JOINED
    assert (arrangement.fates[2].outcome, arrangement.fates[1].place) == (Outcome.SHOWN, 1)


def test_a_chunk_between_two_joins_all_three() -> None:
    """Three in a row are one passage, whichever comes first."""
    chunks = [
        candidate(at, str(at), score=1 - rank / 10, name="a.md", ordinal=at, locator=lines(at, at))
        for rank, at in enumerate((1, 3, 2))
    ]
    (group,) = arrange(chunks, top_k=5).groups
    assert (group.text, group.locator) == ("1\n2\n3", lines(1, 3))


def test_a_passage_stays_readable() -> None:
    """Neighbours that are too long together stay apart."""
    half = "word " * (MOST_JOINED_CHARS // 10)
    long = [
        candidate(
            at, f"{at} {half}", score=1 - at / 10, name="a.md", ordinal=at, locator=lines(at + 1, at + 1)
        )
        for at in range(3)
    ]
    assert [len(group.members) for group in arrange(long, top_k=6).groups] == [1, 1, 1]


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (page(3), page(3), "An end.\n\nA start."),
        (page(3), page(4), None),
        (page(3, 4), page(4), None),
        (Locator(headings=("A",)), Locator(headings=("A", "B")), "An end.\n\nA start."),
        (Locator(headings=("A",)), Locator(headings=("B",)), None),
        (lines(3, 3), lines(3, 3), "An end. A start."),
        (lines(3, 9), lines(10, 10), None),
    ],
)
def test_only_what_keeps_its_place_is_joined(first: Locator, second: Locator, text: str | None) -> None:
    """Within a page, a section or lines that can be counted; else each stays what it is."""
    arrangement = arrange(
        [
            candidate(1, "An end.", score=0.9, name="a", ordinal=0, locator=first),
            candidate(2, "A start.", score=0.8, name="a", ordinal=1, locator=second),
        ],
        top_k=5,
    )
    texts = [group.text for group in arrangement.groups]
    assert texts == ([text] if text else ["An end.", "A start."])


def test_a_text_that_says_the_same_is_folded() -> None:
    """Other spaces and punctuation, or a part of it, make no other text."""
    arrangement = arrange(
        [
            candidate(1, PROSE, score=0.9),
            candidate(2, PROSE.replace(", ", " - ").replace("harbour", "harbour\n"), score=0.8),
            candidate(3, PROSE[40:], score=0.7),
            candidate(4, "The ferry leaves at ten.", score=0.6),
        ],
        top_k=4,
    )
    assert [group.lead.chunk.chunk_id for group in arrangement.groups] == [1, 4]
    assert arrangement.fates[3].outcome is Outcome.FOLDED
    assert (arrangement.fates[3].place, arrangement.fates[3].reason) == (1, "passage 1 says the same")


@pytest.mark.parametrize(("old", "new"), [("nine", "9"), ("baker", "Miller"), ("rope", "twine")])
def test_a_number_a_name_or_a_word_asked_for_is_something_else_said(old: str, new: str) -> None:
    """A text that differs in one of them only is shown beside the other."""
    two = [candidate(1, PROSE, score=0.9), candidate(2, PROSE.replace(old, new), score=0.8)]
    assert len(arrange(two, top_k=4, words=["twine"]).groups) == 2


def test_a_longer_text_is_not_folded_into_a_part_of_it() -> None:
    """It says more than the better one."""
    two = [candidate(1, PROSE[:90], score=0.9), candidate(2, PROSE, score=0.8)]
    assert len(arrange(two, top_k=4).groups) == 2


def test_one_file_does_not_crowd_out_the_rest() -> None:
    """Half of the passages are a file's share while others are about as good; the order is by score."""
    crowd = [
        candidate(at, f"text {at}", score=0.9 - at / 100, name="a.md", ordinal=2 * at) for at in range(4)
    ]
    others = [candidate(9, "one", score=0.84), candidate(10, "two", score=0.83)]
    arrangement = arrange([*crowd, *others], top_k=4)
    assert [group.lead.chunk.chunk_id for group in arrangement.groups] == [0, 1, 9, 10]
    assert arrangement.fates[2].outcome is Outcome.CROWDED_OUT
    assert arrangement.fates[2].reason == "a.md has 2 passages already"


def test_a_file_has_more_than_its_share_where_nothing_else_is_as_good() -> None:
    """What is much worse takes no place from it."""
    crowd = [
        candidate(at, f"text {at}", score=0.9 - at / 100, name="a.md", ordinal=2 * at) for at in range(4)
    ]
    arrangement = arrange([*crowd, candidate(9, "one", score=0.2)], top_k=4)
    assert [group.lead.chunk.chunk_id for group in arrangement.groups] == [0, 1, 2, 3]
    assert arrangement.fates[9].outcome is Outcome.LEFT_OVER


def test_a_file_that_is_alone_fills_all_places() -> None:
    """Without other files there is nothing to be fair to."""
    alone = [candidate(at, f"text {at}", score=0.9, name="a.md", ordinal=2 * at) for at in range(6)]
    assert len(arrange(alone, top_k=5).groups) == 5


CANDIDATES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 6), st.sampled_from("abcdef"), st.floats(0, 1)),
    max_size=20,
    unique_by=lambda drawn: drawn[:2],
).map(
    lambda drawn: sorted(
        (
            candidate(
                file * 10 + ordinal,
                text,
                score=score,
                name=f"{file}.md",
                ordinal=ordinal,
                locator=lines(2 * ordinal + 1, 2 * ordinal + 1),
            )
            for file, ordinal, text, score in drawn
        ),
        key=lambda each: -each.score,
    )
)


@given(CANDIDATES, st.integers(1, 8))
def test_whatever_comes_is_arranged(candidates: list[Candidate], top_k: int) -> None:
    """The best stays first, scores fall, lines are right, and every candidate has one fate."""
    arrangement = arrange(candidates, top_k=top_k)
    groups = arrangement.groups
    assert len(groups) <= top_k
    assert arrangement.fates.keys() == {each.chunk.chunk_id for each in candidates}
    scores = [group.lead.score for group in groups]
    assert scores == sorted(scores, reverse=True)
    if candidates:
        assert groups[0].lead.score == candidates[0].score
    for group in groups:
        assert group.text.count("\n") == (group.locator.line_end or 0) - (group.locator.line_start or 0)
        assert len({member.chunk.path for member in group.members}) == 1
    members = [member.chunk.chunk_id for group in groups for member in group.members]
    assert len(members) == len(set(members))
    told = {Outcome.SHOWN, Outcome.JOINED}
    assert sorted(members) == sorted(
        chunk_id for chunk_id, fate in arrangement.fates.items() if fate.outcome in told
    )


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("It rains.", "It pours.", "It rains. It pours."),
        ("Set `publish", ": true` there.", None),
        ("See https:", "//example.org for more.", None),
        ("a very long wo", "rd that was cut.", None),
    ],
)
def test_parts_of_a_line_are_joined_only_between_sentences(
    before: str, after: str, joined: str | None
) -> None:
    """Where a line was cut within a word, white space would be something that the file does not hold."""
    first = candidate(1, before, score=0.9, name="a.md", ordinal=0, locator=lines(4, 4))
    second = candidate(2, after, score=0.8, name="a.md", ordinal=1, locator=lines(4, 4))
    texts = [group.text for group in arrange([first, second], top_k=5).groups]
    assert texts == ([joined] if joined else [before, after])
