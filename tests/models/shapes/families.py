"""Qwen, Gemma, GLM, Llama, DeepSeek, Mistral and gpt-oss: every architecture of them that llama.cpp knows."""

from tests.models.shapes.shape import (
    HEADS,
    WINDOW,
    Keys,
    Shape,
    Size,
    delta_net,
    experts,
    hyper_connections,
    indexer,
    latent,
    sections,
    sliding,
    some_attention,
)

_QKV_BIAS = r"blk\.\d+\.attn_(q|k|v)\.bias"


def _qwen4exp(size: Size) -> Keys:
    return {
        **delta_net(size),
        **sections(size),
        **experts(size),
        **hyper_connections(),
        **indexer(size),
        "hyper_connection.low_rank": 8,
        "attention.indexer.key_length": size.head,
        "attention.compress_ratios": (4,) * size.layers,
    }


def _gemma4(size: Size) -> Keys:
    return {
        "attention.sliding_window": WINDOW,
        "attention.sliding_window_pattern": tuple(layer % 3 != 2 for layer in range(size.layers)),
        "attention.key_length": 2 * size.head,
        "attention.value_length": 2 * size.head,
        "attention.key_length_swa": size.head,
        "attention.value_length_swa": size.head,
        "rope.dimension_count": 2 * size.head,
        "rope.dimension_count_swa": size.head,
        "rope.freq_base_swa": 10000.0,
        "embedding_length_per_layer_input": 0,
        "final_logit_softcapping": 30.0,
    }


def _deepseek4(size: Size) -> Keys:
    return {
        **experts(size, shared=1, gating=4),
        **hyper_connections(),
        **indexer(size),
        "attention.head_count_kv": 1,
        "attention.key_length": 64,
        "attention.value_length": 64,
        "rope.dimension_count": 32,
        "attention.q_lora_rank": 64,
        "attention.sliding_window": WINDOW,
        "attention.output_group_count": HEADS,
        "attention.output_lora_rank": 32,
        "attention.compress_ratios": (0, 0, 4, 128),
        "attention.compress_rope_freq_base": 160000.0,
        "hash_layer_count": 0,
        "swiglu_clamp_exp": 10.0,
        "expert_weights_scale": 1.0,
        "expert_weights_norm": True,
    }


def _glm5_next(size: Size) -> Keys:
    return {
        **latent(size),
        **experts(size, shared=1, gating=2, dense=1),
        **some_attention(size, 1),
        **hyper_connections(),
        **indexer(size),
        "attention.key_length": 64,
        "rope.dimension_count": 0,
        "attention.layer_norm_epsilon": 1e-6,
        "attention.indexer.kpool": 4,
        "attention.indexer.kpool_select_tail": True,
        "ssm.conv_kernel": 4,
        "kda.head_dim": 32,
        "kda.gate_lower_bound": -5.0,
        "swiglu_clamp_exp": 10.0,
    }


FAMILIES: dict[str, Shape] = {
    "qwen2": Shape(architecture="qwen2", models="Qwen 2, 2.5, QwQ; R1 distills of Qwen", keeps=_QKV_BIAS),
    "qwen2moe": Shape(
        architecture="qwen2moe", models="Qwen 1.5 MoE, Qwen2 57B-A14B", keys=experts, keeps=_QKV_BIAS
    ),
    "qwen2vl": Shape(
        architecture="qwen2vl", models="Qwen 2-VL, 2.5-VL (text)", keys=sections, keeps=_QKV_BIAS
    ),
    "qwen3": Shape(architecture="qwen3", models="Qwen 3 dense", dialect="qwen3"),
    "qwen3moe": Shape(
        architecture="qwen3moe", models="Qwen 3 MoE, Qwen3-Coder", dialect="qwen3", keys=experts
    ),
    "qwen3vl": Shape(architecture="qwen3vl", models="Qwen 3-VL (text)", dialect="qwen3", keys=sections),
    "qwen3vlmoe": Shape(
        architecture="qwen3vlmoe",
        models="Qwen 3-VL MoE (text)",
        dialect="qwen3",
        keys=lambda size: {**sections(size), **experts(size)},
    ),
    "qwen3next": Shape(
        architecture="qwen3next",
        models="Qwen 3-Next, Qwen3-Coder-Next",
        layers=4,
        keys=lambda size: {**delta_net(size), **experts(size)},
    ),
    "qwen35": Shape(
        architecture="qwen35",
        models="Qwen 3.5, 3.6, 3.8 dense",
        dialect="qwen35",
        layers=4,
        keys=lambda size: {**delta_net(size), **sections(size)},
    ),
    "qwen35moe": Shape(
        architecture="qwen35moe",
        models="Qwen 3.5, 3.6 MoE",
        dialect="qwen35",
        layers=4,
        keys=lambda size: {**delta_net(size), **sections(size), **experts(size)},
    ),
    "qwen4exp": Shape(
        architecture="qwen4exp", models="Qwen 3.8-Flash-Next", dialect="qwen35", layers=4, keys=_qwen4exp
    ),
    "gemma": Shape(architecture="gemma", models="Gemma 1", dialect="gemma", is_tied=True),
    "gemma2": Shape(
        architecture="gemma2",
        models="Gemma 2",
        dialect="gemma",
        layers=4,
        is_tied=True,
        keys=lambda _: {
            **sliding(2),
            "attn_logit_softcapping": 50.0,
            "final_logit_softcapping": 30.0,
        },
    ),
    "gemma3": Shape(
        architecture="gemma3",
        models="Gemma 3",
        dialect="gemma",
        layers=6,
        is_tied=True,
        keys=lambda _: {**sliding(6), "rope.freq_base_swa": 10000.0},
    ),
    "gemma3n": Shape(
        architecture="gemma3n",
        models="Gemma 3n",
        dialect="gemma",
        layers=22,
        is_tied=True,
        is_unscaled=True,
        keys=lambda _: {**sliding(5), "rope.freq_base_swa": 10000.0},
    ),
    "gemma4": Shape(
        architecture="gemma4",
        models="Gemma 4 31B",
        dialect="gemma4",
        layers=6,
        is_tied=True,
        is_unscaled=True,
        keys=_gemma4,
        keeps=r"rope_freqs\.weight|.*layer_output_scale.*",
        drops=r"blk\.(2|5)\.attn_v\.weight",
    ),
    "gemma4-moe": Shape(
        architecture="gemma4",
        models="Gemma 4 26B-A4B",
        dialect="gemma4",
        layers=6,
        is_tied=True,
        is_unscaled=True,
        keys=lambda size: {**_gemma4(size), **experts(size)},
        keeps=r"rope_freqs\.weight|.*(layer_output_scale.*|ffn_gate_inp\.scale)",
        drops=r"blk\.(2|5)\.attn_v\.weight",
    ),
    "gemma4-small": Shape(
        architecture="gemma4",
        models="Gemma 4 E2B, E4B",
        dialect="gemma4",
        layers=6,
        is_tied=True,
        is_unscaled=True,
        keys=lambda size: {
            **_gemma4(size),
            "embedding_length_per_layer_input": 32,
            "attention.shared_kv_layers": 3,
        },
        keeps=r"rope_freqs\.weight|.*layer_output_scale.*",
        drops=r"blk\.(3|4|5)\.attn_(k|v|k_norm)\.weight",
    ),
    "chatglm": Shape(architecture="chatglm", models="ChatGLM 3, GLM-4 9B", dialect="glm", keeps=_QKV_BIAS),
    "glm4": Shape(architecture="glm4", models="GLM-4-0414, GLM-Z1", dialect="glm"),
    "glm4moe": Shape(
        architecture="glm4moe",
        models="GLM 4.5, 4.5-Air, 4.6, 4.7",
        dialect="glm",
        layers=3,
        keys=lambda size: {
            **experts(size, shared=1, gating=2, dense=1),
            "expert_weights_scale": 1.0,
            "expert_weights_norm": True,
            "nextn_predict_layers": 1,
        },
        keeps=_QKV_BIAS,
    ),
    "glm-dsa": Shape(
        architecture="glm-dsa",
        models="GLM 5, 5.1, 5.2",
        dialect="glm",
        layers=3,
        keys=lambda size: {
            **latent(size),
            **experts(size, shared=1, gating=2, dense=1),
            **indexer(size),
        },
    ),
    "glm5-next": Shape(
        architecture="glm5-next", models="GLM 5.3-Flash", dialect="glm", layers=4, keys=_glm5_next
    ),
    "llama": Shape(
        architecture="llama",
        models="Llama 2, 3.x; R1 distills of Llama",
        dialect="llama3",
        keeps=r"rope_freqs\.weight",
    ),
    "llama-moe": Shape(architecture="llama", models="Mixtral", dialect="mistral", keys=experts),
    "llama-nemo": Shape(
        architecture="llama",
        models="Mistral 7B, Nemo, Small 3.x; Devstral, Magistral",
        dialect="mistral",
        keys=lambda size: {
            "attention.key_length": 2 * size.head,
            "attention.value_length": 2 * size.head,
            "rope.dimension_count": 2 * size.head,
        },
    ),
    "llama4": Shape(
        architecture="llama4",
        models="Llama 4 Scout, Maverick",
        dialect="llama4",
        layers=4,
        keys=lambda size: {**experts(size), "interleave_moe_layer_step": 2},
    ),
    "deepseek": Shape(
        architecture="deepseek",
        models="DeepSeek MoE 16B",
        dialect="deepseek",
        keys=lambda size: {**experts(size, shared=1, dense=1), "expert_weights_scale": 1.0},
    ),
    "deepseek2": Shape(
        architecture="deepseek2",
        models="DeepSeek V2, V2.5, V3, V3.1, R1; Kimi K2; GLM 4.7-Flash",
        dialect="deepseek",
        keys=lambda size: {**latent(size), **experts(size, shared=1, gating=2, dense=1)},
        drops=r".*attn_kv_b\.weight",
    ),
    "deepseek2-old": Shape(
        architecture="deepseek2",
        models="DeepSeek V2, V3 files from before absorption",
        dialect="deepseek",
        keys=lambda size: {
            key: value
            for key, value in {
                **latent(size),
                **experts(size, shared=1, gating=2, dense=1),
                "attention.head_count_kv": HEADS,
                "attention.key_length": 64,
                "attention.value_length": 32,
            }.items()
            if not key.endswith("_mla")
        },
        drops=r".*attn_(k|v)_b\.weight",
    ),
    "deepseek2-lite": Shape(
        architecture="deepseek2",
        models="DeepSeek V2-Lite; GigaChat 3 Lite",
        dialect="deepseek",
        layers=27,
        keys=lambda size: {**latent(size), **experts(size, shared=1, gating=1, dense=1)},
        drops=r".*attn_kv_b\.weight",
    ),
    "deepseek32": Shape(
        architecture="deepseek32",
        models="DeepSeek V3.2",
        dialect="deepseek",
        layers=3,
        keys=lambda size: {
            **latent(size),
            **experts(size, shared=1, gating=2, dense=1),
            **indexer(size),
        },
    ),
    "deepseek4": Shape(
        architecture="deepseek4", models="DeepSeek V4", dialect="deepseek", layers=4, keys=_deepseek4
    ),
    "mistral3": Shape(
        architecture="mistral3",
        models="Ministral 3, Mistral Small 3.x with vision",
        dialect="mistral",
        keys=lambda _: {
            "attention.temperature_scale": 0.1,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 2048,
        },
    ),
    "mistral4": Shape(
        architecture="mistral4",
        models="Mistral Small 4",
        dialect="mistral",
        keys=lambda size: {**latent(size), **experts(size, shared=1, gating=1, dense=1)},
        drops=r".*attn_kv_b\.weight",
    ),
    "gpt-oss": Shape(
        architecture="gpt-oss",
        models="gpt-oss 20B, 120B",
        dialect="harmony",
        layers=4,
        keys=lambda size: {**experts(size), **sliding(2)},
        keeps=r"blk\.\d+\.(attn_(q|k|v|output)|ffn_\w+)\.bias",
    ),
}
"""Name → shape; a name is the architecture's, with the form behind a dash where there are several."""
