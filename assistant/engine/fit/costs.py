"""What the parts of a model take in memory, from the heads of its files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.engine.fit.caches import Cache, Caches, number, per_layer
from assistant.engine.gguf import GgufHead, Tensor

OUTPUT_TOKENS = 64
"""Tokens of one batch whose scores are computed; a guess ahead is shorter."""

_MOST_LAYERS = 1024
"""llama.cpp takes half as many."""

_BLOCK = re.compile(r"blk\.(\d{1,5})\.(.+)")
_EXPERTS = re.compile(r"ffn_\w+_exps\.")
_INPUTS = ("token_embd.", "per_layer_token_embd.", "position_embd.", "token_types.")
"""What is only looked up, and stays in the computer's own memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a model."""

    weight_bytes: int
    """Without its experts."""

    expert_bytes: int = 0
    caches: tuple[Cache, ...] = ()
    state_bytes: int = 0
    """What is kept whatever the number of tokens."""

    def cache_bytes(self, context_tokens: int, kv_type: str, batch_tokens: int) -> int:
        """Return what it keeps of the tokens read."""
        rows = sum(cache.size_bytes(context_tokens, kv_type, batch_tokens) for cache in self.caches)
        return rows + self.state_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a model takes in memory."""

    layers: tuple[Layer, ...]
    input_bytes: int
    """The embeddings of its tokens, which stay in the computer's own memory."""

    output_bytes: int
    tied_bytes: int = 0
    """Part of the output layer that is the embeddings over again, and takes nothing beside them."""

    trained_context_tokens: int = 0
    """0 if it does not say."""

    width: int = 0
    """Numbers in a hidden state."""

    hidden: int = 0
    """Numbers inside the feed-forward parts that work on a token."""

    streams: int = 1
    """Hidden states that are carried side by side."""

    experts: int = 0
    """Experts that work on a token."""

    attended: int = 0
    """Numbers in the queries of all heads."""

    vocabulary: int = 0
    side_inputs: int = 0
    """Numbers that are looked up for a token beside its embedding."""

    mask_bytes: int = 2
    """Of a token of the batch with one of the context: whether it looks at that, and how this is found."""

    is_cache_quantisable: bool = True
    compute_share: float = 1.0
    """What intermediate results really take, as a share of what is estimated here."""

    cache_share: float = 1.0
    """The same of what is kept of the tokens read."""

    def weight_bytes(self, *, is_output_on_gpu: bool) -> int:
        """Return what all its weights take."""
        layers = sum(layer.weight_bytes + layer.expert_bytes for layer in self.layers)
        return layers + self.input_bytes + self.output_bytes - (0 if is_output_on_gpu else self.tied_bytes)

    def cache_bytes(
        self, layers: Sequence[Layer], context_tokens: int, kv_type: str, batch_tokens: int
    ) -> int:
        """Return what some of its layers keep of the tokens read."""
        kept = sum(layer.cache_bytes(context_tokens, kv_type, batch_tokens) for layer in layers)
        return int(kept * self.cache_share)

    def compute_bytes(self, context_tokens: int, batch_tokens: int) -> int:
        """Estimate what the intermediate results of one batch take, with flash attention.

        The factors are those that llama.cpp's own allocation shows for models from 0.6 to 670 billion
        parameters; it takes 0.8 to 1.1 times as much.
        """
        scores = min(batch_tokens, OUTPUT_TOKENS) * (self.vocabulary + self.width)
        numbers = (
            (4 * self.streams + self.experts) * self.width
            + self.attended
            + 3 * self.hidden
            + 4 * self.side_inputs
        )
        caches = [cache for layer in self.layers for cache in layer.caches]
        # what may look at what; layers with a window have a mask of their own.
        mask = context_tokens * self.mask_bytes if caches else 0
        windows = (cache.rows(context_tokens, batch_tokens) for cache in caches if cache.window_tokens)
        mask += 2 * max(windows, default=0)
        return int((4 * max(batch_tokens * numbers, scores) + mask * batch_tokens) * self.compute_share)


def measure(heads: Sequence[GgufHead]) -> Costs:
    """Add up what a model takes; `heads` are those of all its files, the first one first."""
    head = heads[0]
    count = min(_MOST_LAYERS, number(head.of_architecture("block_count")))
    blocks: list[dict[str, Tensor]] = [{} for _ in range(count)]
    others: dict[str, Tensor] = {}
    for tensor in (tensor for part in heads for tensor in part.tensors):
        match = _BLOCK.match(tensor.name)
        if match and int(match[1]) < count:
            blocks[int(match[1])][match[2]] = tensor
        else:
            others[tensor.name] = tensor
    caches = Caches(head, [block.keys() for block in blocks])
    # layers that guess the token after next are left out by llama.cpp.
    used = count - number(head.of_architecture("nextn_predict_layers"))
    input_bytes = output_bytes = 0
    for name, tensor in others.items():
        if name.startswith(_INPUTS):
            input_bytes += tensor.size_bytes
        else:
            output_bytes += tensor.size_bytes
    embedding = others.get("token_embd.weight")
    # where the output has no matrix of its own, the embeddings are put on the GPU a second time.
    tied_bytes = embedding.size_bytes if embedding and "output.weight" not in others else 0
    side = others.get("per_layer_token_embd.weight")
    experts = max(per_layer(head.of_architecture("expert_used_count"), count), default=0)
    return Costs(
        layers=tuple(
            _measure_layer(block if index < used else {}, caches, index) for index, block in enumerate(blocks)
        ),
        input_bytes=input_bytes,
        output_bytes=output_bytes + tied_bytes,
        tied_bytes=tied_bytes,
        trained_context_tokens=number(head.of_architecture("context_length")),
        width=number(head.of_architecture("embedding_length")),
        hidden=_hidden(head, count, experts),
        streams=number(head.of_architecture("hyper_connection.count")) or 1,
        experts=experts,
        attended=caches.attended,
        vocabulary=embedding.shape[-1] if embedding and embedding.shape else 0,
        side_inputs=side.shape[0] if side and side.shape else 0,
        mask_bytes=caches.mask_bytes,
        is_cache_quantisable=caches.is_quantisable,
    )


def _measure_layer(block: dict[str, Tensor], caches: Caches, index: int) -> Layer:
    experts = sum(tensor.size_bytes for name, tensor in block.items() if _EXPERTS.match(name))
    return Layer(
        weight_bytes=sum(tensor.size_bytes for tensor in block.values()) - experts,
        expert_bytes=experts,
        caches=caches.of_layer(index),
        state_bytes=caches.state_bytes(index),
    )


def _hidden(head: GgufHead, layers: int, experts: int) -> int:
    if not experts:
        # recurrent layers without a feed-forward part work in two states of their own.
        inner = 2 * number(head.of_architecture("ssm.inner_size"))
        return max(inner, *per_layer(head.of_architecture("feed_forward_length"), layers), 0)
    return experts * max(per_layer(head.of_architecture("expert_feed_forward_length"), layers), default=0)
