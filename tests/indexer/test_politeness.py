"""Standing back: real processes get the priority that was asked for."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from indexer.politeness import LOWEST_BEST_EFFORT, stand_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="priorities of the disk are Linux's")


@pytest.fixture
def child() -> Iterator[psutil.Process]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_low_is_the_last_of_all_that_get_their_turn(child: psutil.Process) -> None:
    """The class stays best-effort, so that reading goes on on a busy disk."""
    stand_back(child.pid, nice=5, io_priority="low")
    assert child.nice() == os.nice(0) + 5
    assert child.ionice() == (psutil.IOPRIO_CLASS_BE, LOWEST_BEST_EFFORT)


def test_normal_changes_nothing(child: psutil.Process) -> None:
    """Whoever wants no politeness gets none."""
    before = child.ionice()
    stand_back(child.pid, nice=0, io_priority="normal")
    assert (child.nice(), child.ionice()) == (os.nice(0), before)


def test_a_process_that_is_gone_is_no_error(child: psutil.Process) -> None:
    """It may end before it is asked to stand back."""
    child.kill()
    child.wait()
    stand_back(child.pid, nice=5, io_priority="idle")
