"""Dates: stretches of time as people write them, and when files say that they are from; pure."""

from indexer.dates.offered import dates_beginning
from indexer.dates.periods import Period, day_of, in_words, moment_of, period_of, seconds_of
from indexer.dates.said import date_in_name, date_said, read_date

__all__ = [
    "Period",
    "date_in_name",
    "date_said",
    "dates_beginning",
    "day_of",
    "in_words",
    "moment_of",
    "period_of",
    "read_date",
    "seconds_of",
]
