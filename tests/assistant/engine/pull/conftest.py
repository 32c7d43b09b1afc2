"""A hub for every test, and what downloads from it without waiting."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from assistant.engine.pull.web import Web
from tests.assistant.engine.pull.hub_server import FakeHub, serving


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Return a running hub that holds nothing yet."""
    with serving(FakeHub()) as hub:
        yield hub


@dataclass
class Pauses:
    """Stands for sleeping, and remembers how long it was asked for."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    """Return what `web` sleeps with."""
    return Pauses()


@pytest.fixture
def web(hub: FakeHub, pauses: Pauses) -> Web:
    """Return a client that never sleeps."""
    return Web(pause=pauses, timeout_s=10)
