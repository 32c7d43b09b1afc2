"""What the tests of the pipeline share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.indexer.pipeline.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    home, folder = tmp_path / "home", tmp_path / "notes"
    home.mkdir()
    folder.mkdir()
    with ExitStack() as stack:
        yield Bench(home, folder, stack)
