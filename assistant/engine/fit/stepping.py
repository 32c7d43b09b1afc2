"""What to try when a model does not fit as it was planned."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.engine.fit.costs import Costs
from assistant.engine.fit.plan import Plan, Wishes, plan
from assistant.engine.types import Device

_SHARES = (1.0, 0.9, 0.8, 0.65, 0.5, 0.3, 0.0)
"""Of the memory that a GPU says it has free, how much is counted on, from one attempt to the next."""

_SMALLEST_CONTEXT_TOKENS = 1024


def list_steps(costs: Costs, devices: Sequence[Device], wishes: Wishes) -> Iterator[Plan]:
    """Give plans from the best to the one that takes least, no two alike; the last ones are for the CPU."""
    before: Plan | None = None
    for share in _SHARES:
        smaller = [
            device if device.kind == "cpu" else replace(device, free_bytes=int(device.free_bytes * share))
            for device in devices
        ]
        found = plan(costs, smaller, wishes)
        if before is None or _placement(found) != _placement(before):
            yield found
        before = found
    last = found
    if last.kv_type != "f16" and wishes.kv_type == "auto":
        yield replace(last, kv_type="f16")
    while last.context_tokens > _SMALLEST_CONTEXT_TOKENS:
        last = replace(last, context_tokens=max(_SMALLEST_CONTEXT_TOKENS, last.context_tokens // 2))
        yield last


def describe_step(first: Plan, taken: Plan, reason: str) -> str:
    """Say in one sentence that a model was loaded otherwise than planned."""
    return f"{_describe(first)} could not be had ({reason}), {_describe(taken)} were taken instead"


def _placement(found: Plan) -> tuple[object, ...]:
    return (
        found.gpu_layers,
        found.experts_on_cpu,
        found.context_tokens,
        found.kv_type,
        found.batch_tokens,
    )


def _describe(found: Plan) -> str:
    layers = f"{found.gpu_layers} layers on the GPU" if found.gpu_layers else "no layers on the GPU"
    if found.experts_on_cpu:
        layers += f" but for the experts of {len(found.experts_on_cpu)}"
    coarse = "" if found.kv_type == "f16" else f" in {found.kv_type}"
    return f"{layers} and {found.context_tokens:,} tokens of context{coarse}"
