"""What only a machine with a GPU can show; elsewhere each test says why it is skipped.

One command runs them: `make test-gpu`, after `make demo CMAKE_ARGS=-DGGML_CUDA=on`.
"""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.config import ModelSettings
from assistant.engine.client import open_engine
from assistant.engine.fit.costs import measure
from assistant.engine.fit.plan import Plan, Wishes, plan, read_heads
from assistant.engine.llama import is_gpu_build, list_devices, load_model
from assistant.engine.llama.loading import OutOfMemory, open_by_plan
from assistant.engine.types import Device, Interrupted, Piece
from indexer.worker import Worker
from tests.homes import short_home
from tests.models.shapes import write_shape
from tests.models.wired_gguf import write_random_model

pytestmark = pytest.mark.gpu

MIB = 1024**2


@pytest.fixture
def card() -> Device:
    """The first card that llama.cpp can use."""
    if not is_gpu_build():
        pytest.skip("this llama.cpp was built without GPU support")
    cards = [device for device in list_devices() if device.kind == "gpu"]
    if not cards:
        pytest.skip("llama.cpp sees no card with memory of its own")
    return cards[0]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a third of a gigabyte, so that a driver's own needs are small beside it."""
    if not is_gpu_build():
        pytest.skip("this llama.cpp was built without GPU support")
    folder = tmp_path_factory.mktemp("models")
    return write_shape(folder, "llama", layers=8, width=2048, weights="q8_0")


def planned(file: Path) -> Plan:
    """Plan with what is free now."""
    return plan(measure(read_heads(file)), list_devices(), Wishes())


@pytest.fixture
def crowd(card: Device) -> Iterator[int]:
    """Another program that leaves little of the card; how many bytes."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU here")
    left = min(1024 * MIB, card.total_bytes // 12) + 300 * MIB
    torch.cuda.init()
    free, _ = torch.cuda.mem_get_info()
    taken = [torch.empty(free - left, dtype=torch.uint8, device="cuda")]
    yield left
    taken.clear()
    gc.collect()
    torch.cuda.empty_cache()


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


def test_the_plan_is_what_the_card_is_short_of_afterwards(card: Device, large: Path) -> None:
    """Within a twentieth, for the whole model with its context."""
    model = load_model(large, context_tokens=0, gpu_layers=-1, threads=1)
    facts = model.facts
    model.close()
    assert facts.gpu_layers == facts.layers
    assert facts.remarks == ()
    assert facts.gpu_bytes == pytest.approx(facts.planned_gpu_bytes, rel=0.05)


def test_a_coarser_context_takes_as_much_less_as_planned(card: Device, large: Path) -> None:
    """What is saved of the card is what was planned to be saved."""
    taken = {}
    for kv_type in ("f16", "q8_0"):
        model = load_model(large, context_tokens=8192, gpu_layers=-1, threads=1, kv_type=kv_type)
        taken[kv_type] = model.facts
        model.close()
    saved = taken["f16"].gpu_bytes - taken["q8_0"].gpu_bytes
    meant = taken["f16"].planned_gpu_bytes - taken["q8_0"].planned_gpu_bytes
    assert saved == pytest.approx(meant, abs=0.05 * taken["f16"].planned_gpu_bytes)


def test_a_crowded_card_gets_what_fits(crowd: int, large: Path) -> None:
    """Another program holds nearly all of it: the rest of the model stands on the CPU, and it answers."""
    with short_home() as places:
        client = open_engine(places, ModelSettings(path=str(large)))
        try:
            status = client.wait_ready()
            assert client.count_tokens("hello") > 0
        finally:
            client.stop()
    assert status["gpu_layers"] < status["layers"] or status["context_tokens"] < 8192
    assert status["gpu_bytes"] <= crowd


def test_a_full_card_is_a_reason_and_no_crash(card: Device, large: Path) -> None:
    """A plan that asks for more than there is ends in an exception, after which the card works as before."""
    found = planned(large)
    tokens = 2 * card.total_bytes // (8 * 4096)
    with pytest.raises(OutOfMemory):
        open_by_plan(large, replace(found, context_tokens=tokens // 256 * 256), threads=1)
    opened = open_by_plan(large, found, threads=1)
    opened.close()
    assert opened.gpu_layers[0] == found.gpu_layers


def test_experts_stay_off_the_card(card: Device, tmp_path: Path) -> None:
    """The card holds less by what they take, and all layers all the same."""
    file = write_shape(tmp_path, "qwen3moe", layers=4, width=512)
    costs = measure(read_heads(file))
    found = planned(file)
    taken = []
    for experts in ((), (1, 2)):
        opened = open_by_plan(file, replace(found, experts_on_cpu=experts), threads=1)
        opened.close()
        assert opened.gpu_layers == (5, 5)
        taken.append(opened.buffers.of_gpus("model"))
    saved = sum(costs.layers[index].expert_bytes for index in (1, 2))
    assert taken[0] - taken[1] == pytest.approx(saved, rel=0.02)


def test_reading_on_the_card_can_be_given_up(card: Device, large: Path) -> None:
    """Between two batches; what comes next is answered as ever."""
    model = load_model(large, context_tokens=8192, gpu_layers=-1, threads=1, batch_tokens=256)
    long = model.tokenize([Piece("the tide was low and the boats lay on the sand. " * 400, False)])
    read: list[int] = []

    def give_up(count: int) -> None:
        read.append(count)
        model.interrupt()

    with pytest.raises(Interrupted):
        model.read(long[:8000], give_up)
    assert read
    assert read[-1] <= 256
    model.clear_interrupt()
    short = long[:300]
    assert model.read(short) < len(short)
    model.close()
