"""Tests of the whole: files, what llama.cpp says of them, and where they fit."""

from pathlib import Path

import pytest

from assistant.engine.fit import Wishes
from assistant.engine.models.files import ModelFile, list_models, model_of_file
from assistant.engine.models.kept import Kept
from assistant.engine.models.library import Library, with_memory_back
from assistant.engine.models.shelves import Shelf
from assistant.engine.types import Device
from tests.assistant.engine.models.programs import put_into_ollama
from tests.models.shapes import write_shape

GPU = Device(name="card", kind="gpu", free_bytes=3, total_bytes=10)
CPU = Device(name="CPU", kind="cpu", free_bytes=5, total_bytes=10)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library that knows nothing yet."""
    (tmp_path / "work").mkdir()
    return Library(kept_file=tmp_path / "models.json", work_dir=tmp_path / "work", wishes=Wishes())


@pytest.fixture
def model(scripted_model: Path) -> ModelFile:
    """A model that loads."""
    return model_of_file(scripted_model)


def test_a_model_is_tried_placed_and_remembered(library: Library, model: ModelFile, tmp_path: Path) -> None:
    """What llama.cpp said is kept for the next time."""
    said: list[str] = []
    (entry,) = library.entries([model], on_progress=said.append)
    assert (entry.loads, entry.trouble) == (True, "")
    assert entry.plan is not None
    assert entry.plan.where == "CPU"
    assert said == [
        "reading 1 of 1 models…",
        "new models: 0 of 1 tried…",
        "new models: 1 of 1 tried, scripted last…",
    ]
    said.clear()
    library.entries([model], on_progress=said.append)
    assert said == ["reading 1 of 1 models…"]


def test_what_is_known_unfolds_step_by_step(library: Library, model: ModelFile) -> None:
    """At once what the head says, at the end verdict and place; the next time all is known before."""
    steps = list(library.unfolding([model]))
    assert [(entry.loads, entry.plan is None) for (entry,) in steps] == [
        (None, True),
        (None, True),
        (True, False),
    ]
    assert steps[0][0].card.kind == "chat"
    assert [(entry.loads, entry.plan is None) for (entry,) in library.unfolding([model])] == [
        (True, True),
        (True, False),
    ]


def test_what_was_not_tried_is_not_known(library: Library, model: ModelFile) -> None:
    """Where there is no time to ask, nothing is claimed."""
    (entry,) = library.entries([model], limit_s=0)
    assert entry.loads is None
    assert entry.to_json()["loads"] is None


def test_the_word_of_another_version_does_not_count(
    library: Library, model: ModelFile, tmp_path: Path
) -> None:
    """A newer llama.cpp may load what an older one did not."""
    library.entries([model])
    file = tmp_path / "models.json"
    kept = Kept(file).verdict(model.path)
    assert kept is not None
    file.write_text(file.read_text(encoding="utf-8").replace(f'"{kept.llama_cpp}"', '"0.0.1"'))
    again = Library(kept_file=file, work_dir=tmp_path / "work", wishes=Wishes())
    assert again.entries([model], limit_s=0)[0].loads is None


def test_what_ollama_made_for_itself_is_told_so(library: Library, tmp_path: Path) -> None:
    """A blob that llama.cpp refuses has llama.cpp's reason, and where it comes from."""
    odd = write_shape(tmp_path, "qwen3", without="blk.1.ffn_down.weight").read_bytes()
    store = tmp_path / "ollama"
    put_into_ollama(store, "registry.ollama.ai/library/odd/1b", model=odd)
    (entry,) = library.entries(list(list_models([Shelf("Ollama", store, "ollama")])))
    assert entry.loads is False
    assert "blk.1.ffn_down.weight" in entry.trouble
    assert entry.trouble.endswith("; Ollama may have made it for its own engine")


def test_one_model_that_failed_is_tried_again(library: Library, tmp_path: Path) -> None:
    """Whoever asks for a certain model gets an answer of now."""
    odd = write_shape(tmp_path, "qwen3", without="blk.1.ffn_down.weight")
    assert library.entry(model_of_file(odd)).loads is False
    kept = Kept(tmp_path / "models.json").verdict(odd)
    assert kept is not None
    assert library.entry(model_of_file(odd)).trouble == f"llama.cpp says: {kept.reason}"


def test_memory_of_our_own_engine_counts_as_free() -> None:
    """The model that is loaded would fit again; no card has more than it has."""
    assert with_memory_back([GPU, CPU], 4)[0].free_bytes == 7
    assert with_memory_back([GPU, CPU], 40)[0].free_bytes == 10
    assert with_memory_back([GPU, CPU], 4)[1] == CPU
    assert with_memory_back([CPU], 4) == (CPU,)
