"""A checkpoint as a GGUF file; `python -m tests.models.tiny_reader.export`."""

import argparse
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
import torch

from tests.models.tiny_reader.network import Shape
from tests.models.tiny_reader.tokens import (
    PRE_TOKENIZER,
    SPECIAL,
    TEMPLATE,
    build_tokenizer,
    merges_of,
    pieces_of,
)

Floats = npt.NDArray[np.float32]
MODEL_PATH = Path(__file__).with_name("tiny_reader.gguf")
NAME = "kb tiny reader"


def _interleave(rows: Floats, heads: int) -> Floats:
    """Reorder rotated pairs from halves of a head, as here, to neighbours, as llama.cpp has them."""
    half = rows.shape[0] // heads // 2
    swapped: Floats = rows.reshape(heads, 2, half, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
    return swapped


def name_tensors(state: dict[str, Floats], shape: Shape) -> dict[str, Floats]:
    """Name and arrange the weights as llama.cpp expects them."""
    tensors = {"token_embd.weight": state["embedding.weight"], "output_norm.weight": state["norm.weight"]}
    plain = {
        "attn_norm.weight": "attention_norm.weight",
        "attn_v.weight": "v.weight",
        "attn_output.weight": "out.weight",
        "ffn_norm.weight": "inner_norm.weight",
        "ffn_gate.weight": "gate.weight",
        "ffn_up.weight": "up.weight",
        "ffn_down.weight": "down.weight",
    }
    turned = {
        "attn_q.weight": "q.weight",
        "attn_k.weight": "k.weight",
        "attn_q.bias": "q.bias",
        "attn_k.bias": "k.bias",
    }
    inside = shape.heads * shape.head_width
    for layer in range(shape.layers):
        ours, theirs = f"blocks.{layer}.", f"blk.{layer}."
        tensors |= {theirs + name: state[ours + source] for name, source in plain.items()}
        tensors |= {
            theirs + name: _interleave(state[ours + source], shape.heads) for name, source in turned.items()
        }
        # llama.cpp takes the three biases together or not at all
        tensors[theirs + "attn_v.bias"] = np.zeros(inside, np.float32)
    return tensors


def write_gguf(state: dict[str, Floats], shape: Shape, path: Path, *, half: bool) -> None:
    """Write the file, its matrices as F16 if `half`, else as Q8_0."""
    writer: Any = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_description(
        "Answers from numbered passages in one prompt format. Made for tests; trained from scratch."
    )
    writer.add_license("Apache-2.0")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_rope_freq_base(shape.theta)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if half else gguf.LlamaFileType.MOSTLY_Q8_0)
    tokenizer = build_tokenizer()
    pieces = pieces_of(tokenizer)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list(pieces)
    writer.add_token_types(
        [gguf.TokenType.CONTROL if piece in SPECIAL else gguf.TokenType.NORMAL for piece in pieces]
    )
    writer.add_token_merges([" ".join(pair) for pair in merges_of(tokenizer)])
    end = pieces.index(SPECIAL[0])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_pad_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, tensor in name_tensors(state, shape).items():
        rows = np.ascontiguousarray(tensor, dtype=np.float32)
        if rows.ndim == 1:
            writer.add_tensor(name, rows)
        elif half:
            writer.add_tensor(name, rows.astype(np.float16))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(rows, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def export(checkpoint: Path, path: Path, *, half: bool = False) -> None:
    """Turn a checkpoint of the training into a GGUF file."""
    state = {name: tensor.float().numpy() for name, tensor in torch.load(checkpoint)["model"].items()}
    write_gguf(state, Shape(vocabulary=len(state["embedding.weight"])), path, half=half)


def main() -> None:
    """Export the newest checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=Path("build/tiny_reader/checkpoint.pt"))
    parser.add_argument("--out", type=Path, default=MODEL_PATH)
    parser.add_argument("--half", action="store_true", help="Write F16 instead of Q8_0.")
    arguments = parser.parse_args()
    export(arguments.checkpoint, arguments.out, half=arguments.half)
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
