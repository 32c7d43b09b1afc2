"""Tests of the words for where a model stands."""

from typing import Any

import pytest

from assistant.engine.fit import describe_placement

ON_CPU: dict[str, Any] = {"layers": 36, "gpu_layers": 0, "is_gpu_build": True, "remarks": []}
ON_GPU = {**ON_CPU, "gpu_layers": 36}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"state": "loading"}, ""),
        (ON_GPU, "GPU: 36/36 layers"),
        ({**ON_GPU, "gpu_layers": 20}, "GPU: 20/36 layers"),
        (
            {**ON_GPU, "expert_layers_on_cpu": 7},
            "GPU: 36/36 layers, the experts of 7 of them on the CPU",
        ),
        (
            {**ON_CPU, "is_gpu_build": False},
            "CPU only: this build of llama-cpp-python has no GPU support; run `kb doctor`",
        ),
        (
            {**ON_CPU, "remarks": ["the card is full", "less context is given"]},
            "CPU only: the card is full",
        ),
        (ON_CPU, "CPU only: no layers are on the GPU"),
    ],
)
def test_a_placement_is_said_in_one_line(status: dict[str, Any], words: str) -> None:
    """What is on the GPU, or why it is not; never nothing once a model is loaded."""
    assert describe_placement(status) == words
