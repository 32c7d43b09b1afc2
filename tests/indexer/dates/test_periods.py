"""Stretches of time, as people write them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import in_words, moment_of, period_of, seconds_of

NOW = datetime(2026, 11, 28, 13, 30).astimezone().timestamp()
"""A Saturday."""


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026", "2026-01-01 2027-01-01"),
        ("2026-01", "2026-01-01 2026-02-01"),
        ("2026-1-5", "2026-01-05 2026-01-06"),
        ("2024-02-29", "2024-02-29 2024-03-01"),
        ("20260115", "2026-01-15 2026-01-16"),
        ("15.1.2026", "2026-01-15 2026-01-16"),
        ("today", "2026-11-28 2026-11-29"),
        ("yesterday", "2026-11-27 2026-11-28"),
        ("the day before yesterday", "2026-11-26 2026-11-27"),
        ("last week", "2026-11-16 2026-11-23"),
        ("Last-Week", "2026-11-16 2026-11-23"),
        ("this week", "2026-11-23 2026-11-30"),
        ("last weekend", "2026-11-21 2026-11-23"),
        ("this weekend", "2026-11-28 2026-11-30"),
        ("last month", "2026-10-01 2026-11-01"),
        ("last quarter", "2026-07-01 2026-10-01"),
        ("this year", "2026-01-01 2027-01-01"),
        ("3 weeks ago", "2026-11-02 2026-11-09"),
        ("two days ago", "2026-11-26 2026-11-27"),
        ("a month ago", "2026-10-01 2026-11-01"),
        ("the last 3 days", "2026-11-25 2026-11-29"),
        ("past week", "2026-11-21 2026-11-29"),
        ("7d", "2026-11-21 2026-11-29"),
        ("2 w", "2026-11-14 2026-11-29"),
        ("3 months", "2026-08-28 2026-11-29"),
        ("May", "2026-05-01 2026-06-01"),
        ("december", "2025-12-01 2026-01-01"),
        ("last november", "2025-11-01 2025-12-01"),
        ("this november", "2026-11-01 2026-12-01"),
        ("Sept. 2025", "2025-09-01 2025-10-01"),
        ("5 May", "2026-05-05 2026-05-06"),
        ("May 5th", "2026-05-05 2026-05-06"),
        ("30 november", "2025-11-30 2025-12-01"),
        ("5th of May 2024", "2024-05-05 2024-05-06"),
        ("May 5, 2024", "2024-05-05 2024-05-06"),
        ("monday", "2026-11-23 2026-11-24"),
        ("saturday", "2026-11-28 2026-11-29"),
        ("last saturday", "2026-11-21 2026-11-22"),
        ("last summer", "2026-06-01 2026-09-01"),
        ("last autumn", "2025-09-01 2025-12-01"),
        ("this fall", "2026-09-01 2026-12-01"),
        ("winter 2024", "2024-12-01 2025-03-01"),
        ("Q2 2026", "2026-04-01 2026-07-01"),
        ("2025-q4", "2025-10-01 2026-01-01"),
        ("letzte Woche", "2026-11-16 2026-11-23"),
        ("vor drei Wochen", "2026-11-02 2026-11-09"),
        ("5. März 2024", "2024-03-05 2024-03-06"),
    ],
)
def test_an_expression_means_these_days(text: str, days: str) -> None:
    """Absolute and relative, long and short, with the year that is meant."""
    period = period_of(text, NOW)
    assert period is not None
    assert f"{period.first} {period.stop}" == days


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "foo",
        "2026-13",
        "31 february",
        "0000",
        "99999",
        "week",
        "last",
        "q5",
        "12:30",
        "5",
        "in May",
        "-",
    ],
)
def test_other_words_mean_no_days(text: str) -> None:
    """What is no stretch of time is not made one."""
    assert period_of(text, NOW) is None
    assert moment_of(text, NOW) is None


def test_from_three_weeks_ago_on_is_from_that_very_day() -> None:
    """As a beginning "3 weeks ago" is a day; as a stretch it is that day's week."""
    assert moment_of("3 weeks ago", NOW) == seconds_of(date(2026, 11, 7))
    assert moment_of("last week", NOW) == seconds_of(date(2026, 11, 16))
    assert moment_of("12h", NOW) == NOW - 12 * 3600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("last week", "16–22 November 2026"),
        ("5 may 2024", "5 May 2024"),
        ("2025", "2025"),
        ("2025-02", "February 2025"),
        ("q3 2025", "July – September 2025"),
        ("winter 2024", "December 2024 – February 2025"),
        ("past 2 months", "28 September – 28 November 2026"),
    ],
)
def test_a_stretch_is_named_by_its_days(text: str, words: str) -> None:
    """The way a person would write it."""
    period = period_of(text, NOW)
    assert period is not None
    assert in_words(period.since, period.before) == words


def test_an_open_stretch_is_named_by_its_end() -> None:
    """What has one end only says which."""
    assert in_words(seconds_of(date(2026, 3, 1)), None) == "since 1 March 2026"
    assert in_words(None, seconds_of(date(2025, 1, 1))) == "before 1 January 2025"


@given(st.text(max_size=40), st.floats(0, 4e9))
def test_no_text_is_too_strange(text: str, now: float) -> None:
    """Whatever is written, it is days that follow one another, or none."""
    period = period_of(text, now)
    assert period is None or period.first < period.stop


@given(
    st.sampled_from(["last", "this", "past", "vor", "letzten", "q3", "5", "three"]),
    st.sampled_from(
        ["day", "weeks", "months ago", "year", "may", "31 february", "winter 2999", "9999", "999 years ago"]
    ),
    st.floats(0, 4e9),
)
def test_no_expression_leaves_the_calendar(first: str, second: str, now: float) -> None:
    """At the ends of what can be counted nothing fails."""
    period = period_of(f"{first} {second}", now)
    assert period is None or in_words(period.since, period.before)
