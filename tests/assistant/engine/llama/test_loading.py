"""Tests of loading a model by plan, with real models and real want of memory."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from assistant.engine.fit.costs import measure
from assistant.engine.fit.plan import Plan, Wishes, plan, read_heads
from assistant.engine.llama import load_model
from assistant.engine.llama.loading import CacheRefused, open_by_plan
from assistant.engine.types import Device
from assistant.errors import ModelFileError
from tests.models.shapes import write_shape

RAM = Device(name="CPU", kind="cpu", free_bytes=1 << 36, total_bytes=1 << 36)

CRAMPED = """
import json, resource, sys
from pathlib import Path
from assistant.engine.llama import load_model
from assistant.errors import ModelFileError
file, room = Path(sys.argv[1]), int(sys.argv[2])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
try:
    facts = load_model(file, context_tokens=8192, gpu_layers=-1, threads=1).facts
    said = {"context_tokens": facts.context_tokens, "remarks": facts.remarks}
except ModelFileError as error:
    said = {"error": error.message, "hint": error.hint}
print(json.dumps(said))
"""


def load_cramped(file: Path, room_bytes: int) -> dict[str, Any]:
    """Load a model in a process that gets no more memory than this, and return what became of it."""
    done = subprocess.run(
        [sys.executable, "-c", CRAMPED, str(file), str(room_bytes)], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def planned(file: Path, wishes: Wishes | None = None) -> Plan:
    """Plan for a machine without a GPU."""
    return plan(measure(read_heads(file)), [RAM], wishes or Wishes())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to a limit of its memory")
def test_where_memory_runs_out_less_context_is_taken(tmp_path: Path) -> None:
    """The model is loaded all the same, and says what it had to do without, and why."""
    file = write_shape(tmp_path, "llama", width=1024)
    said = load_cramped(file, file.stat().st_size + 68 * 1024**2)
    assert 1024 <= said["context_tokens"] < 8192
    (remark,) = said["remarks"]
    assert remark.startswith("no layers on the GPU and 8,192 tokens of context could not be had (")
    assert f"{said['context_tokens']:,} tokens" in remark


def test_the_plan_is_what_is_loaded(tmp_path: Path) -> None:
    """Context, numbers and batch are as planned, and the facts say so."""
    file = write_shape(tmp_path, "llama")
    model = load_model(file, context_tokens=2048, gpu_layers=0, threads=1, kv_type="q8_0", batch_tokens=256)
    facts = model.facts
    model.close()
    assert (facts.context_tokens, facts.kv_type, facts.batch_tokens) == (2048, "q8_0", 256)
    assert (facts.gpu_layers, facts.gpu_bytes, facts.planned_gpu_bytes, facts.device) == (0, 0, 0, "CPU")
    assert facts.remarks == ("no layers are wanted on the GPU ([model] gpu_layers is 0)",)


def test_what_fits_is_taken_unasked(tmp_path: Path) -> None:
    """Without a wish a model on the CPU gets the context that is enough, in the finest numbers."""
    model = load_model(write_shape(tmp_path, "qwen3"), context_tokens=0, gpu_layers=-1, threads=1)
    facts = model.facts
    model.close()
    assert (facts.context_tokens, facts.kv_type) == (8192, "f16")


def test_numbers_that_a_model_cannot_be_kept_in_are_not_insisted_on(tmp_path: Path) -> None:
    """Heads that are no multiple of a block are kept in f16, with a word about it."""
    file = write_shape(tmp_path, "llama", width=256 - 64)
    with pytest.raises(CacheRefused):
        open_by_plan(file, replace(planned(file), kv_type="q8_0"), threads=1)
    model = load_model(file, context_tokens=1024, gpu_layers=-1, threads=1, kv_type="q8_0")
    facts = model.facts
    model.close()
    assert facts.kv_type == "f16"
    assert "in q8_0 could not be had" in facts.remarks[0]


def test_experts_can_be_left_to_the_processor(tmp_path: Path) -> None:
    """llama.cpp takes the list of their tensors, and the model answers as before."""
    file = write_shape(tmp_path, "qwen3moe", layers=3)
    found = replace(planned(file), experts_on_cpu=(0, 2))
    opened = open_by_plan(file, found, threads=1)
    opened.close()
    assert opened.buffers.of_kind("KV") > 0


def test_a_model_that_no_memory_holds_is_refused(tmp_path: Path) -> None:
    """By its head alone, before anything is read."""
    file = tmp_path / "huge.gguf"
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(1)
    writer.add_tokenizer_model("gpt2")
    size = 1 << 42
    writer.add_tensor_info("blk.0.ffn_up.weight", (1 << 20, 1 << 21), np.dtype(np.float16), size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    # a file of holes.
    os.truncate(file, size + 4096)
    with pytest.raises(ModelFileError) as caught:
        load_model(file, context_tokens=0, gpu_layers=-1, threads=1)
    assert caught.value.message.startswith("huge.gguf does not fit in memory: the model needs 4398.")
    assert "kb models list" in caught.value.hint
