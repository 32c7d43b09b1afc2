"""Tests of the last prompt's state on disk: it saves reading, and damage costs nothing."""

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.engine.llama import Model, load_model
from assistant.engine.llama.prefixes import Thrift
from assistant.engine.llama.snapshots import open_snapshot
from assistant.engine.types import Sampling
from tests.models.shapes import write_shape
from tests.models.wired_gguf import write_random_model

GREEDY = Sampling(temperature=0)
EVERYTHING = Thrift(least_tokens=16, margin=0, added_s=1e9, least_snapshot_s=0)
PROMPT = [20 + 7 * number % 90 for number in range(300)]


def load(path: Path, snapshot: Path, thrift: Thrift = EVERYTHING) -> Model:
    """Load a model that writes a snapshot of whatever it has read."""
    model = load_model(path, context_tokens=1024, gpu_layers=0, threads=1, snapshot=snapshot)
    model.prefixes.thrift = thrift
    return model


def answer(model: Model) -> tuple[int, bytes]:
    """Return how much of the prompt was kept, and what follows it."""
    kept = model.read(PROMPT)
    return kept, b"".join(data for data, _ in model.write(GREEDY, max_tokens=8))


@pytest.mark.parametrize("shape", ["llama", "gpt-oss", "qwen35"])
def test_the_next_start_need_not_read_the_last_prompt(shape: str, tmp_path: Path) -> None:
    """A question about the same passages is answered as if the engine had not left."""
    path, snapshot = write_shape(tmp_path, shape), tmp_path / "prompt.bin"
    model = load(path, snapshot)
    first = answer(model)
    model.close()
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    model = load(path, snapshot)
    kept, text = answer(model)
    model.close()
    assert kept >= len(PROMPT) - 16
    assert text == first[1]
    assert {each.name for each in tmp_path.iterdir()} == {path.name, snapshot.name}


def test_what_is_soon_read_is_not_written(random_model: Path, tmp_path: Path) -> None:
    """A prompt that takes no time is no reason for a file."""
    snapshot = tmp_path / "prompt.bin"
    model = load(random_model, snapshot, Thrift())
    answer(model)
    model.close()
    assert not snapshot.exists()


def test_what_is_private_is_not_written(random_model: Path, tmp_path: Path) -> None:
    """Whatever reading it has cost, no file holds it; the next prompt that is not private is kept again."""
    snapshot = tmp_path / "prompt.bin"
    model = load(random_model, snapshot)
    model.is_private = True
    answer(model)
    model.close()
    assert not snapshot.exists()
    model = load(random_model, snapshot)
    answer(model)
    model.close()
    assert snapshot.exists()


def test_a_start_without_a_question_leaves_the_snapshot(random_model: Path, tmp_path: Path) -> None:
    """What was kept for the next question waits for it."""
    snapshot = tmp_path / "prompt.bin"
    for asks in (True, False):
        model = load(random_model, snapshot)
        if asks:
            answer(model)
        model.close()
    model = load(random_model, snapshot)
    assert answer(model)[0] == len(PROMPT) - 1
    model.close()


def test_the_snapshot_of_another_model_is_not_used(random_model: Path, tmp_path: Path) -> None:
    """Another file's weights make something else of the same tokens."""
    snapshot = tmp_path / "prompt.bin"
    other = write_random_model(tmp_path / "other.gguf", seed=2, layers=3)
    model = load(random_model, snapshot)
    answer(model)
    model.close()
    model = load(other, snapshot)
    assert answer(model)[0] == 0
    model.close()


def test_a_folder_that_is_gone_costs_the_snapshot_only(random_model: Path, tmp_path: Path) -> None:
    """The model is closed all the same."""
    model = load(random_model, tmp_path / "gone" / "prompt.bin")
    answer(model)
    model.close()
    assert not (tmp_path / "gone").exists()


@pytest.fixture(scope="module")
def snapshot(random_model: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A snapshot of the random model."""
    path = tmp_path_factory.mktemp("snapshot") / "prompt.bin"
    model = load(random_model, path)
    answer(model)
    model.close()
    return path.read_bytes()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_snapshot_is_deleted_and_changes_no_answer(
    random_model: Path, tmp_path: Path, snapshot: bytes, data: st.DataObject
) -> None:
    """Whichever byte is wrong or missing, the prompt is read instead."""
    damaged = bytearray(snapshot)
    place = data.draw(st.integers(0, len(snapshot) - 1) | st.integers(0, 400))
    if data.draw(st.booleans()):
        del damaged[place:]
    else:
        damaged[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "prompt.bin"
    path.write_bytes(damaged)
    model = load(random_model, path, Thrift())
    kept, text = answer(model)
    assert kept == 0
    assert not path.exists()
    model.prefixes.clear()
    assert answer(model)[1] == text
    model.close()


def test_a_snapshot_found_damaged_when_it_is_wanted_leaves_an_empty_memory(
    random_model: Path, tmp_path: Path, snapshot: bytes
) -> None:
    """What stood in the memory was given up for it, and is read again."""
    path = tmp_path / "prompt.bin"
    path.write_bytes(snapshot[:-1] + bytes([snapshot[-1] ^ 1]))
    model = load(random_model, path, Thrift())
    model.read(PROMPT[:50])
    kept, text = answer(model)
    assert kept == 0
    model.prefixes.clear()
    assert answer(model) == (0, text)
    model.close()


def test_a_file_that_is_no_snapshot_is_deleted(tmp_path: Path) -> None:
    """Whatever else lies there is of no use."""
    path = tmp_path / "prompt.bin"
    for content in (b"", b"x" * 1000, b"kb prompt 1\n\xff\xff\xff\xff{}", b"kb prompt 1\n\x02\0\0\0[]"):
        path.write_bytes(content)
        assert open_snapshot(path, identity="any") is None
        assert not path.exists()
