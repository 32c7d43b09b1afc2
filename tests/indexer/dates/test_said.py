"""When files say that they are from."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import date_in_name, date_said, day_of, read_date, seconds_of


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-03",
        "2026-5-3",
        "2026-05-03T10:00:00",
        "2026-05-03 9:30",
        "D:20260503101112",
        "20260503",
        20260503,
        "May 3, 2026",
        "3. Mai 2026",
        "Sun, 03 May 2026 12:00:00 +0000",
    ],
)
def test_dates_are_read_in_every_dialect(value: object) -> None:
    """Front matter, mail, PDFs and people write the same day in their own ways."""
    found = read_date(value)
    assert found is not None
    assert day_of(found) == date(2026, 5, 3)


@pytest.mark.parametrize(
    "text", ["2026-05-03T10:00:00+02:00", "D:20260503100000+02'00'", "2026-05-03T08:00:00Z"]
)
def test_a_zone_counts(text: str) -> None:
    """A time with its distance from Greenwich is one moment everywhere."""
    assert read_date(text) == datetime(2026, 5, 3, 8, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "value", ["", "soon", None, True, 3.5, [], {}, "2026-13-01", "1234567", "0001-01-01", "yesterday"]
)
def test_other_values_are_no_dates(value: object) -> None:
    """What is no date is passed over, and so is one that depends on when it is read."""
    assert read_date(value) is None


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/n/2026-05-03.md", date(2026, 5, 3)),
        ("/n/IMG_20260503_1200.txt", date(2026, 5, 3)),
        ("/n/03.05.2026 minutes.pdf", date(2026, 5, 3)),
        ("/n/2026_05_03.md", date(2026, 5, 3)),
        ("/n/invoice 2026-05.pdf", date(2026, 5, 1)),
        ("/n/2026/05/03.md", date(2026, 5, 3)),
        ("/n/2026/05-May/03 Sunday.md", date(2026, 5, 3)),
    ],
)
def test_names_bear_dates(path: str, day: date) -> None:
    """Daily notes, scans and invoices say in their names when they are from."""
    assert date_in_name(path) == seconds_of(day)


@pytest.mark.parametrize(
    "path",
    ["/n/report-2025.pdf", "/2026-05-03/a.md", "/n/12345678.txt", "/n/2026-05-032.md", "/n/2026-02-31"],
)
def test_other_names_bear_none(path: str) -> None:
    """A year alone, a number, a folder's name and a day that never was are no date of a file."""
    assert date_in_name(path) is None


def test_the_author_comes_before_the_name_and_the_name_before_the_program() -> None:
    """Front matter, then the name, then the properties of a PDF; the date before the last change."""
    properties = {"creationdate": "D:20200101", "moddate": "D:20210101"}
    written = {"updated": "2023-01-01", "Created": "2022-01-01"}
    assert date_said(properties, "/n/a.pdf") == seconds_of(date(2020, 1, 1))
    assert date_said(properties, "/n/2024-05-06 a.pdf") == seconds_of(date(2024, 5, 6))
    assert date_said(properties | written, "/n/2024-05-06 a.md") == seconds_of(date(2022, 1, 1))
    assert date_said(written | {"date": "2025-01-01"}, "/n/a.md") == seconds_of(date(2025, 1, 1))
    assert date_said({"date": "soon"}, "/n/a.md") is None


@given(st.text(max_size=60) | st.integers())
def test_no_value_is_too_strange(value: object) -> None:
    """Whatever stands there is a date or none."""
    found = read_date(value)
    assert found is None or isinstance(found, float)
