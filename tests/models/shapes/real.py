"""Which real vocabulary and which real chat template go with which shape.

Both lie beside the project, in `data/chat_templates`, and are no part of it. Where a family's own are not
there, another family's stand in, and the dialect's marks are added to the vocabulary.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Real:
    """A vocabulary and a template."""

    vocabulary: str
    """As in `ggml-vocab-<vocabulary>.gguf`; empty for the small one with the dialect's marks."""

    template: str
    """As in `<template>.jinja`; empty for the short one of the family's dialect."""

    is_own_vocabulary: bool = False
    is_own_template: bool = True
    called: str = "tiny"
    """What the file says that the model is called, where that decides about anything."""


_MINISTRAL = "mistralai-Ministral-3-14B-Reasoning-2512"
_QWEN_2 = Real("qwen2", "Qwen-Qwen2.5-7B-Instruct", is_own_vocabulary=True)
_QWEN_3 = Real("qwen2", "Qwen-Qwen3-0.6B")
_QWEN_35 = Real("qwen35", "Qwen3.5-4B")
_GEMMA = Real("llama-spm", "google-gemma-2-2b-it", is_own_template=False)
_GEMMA_4 = Real("gemma-4", "google-gemma-4-31B-it", is_own_vocabulary=True)
_GLM_4 = Real("qwen2", "GLM-4.6", is_own_template=False)
_GLM_5 = Real("qwen2", "GLM-4.7-Flash", is_own_template=False)
_V3 = Real("deepseek-llm", "deepseek-ai-DeepSeek-V3.1")
_CHATML = Real("", "")

REAL: dict[str, Real] = {
    "qwen2": _QWEN_2,
    "qwen2moe": _QWEN_2,
    "qwen2vl": _QWEN_2,
    "qwen3": _QWEN_3,
    "qwen3moe": _QWEN_3,
    "qwen3vl": _QWEN_3,
    "qwen3vlmoe": _QWEN_3,
    "qwen3next": Real("qwen2", "Qwen3-Coder"),
    "qwen35": _QWEN_35,
    "qwen35moe": _QWEN_35,
    "qwen4exp": Real("qwen35", "Qwen3.5-4B", is_own_template=False),
    "gemma": _GEMMA,
    "gemma2": Real("llama-spm", "google-gemma-2-2b-it"),
    "gemma3": _GEMMA,
    "gemma3n": _GEMMA,
    "gemma4": _GEMMA_4,
    "gemma4-moe": _GEMMA_4,
    "gemma4-small": _GEMMA_4,
    "chatglm": _GLM_4,
    "glm4": _GLM_4,
    "glm4moe": Real("qwen2", "GLM-4.6"),
    "glm-dsa": _GLM_5,
    "glm5-next": _GLM_5,
    "llama": Real("llama-bpe", "meta-llama-Llama-3.3-70B-Instruct", is_own_vocabulary=True),
    "llama-moe": Real("llama-spm", "mistralai-Mistral-Nemo-Instruct-2407", is_own_template=False),
    "llama-nemo": Real("llama-bpe", "mistralai-Mistral-Nemo-Instruct-2407", called="Mistral Nemo"),
    "llama4": Real("llama-bpe", "meta-llama-Llama-3.3-70B-Instruct", is_own_template=False),
    "deepseek": Real(
        "deepseek-llm", "deepseek-ai-DeepSeek-V3.1", is_own_vocabulary=True, is_own_template=False
    ),
    "deepseek2": _V3,
    "deepseek2-old": _V3,
    "deepseek2-lite": Real(
        "deepseek-llm", "deepseek-ai-DeepSeek-V3.1", is_own_vocabulary=True, is_own_template=False
    ),
    "deepseek32": Real("deepseek-llm", "deepseek-ai-DeepSeek-V3.2"),
    "deepseek4": Real("deepseek-llm", "deepseek-ai-DeepSeek-V4"),
    "mistral3": Real("llama-bpe", _MINISTRAL),
    "mistral4": Real("llama-bpe", _MINISTRAL, is_own_template=False),
    "gpt-oss": Real("gpt-2", "openai-gpt-oss-120b"),
    "muse-glimmer": Real("", "muse-glimmer"),
    "phimoe": Real("", "microsoft-Phi-3.5-mini-instruct"),
    "granite_swa": Real("", "ibm-granite-granite-4.1"),
    "cohere2moe": Real("", "Cohere2MoE"),
    "minimax-m3": Real("", "MiniMax-M3"),
    "kimi-k3": Real("", "Kimi-K3"),
    "bailingmoe3": Real("", "inclusionai-ling-3.0-flash"),
    "hy_v3": Real("", "tencent-Hy3"),
    "hy_v4": Real("", "tencent-Hy3", is_own_template=False),
    "step35": Real("", "StepFun3.5-Flash"),
    "laguna": Real("", "poolside-Laguna-XS.2"),
    "mimo2": Real("", "MiMo-VL", is_own_template=False),
    "afmoe": _CHATML,
    "mamba2": _CHATML,
    "phi3": Real("", "microsoft-Phi-3.5-mini-instruct"),
    "granite": Real("", "ibm-granite-granite-4.1"),
    "granitemoe": Real("", "ibm-granite-granite-3.3-2B-Instruct", is_own_template=False),
    "granitehybrid": Real("", "ibm-granite-granite-4.0"),
    "smollm3": Real("", "HuggingFaceTB-SmolLM3-3B"),
    "command-r": Real("", "CohereForAI-c4ai-command-r-plus-tool_use"),
    "cohere2": Real("", "CohereForAI-c4ai-command-r7b-12-2024-tool_use"),
    "lfm2": Real("", "LFM2.5-Instruct"),
    "lfm2moe": Real("", "LFM2-8B-A1B"),
    "minimax-m2": Real("", "MiniMax-M2"),
    "nemotron_h": Real("", "NVIDIA-Nemotron-Nano-v2"),
    "nemotron_h_moe": Real("", "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"),
    "seed_oss": Real("", "ByteDance-Seed-OSS"),
    "olmo2": _CHATML,
    "ernie4_5": _CHATML,
    "ernie4_5-moe": _CHATML,
    "hunyuan-dense": _CHATML,
    "hunyuan-moe": _CHATML,
    "exaone4": _CHATML,
    "bailingmoe2": Real("", "inclusionai-ling-3.0-flash", is_own_template=False),
    "kimi-linear": Real("", "moonshotai-Kimi-K2"),
    "falcon-h1": _CHATML,
}
"""Name of a shape → what goes with it."""
