"""Where a model stands, in words for people."""

from collections.abc import Mapping
from typing import Any


def describe_placement(status: Mapping[str, Any]) -> str:
    """Say what computes: "GPU: 36/36 layers", or why it is the CPU.

    Args:
        status: What the engine says of itself.

    Returns:
        Nothing while no model is loaded.
    """
    if "layers" not in status:
        return ""
    given, layers = status["gpu_layers"], status["layers"]
    if given:
        words = f"GPU: {given}/{layers} layers"
        if experts := status.get("expert_layers_on_cpu", 0):
            words += f", the experts of {experts} of them on the CPU"
        return words
    if not status["is_gpu_build"]:
        return "CPU only: this build of llama-cpp-python has no GPU support; run `kb doctor`"
    # why it is not the GPU stands first.
    remarks = status.get("remarks") or ("no layers are on the GPU",)
    return f"CPU only: {remarks[0]}"


def describe_context(status: Mapping[str, Any]) -> str:
    """Say how much context was really given, of how much there could be, and how it is kept.

    Args:
        status: What an engine says of itself that has loaded its model.
    """
    given, trained = status["context_tokens"], status["trained_context_tokens"]
    words = f"{given:,} tokens"
    if trained > given:
        words += f" of the {trained:,} that the model was trained on"
    return words if status["kv_type"] == "f16" else f"{words}, kept in {status['kv_type']}"
