"""Expensive real things, started once for the whole run and shared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.client import IndexerClient, connect
from indexer.config import EmbeddingSettings
from indexer.paths import Places
from indexer.worker import Worker
from tests.homes import short_home


@pytest.fixture(scope="session")
def real_places() -> Iterator[Places]:
    """Return the home that `real_daemon` serves."""
    with short_home() as places:
        yield places


@pytest.fixture(scope="session")
def real_daemon(real_places: Places) -> Iterator[IndexerClient]:
    """Return a client of a running daemon with the real model; a test removes the roots that it adds."""
    client = connect(real_places)
    yield client
    client.stop()


@pytest.fixture(scope="session")
def tiny_reader_gguf() -> Path:
    """Return the small model that was trained to read passages in kb's own prompt format."""
    return Path(__file__).parent / "models" / "tiny_reader" / "tiny_reader.gguf"


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """Return a running worker child with the bundled model and a store of its own."""
    with short_home() as places:
        worker = Worker.start(EmbeddingSettings(threads=1), places)
        yield worker
        worker.close()
