"""Dates that a person may be about to type."""

from datetime import datetime

import pytest

from indexer.dates import dates_beginning, moment_of

NOW = datetime(2026, 11, 28, 13, 30).astimezone().timestamp()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("yes", ["yesterday"]),
        ("Last", ["last-week", "last-month", "last-year"]),
        ("last_w", ["last-week"]),
        ("2026-1", ["2026-11", "2026-10"]),
        ("202", ["2026-11", "2026-10"]),
        ("ma", ["march", "may"]),
        ("tuesday", ["tuesday"]),
        ("never", []),
    ],
)
def test_a_beginning_is_continued(typed: str, found: list[str]) -> None:
    """Words, months, years, names of days and months."""
    assert dates_beginning(typed, NOW)[: len(found)] == found
    assert bool(dates_beginning(typed, NOW)) is bool(found)


def test_a_year_offers_its_months() -> None:
    """All of them that have begun, and none of another year."""
    assert dates_beginning("2025", NOW) == [f"2025-{month:02}" for month in range(12, 0, -1)]


@pytest.mark.parametrize("typed", ["", "m", "2019", "t", "s"])
def test_every_date_that_is_offered_is_one(typed: str) -> None:
    """A filter takes it."""
    assert dates_beginning(typed, NOW)
    assert all(moment_of(date, NOW) is not None for date in dates_beginning(typed, NOW))
