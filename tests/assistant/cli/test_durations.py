"""Durations: what people type, and when that is."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.cli.durations import LONGEST_S, moment_in, seconds_of
from indexer.errors import UsageError

NOON = time.mktime((2026, 6, 1, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("1h", 3600),
        ("2h30m", 9000),
        ("1d", 86_400),
        ("1d 2H", 93_600),
        ("1h30", 3630),
    ],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    """A bare number is seconds; larger units come first."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "h", "1x", "30m1h", "1.5h", "-1h", "1h1h", "soon", "٣h"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    """The sentence quotes what was typed, the hint shows how to write it."""
    with pytest.raises(UsageError) as caught:
        seconds_of(text)
    assert caught.value.message == f"{text!r} is no duration"
    assert caught.value.hint == "write it as 90s, 30m, 1h, 2h30m or 1d"


@pytest.mark.parametrize("text", ["0", "0h", "367d", "9" * 30])
def test_no_time_and_more_than_a_year_are_refused(text: str) -> None:
    """Whoever wants to pause for ever leaves the duration out."""
    with pytest.raises(UsageError, match=r"^the duration must be from one second to a year, not "):
        seconds_of(text)


@given(seconds=st.integers(1, LONGEST_S))
def test_every_number_of_seconds_can_be_written_in_all_units(seconds: int) -> None:
    """Days, hours, minutes and seconds add up."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    assert seconds_of(f"{hours // 24}d{hours % 24}h{minutes}m{rest}s") == seconds


def test_a_moment_names_the_day_where_it_is_another_one() -> None:
    """Seconds are told where they matter."""
    assert moment_in(5400, now=NOON) == "13:30"
    assert moment_in(30, now=NOON) == "12:00:30"
    assert moment_in(86_400, now=NOON) == "2026-06-02 12:00"
