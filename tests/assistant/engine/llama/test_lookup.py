"""Tests of guessing by looking up what was read."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.llama.lookup import Lookup

TEXTS = st.lists(st.integers(0, 3), max_size=60)


def test_a_quote_is_continued() -> None:
    """After three tokens of a passage the rest of it is guessed."""
    lookup = Lookup([*range(10), 50, 51])
    lookup.extend([3, 4, 5])
    assert lookup.guess(4) == [6, 7, 8, 9]


def test_a_quote_is_followed_to_where_it_began() -> None:
    """A guess that came true is continued at its own place, though its words stand elsewhere too."""
    lookup = Lookup([1, 2, 3, 4, 5, 6, 90, 4, 5, 6, 91, 1, 2, 3])
    assert lookup.guess(2) == [4, 5]
    lookup.extend([4, 5, 6])
    assert lookup.guess(1) == [90]


def test_nothing_is_guessed_of_new_words() -> None:
    """A text without repetition has nothing to go by."""
    lookup = Lookup(range(20))
    lookup.extend([100, 101, 102])
    assert lookup.guess(5) == []


@given(TEXTS, TEXTS, st.integers(0, 8))
def test_a_guess_stands_in_the_text_behind_its_last_tokens(
    prompt: list[int], answer: list[int], limit: int
) -> None:
    """What is guessed follows somewhere in the text on the three tokens that it ends with."""
    lookup = Lookup(prompt)
    for token in answer:
        lookup.extend([token])
    text = prompt + answer
    if guess := lookup.guess(limit):
        run = [*text[-3:], *guess]
        assert len(guess) <= limit
        assert any(text[start : start + len(run)] == run for start in range(len(text)))


@given(TEXTS, TEXTS)
def test_a_text_is_the_same_in_one_piece_or_token_by_token(prompt: list[int], answer: list[int]) -> None:
    """What was read and what was written are looked up alike."""
    whole, grown = Lookup(prompt + answer), Lookup(prompt)
    grown.extend(answer)
    assert whole.guess(5) == grown.guess(5)
