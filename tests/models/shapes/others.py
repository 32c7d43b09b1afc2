"""Architectures of other makers that people bring."""

from tests.models.shapes.shape import (
    HEADS,
    WINDOW,
    Keys,
    Shape,
    Size,
    experts,
    hyper_connections,
    indexer,
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


def _routed(size: Size) -> Keys:
    """Weigh four experts by sigmoids behind one dense layer, and let one answer always."""
    return {
        **experts(size, shared=1, gating=2, dense=1),
        "expert_weights_norm": True,
        "expert_weights_scale": 1.0,
    }


def _alternating(size: Size) -> Keys:
    """Let every second layer look back a short way, said layer by layer."""
    return {
        "attention.sliding_window": WINDOW,
        "attention.sliding_window_pattern": tuple(bool(layer % 2) for layer in range(size.layers)),
    }


def _kimi_linear(size: Size) -> Keys:
    return {
        **latent(size),
        **_routed(size),
        **some_attention(size, 1),
        "ssm.conv_kernel": 4,
        "kda.head_dim": 32,
        "kda.gate_lower_bound": -5.0,
    }


OTHERS: dict[str, Shape] = {
    "muse-glimmer": Shape(
        architecture="muse-glimmer",
        models="Muse Glimmer 30B",
        layers=4,
        keys=lambda _: {**sliding(4), "logit_scale": 1.0},
    ),
    "phimoe": Shape(
        architecture="phimoe", models="Phi 3.5 MoE", keys=experts, keeps=r".*(attn_\w+|output|_norm)\.bias"
    ),
    "granite_swa": Shape(
        architecture="granite_swa",
        models="Granite 4.x with sliding attention",
        layers=4,
        keys=lambda size: {**_GRANITE, **_alternating(size), **experts(size)},
    ),
    "cohere2moe": Shape(
        architecture="cohere2moe",
        models="Command A MoE, North",
        layers=4,
        is_tied=True,
        keys=lambda size: {
            **_routed(size),
            **sliding(4),
            "logit_scale": 0.25,
            "attention.layer_norm_epsilon": 1e-5,
        },
    ),
    "minimax-m3": Shape(
        architecture="minimax-m3",
        models="MiniMax M3",
        layers=3,
        keys=lambda size: {
            **_routed(size),
            "rope.dimension_count": 16,
            "attention.indexer.head_count": HEADS // 2,
            "attention.indexer.key_length": 32,
            "attention.indexer.top_k": 16,
            "attention.indexer.block_size": 4,
            "attention.indexer.local_blocks": 1,
        },
    ),
    "kimi-k3": Shape(
        architecture="kimi-k3",
        models="Kimi K3",
        layers=4,
        keys=lambda size: {
            **_kimi_linear(size),
            "expert_latent_length": 64,
            "attn_res.block_size": 2,
            "activation.situ_beta": 4.0,
            "activation.situ_linear_beta": 25.0,
        },
        drops=r".*attn_kv_b\.weight",
    ),
    "bailingmoe3": Shape(
        architecture="bailingmoe3",
        models="Ling 3, Ring 3",
        layers=4,
        keys=_kimi_linear,
        drops=r".*attn_kv_b\.weight",
    ),
    "hy_v3": Shape(architecture="hy_v3", models="Hy 3", keys=_routed),
    "hy_v4": Shape(
        architecture="hy_v4",
        models="Hy 4 (preview)",
        layers=3,
        keys=lambda size: {
            **latent(size),
            **_routed(size),
            **hyper_connections(),
            **indexer(size),
            "hyper_connection.magnitude": 2.0,
            "attention.indexer.types": tuple(0 if layer % 2 else 1 for layer in range(size.layers)),
            "swiglu_clamp_exp": 10.0,
        },
    ),
    "step35": Shape(
        architecture="step35",
        models="Step 3.5 Flash",
        layers=4,
        keys=lambda size: {**_routed(size), **_alternating(size)},
    ),
    "laguna": Shape(
        architecture="laguna",
        models="Laguna XS, S",
        layers=4,
        keys=lambda size: {**_routed(size), **sliding(4)},
    ),
    "mimo2": Shape(
        architecture="mimo2",
        models="MiMo V2",
        layers=4,
        keys=lambda size: {**_routed(size), **_alternating(size)},
    ),
    "afmoe": Shape(
        architecture="afmoe",
        models="Trinity",
        layers=4,
        keys=lambda size: {**_routed(size), **sliding(4)},
    ),
    "mamba2": Shape(architecture="mamba2", models="Mamba 2, Codestral Mamba", keys=mamba),
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
        keys=_kimi_linear,
        drops=r".*attn_kv_b\.weight",
    ),
    "falcon-h1": Shape(architecture="falcon-h1", models="Falcon H1", keys=mamba),
}
"""Name → shape."""
