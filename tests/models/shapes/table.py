"""What a model of each architecture writes into its file, in small.

Names and meaning of the keys are llama.cpp's (`src/llama-arch.cpp`, and
`load_arch_hparams` of each file in `src/models`). Windows are short and
patterns narrow, so that a page of text already passes through every kind of layer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Value = int | float | bool | str | tuple[int, ...] | tuple[float, ...] | tuple[bool, ...]
Keys = Mapping[str, Value]

WINDOW = 32
"""Tokens that a layer with sliding attention looks back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a tiny model is."""

    layers: int
    width: int

    @property
    def head(self) -> int:
        """Numbers in one attention head."""
        return self.width // 4

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

    dialect: str
    layers: int = 2
    """As many as cover every kind of layer it has."""

    keys: Callable[[Size], Keys] = lambda _: {}
    """What it says beyond what all say."""

    is_tied: bool = False
    """Whether the embeddings are the output layer too."""

    keeps: str = ""
    """Tensors (a regular expression) that it has though most models do not."""

    drops: str = ""
    """Tensors (a regular expression) that it lacks though llama.cpp would take them."""

    def metadata(self, size: Size, tokens: int) -> dict[str, Value]:
        """Return all that the file says of the model; `tokens` is the size of the vocabulary."""
        return {
            "general.name": f"tiny {self.architecture}",
            "general.file_type": 1,
            "vocab_size": tokens,
            "context_length": 8192,
            "embedding_length": size.width,
            "block_count": size.layers,
            "feed_forward_length": size.hidden,
            "attention.head_count": 4,
            "attention.head_count_kv": 2,
            "attention.key_length": size.head,
            "attention.value_length": size.head,
            "attention.layer_norm_rms_epsilon": 1e-6,
            "rope.dimension_count": size.head,
            "rope.freq_base": 10000.0,
            **self.keys(size),
        }


def _experts(size: Size, *, shared: int = 0) -> dict[str, Value]:
    return {
        "expert_count": 4,
        "expert_used_count": 2,
        "expert_feed_forward_length": size.width,
        "expert_shared_feed_forward_length": size.width,
        **({"expert_shared_count": shared} if shared else {}),
    }


def _sliding(every: int) -> dict[str, Value]:
    """Let all layers look back a short way but every `every`-th one."""
    return {"attention.sliding_window": WINDOW, "attention.sliding_window_pattern": every}


def _delta_net(size: Size) -> dict[str, Value]:
    """Let three layers of four be gated delta nets."""
    return {
        "ssm.conv_kernel": 4,
        "ssm.inner_size": 128,
        "ssm.state_size": 32,
        "ssm.time_step_rank": 4,
        "ssm.group_count": 2,
        "full_attention_interval": 4,
        "attention.key_length": size.head,
    }


def _sections(size: Size) -> dict[str, Value]:
    quarter = size.head // 4
    return {"rope.dimension_sections": (quarter, quarter, quarter, 0)}


def _latent(size: Size) -> dict[str, Value]:
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
        "leading_dense_block_count": 1,
        "expert_weights_scale": 1.0,
        "expert_weights_norm": True,
        "expert_gating_func": 2,
        **_experts(size, shared=1),
    }


SHAPES: dict[str, Shape] = {
    "llama": Shape(
        architecture="llama", models="Llama 2, 3.x; Mistral 7B, Nemo, Small; R1 distills", dialect="llama3"
    ),
    "qwen3": Shape(architecture="qwen3", models="Qwen3 dense", dialect="qwen3"),
    "qwen3moe": Shape(architecture="qwen3moe", models="Qwen3 MoE", dialect="qwen3", keys=_experts),
    "gemma3": Shape(
        architecture="gemma3",
        models="Gemma 3",
        dialect="gemma",
        layers=6,
        is_tied=True,
        keys=lambda _: _sliding(6) | {"rope.freq_base_swa": 10000.0},
    ),
    "deepseek2": Shape(
        architecture="deepseek2", models="DeepSeek V2, V3.x, R1; Kimi K2", dialect="deepseek", keys=_latent
    ),
    "gpt-oss": Shape(
        architecture="gpt-oss",
        models="gpt-oss",
        dialect="harmony",
        keys=lambda size: _experts(size) | _sliding(2),
        keeps=r"blk\.\d+\.(attn_(q|k|v|output)|ffn_\w+)\.bias",
    ),
    "qwen35": Shape(
        architecture="qwen35",
        models="Qwen 3.5, 3.6 dense",
        dialect="qwen35",
        layers=4,
        keys=lambda size: _delta_net(size) | _sections(size),
    ),
}
"""Name → shape; a name is the architecture's, with the form behind a dash where there are several."""
