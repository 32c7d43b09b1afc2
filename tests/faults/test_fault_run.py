"""The short form of the fault run: the real daemon, the real embedder, the real Chroma, and kills."""

import pytest

from benchmarks.fault_run import run


@pytest.mark.timeout(600)
def test_kills_at_random_moments_lose_nothing() -> None:
    """What is stored afterwards is what a fresh index stores: nothing lost, stale or double."""
    outcome = run(seed=8, kills=8, first_files=12)
    assert outcome.kills.total() >= 8
    assert outcome.bugs == []
    assert [found for *_, found in outcome.checks] == [[]]
