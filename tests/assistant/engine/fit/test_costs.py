"""Tests of adding up what a model takes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from assistant.engine.fit import Wishes
from assistant.engine.fit.costs import measure
from assistant.engine.fit.plan import plan
from assistant.engine.gguf import GgufHead, Tensor
from tests.assistant.engine.fit.test_plan import GIB, card, ram

KEYS = (
    "block_count", "embedding_length", "context_length", "nextn_predict_layers", "feed_forward_length",
    "expert_used_count", "expert_feed_forward_length", "hyper_connection.count", "shortconv.l_cache",
    "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
    "attention.key_length_mla", "attention.sliding_window", "attention.sliding_window_pattern",
    "attention.compress_ratios", "attention.shared_kv_layers", "attention.indexer.key_length",
    "ssm.conv_kernel", "ssm.state_size", "ssm.inner_size", "ssm.group_count", "kda.head_dim", "wkv.head_size",
)  # fmt: skip
ONE: some.SearchStrategy[Any] = some.one_of(
    some.integers(-3, 200), some.sampled_from([1 << 40, -(1 << 60)]), some.floats(), some.text(max_size=3)
)
VALUES: some.SearchStrategy[Any] = some.one_of(ONE, some.none(), some.booleans(), some.lists(ONE, max_size=5))
TENSORS = some.builds(
    Tensor,
    name=some.sampled_from(
        ["token_embd.weight", "output.weight", "blk.0.attn_k.weight", "blk.1.ssm_a", "blk.2.indexer.k",
         "blk.3.ffn_up_exps.weight", "blk.99999.ffn_up_exps.weight", "per_layer_token_embd.weight"]
    ),
    shape=some.lists(some.integers(1, 1 << 20), max_size=3).map(tuple),
    kind=some.just(1),
    size_bytes=some.integers(0, 1 << 40),
)  # fmt: skip


@settings(deadline=None)
@given(
    name=some.sampled_from(["llama", "gemma2", "llama4", "deepseek4", "qwen3next", "laguna", "gpt-oss"]),
    values=some.dictionaries(some.sampled_from(KEYS), VALUES),
    tensors=some.lists(TENSORS, max_size=6),
)
def test_whatever_a_file_says_can_be_planned_for(
    name: str, values: dict[str, Any], tensors: list[Tensor]
) -> None:
    """Metadata is written by anybody; it makes neither an error nor a negative number."""
    metadata = {"general.architecture": name, **{f"{name}.{key}": value for key, value in values.items()}}
    head = GgufHead(metadata=metadata, tensors=tuple(tensors), needed_bytes=0)
    costs = measure([head])
    found = plan(costs, [card(8 * GIB), ram(16 * GIB)], Wishes())
    assert found.gpu_bytes >= 0
    assert found.cpu_bytes >= 0
    assert found.context_tokens > 0


def test_a_tied_output_counts_on_the_gpu_only() -> None:
    """There the embeddings stand a second time; in the computer's memory one copy serves as both."""
    tensors = (
        Tensor("token_embd.weight", (64, 1000), 1, 128_000),
        Tensor("output_norm.weight", (64,), 0, 256),
    )
    metadata = {"general.architecture": "gemma2", "gemma2.block_count": 1}
    costs = measure([GgufHead(metadata=metadata, tensors=tensors, needed_bytes=0)])
    assert costs.weight_bytes(is_output_on_gpu=False) == 128_256
    assert costs.weight_bytes(is_output_on_gpu=True) == 256_256
    assert costs.output_bytes == 128_256


def test_experts_are_told_from_what_every_token_uses() -> None:
    """Shared experts and the weights of the choice stay with their layer."""
    sizes = {"ffn_up_exps": 1000, "ffn_gate_up_exps": 500, "ffn_up_shexp": 70, "ffn_gate_inp": 7, "attn_q": 3}
    tensors = tuple(Tensor(f"blk.0.{name}.weight", (1,), 0, size) for name, size in sizes.items())
    metadata = {"general.architecture": "qwen3moe", "qwen3moe.block_count": 1}
    (layer,) = measure([GgufHead(metadata=metadata, tensors=tensors, needed_bytes=0)]).layers
    assert (layer.expert_bytes, layer.weight_bytes) == (1500, 80)
