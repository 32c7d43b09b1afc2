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
