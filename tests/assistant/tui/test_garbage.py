"""Garbage is collected in quiet moments."""

import gc
from collections.abc import Iterator

import pytest

from assistant.tui.garbage import ENOUGH, MANY, QUIET_S, TOO_MANY, QuietCollector


class Surroundings:
    """What a collector looks at."""

    is_busy = False
    now = 100.0


@pytest.fixture
def around() -> Surroundings:
    return Surroundings()


@pytest.fixture
def collector(around: Surroundings) -> Iterator[QuietCollector]:
    collector = QuietCollector(lambda: around.is_busy, lambda: around.now)
    before = gc.get_threshold()
    collector.begin()
    yield collector
    collector.end()
    assert gc.get_threshold() == before


def wait_for(young: int) -> None:
    """Have so many collections of what is young."""
    gc.collect()
    for _ in range(young):
        gc.collect(1)


def test_python_does_not_begin_full_collections(collector: QuietCollector) -> None:
    """However much is made."""
    assert gc.isenabled()
    before = gc.get_stats()[2]["collections"]
    kept = [[number] for number in range(200_000)]
    assert len(kept) == 200_000
    assert gc.get_stats()[2]["collections"] == before


def test_a_quiet_moment_is_used(collector: QuietCollector, around: Surroundings) -> None:
    """As soon as there is enough to collect."""
    wait_for(ENOUGH - 1)
    assert not collector.look()
    wait_for(ENOUGH)
    assert collector.look()
    assert not collector.look()


def test_nobody_who_types_waits(collector: QuietCollector, around: Surroundings) -> None:
    """Nor while an answer is on its way."""
    wait_for(ENOUGH)
    collector.touched()
    around.now += QUIET_S / 2
    assert not collector.look()
    around.now += QUIET_S
    around.is_busy = True
    assert not collector.look()
    around.is_busy = False
    assert collector.look()


def test_garbage_does_not_pile_up(collector: QuietCollector, around: Surroundings) -> None:
    """Where no moment is ever quiet."""
    around.is_busy = True
    wait_for(MANY)
    assert collector.look()
    collector.touched()
    wait_for(MANY)
    assert not collector.look()
    wait_for(TOO_MANY)
    assert collector.look()
