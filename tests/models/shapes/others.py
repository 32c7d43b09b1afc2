"""Architectures of other makers that people bring."""

from tests.models.shapes.shape import (
    WINDOW,
    Keys,
    Shape,
    Size,
    experts,
    latent,
    mamba,
    sections,
    sliding,
    some_attention,
)

_QKV_BIAS = r"blk\.\d+\.attn_(q|k|v)\.bias"
_GRANITE: Keys = {
    "logit_scale": 4.0,
    "residual_scale": 0.5,
    "embedding_scale": 4.0,
    "attention.scale": 0.2,
}


def _nemotron(size: Size) -> Keys:
    """Let Mamba, attention and feed-forward layers take turns, one part a layer."""
    return {
        **mamba(size),
        "attention.head_count_kv": tuple(2 if layer % 3 == 1 else 0 for layer in range(size.layers)),
        "feed_forward_length": tuple(size.hidden if layer % 3 == 2 else 0 for layer in range(size.layers)),
    }


OTHERS: dict[str, Shape] = {
    "phi3": Shape(
        architecture="phi3", models="Phi 3, 3.5, 4", keys=lambda _: {"attention.sliding_window": WINDOW}
    ),
    "granite": Shape(architecture="granite", models="Granite 3.x, 4.1 dense", keys=lambda _: _GRANITE),
    "granitemoe": Shape(
        architecture="granitemoe",
        models="Granite 3.x MoE",
        keys=lambda size: {**_GRANITE, **experts(size)},
    ),
    "granitehybrid": Shape(
        architecture="granitehybrid",
        models="Granite 4.0 Tiny, Small",
        layers=4,
        keys=lambda size: {**_GRANITE, **mamba(size), **some_attention(size), **experts(size)},
    ),
    "smollm3": Shape(architecture="smollm3", models="SmolLM 3", dialect="qwen3", layers=4),
    "command-r": Shape(
        architecture="command-r",
        models="Command R, R+",
        is_tied=True,
        keys=lambda _: {"logit_scale": 0.25, "attention.layer_norm_epsilon": 1e-5},
    ),
    "cohere2": Shape(
        architecture="cohere2",
        models="Command R7B, Command A",
        layers=4,
        is_tied=True,
        keys=lambda _: {**sliding(4), "logit_scale": 0.25, "attention.layer_norm_epsilon": 1e-5},
    ),
    "lfm2": Shape(
        architecture="lfm2",
        models="LFM 2, 2.5",
        layers=4,
        is_tied=True,
        keys=lambda size: {**some_attention(size), "shortconv.l_cache": 3},
    ),
    "lfm2moe": Shape(
        architecture="lfm2moe",
        models="LFM 2 8B-A1B",
        layers=4,
        is_tied=True,
        keys=lambda size: {
            **some_attention(size),
            **experts(size, gating=2, dense=1),
            "shortconv.l_cache": 3,
        },
    ),
    "minimax-m2": Shape(
        architecture="minimax-m2",
        models="MiniMax M2",
        dialect="qwen35",
        keys=lambda size: experts(size, gating=2),
    ),
    "nemotron_h": Shape(
        architecture="nemotron_h", models="Nemotron Nano 2", dialect="qwen35", layers=6, keys=_nemotron
    ),
    "nemotron_h_moe": Shape(
        architecture="nemotron_h_moe",
        models="Nemotron 3 Nano, Super",
        dialect="qwen35",
        layers=6,
        keys=lambda size: {
            **_nemotron(size),
            **experts(size, shared=1, gating=2),
            "expert_weights_norm": True,
            "expert_weights_scale": 1.0,
        },
    ),
    "seed_oss": Shape(architecture="seed_oss", models="Seed-OSS", keeps=_QKV_BIAS),
    "olmo2": Shape(architecture="olmo2", models="OLMo 2, 3", layers=4, keys=lambda _: sliding(4)),
    "ernie4_5": Shape(architecture="ernie4_5", models="ERNIE 4.5 0.3B"),
    "ernie4_5-moe": Shape(
        architecture="ernie4_5-moe",
        models="ERNIE 4.5 MoE",
        keys=lambda size: {
            **experts(size, dense=1),
            **sections(size),
            "interleave_moe_layer_step": 1,
        },
    ),
    "hunyuan-dense": Shape(architecture="hunyuan-dense", models="Hunyuan dense"),
    "hunyuan-moe": Shape(architecture="hunyuan-moe", models="Hunyuan A13B", keys=experts),
    "exaone4": Shape(architecture="exaone4", models="EXAONE 4", dialect="qwen3"),
    "bailingmoe2": Shape(
        architecture="bailingmoe2",
        models="Ling 2, Ring 2",
        keys=lambda size: {
            **experts(size, shared=1, gating=2, dense=1),
            "expert_weights_norm": True,
            "expert_weights_scale": 1.0,
        },
    ),
    "kimi-linear": Shape(
        architecture="kimi-linear",
        models="Kimi Linear",
        layers=4,
        keys=lambda size: {
            **latent(size),
            **experts(size, shared=1, gating=2, dense=1),
            **some_attention(size, 1),
            "ssm.conv_kernel": 4,
            "kda.head_dim": 32,
        },
        drops=r".*attn_kv_b\.weight",
    ),
    "falcon-h1": Shape(architecture="falcon-h1", models="Falcon H1", keys=mamba),
}
"""Name → shape."""
