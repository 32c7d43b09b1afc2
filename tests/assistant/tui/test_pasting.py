"""Long pastes as marks in the text."""

import pytest

from assistant.tui.pasting import Pastes, is_long


@pytest.mark.parametrize(
    ("text", "is_folded"),
    [("short", False), ("x" * 999, False), ("x" * 1000, True), ("a\n" * 11, False), ("a\n" * 12, True)],
)
def test_long_is_what_would_push_the_question_away(text: str, *, is_folded: bool) -> None:
    """A thousand characters, or more than a dozen lines."""
    assert is_long(text) is is_folded


def test_a_mark_says_how_much_it_stands_for() -> None:
    """Lines, or characters where it is one line."""
    pastes = Pastes()
    assert pastes.fold("a\n" * 320) == "[pasted 320 lines]"
    assert pastes.fold("a\n" * 319 + "a") == "[pasted 320 lines, 2]"
    assert pastes.fold("x" * 1234) == "[pasted 1,234 characters]"


def test_the_same_text_has_the_same_mark() -> None:
    """Pasted twice, it is given once."""
    pastes = Pastes()
    mark = pastes.fold("x" * 2000)
    assert pastes.fold("x" * 2000) == mark
    assert pastes.part(f"compare {mark} and {mark}") == ("compare and", "x" * 2000)


def test_texts_are_given_in_the_order_of_their_marks() -> None:
    """What stands for two texts is parted into both."""
    pastes = Pastes()
    first, second = pastes.fold("a\n" * 20), pastes.fold("b\n" * 20)
    text, extra = pastes.part(f"{second} differs from {first}how?")
    assert text == "differs from how?"
    assert extra == "b\n" * 20 + "\n\n" + "a\n" * 20


def test_a_mark_that_was_removed_gives_nothing() -> None:
    """Only what still stands in the text counts."""
    pastes = Pastes()
    pastes.fold("a\n" * 20)
    assert pastes.part("two  blanks stay") == ("two  blanks stay", "")


def test_what_looks_like_a_mark_is_text() -> None:
    """Somebody may write brackets themselves."""
    pastes = Pastes()
    assert pastes.part("[pasted 3 lines]") == ("[pasted 3 lines]", "")
    assert not pastes.spans("[pasted 3 lines]")


def test_marks_are_found_in_a_line() -> None:
    """Where they stand, so that they can be drawn and kept whole."""
    pastes = Pastes()
    mark = pastes.fold("a\n" * 20)
    assert list(pastes.spans(f"see {mark}.")) == [(4, 4 + len(mark))]
    pastes.clear()
    assert not pastes.spans(f"see {mark}.")
