"""Tests of the large random models of the GPU benchmark, in their smallest shape."""

from pathlib import Path

import pytest

from assistant.engine.gguf import read_head
from assistant.engine.types import Sampling
from benchmarks.bare_llama import BareLlama
from benchmarks.gpu_model import QUANTISATIONS, SHAPES, read_bytes_per_token, size_bytes, write_shaped_model

SHAPE = SHAPES["tiny"]
SETTINGS = {"gpu_layers": 0, "context_tokens": 512, "batch_tokens": 64, "threads": 1, "kv_type": "f16"}


@pytest.mark.parametrize("quantisation", QUANTISATIONS)
def test_llama_cpp_computes_numbers_with_it(quantisation: str, tmp_path: Path) -> None:
    """Its blocks are random, and their scales are those of weights."""
    model = write_shaped_model(tmp_path / "model.gguf", SHAPE, quantisation)
    bare = BareLlama(model, SETTINGS, Sampling(temperature=1.0), is_silent=False)
    answered = bare.answer("What?", max_tokens=20)
    assert bare.is_sane()
    bare.close()
    assert answered.written == 20


@pytest.mark.parametrize("quantisation", QUANTISATIONS)
def test_what_is_said_of_a_file_is_true(quantisation: str, tmp_path: Path) -> None:
    """The size that room is made for, and the bytes that the bound is computed from."""
    file = write_shaped_model(tmp_path / "model.gguf", SHAPE, quantisation)
    head = read_head(file)
    assert head.needed_bytes == file.stat().st_size <= size_bytes(SHAPE, quantisation) * 1.05
    assert read_bytes_per_token(SHAPE, quantisation) == sum(
        tensor.size_bytes for tensor in head.tensors if tensor.name != "token_embd.weight"
    )
