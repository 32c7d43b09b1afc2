"""What to try when a model does not fit as it was planned."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.engine.fit.costs import Costs
from assistant.engine.fit.plan import Plan, Wishes, gpu_reserve, plan
from assistant.engine.types import Device

_SHARES = (0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1, 0.0)
"""Of what the best plan takes of the GPUs, how much is counted on, from one attempt to the next."""

_SMALLEST_CONTEXT_TOKENS = 1024


def list_steps(costs: Costs, devices: Sequence[Device], wishes: Wishes) -> Iterator[Plan]:
    """Give plans from the best to the one that takes least, no two alike; the last ones are for the CPU."""
    first = last = plan(costs, devices, wishes)
    yield first
    if first.gpu_layers:
        for share in _SHARES:
            found = plan(costs, _with_spare(devices, int(first.gpu_bytes * share)), wishes)
            if _placement(found) != _placement(last):
                yield found
            last = found
    if last.kv_type != "f16" and wishes.kv_type == "auto":
        last = replace(last, kv_type="f16")
        yield last
    while last.context_tokens > _SMALLEST_CONTEXT_TOKENS:
        last = replace(last, context_tokens=max(_SMALLEST_CONTEXT_TOKENS, last.context_tokens // 2))
        yield last


def _with_spare(devices: Sequence[Device], wanted_bytes: int) -> list[Device]:
    """Return devices whose GPUs can spare no more than this together."""
    spare = {
        place: max(0, device.free_bytes - gpu_reserve(device))
        for place, device in enumerate(devices)
        if device.kind != "cpu"
    }
    share = min(1.0, wanted_bytes / (sum(spare.values()) or 1))
    return [
        replace(device, free_bytes=gpu_reserve(device) + int(spare[place] * share))
        if place in spare
        else device
        for place, device in enumerate(devices)
    ]


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
    layers = f"{found.gpu_layers or 'no'} layer{'' if found.gpu_layers == 1 else 's'} on the GPU"
    if found.experts_on_cpu:
        layers += f" but for the experts of {len(found.experts_on_cpu)}"
    coarse = "" if found.kv_type == "f16" else f" in {found.kv_type}"
    return f"{layers} and {found.context_tokens:,} tokens of context{coarse}"
