"""Tests of what `kb doctor` says of the model and the engine."""

from dataclasses import replace
from typing import Any

from assistant.cli.doctor.findings import exit_code
from assistant.cli.doctor.models import judge_engine, judge_plan
from assistant.engine.fit import Plan

PLAN = Plan(
    where="GPU",
    gpu_layers=33,
    layers=33,
    experts_on_cpu=(),
    context_tokens=32_768,
    kv_type="f16",
    batch_tokens=1024,
    gpu_bytes=9 * 10**9,
    cpu_bytes=10**9,
)
READY: dict[str, Any] = {
    "model": "/models/m.gguf",
    "state": "ready",
    "progress": 1.0,
    "layers": 33,
    "gpu_layers": 33,
    "expert_layers_on_cpu": 0,
    "is_gpu_build": True,
    "context_tokens": 32_768,
    "trained_context_tokens": 131_072,
    "kv_type": "q8_0",
    "gpu_bytes": 9_200_000_000,
    "planned_gpu_bytes": 9_000_000_000,
    "remarks": [],
}


def look(**changes: Any) -> list[tuple[str, str, str]]:
    """Judge an engine that is like `READY` but for some of its status."""
    return [(each.verdict, each.topic, each.said) for each in judge_engine({**READY, **changes})]


def test_a_plan_is_told_with_its_context() -> None:
    """On the GPU, in part, or on the CPU."""
    assert judge_plan("m", PLAN).said == "m fits with 33/33 layers on the GPU and 32,768 tokens of context"
    partly = replace(PLAN, where="partly", experts_on_cpu=(1, 2))
    assert judge_plan("m", partly).said == (
        "m fits with 33/33 layers on the GPU, the experts of 2 of them on the CPU"
        " and 32,768 tokens of context"
    )
    cpu = replace(PLAN, where="CPU", gpu_layers=0, context_tokens=8192)
    assert judge_plan("m", cpu).said == "m fits on the CPU, with 8,192 tokens of context"


def test_a_plan_with_a_remark_is_a_warning_and_one_that_fails_a_problem() -> None:
    """The remark is told; what is too large ends the command with the model's exit code."""
    cramped = judge_plan("m", replace(PLAN, remarks=("less context is given",)))
    assert cramped.verdict == "warning"
    assert cramped.said.endswith("; less context is given")
    large = judge_plan("m", replace(PLAN, where="too large", remarks=("it needs 90 GB",)))
    assert large.verdict == "problem"
    assert large.said == "m does not fit in memory: it needs 90 GB"
    assert exit_code([cramped]) == 0
    assert exit_code([cramped, large]) == 4


def test_an_engine_is_told_with_its_memory() -> None:
    """Layers, the context that was really given, and the plan beside what was measured."""
    assert look() == [
        ("ok", "engine", "m.gguf: GPU: 33/33 layers"),
        ("ok", "context", "32,768 tokens of the 131,072 that the model was trained on, kept in q8_0"),
        ("ok", "plan", "9.20 GB of the GPU taken, 9.00 GB planned"),
    ]


def test_a_plan_that_was_off_is_a_warning() -> None:
    """By more than a twentieth."""
    verdict, _, said = look(gpu_bytes=10_000_000_000)[-1]
    assert verdict == "warning"
    assert "11% off" in said


def test_an_engine_on_the_cpu_is_no_surprise_without_gpu_support_only() -> None:
    """What a build for GPUs does not put there is a warning, with the reason, told once."""
    on_cpu = {"gpu_layers": 0, "gpu_bytes": 0, "planned_gpu_bytes": 0}
    assert look(**on_cpu, is_gpu_build=False)[0] == (
        "ok",
        "engine",
        "m.gguf: CPU only: this build of llama-cpp-python has no GPU support",
    )
    found = look(**on_cpu, remarks=["the card is full", "less context is given"])
    assert [each for each in found if each[1] == "engine"] == [
        ("warning", "engine", "m.gguf: CPU only: the card is full"),
        ("warning", "engine", "less context is given"),
    ]


def test_an_engine_that_loads_or_failed_says_so() -> None:
    """A failure is a problem, with what to do."""
    loading = {key: value for key, value in READY.items() if key in ("state", "progress")}
    assert [each.said for each in judge_engine({**loading, "state": "loading", "progress": 0.4})] == [
        "loading, 40% of the model loaded"
    ]
    (failed,) = judge_engine({**loading, "error": {"message": "no memory", "hint": "close something"}})
    assert (failed.verdict, failed.said, failed.hint) == ("problem", "no memory", "close something")
