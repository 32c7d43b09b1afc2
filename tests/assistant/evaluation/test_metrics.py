"""Figures of ranked files, of times, and how far they can be trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.metrics import (
    first_rank,
    interval,
    is_hit,
    mean,
    percentile,
    reciprocal_rank,
    sign_test,
)


def test_a_file_that_comes_again_takes_no_place() -> None:
    """Three passages of one file before the right one make it second, not fourth."""
    assert first_rank(["a", "a", "a", "b"], {"b", "c"}) == 2


def test_what_stands_beyond_the_tenth_file_is_not_found() -> None:
    """The eleventh of distinct files does not count any more."""
    ranked = [str(number) for number in range(1, 12)]
    assert first_rank(ranked, {"10"}) == 10
    assert first_rank(ranked, {"11"}) is None


@pytest.mark.parametrize(
    ("rank", "at_1", "at_5", "reciprocal"), [(1, 1, 1, 1), (4, 0, 1, 0.25), (6, 0, 0, 1 / 6), (None, 0, 0, 0)]
)
def test_hits_and_reciprocal_ranks(rank: int | None, at_1: float, at_5: float, reciprocal: float) -> None:
    """What was not found is worth nothing in any of them."""
    assert (is_hit(rank, within=1), is_hit(rank, within=5)) == (at_1, at_5)
    assert reciprocal_rank(rank) == pytest.approx(reciprocal)


def test_percentiles_are_values_that_were_measured() -> None:
    """Of twenty, the median is the tenth and nineteen lie within the 95th percentile."""
    values = [float(value) for value in range(20, 0, -1)]
    assert percentile(values, 0.5) == 10
    assert percentile(values, 0.95) == 19
    assert percentile([7.0], 0.95) == 7


def test_the_interval_is_that_of_agresti_and_coull() -> None:
    """8 of 10: the padded share is 10/14, its interval .714 ± 1.96 * sqrt(.714 * .286 / 14)."""
    low, high = interval([1.0] * 8 + [0.0] * 2)
    assert low == pytest.approx(0.4777, abs=1e-4)
    assert high == pytest.approx(0.9509, abs=1e-4)


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_the_interval_narrows_and_stays_within_bounds(values: list[float]) -> None:
    """Ten times as many questions of the same kind are to be trusted more."""
    low, high = interval(values)
    assert 0 <= low <= high <= 1
    many_low, many_high = interval(values * 10)
    assert many_high - many_low <= high - low
    assert many_low - 1e-9 <= mean(values) <= many_high + 1e-9 or 0 in (many_low, 1 - many_high)


@pytest.mark.parametrize(
    ("better", "worse", "chance"),
    [(0, 0, 1.0), (1, 0, 1.0), (3, 3, 1.0), (5, 0, 2 / 32), (8, 1, 2 * (1 + 9) / 512)],
)
def test_the_sign_test_is_the_exact_one(better: int, worse: int, chance: float) -> None:
    """Two-sided tails of a fair coin, counted out."""
    assert sign_test(better, worse) == pytest.approx(chance)
    assert sign_test(worse, better) == sign_test(better, worse)
