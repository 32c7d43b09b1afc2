"""What is counted from the head of a file, held against what llama.cpp takes."""

from pathlib import Path

import pytest

from assistant.engine.fit.costs import Costs, measure
from assistant.engine.fit.plan import KvType, Plan, Wishes, plan, read_heads
from assistant.engine.llama.loading import open_by_plan
from assistant.engine.llama.log import Buffers
from assistant.engine.types import Device
from tests.models.shapes import SHAPES, write_shape
from tests.models.wired_gguf import write_random_model

RAM = Device(name="CPU", kind="cpu", free_bytes=1 << 36, total_bytes=1 << 36)
ROUNDED = 0.02 * 1024**2
"""llama.cpp writes hundredths of a MiB, for two buffers or three."""


def plan_on_cpu(costs: Costs, *, kv_type: KvType = "f16", context_tokens: int = 8192) -> Plan:
    """Plan for a machine without a GPU."""
    return plan(costs, [RAM], Wishes(kv_type=kv_type, context_tokens=context_tokens))


def open_buffers(file: Path, found: Plan, *, is_rehearsal: bool = False) -> Buffers:
    """Load a model as planned, and return what that took."""
    opened = open_by_plan(file, found, threads=1, is_rehearsal=is_rehearsal)
    opened.close()
    return opened.buffers


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_counted_is_what_llama_cpp_takes(name: str, tmp_path: Path) -> None:
    """Of every architecture: what is kept of the tokens, the weights, and about the intermediate results."""
    file = write_shape(tmp_path, name)
    costs = measure(read_heads(file))
    found = plan_on_cpu(costs)
    buffers = open_buffers(file, found)
    kept = costs.cache_bytes(costs.layers, found.context_tokens, found.kv_type, found.batch_tokens)
    assert kept == pytest.approx(buffers.of_kind("KV") + buffers.of_kind("RS"), rel=0.002, abs=ROUNDED)
    # the file of that one holds a layer that is not used, and it is mapped as a whole.
    if name != "glm4moe":
        weights = costs.weight_bytes(is_output_on_gpu=False)
        assert weights == pytest.approx(buffers.of_kind("model"), rel=0.05, abs=ROUNDED)
    estimated = costs.compute_bytes(found.context_tokens, found.batch_tokens)
    assert 0.85 <= estimated / buffers.of_kind("compute") <= 1.8


@pytest.mark.parametrize("kv_type", ["f16", "q8_0", "q4_0"])
@pytest.mark.parametrize("context_tokens", [1024, 8192])
def test_coarser_numbers_take_what_is_counted(kv_type: KvType, context_tokens: int, tmp_path: Path) -> None:
    """A quantised context is as much smaller as it is planned to be, in layers with and without a window."""
    for name in ("llama", "gpt-oss"):
        file = write_shape(tmp_path, name)
        costs = measure(read_heads(file))
        found = plan_on_cpu(costs, kv_type=kv_type, context_tokens=context_tokens)
        kept = costs.cache_bytes(costs.layers, context_tokens, kv_type, found.batch_tokens)
        assert kept == pytest.approx(open_buffers(file, found).of_kind("KV"), rel=0.002, abs=ROUNDED)


@pytest.mark.parametrize("name", ["llama", "qwen3next", "gemma3", "deepseek2"])
def test_a_rehearsal_says_what_the_real_load_takes(name: str, tmp_path: Path) -> None:
    """Without taking it: intermediate results, and what is kept of the tokens."""
    file = write_shape(tmp_path, name)
    found = plan_on_cpu(measure(read_heads(file)))
    rehearsed, real = (open_buffers(file, found, is_rehearsal=each) for each in (True, False))
    assert rehearsed.of_kind("compute") == real.of_kind("compute")
    assert rehearsed.cache_bytes == real.cache_bytes
    assert rehearsed.of_kind("model") < ROUNDED


def test_parts_of_a_model_are_counted_together(tmp_path: Path) -> None:
    """A model in several files takes what all its files hold."""
    whole = measure(read_heads(write_random_model(tmp_path / "m.gguf")))
    for part in (1, 2):
        write_random_model(tmp_path / f"m-{part:05}-of-00002.gguf")
    parts = measure(read_heads(tmp_path / "m-00001-of-00002.gguf"))
    assert parts.layers == whole.layers
