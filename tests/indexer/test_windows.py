"""Windows are packed small, and the best one of each chunk is found again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.types import Vectors
from indexer.windows import best_windows, pack_windows

DIM = 384


def random_rows(seed: int, count: int) -> Vectors:
    """Make windows of any length."""
    random = np.random.default_rng(seed)
    return (random.standard_normal((count, DIM)) * random.uniform(0.01, 50, (count, 1))).astype(np.float32)


def cosine(one: Vectors, other: Vectors) -> float:
    """Return the cosine of two vectors."""
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 1000))
def test_the_best_window_of_each_chunk_is_found(counts: list[int], seed: int) -> None:
    """What comes back for each chunk is the cosine of its best window, to within what 4 bits allow."""
    chunks = [random_rows(seed + number, count) for number, count in enumerate(counts)]
    query = random_rows(seed + 77, 1)[0]
    query /= np.linalg.norm(query)
    found = best_windows([pack_windows(rows) for rows in chunks], query)
    exact = [max(cosine(row, query) for row in rows) for rows in chunks]
    assert found == pytest.approx(exact, abs=0.04)


def test_a_window_finds_itself() -> None:
    """The direction survives packing, whatever the length."""
    rows = random_rows(1, 1)
    (found,) = best_windows([pack_windows(rows)], rows[0] / np.linalg.norm(rows[0]))
    assert found == pytest.approx(1.0, abs=0.02)


def test_a_window_takes_half_a_byte_a_number() -> None:
    """Seven windows of a chunk stay below 1.4 KB."""
    assert len(pack_windows(random_rows(1, 7))) == 7 * DIM // 2


def test_zeros_are_like_nothing() -> None:
    """A window without direction has similarity 0, and does not divide by zero."""
    query = np.zeros(DIM, np.float32)
    query[0] = 1.0
    assert best_windows([pack_windows(np.zeros((1, DIM), np.float32))], query) == [0.0]


def test_no_chunks_have_no_windows() -> None:
    """Nothing in, nothing out."""
    assert best_windows([], np.ones(DIM, np.float32)) == []
