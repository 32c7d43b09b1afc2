"""One architecture of each family through a real engine process, and those that llama.cpp cannot load."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.errors import ModelFileError
from assistant.types import Message
from indexer.paths import Places
from tests.assistant.engine.conftest import settings_for
from tests.homes import short_home
from tests.models.shapes import SHAPES, write_shape

NEWEST = ("qwen35moe", "gemma4-small", "glm5-next", "llama4", "deepseek4", "mistral4", "gpt-oss")
"""The newest architecture of each family."""

CONVERSATION = [
    Message("system", "Answer from the passages only."),
    Message("user", "[1] The mill burned down in 1911.\n\nWhen did it burn down?"),
    Message("assistant", "In 1911 [1]."),
    Message("user", "And where did it stand?"),
]


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    """A home for all engines of this module, one after the other."""
    with short_home() as places:
        yield places
        EngineClient(places).stop()


@pytest.mark.parametrize("name", NEWEST)
def test_an_engine_streams_an_answer_of_every_family(name: str, places: Places, tmp_path: Path) -> None:
    """A conversation with passages is rendered, read and answered, token by token."""
    client = open_engine(places, settings_for(write_shape(tmp_path, name), context_tokens=1024))
    assert client.wait_ready()["architecture"] == SHAPES[name].architecture
    *deltas, finished = client.chat(CONVERSATION, ChatOptions(max_tokens=24, temperature=0))
    assert isinstance(finished, Finished)
    assert finished.usage.completion_tokens == 24
    assert "".join(delta.text for delta in deltas if isinstance(delta, Delta)).strip()


def test_a_model_that_lacks_a_tensor_is_named_with_it(places: Places, tmp_path: Path) -> None:
    """A file of another version, or cut in the making, is told by what it lacks."""
    file = write_shape(tmp_path, "glm4moe", without="blk.1.ffn_gate_inp.weight")
    with pytest.raises(ModelFileError) as caught:
        open_engine(places, settings_for(file)).wait_ready()
    assert caught.value.message == (
        "llama.cpp cannot load glm4moe.gguf: tensor 'blk.1.ffn_gate_inp.weight' not found"
    )


def test_a_model_that_llama_cpp_does_not_know_is_named_with_its_architecture(
    places: Places, tmp_path: Path
) -> None:
    """A model that came out after this llama.cpp says so, and not that the engine died."""
    known = write_shape(tmp_path, "llama")
    file = tmp_path / "new.gguf"
    file.write_bytes(known.read_bytes().replace(b"llama", b"alpca"))
    with pytest.raises(ModelFileError) as caught:
        open_engine(places, settings_for(file)).wait_ready()
    assert caught.value.message == ("llama.cpp cannot load new.gguf: unknown model architecture: 'alpca'")
