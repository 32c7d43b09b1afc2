"""How much of a model goes on the GPU, and how much context there is room for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.engine.fit.costs import Costs, measure
from assistant.engine.gguf import read_head
from assistant.engine.types import Device

Where = Literal["GPU", "partly", "CPU", "too large"]
KvType = Literal["f16", "q8_0", "q4_0"]

USEFUL_CONTEXT_TOKENS = 32_768
"""More is never taken unasked: passages, a long conversation and a long thought fit in."""

CPU_CONTEXT_TOKENS = 8192
"""The same without a GPU, where to read more takes minutes."""

SMALLEST_CONTEXT_TOKENS = 4096
GPU_BATCH_TOKENS = 512
CPU_BATCH_TOKENS = 512

_CONTEXTS = (USEFUL_CONTEXT_TOKENS, 24_576, 16_384, 12_288, CPU_CONTEXT_TOKENS, 6144, SMALLEST_CONTEXT_TOKENS)
_MIB = 1024**2


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What of a model goes where."""

    where: Where
    gpu_layers: int
    layers: int
    """Layers that can stand on a GPU, the output layer included."""

    expert_layers_on_cpu: int
    """Layers on the GPU whose experts are left to the processor, the last ones of the model first."""

    context_tokens: int
    kv_type: KvType
    batch_tokens: int
    gpu_bytes: int
    cpu_bytes: int
    remarks: tuple[str, ...] = ()
    """What a person should know of it."""


def plan_for(file: Path, devices: Sequence[Device], wishes: Wishes) -> Plan:
    """Plan where a model goes; `file` is the first part of one that comes in several.

    Raises:
        ModelFileError: If a file of it is no GGUF, is damaged, cut short or absent.
    """
    return plan(measure([read_head(file)]), devices, wishes)


def plan(costs: Costs, devices: Sequence[Device], wishes: Wishes) -> Plan:
    """Plan where a model goes, whose costs are known."""
    budgets = _Budgets.of(devices)
    layers = len(costs.layers) + 1
    trials = _trials(costs, budgets, wishes)
    for trial in trials:
        if trial.gpu_bytes(costs) <= budgets.gpu_bytes and trial.total_bytes(costs) <= budgets.total_bytes:
            return trial.planned(costs, layers, where=_where(trial, layers))
    return trial.planned(costs, layers, where="too large")


@dataclass(frozen=True, slots=True)
class _Budgets:
    """What may be taken of the memory that is free."""

    gpu_bytes: int
    total_bytes: int

    @classmethod
    def of(cls, devices: Sequence[Device]) -> "_Budgets":
        ram = sum(
            max(0, device.free_bytes - _ram_reserve(device)) for device in devices if device.kind == "cpu"
        )
        discrete = [device for device in devices if device.kind == "gpu"]
        if discrete:
            gpu = sum(max(0, device.free_bytes - _gpu_reserve(device)) for device in discrete)
            return cls(gpu, ram + gpu)
        shared = [device for device in devices if device.kind == "igpu"][:1]
        gpu = sum(max(0, device.free_bytes - _gpu_reserve(device)) for device in shared)
        return cls(min(gpu, ram), ram)


@dataclass(frozen=True, slots=True)
class _Trial:
    """One way to place a model."""

    gpu_layers: int
    expert_layers_on_cpu: int
    context_tokens: int
    kv_type: KvType
    batch_tokens: int

    def gpu_bytes(self, costs: Costs) -> int:
        """Return what it takes of the GPU; nothing without layers there."""
        if not self.gpu_layers:
            return 0
        # the output layer goes first, then the last layers.
        placed = costs.layers[len(costs.layers) - self.gpu_layers + 1 :] if self.gpu_layers > 1 else ()
        total = costs.output_bytes + costs.compute_bytes(self.context_tokens, self.batch_tokens)
        for layer in placed:
            total += layer.weight_bytes + layer.expert_bytes
            total += layer.cache_bytes(self.context_tokens, self.kv_type, self.batch_tokens)
        return total - sum(layer.expert_bytes for layer in placed[: self.expert_layers_on_cpu])

    def total_bytes(self, costs: Costs) -> int:
        """Return what it takes of all memory."""
        caches = (
            layer.cache_bytes(self.context_tokens, self.kv_type, self.batch_tokens) for layer in costs.layers
        )
        return costs.weight_bytes + costs.compute_bytes(self.context_tokens, self.batch_tokens) + sum(caches)

    def planned(self, costs: Costs, layers: int, *, where: Where) -> Plan:
        """Return it as a plan."""
        gpu_bytes = self.gpu_bytes(costs)
        return Plan(
            where=where,
            gpu_layers=self.gpu_layers,
            layers=layers,
            expert_layers_on_cpu=self.expert_layers_on_cpu,
            context_tokens=self.context_tokens,
            kv_type=self.kv_type,
            batch_tokens=self.batch_tokens,
            gpu_bytes=gpu_bytes,
            cpu_bytes=self.total_bytes(costs) - gpu_bytes,
        )


def _trials(costs: Costs, budgets: _Budgets, wishes: Wishes) -> Iterator[_Trial]:
    """Give ways to place a model, the one that is liked most first."""
    layers = len(costs.layers) + 1
    trained = costs.trained_context_tokens or USEFUL_CONTEXT_TOKENS
    contexts = [
        min(tokens, trained) for tokens in ([wishes.context_tokens] if wishes.context_tokens else _CONTEXTS)
    ]
    kv_types: tuple[KvType, ...] = ("f16", "q8_0") if wishes.kv_type == "auto" else (wishes.kv_type,)
    most = min(layers, wishes.gpu_layers) if wishes.gpu_layers >= 0 else layers
    most = most if budgets.gpu_bytes else 0
    if most:
        batch = wishes.batch_tokens or GPU_BATCH_TOKENS
        for kv_type in kv_types:
            for context in contexts:
                yield _Trial(most, 0, context, kv_type, batch)
        if any(layer.expert_bytes for layer in costs.layers):
            for count in range(1, most):
                yield _Trial(most, count, contexts[-1], kv_types[0], batch)
        for count in range(most - 1, 0, -1):
            yield _Trial(count, 0, contexts[-1], kv_types[0], batch)
    batch = wishes.batch_tokens or CPU_BATCH_TOKENS
    for kv_type in kv_types:
        for context in contexts:
            if wishes.context_tokens or context <= CPU_CONTEXT_TOKENS:
                yield _Trial(0, 0, context, kv_type, batch)


def _where(trial: _Trial, layers: int) -> Where:
    if not trial.gpu_layers:
        return "CPU"
    return "GPU" if trial.gpu_layers == layers and not trial.expert_layers_on_cpu else "partly"


def _gpu_reserve(device: Device) -> int:
    """Return what is left free of a GPU, for the driver and for what else draws on it."""
    return min(max(device.total_bytes // 12, 384 * _MIB), 1024 * _MIB)


def _ram_reserve(device: Device) -> int:
    return min(device.total_bytes // 16, 1024 * _MIB)
