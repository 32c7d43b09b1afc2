"""GGUF files of random numbers in the shape of real models: nothing to read in, everything to compute.

Tensors are written one after another from a few megabytes of random blocks, so that a file of 8 GB takes
seconds and no memory. Their scales are those of real weights, so that what is computed stays finite.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

from tests.models.wired_gguf import CHATML, CONTROL, END, byte_spelling

Blocks = npt.NDArray[np.uint8]

_POOL_BYTES = 64 << 20
_WEIGHT = 0.02
"""Standard deviation of a weight, as models begin with it."""

_F32, _Q8, _Q4, _Q6 = (
    gguf.GGMLQuantizationType.F32,
    gguf.GGMLQuantizationType.Q8_0,
    gguf.GGMLQuantizationType.Q4_K,
    gguf.GGMLQuantizationType.Q6_K,
)
QUANTISATIONS = {"q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "q4_k_m": gguf.LlamaFileType.MOSTLY_Q4_K_M}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The numbers that make a model large."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    hidden: int
    vocabulary: int

    @property
    def kv_width(self) -> int:
        """Keys of one token in one layer."""
        return self.width // self.heads * self.kv_heads

    @property
    def kv_numbers(self) -> int:
        """Numbers in the keys and values of one token, in all layers."""
        return self.layers * 2 * self.kv_width


SHAPES = {
    "tiny": Shape(layers=4, width=512, heads=8, kv_heads=2, hidden=1536, vocabulary=8192),
    # Llama 3 8B, Qwen2.5 32B
    "8b": Shape(layers=32, width=4096, heads=32, kv_heads=8, hidden=14_336, vocabulary=128_256),
    "32b": Shape(layers=64, width=5120, heads=40, kv_heads=8, hidden=27_648, vocabulary=152_064),
}


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    rows: int
    columns: int
    kind: gguf.GGMLQuantizationType

    @property
    def size_bytes(self) -> int:
        block, block_bytes = gguf.GGML_QUANT_SIZES[self.kind]
        return self.rows * self.columns // int(block) * int(block_bytes)


def size_bytes(shape: Shape, quantisation: str) -> int:
    """Return about how large the file will be."""
    return sum(tensor.size_bytes for tensor in _tensors(shape, quantisation)) + 80 * shape.vocabulary


def read_bytes_per_token(shape: Shape, quantisation: str) -> int:
    """Return how many bytes of weights are read for every token: all but the embeddings of other tokens."""
    return sum(t.size_bytes for t in _tensors(shape, quantisation) if t.name != "token_embd.weight")


def write_shaped_model(path: Path, shape: Shape, quantisation: str) -> Path:
    """Write a Llama of this shape with a byte-level vocabulary and a ChatML template."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random")
    writer.add_context_length(32_768)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500_000.0)
    writer.add_file_type(QUANTISATIONS[quantisation])
    _add_vocabulary(writer, shape.vocabulary)
    tensors = list(_tensors(shape, quantisation))
    for tensor in tensors:
        if tensor.kind == _F32:
            writer.add_tensor_info(tensor.name, (tensor.columns,), np.dtype(np.float32), tensor.size_bytes)
        else:
            byte_shape = (tensor.rows, tensor.size_bytes // tensor.rows)
            writer.add_tensor_info(
                tensor.name, byte_shape, np.dtype(np.uint8), tensor.size_bytes, raw_dtype=tensor.kind
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    numbers = np.random.default_rng(1)
    pools = {kind: _make_blocks(kind, numbers) for kind in {t.kind for t in tensors} - {_F32}}
    for tensor in tensors:
        if tensor.kind == _F32:
            writer.write_tensor_data(np.ones(tensor.columns, np.float32))
        else:
            writer.write_tensor_data(_cut(pools[tensor.kind], tensor.size_bytes, numbers))
    writer.close()
    return path


def _cut(pool: Blocks, size: int, numbers: np.random.Generator) -> Blocks:
    """Take so many bytes of whole blocks from a place of the pool, over and over if it is too small."""
    start = int(numbers.integers(len(pool)))
    turned = pool.reshape(-1)
    if start * pool.shape[1] + size <= turned.size:
        return turned[start * pool.shape[1] :][:size]
    return np.resize(np.roll(pool, -start, axis=0), size)


def _tensors(shape: Shape, quantisation: str) -> Iterator[_Tensor]:
    """List the tensors of a file, in its order; the types are those that llama.cpp's recipes choose."""
    usual, better = (_Q8, _Q8) if quantisation == "q8_0" else (_Q4, _Q6)
    width, hidden = shape.width, shape.hidden
    yield _Tensor("token_embd.weight", shape.vocabulary, width, usual)
    for layer in range(shape.layers):
        more = better if _has_more_bits(layer, shape.layers) else usual
        for name, rows, columns, kind in (
            ("attn_norm", 1, width, _F32),
            ("attn_q", width, width, usual),
            ("attn_k", shape.kv_width, width, usual),
            ("attn_v", shape.kv_width, width, more),
            ("attn_output", width, width, usual),
            ("ffn_norm", 1, width, _F32),
            ("ffn_gate", hidden, width, usual),
            ("ffn_up", hidden, width, usual),
            ("ffn_down", width, hidden, more),
        ):
            yield _Tensor(f"blk.{layer}.{name}.weight", rows, columns, kind)
    yield _Tensor("output_norm.weight", 1, width, _F32)
    yield _Tensor("output.weight", shape.vocabulary, width, better)


def _has_more_bits(layer: int, layers: int) -> bool:
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _make_blocks(kind: gguf.GGMLQuantizationType, numbers: np.random.Generator) -> Blocks:
    """Make random blocks, `(n, bytes of a block)`."""
    _, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    blocks = numbers.integers(0, 256, (_POOL_BYTES // block_bytes, block_bytes), np.uint8)

    def put(at: int, scale: float) -> None:
        blocks[:, at : at + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)

    # each divisor is the standard deviation of what the scale is multiplied by.
    if kind == _Q8:
        put(0, _WEIGHT / 74)
    elif kind == _Q4:
        scale = _WEIGHT / 190
        put(0, scale)
        # the least value of a block: half its range, so that the mean is 0.
        put(2, scale * 7.5)
    elif kind == _Q6:
        put(208, _WEIGHT / 1370)
    else:
        raise ValueError(f"no blocks of {kind.name} are made here")
    return blocks


def _add_vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """Add tokens for every byte, and words that no text yields and the model writes."""
    syllables = [a + b for a in "bdfghjklmnprstvwz" for b in "aeiou"]
    words = ("Ġ" + "".join(each) for each in itertools.product(syllables, repeat=3))
    fixed = [*CONTROL, *byte_spelling(), "th"]
    tokens = [*fixed, *itertools.islice(words, size - len(fixed))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * (size - len(kinds))])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(END)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)
