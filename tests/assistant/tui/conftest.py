"""Homes with a real daemon and a real engine, started once for all tests of the app."""

import shutil
from collections.abc import Iterator

import pytest

from assistant.engine.client import EngineClient
from indexer.client import IndexerClient, connect
from indexer.paths import Places
from tests.assistant.tui.homes import VAULT, Home
from tests.homes import short_home


@pytest.fixture
def anyio_backend() -> str:
    """Run tests of the app on asyncio, as Textual does."""
    return "asyncio"


@pytest.fixture(scope="session")
def served_home() -> Iterator[Home]:
    """Index the example vault once; a test leaves the home as it was."""
    with short_home() as places, short_home() as beside:
        notes = beside.home / "notes"
        shutil.copytree(VAULT, notes)
        client = connect(places)
        client.add_root(notes)
        for _ in client.fresh(under=[notes]):
            pass
        yield Home(places, notes)
        EngineClient(places).stop()
        connect(places).stop()


@pytest.fixture
def home(served_home: Home) -> Iterator[Home]:
    """Return the served home without any history."""
    yield served_home
    _forget_history(served_home.places)


@pytest.fixture
def empty_home() -> Iterator[Home]:
    """Return a home of its own that nobody has used; whatever runs in it is ended."""
    with short_home() as places:
        yield Home(places, places.home.with_name("nothing"))
        EngineClient(places).stop()
        IndexerClient(places).stop()


def _forget_history(places: Places) -> None:
    for file in places.home.glob("history.sqlite*"):
        file.unlink()
