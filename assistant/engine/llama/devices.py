"""What llama.cpp can compute on.

ggml's own functions for it are not bound by llama-cpp-python, but exported by the library it loads.
"""

import ctypes
from functools import cache
from typing import Any, Literal

from assistant.engine.llama.bindings import llama
from assistant.engine.llama.ram import read_ram
from assistant.engine.types import Device

_GPU, _INTEGRATED = 1, 2
"""ggml's numbers for kinds of devices."""

_PROCESSOR_BACKENDS = ("CPU", "BLAS", "RPC")
"""What a build without GPU support may have."""


def is_gpu_build() -> bool:
    """Say whether this build of llama.cpp could use a GPU, whether or not there is one."""
    library = _library()
    backends = (
        library.ggml_backend_reg_name(library.ggml_backend_reg_get(index))
        for index in range(library.ggml_backend_reg_count())
    )
    return any(name.decode() not in _PROCESSOR_BACKENDS for name in backends)


def list_devices() -> tuple[Device, ...]:
    """List the GPUs that ggml sees, with what is free of them now, and the processor last."""
    library = _library()
    found = []
    for index in range(library.ggml_backend_dev_count()):
        device = library.ggml_backend_dev_get(index)
        number = library.ggml_backend_dev_type(device)
        if number not in (_GPU, _INTEGRATED):
            continue
        # Metal calls its GPU a card of its own, but its memory is the computer's.
        is_shared = number == _INTEGRATED or library.ggml_backend_dev_name(device).startswith(b"MTL")
        kind: Literal["gpu", "igpu"] = "igpu" if is_shared else "gpu"
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        library.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        name = library.ggml_backend_dev_description(device).decode("utf-8", "replace")
        found.append(Device(name=name, kind=kind, free_bytes=free.value, total_bytes=total.value))
    return (*found, read_ram())


def gpu_names() -> str:
    """Name the GPUs that ggml sees, comma-separated."""
    return ", ".join(device.name for device in list_devices() if device.kind != "cpu")


def cpu_buffers() -> int:
    """Return the address by which ggml knows the computer's own memory."""
    address: int = _library().ggml_backend_cpu_buffer_type()
    return address


@cache
def _library() -> Any:
    library = llama._lib
    pointer, name, count = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    for function, result, *arguments in (
        ("ggml_backend_dev_count", count),
        ("ggml_backend_dev_get", pointer, count),
        ("ggml_backend_dev_type", ctypes.c_int, pointer),
        ("ggml_backend_dev_name", name, pointer),
        ("ggml_backend_dev_description", name, pointer),
        ("ggml_backend_dev_memory", None, pointer, pointer, pointer),
        ("ggml_backend_reg_count", count),
        ("ggml_backend_reg_get", pointer, count),
        ("ggml_backend_reg_name", name, pointer),
        ("ggml_backend_cpu_buffer_type", pointer),
    ):
        bound = getattr(library, function)
        bound.restype, bound.argtypes = result, arguments
    return library
