"""Time in questions: where it counts, how much, and where it does not."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import in_words, seconds_of
from indexer.search.timing import newest_first, newest_words, those_first, timing_of
from indexer.types import Locator, Passage

NOW = datetime(2026, 11, 28, 13, 30).astimezone().timestamp()


def passage(number: int, score: float, day: date | None = None) -> Passage:
    """Return a passage of a file from a day."""
    return Passage(
        chunk_id=number,
        path=Path(f"/{number}.md"),
        root=Path("/"),
        title="",
        text="",
        locator=Locator(),
        score=score,
        similarity=0.0,
        lexical=0.0,
        dated=None if day is None else seconds_of(day),
    )


@pytest.mark.parametrize(
    ("question", "days", "rest"),
    [
        ("what did I write last week?", "16–22 November 2026", "what did I write?"),
        (
            "what did I write last week about the cabin",
            "16–22 November 2026",
            "what did I write about the cabin",
        ),
        (
            "What have we noted down since March about rent?",
            "since 1 March 2026",
            "What have we noted down about rent?",
        ),
        ("notes from yesterday", "27 November 2026", "notes"),
        ("the notes I wrote in May 2025", "May 2025", "the notes I wrote"),
        ("show files changed in the last 3 days", "25–28 November 2026", "show files changed"),
        ("documents created before 2025", "before 1 January 2025", "documents created"),
        ("my diary entries from last summer", "June – August 2026", "my diary entries"),
        ("documents of last year", "2025", "documents"),
        ("drafts from Q2 2026", "April – June 2026", "drafts"),
        ("files saved after 2026-10-31", "since 1 November 2026", "files saved"),
        ("two weeks old notes of the day before yesterday", "26 November 2026", "two weeks old notes"),
        ("Notizen von letzter Woche", "16–22 November 2026", "Notizen"),
        ("was habe ich gestern geschrieben?", "27 November 2026", "was habe ich geschrieben?"),
    ],
)
def test_when_a_file_was_made_is_certain(question: str, days: str, rest: str) -> None:
    """Time right behind "notes from" and "did I write" is that of the file, and is no word to search for."""
    timing = timing_of(question, NOW)
    assert timing is not None
    assert (in_words(timing.since, timing.before), timing.rest) == (days, rest)
    assert timing.is_certain


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("what did we decide in May?", "May 2026"),
        ("what did I write about the storm last week?", "16–22 November 2026"),
        ("my electricity bill from March", "March 2026"),
        ("who did I meet yesterday", "27 November 2026"),
        ("the invoice of last month", "October 2026"),
        ("minutes of the meeting on 5 May", "5 May 2026"),
        ("did I pay the rent this month?", "November 2026"),
        ("what did my grandmother do in May 1968?", "May 1968"),
        ("files in 2020", "2020"),
        ("was haben wir im Mai beschlossen?", "May 2026"),
    ],
)
def test_elsewhere_time_is_preferred_only(question: str, days: str) -> None:
    """What happened at a time may be told by a file of another."""
    timing = timing_of(question, NOW)
    assert timing is not None
    assert in_words(timing.since, timing.before) == days
    assert not timing.is_certain


@pytest.mark.parametrize(
    "question",
    [
        "what happened in May 1968?",
        "who was president in 1963?",
        "the May report",
        "did World War I begin in 1914?",
        "what were wages in the US in 2011?",
        "may I see my notes",
        "how do I march in step",
        "what did the treaty of 1648 say",
        "who won the world cup last year?",
        "is the shop open today?",
        "what changed between May and June in my notes",
        "my notes from May to June",
        "my notes from May or from June",
        "my notes from May and June",
        "my notes from 2019-2020",
        "my model T from 1908-style cars",
        "how do we compute in 1000 steps",
        "what is my version 2.5 from 2026.1 about",
        "I sat on a second-hand sofa",
        "",
    ],
)
def test_questions_about_the_world_have_no_time(question: str) -> None:
    """Nor have those in which time cannot be told, or is none."""
    assert timing_of(question, NOW) is None


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("where is the latest draft", "latest"),
        ("the most recent invoice", "most recent"),
        ("my newest notes about bees", "newest"),
        ("what is my current rent", "my current"),
        ("what is the current wifi password", "the current"),
        ("our last meeting", "our last"),
        ("neueste Rechnung", "neueste"),
        ("it is due on Friday at the latest, she said", ""),
        ("at the latest possible moment", ""),
        ("what is my last name", ""),
        ("the current of the river", ""),
        ("the current through a resistor", ""),
        ("alternating current motors", ""),
        ("the current flow", ""),
    ],
)
def test_the_newest_is_asked_for(question: str, words: str) -> None:
    """Adjectives ask for it; rivers and resistors do not."""
    assert newest_words(question) == words


def test_the_newer_of_near_equals_comes_first() -> None:
    """What answers much better stays before what is newer, and hours do not count."""
    old, new, other = (
        passage(1, 0.60, date(2024, 1, 1)),
        passage(2, 0.58, date(2026, 1, 1)),
        passage(3, 0.3, date(2026, 5, 1)),
    )
    assert [each.chunk_id for each in newest_first([old, new, other])] == [2, 1, 3]
    far = passage(4, 0.4, date(2026, 2, 1))
    assert [each.chunk_id for each in newest_first([old, far])] == [1, 4]
    assert newest_first([old, passage(5, 0.59, date(2024, 1, 1)), passage(6, 0.5)])[0] == old
    assert newest_first([]) == []


def test_files_of_the_right_time_come_first_by_a_little() -> None:
    """They pass what is not much better, and others stay where they are."""
    everywhere = [passage(1, 0.9), passage(2, 0.5), passage(3, 0.48)]
    inside = [passage(3, 0.48), passage(4, 0.9)]
    ordered = those_first(everywhere, inside)
    assert [each.chunk_id for each in ordered] == [1, 3, 4, 2]
    assert [each.score for each in ordered] == sorted((each.score for each in ordered), reverse=True)
    assert those_first([], inside) == inside


@given(st.text(), st.floats(0, 4e9))
def test_no_question_is_too_strange(text: str, now: float) -> None:
    """Whatever is asked, there is a time or none."""
    timing = timing_of(f"my notes from {text}", now)
    assert timing is None or timing.words
    assert isinstance(newest_words(text), str)
