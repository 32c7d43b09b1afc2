"""Which words say nothing, and which are forms of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.words import STOP_WORDS, word_root


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("run", "running"),
        ("key", "keys"),
        ("city", "cities"),
        ("bake", "baked"),
        ("Café", "cafe"),
        ("box", "boxes"),
        ("quick", "quickly"),
    ],
)
def test_forms_of_a_word_share_a_root(one: str, other: str) -> None:
    """Plural, past tense and the like, case and accents do not keep words apart."""
    assert word_root(one) == word_root(other)


@pytest.mark.parametrize(("one", "other"), [("glass", "gla"), ("bus", "bu"), ("ring", "r"), ("need", "ne")])
def test_short_words_keep_their_endings(one: str, other: str) -> None:
    """What only looks like an ending is not cut off."""
    assert word_root(one) != word_root(other)


@given(st.text(min_size=1))
def test_any_word_has_a_root(word: str) -> None:
    """No word makes the root finder fail."""
    word_root(word)


def test_stop_words_are_in_the_form_they_are_looked_up_in() -> None:
    """Each is a single word in lower case, so that none is listed in vain."""
    assert all(word.isalpha() and word == word.lower() for word in STOP_WORDS)
