"""What a model writes into its file about itself, in small, and the parts that several architectures share.

Names and meaning of the keys are llama.cpp's (`src/llama-arch.cpp`, and `load_arch_hparams` of each file in
`src/models`). Windows are short, so that a page of text already leaves them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = int | float | bool | str | tuple[int, ...] | tuple[float, ...] | tuple[bool, ...]
Keys = Mapping[str, Value]

WINDOW = 32
"""Tokens that a layer with sliding attention looks back."""

HEADS = 4
"""Attention heads of every model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a tiny model is."""

    layers: int
    width: int

    @property
    def head(self) -> int:
        """Numbers in one attention head."""
        return self.width // HEADS

    @property
    def hidden(self) -> int:
        """Numbers in a feed-forward layer."""
        return self.width * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One architecture, or one of the forms it comes in."""

    architecture: str
    """llama.cpp's name of it."""

    models: str
    """The models that people know it by."""

    dialect: str = "chatml"
    layers: int = 2
    """As many as cover every kind of layer it has."""

    keys: Callable[[Size], Keys] = lambda _: {}
    """What it says beyond what all say."""

    is_tied: bool = False
    """Whether the embeddings are the output layer too."""

    is_unscaled: bool = False
    """Whether its attention does not divide by the root of the head's size."""

    keeps: str = ""
    """Tensors (a regular expression) that it has though most models do not."""

    drops: str = ""
    """Tensors (a regular expression) that it lacks though llama.cpp would take them."""

    def metadata(self, size: Size, tokens: int) -> dict[str, Value]:
        """Return all that the file says of the model; `tokens` is the size of the vocabulary."""
        return {
            "vocab_size": tokens,
            "context_length": 8192,
            "embedding_length": size.width,
            "block_count": size.layers,
            "feed_forward_length": size.hidden,
            "attention.head_count": HEADS,
            "attention.head_count_kv": HEADS // 2,
            "attention.key_length": size.head,
            "attention.value_length": size.head,
            "attention.layer_norm_rms_epsilon": 1e-6,
            "rope.dimension_count": size.head,
            "rope.freq_base": 10000.0,
            **self.keys(size),
        }


def experts(size: Size, *, shared: int = 0, gating: int = 0, dense: int = 0) -> dict[str, Value]:
    """Let two of four experts answer for each token.

    Args:
        size: Of the model.
        shared: Experts that answer always, where they are counted.
        gating: llama.cpp's number of the function that weighs them, where the file says it.
        dense: Layers without experts, at the beginning.
    """
    return {
        "expert_count": 4,
        "expert_used_count": 2,
        "expert_feed_forward_length": size.width,
        "expert_shared_feed_forward_length": size.width,
        **({"expert_shared_count": shared} if shared else {}),
        **({"expert_gating_func": gating} if gating else {}),
        **({"leading_dense_block_count": dense} if dense else {}),
    }


def sliding(every: int) -> dict[str, Value]:
    """Let all layers look back a short way but every `every`-th one."""
    return {"attention.sliding_window": WINDOW, "attention.sliding_window_pattern": every}


def delta_net(_: Size) -> dict[str, Value]:
    """Let three layers of four be gated delta nets, which keep one state and no keys."""
    return {
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 128,
        "ssm.state_size": 32,
        "ssm.time_step_rank": 4,
        "ssm.group_count": 2,
        "full_attention_interval": 4,
    }


def mamba(size: Size) -> dict[str, Value]:
    """Let layers without attention be Mamba 2."""
    return {
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 2 * size.width,
        "ssm.state_size": 32,
        "ssm.time_step_rank": 4,
        "ssm.group_count": 2,
        "attention.layer_norm_epsilon": 1e-6,
    }


def some_attention(size: Size, heads: int = HEADS // 2) -> dict[str, Value]:
    """Let only every second layer have attention, beginning with the second."""
    return {"attention.head_count_kv": tuple(heads if layer % 2 else 0 for layer in range(size.layers))}


def sections(size: Size) -> dict[str, Value]:
    """Divide positions into time, height and width, as models do that also see pictures."""
    quarter = size.head // 4
    return {"rope.dimension_sections": (quarter, quarter, quarter, 0)}


def latent(_: Size) -> dict[str, Value]:
    """Compress keys and values into one latent vector, as DeepSeek does since V2, with absorption."""
    return {
        "attention.head_count_kv": 1,
        "attention.key_length": 64 + 32,
        "attention.value_length": 64,
        "attention.key_length_mla": 32 + 32,
        "attention.value_length_mla": 32,
        "attention.q_lora_rank": 64,
        "attention.kv_lora_rank": 64,
        "rope.dimension_count": 32,
        "expert_weights_scale": 1.0,
        "expert_weights_norm": True,
    }


def indexer(_: Size) -> dict[str, Value]:
    """Let attention read only the tokens that a light index of them finds worth it."""
    return {
        "attention.indexer.head_count": 4,
        "attention.indexer.key_length": 64,
        "attention.indexer.top_k": 64,
    }


def hyper_connections() -> dict[str, Value]:
    """Carry four residual streams that are mixed between layers."""
    return {
        "hyper_connection.count": 4,
        "hyper_connection.sinkhorn_iterations": 2,
        "hyper_connection.epsilon": 1e-6,
    }
