"""A GGUF file → a loaded model, placed by plan and held against it.

What llama.cpp makes of a plan is read off its log. Where memory runs out all the same, because another
program takes it or a driver gives less than it said, the next smaller plan is tried, down to the CPU.
"""

import ctypes
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.engine.fit.caches import SEQUENCES, STATE_SNAPSHOTS
from assistant.engine.fit.costs import OUTPUT_TOKENS, Costs, measure
from assistant.engine.fit.plan import (
    USEFUL_CONTEXT_TOKENS,
    KvType,
    Plan,
    Wishes,
    count_copies,
    plan,
    read_heads,
)
from assistant.engine.fit.stepping import describe_step, list_steps
from assistant.engine.llama.bindings import llama
from assistant.engine.llama.devices import cpu_buffers, is_gpu_build, list_devices
from assistant.engine.llama.log import (
    Buffers,
    Log,
    failure_reason,
    is_out_of_memory,
    offloaded_layers,
    read_buffers,
)
from assistant.engine.llama.model import Model
from assistant.engine.models.kinds import check_chat
from assistant.engine.types import Device
from assistant.errors import ModelFileError

logger = logging.getLogger(__name__)

KV_UNIFIED = True
"""Whether texts that are kept side by side share their cache."""

SWA_FULL = False
"""Whether layers with a window keep all tokens, so that any earlier prompt can be gone back to."""

_TIGHT_SHARE = 0.75
"""From this share of a GPU's free memory on, a plan is rehearsed before the model is loaded."""

_LEAST_FREE_BYTES = 96 * 1024**2
"""With less left than this, a GPU's driver may fail in the middle of an answer and end the process."""

_KV_TYPES = {"f16": llama.GGML_TYPE_F16, "q8_0": llama.GGML_TYPE_Q8_0, "q4_0": llama.GGML_TYPE_Q4_0}

_log = Log()
llama.llama_backend_init()


class _Override(ctypes.Structure):
    """A `llama_model_tensor_buft_override`."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffers", ctypes.c_void_p))


class OutOfMemory(Exception):  # noqa: N818 - a smaller plan may do
    """llama.cpp could not get the memory for a plan."""


class CacheRefused(Exception):  # noqa: N818 - the finest numbers will do
    """llama.cpp cannot keep the context of this model in such numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A model and its context, as llama.cpp holds them."""

    model: Any
    context: Any
    gpu_layers: tuple[int, int]
    """Layers on the GPU, and layers in all."""

    buffers: Buffers

    def close(self) -> None:
        """Free both."""
        llama.llama_free(self.context)
        llama.llama_model_free(self.model)


def load_model(
    path: Path,
    *,
    context_tokens: int,
    gpu_layers: int,
    threads: int,
    kv_type: KvType | str = "auto",
    batch_tokens: int = 0,
    on_progress: Callable[[float], bool] = lambda _: True,
    snapshot: Path | None = None,
    draft: Path | None = None,
    identity: str = "",
) -> Model:
    """Load a GGUF where there is room for it.

    Args:
        path: The file; of a split model, the first part.
        context_tokens: Context to ask for, 0 for what fits; never more than the model was trained on.
        gpu_layers: Layers to put on the GPU; -1 for as many as fit.
        threads: CPU threads, at least 1.
        kv_type: Numbers that the context is kept in; "auto" for what fits.
        batch_tokens: Tokens of a prompt evaluated at a time; 0 for what suits the device.
        on_progress: Is told the loaded share, 0 to 1, and says whether to go on.
        snapshot: Where the model may keep a prompt's state between runs.
        draft: A small model with the same vocabulary that guesses ahead.
        identity: Names the file and its version, for the snapshot.

    Raises:
        ModelFileError: With llama.cpp's own reason, if no memory holds it, or if it cannot answer.
    """
    devices = list_devices()
    heads = read_heads(path)
    check_chat(path, heads[0])
    costs = measure(heads)
    wishes = Wishes(
        context_tokens=context_tokens,
        gpu_layers=gpu_layers,
        kv_type=kv_type,  # type: ignore[arg-type]  # the settings allow no other
        batch_tokens=max(batch_tokens, OUTPUT_TOKENS) if batch_tokens else 0,
        beside_bytes=_draft_bytes(draft, context_tokens) if draft else 0,
    )
    costs = _rehearsed(path, costs, devices, wishes)
    steps = list_steps(costs, devices, wishes)
    first = next(steps)
    if first.where == "too large":
        raise ModelFileError(
            f"{path.name} does not fit in memory: {first.remarks[0]}",
            hint="take a smaller model, or a smaller quantisation of it: `kb models list` shows what fits",
        )
    found: Plan | None = first
    reasons: list[str] = []
    while found is not None:
        try:
            opened = open_by_plan(path, found, threads=threads, on_progress=on_progress)
            _check_room(opened)
            break
        except OutOfMemory as error:
            reasons.append(str(error))
            logger.warning("model.stepped_down gpu_layers=%d reason=%s", found.gpu_layers, error)
            found = next(steps, None)
        except CacheRefused as error:
            reasons.append(str(error))
            logger.warning("model.stepped_down kv_type=%s reason=%s", found.kv_type, error)
            wishes = replace(wishes, kv_type="f16")
            steps = list_steps(costs, devices, wishes)
            found = next(steps)
    else:
        raise ModelFileError(
            f"llama.cpp cannot load {path.name}: {reasons[-1]}",
            hint="close other programs, or take a smaller model: `kb models list` shows what fits",
        )
    # a context that is no multiple of what llama.cpp likes makes it take smaller batches.
    batch_tokens = min(found.batch_tokens, llama.llama_n_batch(opened.context))
    model = Model(
        opened.model,
        opened.context,
        gpu_layers=opened.gpu_layers,
        threads=threads,
        snapshot=snapshot,
        draft=draft,
        batch_tokens=batch_tokens,
        identity=f"{identity}:{found.kv_type}:{found.context_tokens}",
    )
    remarks = [describe_step(first, found, reasons[0])] if reasons else []
    remarks += _remarks(found, opened, devices, wishes)
    model.facts = replace(
        model.facts,
        kv_type=found.kv_type,
        batch_tokens=batch_tokens,
        gpu_bytes=_taken_bytes(devices, opened),
        planned_gpu_bytes=found.gpu_bytes + (wishes.beside_bytes if found.gpu_layers else 0),
        expert_layers_on_cpu=found.expert_layers_on_cpu,
        remarks=tuple(dict.fromkeys(remarks)),
    )
    _note(found, model)
    return model


def open_by_plan(
    path: Path,
    found: Plan,
    *,
    threads: int,
    on_progress: Callable[[float], bool] = lambda _: True,
    is_rehearsal: bool = False,
) -> Opened:
    """Load a model and make its context exactly as planned.

    Args:
        path: The file; of a split model, the first part.
        found: What goes where.
        threads: CPU threads, at least 1.
        on_progress: Is told the loaded share, 0 to 1, and says whether to go on.
        is_rehearsal: Only say what memory it would take, without taking it.

    Raises:
        OutOfMemory: If there is no memory for it.
        CacheRefused: If its context cannot be kept in such numbers.
        ModelFileError: If it cannot be loaded whatever the memory.
    """
    is_called_off = False

    def report(share: float, _: Any) -> bool:
        nonlocal is_called_off
        is_called_off = not on_progress(share)
        return not is_called_off

    options = llama.llama_model_default_params()
    options.n_gpu_layers = found.gpu_layers
    options.no_alloc = is_rehearsal
    # called back while the model is loaded; nothing of it may be freed before.
    kept = [report_function := llama.llama_progress_callback(report)]
    options.progress_callback = report_function
    if is_rehearsal:
        options.load_mode = llama.LLAMA_LOAD_MODE_NONE
    if not found.gpu_layers:
        # else a GPU would still take part in large multiplications, and memory for them.
        kept.append(none := (ctypes.c_void_p * 1)(None))
        options.devices = ctypes.cast(none, ctypes.c_void_p)
    if found.experts_on_cpu:
        kept.append(overrides := _overrides(found.experts_on_cpu))
        options.tensor_buft_overrides = ctypes.cast(overrides, ctypes.c_void_p)
    with _log.collect() as lines:
        model = llama.llama_model_load_from_file(os.fsencode(path), options)
    del kept
    if not model:
        reason = failure_reason(lines)
        if not is_called_off and is_out_of_memory(lines):
            raise OutOfMemory(reason)
        raise ModelFileError(f"llama.cpp cannot load {path.name}: {reason}")
    layers = offloaded_layers(lines) or (0, llama.llama_model_n_layer(model) + 1)
    with _log.collect() as context_lines:
        context = llama.llama_init_from_model(model, _context_options(found, threads))
    if not context:
        llama.llama_model_free(model)
        reason = failure_reason(context_lines)
        if is_out_of_memory(context_lines):
            raise OutOfMemory(reason)
        if found.kv_type != "f16":
            raise CacheRefused(reason)
        raise ModelFileError(f"llama.cpp cannot give {path.name} a context: {reason}")
    return Opened(
        model=model, context=context, gpu_layers=layers, buffers=read_buffers([*lines, *context_lines])
    )


def _context_options(found: Plan, threads: int) -> Any:
    options = llama.llama_context_default_params()
    options.n_ctx = found.context_tokens
    options.n_batch = options.n_ubatch = found.batch_tokens
    # scores of a whole batch would take hundreds of megabytes, and are never asked for.
    options.n_outputs_max = min(OUTPUT_TOKENS, found.batch_tokens)
    options.n_seq_max = SEQUENCES
    options.n_rs_seq = STATE_SNAPSHOTS
    options.kv_unified = KV_UNIFIED
    options.swa_full = SWA_FULL
    options.type_k = options.type_v = _KV_TYPES[found.kv_type]
    options.n_threads = options.n_threads_batch = threads
    # llama.cpp decides whether flash attention works for this model and device; the bindings' default is off.
    options.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
    options.no_perf = True
    return options


def _overrides(layers: Sequence[int]) -> Any:
    """Name the tensors that stay in the computer's own memory, for layers that are on the GPU."""
    pattern = rf"blk\.({'|'.join(map(str, layers))})\.ffn_\w+_exps\."
    return (_Override * 2)(_Override(pattern.encode(), cpu_buffers()), _Override(None, None))


def _rehearsed(path: Path, costs: Costs, devices: Sequence[Device], wishes: Wishes) -> Costs:
    """Correct what is estimated by what llama.cpp would really take, where a GPU would become nearly full."""
    found = plan(costs, devices, wishes)
    free = sum(device.free_bytes for device in devices if device.kind != "cpu")
    if not found.gpu_layers or found.gpu_bytes < _TIGHT_SHARE * free:
        return costs
    try:
        opened = open_by_plan(path, found, threads=1, is_rehearsal=True)
    except (OutOfMemory, CacheRefused, ModelFileError) as error:
        logger.info("rehearsal.failed reason=%s", error)
        return costs
    opened.close()
    estimated = count_copies(devices) * costs.compute_bytes(found.context_tokens, found.batch_tokens)
    kept = costs.cache_bytes(costs.layers, found.context_tokens, found.kv_type, found.batch_tokens)
    compute_share = opened.buffers.of_gpus("compute") / estimated
    cache_share = opened.buffers.cache_bytes / kept if kept else 1.0
    logger.info("rehearsal.done compute_share=%.2f cache_share=%.2f", compute_share, cache_share)
    return replace(costs, compute_share=compute_share or 1.0, cache_share=cache_share or 1.0)


def _check_room(opened: Opened) -> None:
    """Hold what is left of the GPUs against what they need to compute.

    Raises:
        OutOfMemory: If it is too little, because another program took of it meanwhile; nothing is held then.
    """
    if not opened.gpu_layers[0]:
        return
    left = sum(device.free_bytes for device in list_devices() if device.kind != "cpu")
    if left < _LEAST_FREE_BYTES:
        opened.close()
        raise OutOfMemory(f"only {left // 1024**2} MiB of the GPU were left")


def _draft_bytes(draft: Path, context_tokens: int) -> int:
    """Return what a draft model takes of a GPU."""
    costs = measure(read_heads(draft))
    tokens = context_tokens or USEFUL_CONTEXT_TOKENS
    caches = costs.cache_bytes(costs.layers, tokens, "f16", 512)
    return costs.weight_bytes(is_output_on_gpu=True) + caches + costs.compute_bytes(tokens, 512)


def _remarks(found: Plan, opened: Opened, devices: Sequence[Device], wishes: Wishes) -> list[str]:
    """Say what a person should know of how a model stands."""
    remarks = []
    given, _ = opened.gpu_layers
    if not given and wishes.gpu_layers == 0:
        remarks.append("no layers are wanted on the GPU ([model] gpu_layers is 0)")
    elif not given and is_gpu_build() and all(device.kind == "cpu" for device in devices):
        remarks.append(
            "this build of llama-cpp-python supports GPUs, but finds none; its driver may be missing"
        )
    elif given != found.gpu_layers:
        remarks.append(f"{found.gpu_layers} layers were to be put on the GPU, {given} stand there")
    return [*remarks, *found.remarks]


def _taken_bytes(devices: Sequence[Device], opened: Opened) -> int:
    """Return what was taken of the GPUs since they were listed; what llama.cpp says of it if that is more."""
    if not opened.gpu_layers[0]:
        return 0
    before, now = (
        sum(device.free_bytes for device in each if device.kind != "cpu")
        for each in (devices, list_devices())
    )
    # another program may have given memory back meanwhile.
    return max(before - now, opened.buffers.of_gpus())


def _note(found: Plan, model: Model) -> None:
    facts = model.facts
    logger.info(
        "model.placed gpu_layers=%d layers=%d expert_layers_on_cpu=%d context_tokens=%d kv_type=%s"
        " batch_tokens=%d planned_gpu_bytes=%d gpu_bytes=%d",
        facts.gpu_layers,
        facts.layers,
        facts.expert_layers_on_cpu,
        facts.context_tokens,
        found.kv_type,
        found.batch_tokens,
        facts.planned_gpu_bytes,
        facts.gpu_bytes,
    )
