"""Random weights that keep a model's numbers in a sane range, whatever its depth."""

import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_MATRIX = re.compile(
    r"(token_embd|per_layer_token_embd|output|.*\.(attn_(q|k|v|qkv|output|q_a|q_b|kv_a_mqa|kv_b|gate)"
    r"|ffn_(gate|up|down|gate_up)(_exps|_shexp|_chexps)?|ssm_(in|out)))\.weight"
)
"""Tensors that real files store in 16 bits or fewer; all others are small and in 32."""

EMPHASIS = 20.0
"""How much louder the tokens are that a model should write."""

ATTENTION = 2.0
"""How much sharper attention is than it would be by chance, so that an answer depends on single tokens."""


def random_weights(
    name: str,
    shape: Sequence[int],
    *,
    words: Sequence[int],
    layers: int,
    seed: int,
    is_tied: bool = False,
    is_unscaled: bool = False,
) -> npt.NDArray[np.floating[Any]]:
    """Make one tensor: near 1 for norms, negative for decays, and otherwise as wide as its inputs allow.

    Args:
        name: As in the file.
        shape: As numpy counts.
        words: Tokens that the model should write rather than others.
        layers: Of the model; the more there are, the less each of them adds.
        seed: Another model for every seed.
        is_tied: Whether the embeddings are the output layer too; then they are smaller, so that the last
            token does not drown what the layers add.
        is_unscaled: Whether attention takes products of queries and keys as they are; then their norms are
            small, so that it does not look at one token alone.
    """
    numbers = np.random.default_rng((seed, zlib.crc32(name.encode())))
    values: npt.NDArray[np.floating[Any]]
    if re.search(r"norm(_\w+)?\.weight$", name) or "layer_output_scale" in name:
        values = 1 + numbers.normal(0, 0.05, shape)
        if is_unscaled and re.search(r"attn_(q|k)_norm", name):
            values *= 0.4
    elif re.search(r"\.ssm_a(\.weight)?$", name):
        values = -np.abs(numbers.normal(1, 0.3, shape))
    elif name.endswith(".bias") or len(shape) == 1:
        values = numbers.normal(0, 0.1, shape)
    elif name in ("token_embd.weight", "output.weight"):
        # quiet rather than silent: a prompt's marks must still be told apart.
        loudness = 1.0 if name == "output.weight" else 0.02 if is_tied else 0.1
        values = numbers.standard_normal(shape, np.float32) * np.float32(loudness / EMPHASIS)
        values[list(words)] *= EMPHASIS
    else:
        gain = 1.0
        if re.search(r"attn_(q|k|qkv|q_b|k_b)\.weight$", name):
            gain = ATTENTION
        elif re.search(r"(attn_output|ffn_down\w*|ssm_out)\.weight$", name):
            gain = (2 / layers) ** 0.5
        values = numbers.standard_normal(shape, np.float32) * np.float32(gain / np.sqrt(shape[-1]))
    return values.astype(np.float16 if is_matrix(name, shape) else np.float32)


def is_matrix(name: str, shape: Sequence[int]) -> bool:
    """Say whether real files store a tensor in 16 bits or fewer."""
    return len(shape) > 1 and _MATRIX.fullmatch(name) is not None
