"""Tests of a load that is begun before anybody waits for it."""

import sys
import threading
import time
from collections.abc import Callable

import pytest

from assistant.engine.loading import Loading
from tests.waiting import PATIENCE_S

Report = Callable[[float], bool]


def test_it_is_under_way_before_anybody_waits() -> None:
    """The load runs by itself, and whoever comes later gets what it loaded."""
    is_under_way = threading.Event()

    def load(report: Report) -> str:
        assert report(0.5)
        is_under_way.set()
        return "loaded"

    loading = Loading(load)
    assert is_under_way.wait(PATIENCE_S)
    assert loading.finish(lambda _: True) == "loaded"


def test_whoever_waits_is_told_and_may_end_it() -> None:
    """From then on every share is theirs to see, and theirs the word whether to go on."""
    told: list[float] = []

    def load(report: Report) -> str:
        end = time.monotonic() + PATIENCE_S
        while report(0.5):
            assert time.monotonic() < end
        return "ended early"

    def on_progress(share: float) -> bool:
        told.append(share)
        return False

    assert Loading(load).finish(on_progress) == "ended early"
    assert told == [0.5]


def test_a_load_that_is_called_off_is_told_at_its_next_step() -> None:
    """Nobody need wait for that, so that a process which cannot serve ends soon."""
    is_called_off = threading.Event()
    answers: list[bool] = []
    has_ended = threading.Event()

    def load(report: Report) -> None:
        assert is_called_off.wait(PATIENCE_S)
        answers.append(report(0.5))
        has_ended.set()

    loading = Loading(load)
    loading.call_off()
    is_called_off.set()
    assert has_ended.wait(PATIENCE_S)
    assert answers == [False]


def test_what_went_wrong_reaches_whoever_waits() -> None:
    """The failure is raised where the model is wanted, and Python's turns are as long as before."""
    before = sys.getswitchinterval()

    def load(_: Report) -> None:
        raise ValueError("no model")

    loading = Loading(load)
    with pytest.raises(ValueError, match="no model"):
        loading.finish(lambda _: True)
    assert sys.getswitchinterval() == pytest.approx(before)
