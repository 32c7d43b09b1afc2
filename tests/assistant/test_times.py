"""Moments, durations and sizes as people say them."""

import time

import pytest

from assistant.times import ago, ahead, as_of, counted, duration, megabytes, moment


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (40.4, "40 s"),
        (89, "89 s"),
        (180, "3 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (3 * 86_400, "3 days"),
    ],
)
def test_durations_have_no_more_than_two_parts(seconds: float, said: str) -> None:
    """Seconds, minutes, hours, days: as coarse as people are."""
    assert duration(seconds) == said


def test_moments_are_told_by_age_and_calendar() -> None:
    """How long ago, how far ahead, and at what time of this place."""
    now = time.mktime((2026, 11, 23, 22, 10, 0, 0, 0, -1))
    assert ago(now - 180, now=now) == "3 min ago"
    assert ahead(now + 30, now=now) == "in 30 s"
    assert ahead(now - 30, now=now) == "now"
    assert moment(now - 3600, now=now) == "2026-11-23 21:10 (60 min ago)"


def test_what_is_nearly_current_is_so_as_of_now() -> None:
    """Unless something has changed since."""
    assert as_of(1_000.0, 0, now=1_002.0) == "now"
    assert as_of(1_000.0, 1, now=1_002.0) == "2 s ago"
    assert as_of(1_000.0, 0, now=1_180.0) == "3 min ago"


@pytest.mark.parametrize(
    ("size", "said"), [(0, "0.0 MB"), (8_150_000, "8.2 MB"), (1_204_000_000, "1,204 MB")]
)
def test_sizes_are_told_in_megabytes(size: float, said: str) -> None:
    """Small ones with a decimal."""
    assert megabytes(size) == said


def test_one_is_not_many() -> None:
    """A number agrees with its thing."""
    assert [counted(1, "file"), counted(0, "file"), counted(1200, "file")] == [
        "1 file",
        "0 files",
        "1,200 files",
    ]
