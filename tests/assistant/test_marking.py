# ruff: noqa: E501 - an answer and what is shown of it stand on one line
"""Marks made right while an answer is being written."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citations import cite, marks
from assistant.marking import Doubt, MarkedText
from tests.fakes import make_passage

LEASE = make_passage("The rent is due on 5 May.\nIt is 4,200 kr.", name="lease.md")
KEY = make_passage("The key is under the pot.", name="key.md")
HOTEL = make_passage("The hotel in Lisbon is Casa do Tejo.", name="lisbon.md")
ALL = (LEASE, KEY, HOTEL)


def written(pieces: Sequence[str], *, is_strict: bool = False, extra: str = "") -> tuple[str, MarkedText]:
    """Feed all pieces; return what was shown, with ¿ for a doubt, and the writer."""
    marked = MarkedText(ALL, extra=extra, is_strict=is_strict)
    shown = [out for piece in pieces for out in marked.feed(piece)] + list(marked.close())
    assert "".join(out for out in shown if isinstance(out, str)) == marked.text
    return "".join("¿" if isinstance(out, Doubt) else out for out in shown), marked


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        # numbers in the order of first use.
        ("The key is under the pot [2]. The rent is 4,200 kr [1].", "The key is under the pot [1]. The rent is 4,200 kr [2]."),
        ("The key is under the pot. [2] The rent is 4,200 kr. [1]", "The key is under the pot. [1] The rent is 4,200 kr. [2]"),
        ("The key is under the pot 【2†source】.", "The key is under the pot [1]."),
        ("The key is under the pot [^2].", "The key is under the pot [1]."),
        ("Rent is due on 5 May [1] and the key is under the pot [2].", "Rent is due on 5 May [1] and the key is under the pot [2]."),
        # wrong marks.
        ("The key is under the pot [1].", "The key is under the pot [1]."),
        ("The rent is due on 5 May [1]. The key is under the pot [1].", "The rent is due on 5 May [1]. The key is under the pot [2]."),
        ("The key is under the pot [9].", "The key is under the pot [1]."),
        ("The key is under the pot [2][3].", "The key is under the pot [1]."),
        # missing ones.
        ("The rent is due on 5 May.", "The rent is due on 5 May [1]."),
        ("- The rent is due on 5 May\n- The key is under the pot", "- The rent is due on 5 May [1]\n- The key is under the pot [2]"),
        # what nothing bears.
        ("The rent is due on 6 May [1].", "The rent is due on 6 May [1].¿"),
        ("The rent is due on 6 May [8]. The key is under the pot [2].", "The rent is due on 6 May.¿ The key is under the pot [1]."),
        ("The boat has two sails.", "The boat has two sails.¿"),
        # in a table: within the last column of a row, and never where columns are named.
        ("| who owns | how many boats |\n|---|---|\n| Rex the dog | two boats [1] |\n| the key | is under the pot [2] |\n", "| who owns | how many boats |\n|---|---|\n| Rex the dog | two boats [1]¿ |\n| the key | is under the pot [2] |\n"),
        ("The boat has two sails.\n\n| boats at sea | what they have |\n| --- | --- |\n| the boat | has two sails |", "The boat has two sails.¿\n\n| boats at sea | what they have |\n| --- | --- |\n| the boat | has two sails¿ |"),
        # what is no statement.
        ("Sure! Here is what I found:\n\n# Rent\n\nThe rent is 4,200 kr [1].", "Sure! Here is what I found:\n\n# Rent\n\nThe rent is 4,200 kr [1]."),
        ("The passages do not say who owns the boat.", "The passages do not say who owns the boat."),
        ("Yes.", "Yes."),
        # what is no mark.
        ("```\nx[2]\n```\nThe key is under the pot [2].", "```\nx[2]\n```\nThe key is under the pot [1]."),
        ("[2]```\nx[2]\n```\nThe key is under the pot [2].", "```\nx[2]\n```\nThe key is under the pot [1]."),
        ("[9]```\n```\nThe key is under the pot [2].", "```\n```\nThe key is under the pot [1]."),
        ("See `x[2]`, or the key [2].", "See `x[2]`, or the key [1].¿"),
        ("The key [sic] is under the pot [2].", "The key [sic] is under the pot [1]."),
        ("The key is under the [pot](http://x/2).", "The key is under the [pot](http://x/2) [1]."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_marks_are_made_right(answer: str, shown: str, size: int) -> None:
    """Renumbered, repaired, added and doubted, in whatever pieces the answer comes."""
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    assert written(pieces)[0] == shown


def test_passages_come_in_the_order_of_their_numbers() -> None:
    """The first number shown is the first passage, whatever the model calls it."""
    _, marked = written(["The key is under the pot [2]."])
    assert marked.passages == (KEY, LEASE, HOTEL)
    assert [one.passage for one in cite(marked.text, marked.passages)] == [KEY]


def test_words_are_shown_at_once() -> None:
    """Only marks and the ends of sentences wait for what follows."""
    marked = MarkedText(ALL)
    assert list(marked.feed("The key is")) == ["The key is"]
    assert list(marked.feed(" under the pot [")) == [" under the pot"]
    assert list(marked.feed("2")) == []
    assert list(marked.feed("]")) == []
    assert list(marked.feed(".")) == [" [1]"]
    assert list(marked.close()) == ["."]


def test_unsupported_sentences_are_spans_of_the_text() -> None:
    """A face can mark them: without the sign of the list, with their marks."""
    _, marked = written(["- The key is under the pot [2]\n- The rent is 500 kr [1]\n\nThe end is near [1]."])
    assert [marked.text[span.start : span.end] for span in marked.unsupported] == [
        "The rent is 500 kr [2]",
        "The end is near [2].",
    ]


def test_strict_leaves_out_what_nothing_bears() -> None:
    """A dropped sentence leaves neither a mark nor a number behind."""
    answer = (
        "Here you are:\n\n- The rent is 500 kr [1]\n- The key is under the pot [2]\n\nIt is far to sea [3]."
    )
    shown, marked = written([answer], is_strict=True)
    assert shown == "Here you are:\n\n- The key is under the pot [1]\n\n"
    assert marked.passages[0] == KEY
    assert marked.left_out == 2
    assert marked.has_statements


def test_strict_knows_when_nothing_remains() -> None:
    """A greeting is no answer."""
    shown, marked = written(["Sure! The rent is 500 kr [1]."], is_strict=True)
    assert shown == "Sure! "
    assert not marked.has_statements


def test_piped_text_needs_no_mark() -> None:
    """What came with the question bears a sentence without a number."""
    assert written(["They want 500 kr sent to Berg."], extra="Send 500 kr to Berg.")[0] == (
        "They want 500 kr sent to Berg."
    )


ANSWERS = st.lists(
    st.sampled_from(
        ["The key is under the pot", "The rent is 4,200 kr", " [1]", "[2]", "[9]", ". ", "\n", "- ", "`", "```\n", "[", "| ", " |\n"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(ANSWERS, st.booleans(), st.data())
def test_pieces_do_not_matter(answer: str, is_strict: bool, data: st.DataObject) -> None:
    """The same answer is shown however it is cut, and its numbers run from 1 in the order of use."""
    cut = data.draw(st.lists(st.integers(0, len(answer)), max_size=6).map(sorted))
    pieces = [answer[a:b] for a, b in zip([0, *cut], [*cut, len(answer)], strict=True)]
    shown, marked = written(pieces, is_strict=is_strict)
    assert shown == written([answer], is_strict=is_strict)[0]
    used = list(dict.fromkeys(number for mark in marks(marked.text) for number in mark.numbers))
    assert [number for number in used if number <= len(ALL)] == used
    assert used == list(range(1, len(used) + 1))


@given(st.text(st.sampled_from("ab [123],-]`\n【】^(. "), max_size=60))
def test_any_answer_can_be_marked(answer: str) -> None:
    """However broken it is, nothing but marks and white space at its ends changes."""
    shown, _ = written([answer])
    named = {at for mark in marks(answer) for at in range(mark.start, mark.end)}
    letters = [char for at, char in enumerate(answer) if char in "ab" and at not in named]
    assert [char for char in shown if char in "ab"] == letters
