"""How much of a model goes on the GPU, and how much context there is room for.

Ways to place a model are tried in one fixed order, best first, and the first that fits is taken. So more
memory never moves anything off the GPU, nor does it shorten the context of what stands there alike.
Contexts come in a few sizes only: a little more or less memory at the next start changes nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.engine.fit.costs import Costs, measure
from assistant.engine.gguf import GgufHead, read_head
from assistant.engine.types import Device

Where = Literal["GPU", "partly", "CPU", "too large"]
KvType = Literal["f16", "q8_0", "q4_0"]

USEFUL_CONTEXT_TOKENS = 32_768
"""More is never taken unasked: passages, a long conversation and a long thought fit in."""

ENOUGH_CONTEXT_TOKENS = 8192
"""More is taken only on the GPU: elsewhere it takes minutes to read, and memory that others could use."""

_CONTEXTS = (USEFUL_CONTEXT_TOKENS, 24_576, 16_384, 12_288, ENOUGH_CONTEXT_TOKENS, 6144, 4096)

BATCH_TOKENS = 512
"""Between two batches of this size a GPU can be interrupted within a fraction of a second."""

LARGE_BATCH_TOKENS = 1024
"""Where the whole model is on the GPU, or has its experts fetched for every batch."""

_MIB = 1024**2
_PART = re.compile(r"(.+)-00001-of-(\d{5})\.gguf$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the settings ask for."""

    context_tokens: int = 0
    """0 for what fits."""

    gpu_layers: int = -1
    """-1 for as many as fit."""

    kv_type: Literal["auto", "f16", "q8_0", "q4_0"] = "auto"
    batch_tokens: int = 0
    """0 for what suits the device."""

    beside_bytes: int = 0
    """Memory of the GPU that something else will take: a draft model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What of a model goes where."""

    where: Where
    gpu_layers: int
    layers: int
    """Layers that can stand on a GPU, the output layer included."""

    experts_on_cpu: tuple[int, ...]
    """Layers on the GPU whose experts are left to the processor."""

    context_tokens: int
    kv_type: KvType
    batch_tokens: int
    gpu_bytes: int
    cpu_bytes: int
    remarks: tuple[str, ...] = ()
    """What a person should know of it."""

    @property
    def expert_layers_on_cpu(self) -> int:
        """Return how many layers on the GPU have their experts left to the processor."""
        return len(self.experts_on_cpu)


def plan_for(file: Path, devices: Sequence[Device], wishes: Wishes) -> Plan:
    """Plan where a model goes; `file` is the first one of a model that comes in several.

    Raises:
        ModelFileError: If a file of it is no GGUF, is damaged, cut short or absent.
    """
    return plan(measure(read_heads(file)), devices, wishes)


def read_heads(file: Path) -> list[GgufHead]:
    """Read the heads of all files of a model, the first one first.

    Raises:
        ModelFileError: If one is no GGUF, is damaged, cut short or absent.
    """
    if not (match := _PART.match(file.name)):
        return [read_head(file)]
    count = int(match[2])
    parts = (file.with_name(f"{match[1]}-{part:05}-of-{match[2]}.gguf") for part in range(1, count + 1))
    return [read_head(part) for part in parts]


def plan(costs: Costs, devices: Sequence[Device], wishes: Wishes) -> Plan:
    """Plan where a model goes, whose costs are known."""
    budget = _Budget.of(devices, wishes.beside_bytes)
    trial = next((trial for trial in _trials(costs, budget, wishes) if budget.holds(costs, trial)), None)
    remarks = list(_remarks(costs, budget, wishes, trial))
    if trial is None:
        # what is taken by other programs may be given back, and a file is read as it is needed.
        last = _smallest(costs, wishes)
        where: Where = "CPU" if last.total_bytes(costs) <= budget.ever_bytes else "too large"
        return last.planned(costs, budget.copies, where, remarks)
    if not trial.gpu_layers:
        where = "CPU"
    elif trial.gpu_layers == len(costs.layers) + 1 and not trial.experts:
        where = "GPU"
    else:
        where = "partly"
    return trial.planned(costs, budget.copies, where, remarks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Budget:
    """What may be taken of the memory that is free."""

    gpu_bytes: int
    gpus: int
    """How many GPUs share the layers."""

    copies: int
    """How often they hold the intermediate results of a batch."""

    total_bytes: int
    ever_bytes: int
    """What could be taken at best, of the computer's own memory."""

    @classmethod
    def of(cls, devices: Sequence[Device], beside_bytes: int) -> "_Budget":
        ram = sum(max(0, each.free_bytes - _ram_reserve(each)) for each in devices if each.kind == "cpu")
        ever = sum(each.total_bytes - _ram_reserve(each) for each in devices if each.kind == "cpu")
        used = _used_gpus(devices)
        has_cards = any(each.kind == "gpu" for each in used)
        gpu = max(0, sum(max(0, each.free_bytes - gpu_reserve(each)) for each in used) - beside_bytes)
        if not has_cards:
            gpu = min(gpu, ram)
        return cls(
            gpu_bytes=gpu,
            gpus=len(used),
            copies=count_copies(devices),
            total_bytes=ram + (gpu if has_cards else 0),
            ever_bytes=ever,
        )

    def holds(self, costs: Costs, trial: "_Trial") -> bool:
        """Say whether there is room for a model that is placed so."""
        if trial.total_bytes(costs) > self.total_bytes:
            return False
        if not trial.gpu_layers:
            return True
        # layers are not cut in two where several GPUs share them.
        largest = max((layer.weight_bytes + layer.expert_bytes for layer in costs.layers), default=0)
        spread = (self.gpus - 1) * largest
        return trial.gpu_bytes(costs, self.copies) + spread <= self.gpu_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """One way to place a model."""

    context_tokens: int
    kv_type: KvType
    batch_tokens: int
    gpu_layers: int = 0
    experts: tuple[int, ...] = ()
    """Layers whose experts are not on the GPU."""

    def gpu_bytes(self, costs: Costs, copies: int) -> int:
        """Return what it takes of the GPUs; nothing without layers there."""
        if not self.gpu_layers:
            return 0
        # the output layer goes first, then the last layers.
        placed = costs.layers[len(costs.layers) + 1 - self.gpu_layers :]
        weights = costs.output_bytes + sum(layer.weight_bytes + layer.expert_bytes for layer in placed)
        weights -= sum(costs.layers[index].expert_bytes for index in self.experts)
        caches = costs.cache_bytes(placed, self.context_tokens, self.kv_type, self.batch_tokens)
        return weights + caches + copies * costs.compute_bytes(self.context_tokens, self.batch_tokens)

    def total_bytes(self, costs: Costs) -> int:
        """Return what it takes of all memory."""
        return (
            costs.weight_bytes(is_output_on_gpu=self.gpu_layers > 0)
            + costs.cache_bytes(costs.layers, self.context_tokens, self.kv_type, self.batch_tokens)
            + costs.compute_bytes(self.context_tokens, self.batch_tokens)
        )

    def planned(self, costs: Costs, copies: int, where: Where, remarks: Sequence[str]) -> Plan:
        """Return it as a plan."""
        gpu_bytes = self.gpu_bytes(costs, copies)
        return Plan(
            where=where,
            gpu_layers=self.gpu_layers,
            layers=len(costs.layers) + 1,
            experts_on_cpu=self.experts,
            context_tokens=self.context_tokens,
            kv_type=self.kv_type,
            batch_tokens=self.batch_tokens,
            gpu_bytes=gpu_bytes,
            cpu_bytes=max(0, self.total_bytes(costs) - gpu_bytes),
            remarks=tuple(remarks),
        )


def _trials(costs: Costs, budget: _Budget, wishes: Wishes) -> Iterator[_Trial]:
    """Give ways to place a model, the one that is liked most first."""
    layers = len(costs.layers) + 1
    most = (min(layers, wishes.gpu_layers) if wishes.gpu_layers >= 0 else layers) if budget.gpu_bytes else 0
    large, small = (wishes.batch_tokens or tokens for tokens in (LARGE_BATCH_TOKENS, BATCH_TOKENS))
    for may_be_less in (False, True) if wishes.context_tokens else (True,):
        sizes = list(_sizes(costs, wishes, may_be_less=may_be_less))
        enough = next(size for size in sizes if size[0] <= ENOUGH_CONTEXT_TOKENS or not may_be_less)
        if most:
            for context, kv_type in sizes:
                yield _Trial(gpu_layers=most, context_tokens=context, kv_type=kv_type, batch_tokens=large)
                yield _Trial(gpu_layers=most, context_tokens=context, kv_type=kv_type, batch_tokens=small)
            yield from _partial_trials(costs, most, enough, large, small)
        for context, kv_type in sizes:
            if wishes.context_tokens or context <= ENOUGH_CONTEXT_TOKENS:
                yield _Trial(context_tokens=context, kv_type=kv_type, batch_tokens=small)


def _partial_trials(
    costs: Costs, most: int, size: tuple[int, KvType], large: int, small: int
) -> Iterator[_Trial]:
    """Give ways to leave a part of the layers to the processor: first experts, then whole layers."""
    context, kv_type = size
    experts = _experts(costs, most)
    for count in range(1, len(experts) + 1):
        yield _Trial(
            gpu_layers=most,
            experts=experts[:count],
            context_tokens=context,
            kv_type=kv_type,
            batch_tokens=large,
        )
    for layers in range(most - 1, 0, -1):
        yield _Trial(
            gpu_layers=layers,
            experts=_experts(costs, layers),
            context_tokens=context,
            kv_type=kv_type,
            batch_tokens=small,
        )


def _experts(costs: Costs, gpu_layers: int) -> tuple[int, ...]:
    first = len(costs.layers) + 1 - gpu_layers
    return tuple(index for index in range(first, len(costs.layers)) if costs.layers[index].expert_bytes)


def _sizes(costs: Costs, wishes: Wishes, *, may_be_less: bool) -> Iterator[tuple[int, KvType]]:
    """Give contexts and the numbers they are kept in, the longest and finest first.

    Smaller numbers are taken before a context that is less than enough.
    """
    trained = costs.trained_context_tokens or USEFUL_CONTEXT_TOKENS
    most = wishes.context_tokens or USEFUL_CONTEXT_TOKENS
    wanted = _CONTEXTS if may_be_less else (most,)
    contexts = list(dict.fromkeys(min(tokens, most, trained) for tokens in wanted))
    if wishes.kv_type != "auto":
        yield from ((tokens, wishes.kv_type) for tokens in contexts)
        return
    roomy = [tokens for tokens in contexts if tokens >= min(ENOUGH_CONTEXT_TOKENS, contexts[0])]
    yield from ((tokens, "f16") for tokens in roomy)
    left = contexts[len(roomy) - 1 :]
    if costs.is_cache_quantisable:
        yield from ((tokens, "q8_0") for tokens in left)
    else:
        yield from ((tokens, "f16") for tokens in left[1:])


def _smallest(costs: Costs, wishes: Wishes) -> _Trial:
    """Return the way that takes the least memory."""
    context, kv_type = list(_sizes(costs, wishes, may_be_less=True))[-1]
    return _Trial(context_tokens=context, kv_type=kv_type, batch_tokens=wishes.batch_tokens or BATCH_TOKENS)


def _remarks(costs: Costs, budget: _Budget, wishes: Wishes, trial: _Trial | None) -> Iterator[str]:
    if trial is None:
        needed = _smallest(costs, wishes).total_bytes(costs)
        yield f"the model needs {_amount(needed)} of memory, of which {_amount(budget.total_bytes)} are free"
        return
    if budget.gpus and wishes.gpu_layers and not trial.gpu_layers:
        yield f"no layer of the model fits in the {_amount(budget.gpu_bytes)} that the GPU can spare"
    elif 0 < trial.gpu_layers < min(wishes.gpu_layers, len(costs.layers) + 1):
        yield f"{wishes.gpu_layers} layers do not fit on the GPU, {trial.gpu_layers} are put there"
    wanted = min(wishes.context_tokens, costs.trained_context_tokens or wishes.context_tokens)
    if trial.context_tokens < wanted:
        yield f"a context of {wanted:,} tokens does not fit in memory, {trial.context_tokens:,} are given"


def count_copies(devices: Sequence[Device]) -> int:
    """Return how often the GPUs hold the intermediate results of a batch.

    Several GPUs hold them each, and twice, because they work on several batches at once.
    """
    gpus = len(_used_gpus(devices))
    return 2 * gpus if gpus > 1 else 1


def _used_gpus(devices: Sequence[Device]) -> list[Device]:
    """Return the GPUs that llama.cpp takes: an integrated one only where there is no other."""
    cards = [each for each in devices if each.kind == "gpu"]
    return cards or [each for each in devices if each.kind == "igpu"][:1]


def gpu_reserve(device: Device) -> int:
    """Return what is left free of a GPU, for the driver and for what else draws on it."""
    return min(max(device.total_bytes // 12, 384 * _MIB), 1024 * _MIB)


def _ram_reserve(device: Device) -> int:
    return min(device.total_bytes // 16, 1024 * _MIB)


def _amount(count: int) -> str:
    """Write a number of bytes for a person."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
