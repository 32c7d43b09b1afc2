"""Where a filter is being typed, and how what was chosen is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.tui.completing import Begun, Choice, begun_filter, ghost, written
from indexer.types import Offer


@pytest.mark.parametrize(
    ("line", "begun"),
    [
        ("in:pro", Begun("in", "pro", "", 3)),
        ("rent IN:", Begun("in", "", "", 8)),
        ("rent -in:old", Begun("-in", "old", "", 9)),
        ('in:"My No', Begun("in", "My No", '"', 3)),
        ("in:'My No", Begun("in", "My No", "'", 3)),
        ("in:a tag:b,c", Begun("tag", "b,c", "", 9)),
        ('in:"a b" tag:', Begun("tag", "", "", 13)),
        ("in:a:b", Begun("in", "a:b", "", 3)),
        ("in:/home/", Begun("in", "/home/", "", 3)),
    ],
)
def test_a_filter_is_known_while_it_is_typed(line: str, begun: Begun) -> None:
    """By its name and colon, up to the cursor at the end."""
    assert begun_filter(line, len(line)) == begun


@pytest.mark.parametrize(
    "line", ["", "rent", "in:a ", 'in:"a b" ', 'in:"a"', "size:3", "http://in", "in://x", "login:a", "in: a"]
)
def test_other_text_is_left_alone(line: str) -> None:
    """What is over, and what is none."""
    assert begun_filter(line, len(line)) is None


def test_nothing_is_completed_within_a_word() -> None:
    """The cursor has to stand behind what is typed."""
    assert begun_filter("in:pro", 4) is None
    assert begun_filter("in:pro cabin", 6) == Begun("in", "pro", "", 3)


@pytest.mark.parametrize(
    ("typed", "value", "line"),
    [
        ("in:pro", "projects/", "in:projects/"),
        ("in:my", "My Notes/", 'in:"My Notes/'),
        ('in:"my', "My Notes/a b.md", 'in:"My Notes/a b.md"'),
        ("in:'my", "My Notes/", "in:'My Notes/"),
        ("in:x", 'x "y".md', "in:'x \"y\".md'"),
        ("in:wh", "why?", 'in:"why?"'),
        ("tag:wo", "work/plans", "tag:work/plans"),
    ],
)
def test_what_is_chosen_is_read_as_one_filter(typed: str, value: str, line: str) -> None:
    """Quotation marks stand where they are needed; those of a folder stay open."""
    begun = begun_filter(typed, len(typed))
    assert begun is not None
    assert typed[: begun.start] + written(begun, Offer(value=value)) == line


def test_the_rest_is_shown_behind_the_cursor() -> None:
    """All of it where it is no continuation of what is typed."""
    begun = Begun("in", "pro", "", 3)
    assert ghost(begun, Offer(value="projects/")) == "jects/"
    assert ghost(begun, Offer(value="Projects/")) == " → Projects/"


def test_the_choice_goes_round() -> None:
    """Behind the last comes the first."""
    choice = Choice(Begun("in", "", "", 3), [Offer(value="a"), Offer(value="b")])
    choice.move(-1)
    assert choice.chosen.value == "b"
    choice.move(1)
    assert choice.chosen.value == "a"


def test_a_choice_is_narrowed_while_one_types() -> None:
    """What no longer fits goes at once, before anybody was asked."""
    choice = Choice(Begun("in", "p", "", 3), [Offer(value="Projects/"), Offer(value="plan.md")])
    narrowed = choice.narrowed(Begun("in", "pr", "", 3))
    assert narrowed is not None
    assert narrowed.offers == [Offer(value="Projects/")]
    assert choice.narrowed(Begun("in", "px", "", 3)) is None
    assert choice.narrowed(Begun("tag", "pr", "", 3)) is None


@given(st.text(), st.integers(0, 50))
def test_any_line_can_be_looked_at(line: str, column: int) -> None:
    """What is found stands where it says."""
    column = min(column, len(line))
    begun = begun_filter(line, column)
    if begun is not None:
        assert line[begun.start : column] == begun.quote + begun.value
