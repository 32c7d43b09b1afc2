"""Homes and models for tests that start a real engine with a real llama.cpp."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from indexer.paths import Places
from tests.homes import short_home
from tests.models.wired_gguf import write_random_model, write_scripted_model

SCRIPT = ("<th", "ink>", "I", " guess", "</thi", "nk>", "It", " is", " 42", " caf", b"\xc3", b"\xa9", ".")


@pytest.fixture(scope="session")
def scripted_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that thinks "I guess" and answers "It is 42 café."."""
    return write_scripted_model(tmp_path_factory.mktemp("models") / "scripted.gguf", SCRIPT)


@pytest.fixture(scope="session")
def endless_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that counts in a circle and takes its time over it."""
    script = [f"{number} " for number in range(50)]
    path = tmp_path_factory.mktemp("models") / "endless.gguf"
    return write_scripted_model(path, script, is_endless=True, layers=12)


@pytest.fixture(scope="session")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose words depend on everything it read."""
    return write_random_model(tmp_path_factory.mktemp("models") / "random.gguf")


@pytest.fixture
def places() -> Iterator[Places]:
    """A home of its own; its engine is stopped afterwards."""
    with short_home() as places:
        yield places
        EngineClient(places).stop()


@pytest.fixture(scope="module")
def shared_engine(scripted_model: Path) -> Iterator[EngineClient]:
    """An engine that answers by the script, for all tests of a module that leave it running."""
    with short_home() as places:
        client = open_engine(places, settings_for(scripted_model))
        client.wait_ready()
        yield client
        client.stop()


def settings_for(model: Path, *, keep_alive_s: int = 600, context_tokens: int = 8192) -> ModelSettings:
    """Settings with one thread, which is the fastest for such small models."""
    return ModelSettings(path=str(model), threads=1, keep_alive_s=keep_alive_s, context_tokens=context_tokens)
