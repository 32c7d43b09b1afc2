"""The status of the engine as rows of one screen."""

from typing import Any

from assistant.cli.engine import rows

LOADING: dict[str, Any] = {
    "state": "loading",
    "busy": False,
    "pid": 4711,
    "model": "/models/m.gguf",
    "progress": 0.25,
}
READY: dict[str, Any] = {
    **LOADING,
    "state": "ready",
    "busy": True,
    "layers": 37,
    "gpu_layers": 30,
    "expert_layers_on_cpu": 0,
    "is_gpu_build": True,
    "device": "RTX 3060",
    "context_tokens": 8192,
    "trained_context_tokens": 40_960,
    "kv_type": "q8_0",
    "gpu_bytes": 9_200_000_000,
    "planned_gpu_bytes": 9_000_000_000,
    "remarks": ["37 layers could not be had, 30 were taken instead"],
}


def test_an_engine_that_loads_says_how_far_it_is() -> None:
    """Where the model stands is not known yet."""
    assert dict(rows(LOADING)) == {
        "engine": "loading, pid 4711",
        "model": "/models/m.gguf",
        "loaded": "25%",
    }


def test_a_loaded_engine_says_what_was_really_given() -> None:
    """Layers, context and memory, and what it had to do without."""
    assert dict(rows(READY)) == {
        "engine": "ready, busy, pid 4711",
        "model": "/models/m.gguf",
        "placement": "GPU: 30/37 layers",
        "device": "RTX 3060",
        "context": "8,192 tokens of the 40,960 that the model was trained on, kept in q8_0",
        "memory": "9.20 GB of the GPU, 9.00 GB planned",
        "note": "37 layers could not be had, 30 were taken instead",
    }


def test_why_it_is_the_cpu_is_said_once() -> None:
    """The reason stands with the placement, and not again below."""
    said = dict(rows({**READY, "gpu_layers": 0, "device": "CPU", "remarks": ["the card is full"]}))
    assert said["placement"] == "CPU only: the card is full"
    assert "note" not in said
    assert "memory" not in said
