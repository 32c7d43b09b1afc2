"""What is typed becomes words, phrases and an expression that FTS5 always takes."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.errors import UsageError
from indexer.search.query import (
    EMBEDDED_CHARS,
    MOST_WORDS,
    exact_expression,
    match_expression,
    parse_query,
    rarest,
)


@pytest.fixture(scope="module")
def full_text() -> Iterator[sqlite3.Connection]:
    """A full-text table as the catalog's, with one chunk."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE chunk_text USING fts5"
        " (text, headings, name, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    connection.execute(
        "INSERT INTO chunk_text VALUES (?, '', '')",
        ("def read_file(path): the café isn't on a.b.c, see C++ and os.path.join",),
    )
    yield connection
    connection.close()


def matches(connection: sqlite3.Connection, expression: str) -> bool:
    """Tell whether the chunk matches an expression."""
    found = connection.execute("SELECT rowid FROM chunk_text WHERE chunk_text MATCH ?", (expression,))
    return bool(found.fetchall())


@given(st.text(min_size=1))
@example("c++")
@example("don't")
@example("text:x")
@example("a AND OR NOT")
@example('"unbalanced')
@example('"" ""')
@example("NEAR(a b, 3)")
@example("^first*")
@example("{text headings}: x")
@example("🦊 東京の天気 ﷽")
@example("\x00\ud800 x")
@example("Ⅷ ² ½ ß İ ŉ")
@example('"a\x00b" _a_b_ x.y "c d"')
@settings(max_examples=300)
def test_whatever_is_typed_makes_a_valid_expression(full_text: sqlite3.Connection, text: str) -> None:
    """No text makes the full-text index fail, whole words, beginnings and phrases included."""
    try:
        query = parse_query(text)
    except UsageError:
        assert not text.strip()
        return
    for expression in (
        match_expression(query.words, phrases=query.phrases),
        match_expression((), beginnings=query.words),
        exact_expression(query.phrases),
    ):
        if expression:
            matches(full_text, expression)


@pytest.mark.parametrize("text", ["", "  ", "\n\t\u3000"])
def test_an_empty_question_is_refused(text: str) -> None:
    """Nothing but white space is no question."""
    with pytest.raises(UsageError, match=r"^the question is empty$") as caught:
        parse_query(text)
    assert caught.value.hint


def test_stop_words_are_left_out_while_others_remain() -> None:
    """Words that say nothing are not searched for."""
    assert parse_query("What is the capital of the moon?").words == ("capital", "moon")


def test_stop_words_alone_are_searched_for() -> None:
    """A question of stop words only still looks for something."""
    assert parse_query("To be or not to be").words == ("to", "be", "or", "not")


def test_a_contraction_leaves_no_debris() -> None:
    """The pieces of "don't" and "what's" are stop words."""
    assert parse_query("what's the rent, don't they've it").words == ("rent",)


@pytest.mark.parametrize("typed", ["read_file", "os.path", "path.join", "CAFE", "cafés"])
def test_identifiers_and_accents_find_their_parts(full_text: sqlite3.Connection, typed: str) -> None:
    """Code identifiers match part by part, and accents and case do not matter."""
    query = parse_query(typed)
    assert matches(full_text, match_expression(query.words))


def test_an_identifier_is_also_a_phrase() -> None:
    """The parts of an identifier side by side count more than apart; a hyphen makes no phrase."""
    assert parse_query("where is read_file in low-speed os.path?").phrases == (
        ("read", "file"),
        ("readfile",),
        ("os", "path"),
    )


def test_a_word_that_is_looked_for_anyway_is_no_phrase() -> None:
    """Only what adds to the words of the question becomes a phrase of one word."""
    assert parse_query('readFile of "stove"').phrases == (("read", "file"),)


def test_quoted_words_are_a_phrase() -> None:
    """Text in quotes is looked for as it stands, beside the other words."""
    query = parse_query('who wrote "War and Peace"?')
    assert query.words == ("wrote", "war", "peace")
    assert query.phrases == (("war", "and", "peace"),)
    assert not query.is_exact


def test_a_question_wholly_in_quotes_is_exact() -> None:
    """Everything in quotes asks for passages that hold just that."""
    query = parse_query('"war and peace" "kutuzov"')
    assert query.is_exact
    assert exact_expression(query.phrases) == '"war and peace" AND "kutuzov"'


def test_a_very_long_question_is_cut() -> None:
    """Of 100,000 characters only so many reach the embedder and the full-text index."""
    query = parse_query(" ".join(f"word{number}" for number in range(12_000)))
    assert len(query.embedded) == EMBEDDED_CHARS
    assert len(rarest(query.words, dict.fromkeys(query.words, 1))) == MOST_WORDS


def test_the_rarest_words_are_kept_in_their_order() -> None:
    """Rare words go first, absent ones last, longer ones before shorter ones."""
    counts = {"common": 900, "rare": 2, "seldom": 2, "usual": 30}
    assert rarest(("absent", "common", "rare", "seldom", "usual"), counts, limit=1) == ("seldom",)
    assert rarest(("absent", "common", "rare", "seldom", "usual"), counts, limit=3) == (
        "rare",
        "seldom",
        "usual",
    )
    assert rarest(("absent", "common"), counts, limit=2) == ("absent", "common")
