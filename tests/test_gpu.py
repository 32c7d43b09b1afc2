"""What only a machine with a GPU can show; elsewhere each test says why it is skipped.

One command runs them: `make test-gpu`, after `make demo CMAKE_ARGS=-DGGML_CUDA=on`.
"""

from pathlib import Path

import pytest

from assistant.config import ModelSettings
from assistant.engine.client import open_engine
from indexer.worker import Worker
from tests.homes import short_home
from tests.models.wired_gguf import write_random_model

pytestmark = pytest.mark.gpu


def test_every_layer_goes_to_the_gpu(tmp_path: Path) -> None:
    """With the default settings the engine puts the whole model on the card, and says on which."""
    model = write_random_model(tmp_path / "random.gguf", layers=4)
    with short_home() as places:
        client = open_engine(places, ModelSettings(path=str(model)))
        try:
            status = client.wait_ready()
        finally:
            client.stop()
    if not status["is_gpu_build"]:
        pytest.skip("this llama.cpp was built without GPU support")
    assert status["layers"] >= 4
    assert status["gpu_layers"] == status["layers"]
    assert status["device"] != "CPU"


def test_no_layer_goes_to_the_gpu_when_none_is_wanted(tmp_path: Path) -> None:
    """`gpu_layers = 0` keeps the model on the CPU, and the status does not claim otherwise."""
    model = write_random_model(tmp_path / "random.gguf", layers=4)
    with short_home() as places:
        client = open_engine(places, ModelSettings(path=str(model), gpu_layers=0))
        try:
            status = client.wait_ready()
        finally:
            client.stop()
    assert status["gpu_layers"] == 0
    assert status["device"] == "CPU"


def test_the_embedder_takes_the_gpu(worker: Worker) -> None:
    """`device = "auto"` means the card where torch sees one."""
    device = worker.describe().device
    if device == "cpu":
        pytest.skip("torch sees no GPU here")
    assert device in {"cuda", "mps"}
