"""Where a model stands, in words for people."""

from collections.abc import Mapping
from typing import Any


def describe_placement(status: Mapping[str, Any]) -> str:
    """Say what computes: "GPU: 36/36 layers", or why it is the CPU.

    Args:
        status: What the engine says of itself; empty words come back while it has loaded no model.
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
    if remarks := status.get("remarks", ()):
        return f"CPU only: {remarks[-1]}"
    return "CPU only"
