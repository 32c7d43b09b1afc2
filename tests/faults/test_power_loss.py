"""Whichever write the power fails before, the next start ends with the same index."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.children import child_environment

LEAST_WRITES = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", ["index", "change", "change loses-log", "damaged"])
def test_a_kill_between_any_two_writes_loses_nothing(scenario: str) -> None:
    """A first index, a folder full of changes with a rebuild of Chroma, a catalog that is begun anew."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.power_loss", *scenario.split()],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=child_environment(),
        check=True,
    )
    told = json.loads(ended.stdout)
    assert told["writes"] > LEAST_WRITES
    assert told["differences"] == {}
