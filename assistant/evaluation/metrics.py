"""Figures of ranked files, of sets, of times, and how far they can be trusted; pure."""

import math
from collections.abc import Collection, Hashable, Sequence
from typing import TypeVar

ItemT = TypeVar("ItemT", bound=Hashable)

DEPTH = 10
"""Files of a ranking that count."""

_Z = 1.959964
"""Standard deviations to both sides that hold 95 % of a normal distribution."""


def first_rank(ranked: Sequence[ItemT], wanted: Collection[ItemT], *, depth: int = DEPTH) -> int | None:
    """Return the place of the first wanted item, from 1; an item that comes again takes no place.

    Args:
        ranked: Best first.
        wanted: Any of them is right.
        depth: Distinct items that are looked at.

    Returns:
        `None` if none is among the first `depth`.
    """
    distinct = list(dict.fromkeys(ranked))[:depth]
    return next((rank for rank, item in enumerate(distinct, start=1) if item in wanted), None)


def reciprocal_rank(rank: int | None) -> float:
    """Return 1 / rank, and 0 for what was not found."""
    return 1 / rank if rank else 0.0


def is_hit(rank: int | None, *, within: int) -> float:
    """Return 1 if something was found among the first so many, else 0."""
    return float(rank is not None and rank <= within)


def mean(values: Sequence[float]) -> float:
    """Return the mean; at least one value is needed."""
    return math.fsum(values) / len(values)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return where the mean of values from 0 to 1 lies with 95 % confidence.

    Two zeros and two ones are added before the normal approximation, which keeps it
    honest for few values and near 0 and 1: Agresti and Coull, "Approximate Is Better
    than 'Exact' for Interval Estimation of Binomial Proportions", The American
    Statistician 52, 1998, https://doi.org/10.1080/00031305.1998.10480550.
    """
    padded = (*values, 0.0, 0.0, 1.0, 1.0)
    centre = mean(padded)
    variance = math.fsum((value - centre) ** 2 for value in padded) / len(padded)
    half = _Z * math.sqrt(variance / len(padded))
    return max(0.0, centre - half), min(1.0, centre + half)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least a share of all values do not exceed.

    Args:
        values: At least one.
        share: Above 0, at most 1: 0.5 for the median, 0.95 for the slowest of twenty.
    """
    return sorted(values)[max(0, math.ceil(share * len(values) - 1e-9) - 1)]


def sign_test(better: int, worse: int) -> float:
    """Return how likely a difference at least so one-sided is by chance alone, 0 to 1.

    The two-sided exact sign test: of `better + worse` questions that came out
    otherwise, each would be better or worse like a toss of a coin. For values 0 and 1
    it is McNemar's exact test.
    """
    tosses = better + worse
    tail = sum(math.comb(tosses, heads) for heads in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / float(2**tosses))
