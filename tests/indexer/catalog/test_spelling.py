"""Misspelt words lead to words that the index holds."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalog.schema import migrate
from indexer.catalog.spelling import TERMS, edit_distance, similar_words

TEXTS = [
    "The environment of the harbour is protected by the government.",
    "Protecting the environments of birds, and their management.",
    "Kubernetes restarts the pods; receive a receipt from the library in California.",
    "The weight of the anchor, and the wright who made it.",
]


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    """A catalog of a few texts, ready for its vocabulary to be read."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate(opened)
    for text in TEXTS:
        opened.execute("INSERT INTO chunk_text (text, headings, name) VALUES (?, '', 'notes')", (text,))
    opened.execute(TERMS)
    opened.execute("PRAGMA query_only = ON")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("enviroment", "environment"),
        ("recieve", "receive"),
        ("kubernets", "kubernetes"),
        ("goverment", "government"),
        ("califronia", "california"),
        ("libary", "library"),
        ("wieght", "weight"),
        ("ahrbour", "harbour"),
        ("arbour", "harbour"),
        ("jarbour", "harbour"),
        ("restrats", "restarts"),
        ("proteting", "protected"),
    ],
)
def test_a_misspelt_word_leads_to_the_one_that_was_meant(
    connection: sqlite3.Connection, typed: str, meant: str
) -> None:
    """Letters left out, put in, changed or swapped are forgiven, also at the beginning."""
    assert similar_words(connection, typed, most=1) == [meant]


@pytest.mark.parametrize("typed", ["xyzzy", "cat", "harb", "2026", "a1b2c3", "harbinger", "東京都庁", ""])
def test_what_resembles_nothing_is_left_alone(connection: sqlite3.Connection, typed: str) -> None:
    """Short words, beginnings, numbers and words that are far from all others lead nowhere."""
    assert similar_words(connection, typed, most=3) == []


def test_only_the_nearest_are_meant(connection: sqlite3.Connection) -> None:
    """Of words that are equally near each comes, those in more chunks first; no farther ones."""
    assert similar_words(connection, "weght", most=3) == ["weight"]
    assert similar_words(connection, "wreight", most=3) == ["weight", "wright"]


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("harbour", "harbour", 0),
        ("harbour", "harbor", 1),
        ("recieve", "receive", 1),
        ("teh", "the", 1),
        ("abcd", "badc", 2),
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("abc", "xyz", 3),
    ],
)
def test_mistakes_are_counted(one: str, other: str, distance: int) -> None:
    """A swap of neighbours is one mistake, and so is a letter too many, too few or wrong."""
    assert edit_distance(one, other, at_most=3) == distance
    assert edit_distance(one, other, at_most=2) == min(distance, 3)


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_the_distance_is_the_same_both_ways(one: str, other: str) -> None:
    """It is nothing for equal words alone, and never more than the longer one's letters."""
    distance = edit_distance(one, other, at_most=9)
    assert distance == edit_distance(other, one, at_most=9)
    assert (distance == 0) == (one == other)
    assert distance <= max(len(one), len(other))
