"""Tests of planning what of a model goes where."""

from pathlib import Path

from assistant.engine.fit import Wishes, plan_for
from assistant.engine.types import Device
from tests.models.wired_gguf import write_random_model

GIB = 1024**3
RAM = Device(name="CPU", kind="cpu", free_bytes=8 * GIB, total_bytes=16 * GIB)
CARD = Device(name="card", kind="gpu", free_bytes=7 * GIB, total_bytes=8 * GIB)


def test_a_small_model_goes_on_the_gpu_as_a_whole(tmp_path: Path) -> None:
    """Every layer, the output layer too, and all the context it was trained on."""
    model = write_random_model(tmp_path / "m.gguf", layers=4)
    plan = plan_for(model, [CARD, RAM], Wishes())
    assert (plan.where, plan.gpu_layers, plan.layers, plan.context_tokens) == ("GPU", 5, 5, 8192)


def test_without_a_gpu_a_model_stays_on_the_cpu(tmp_path: Path) -> None:
    """And takes nothing of a GPU."""
    plan = plan_for(write_random_model(tmp_path / "m.gguf"), [RAM], Wishes())
    assert (plan.where, plan.gpu_layers, plan.gpu_bytes) == ("CPU", 0, 0)
