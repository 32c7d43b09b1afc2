"""What the parts of a model take in memory, from the heads of its files.

What is kept per token differs by attention: keys and values of a few heads (GQA),
one compressed row in their place (MLA), only the last tokens in layers that
look no further back (a sliding window), or a state that does not grow at all
(recurrent layers).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.engine.gguf import GgufHead

_BLOCK = re.compile(r"blk\.(\d+)\.")
_EXPERTS = re.compile(r"\.ffn_\w+_(?:ch)?exps\.")

BYTES_PER_NUMBER = {"f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of the cache, by its type."""

_CACHE_STEP_TOKENS = 256
"""A cache is a multiple of this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a model."""

    weight_bytes: int
    """Without its experts."""

    expert_bytes: int = 0
    cached_numbers: int = 0
    """Numbers that are kept of every token."""

    window_tokens: int = 0
    """How far back it looks; 0 for to the beginning."""

    state_bytes: int = 0
    """What is kept whatever the number of tokens."""

    def cache_bytes(self, context_tokens: int, kv_type: str, batch_tokens: int) -> int:
        """Return what its cache takes."""
        cells = context_tokens
        if self.window_tokens:
            cells = min(context_tokens, self.window_tokens + batch_tokens)
            cells = -(-cells // _CACHE_STEP_TOKENS) * _CACHE_STEP_TOKENS
        return int(self.cached_numbers * cells * BYTES_PER_NUMBER[kv_type]) + self.state_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a model takes in memory."""

    layers: tuple[Layer, ...]
    input_bytes: int
    """The embeddings of its tokens, which stay in the computer's own memory."""

    output_bytes: int
    trained_context_tokens: int
    """0 if it does not say."""

    heads: int
    width: int
    """Numbers in a hidden state."""

    hidden: int
    """Numbers inside a feed-forward layer that are computed of every token."""

    vocabulary: int
    is_cache_quantisable: bool = True

    @property
    def weight_bytes(self) -> int:
        """Return what all its weights take."""
        layers = sum(layer.weight_bytes + layer.expert_bytes for layer in self.layers)
        return layers + self.input_bytes + self.output_bytes

    def compute_bytes(self, context_tokens: int, batch_tokens: int) -> int:
        """Estimate what intermediate results of one batch take."""
        mask = context_tokens * batch_tokens * 4
        return mask + batch_tokens * (self.width * 8 + self.hidden * 3) * 4


def measure(heads: Sequence[GgufHead]) -> Costs:
    """Add up what a model takes; `heads` are those of all its parts, the first one first."""
    head = heads[0]
    count = int(head.of_architecture("block_count") or 0)
    weights, experts = [0] * count, [0] * count
    named: dict[str, int] = {}
    vocabulary = 0
    for tensor in (tensor for part in heads for tensor in part.tensors):
        match = _BLOCK.match(tensor.name)
        if match and int(match[1]) < count:
            kind = experts if _EXPERTS.search(tensor.name) else weights
            kind[int(match[1])] += tensor.size_bytes
        else:
            named[tensor.name] = tensor.size_bytes
            if tensor.name == "token_embd.weight":
                vocabulary = tensor.shape[-1]
    input_bytes = named.pop("token_embd.weight", 0)
    # where the output has no matrix of its own, the embeddings are put on the GPU a second time.
    output_bytes = sum(named.values()) + (0 if "output.weight" in named else input_bytes)
    width = int(head.of_architecture("embedding_length") or 0)
    query_heads = max(_per_layer(head.of_architecture("attention.head_count"), count), default=0)
    key_heads = _per_layer(head.of_architecture("attention.head_count_kv"), count) or [query_heads] * count
    size = width // query_heads if query_heads else 0
    keys = int(head.of_architecture("attention.key_length") or size)
    values = int(head.of_architecture("attention.value_length") or size)
    return Costs(
        layers=tuple(
            Layer(
                weight_bytes=weights[index],
                expert_bytes=experts[index],
                cached_numbers=key_heads[index] * (keys + values),
            )
            for index in range(count)
        ),
        input_bytes=input_bytes,
        output_bytes=output_bytes,
        trained_context_tokens=head.context_tokens,
        heads=query_heads,
        width=width,
        hidden=max(_per_layer(head.of_architecture("feed_forward_length"), count), default=0),
        vocabulary=vocabulary,
    )


def _per_layer(value: Any, count: int) -> list[int]:
    """Return a value for every layer, which a file gives once or one by one."""
    if value is None:
        return []
    return [int(item) for item in value] if isinstance(value, list) else [int(value)] * count
