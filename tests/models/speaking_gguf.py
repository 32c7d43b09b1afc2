"""Models that say one text by heart, of any size, and read its words as single tokens.

Their layers have the size of a real model's, compute as long, and add nothing. So an answer can
be made to quote the prompt, or not, without any training, and its scores do not depend on how
many tokens are evaluated at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

from tests.models.wired_gguf import CHATML, CONTROL, END, byte_spelling


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a model."""

    width: int = 384
    hidden: int = 64
    layers: int = 1
    heads: int = 6
    kv_heads: int = 1


SMALL = Size()


def write_speaking_model(path: Path, words: Sequence[str], *, size: Size = SMALL) -> Path:
    """Write a Llama model in Q8_0 that answers everything with the same words.

    Args:
        path: Where the GGUF goes.
        words: The tokens of the answer, each with its space, no two alike.
        size: Its shape; no fewer numbers in a hidden state than there are tokens.
    """
    spelling = byte_spelling()
    spelled = ["".join(spelling[byte] for byte in word.encode()) for word in words]
    # merges build a word from its bytes, from left to right.
    steps = [[word[:end] for end in range(2, len(word) + 1)] for word in spelled]
    pieces = list(dict.fromkeys(piece for each in steps for piece in each))
    merges = list(dict.fromkeys(f"{piece[:-1]} {piece[-1]}" for each in steps for piece in each))
    vocabulary = [*CONTROL, *spelling, *pieces]
    if len(vocabulary) > size.width:
        raise ValueError(f"{len(vocabulary)} tokens need a hidden state of as many numbers")
    following = [vocabulary.index(word) for word in spelled]
    chain = [len(CONTROL) + ord("\n"), *following, END]
    embedding = np.zeros((len(vocabulary), size.width), np.float32)
    embedding[np.arange(len(vocabulary)), np.arange(len(vocabulary))] = 1
    output = np.zeros_like(embedding)
    output[chain[1:], chain[:-1]] = 4
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("speaking")
    writer.add_context_length(16384)
    writer.add_embedding_length(size.width)
    writer.add_feed_forward_length(size.hidden)
    writer.add_block_count(size.layers)
    writer.add_head_count(size.heads)
    writer.add_head_count_kv(size.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    kinds = [gguf.TokenType.CONTROL] * len(CONTROL)
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * (len(vocabulary) - len(CONTROL))])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(END)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)
    kv_width = size.width // size.heads * size.kv_heads
    shapes = {
        "attn_q": (size.width, size.width),
        "attn_k": (kv_width, size.width),
        "attn_v": (kv_width, size.width),
        "attn_output": (size.width, size.width),
        "ffn_gate": (size.hidden, size.width),
        "ffn_up": (size.hidden, size.width),
        "ffn_down": (size.width, size.hidden),
    }
    writer.add_tensor("token_embd.weight", embedding.astype(np.float16))
    writer.add_tensor("output.weight", output.astype(np.float16))
    writer.add_tensor("output_norm.weight", np.ones(size.width, np.float32))
    kind = gguf.GGMLQuantizationType.Q8_0
    for layer in range(size.layers):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(size.width, np.float32))
        for name, (rows, columns) in shapes.items():
            # blocks of 32 zeros in 34 bytes; they take as long as any other numbers.
            zeros = np.zeros((rows, columns // 32 * 34), np.uint8)
            writer.add_tensor(f"blk.{layer}.{name}.weight", zeros, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
