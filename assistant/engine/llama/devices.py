"""What llama.cpp can compute on."""

import ctypes
from typing import Any, Literal

import llama_cpp.llama_cpp as llama
import psutil

from assistant.engine.types import Device

_GPU, _INTEGRATED = 1, 2
"""ggml's numbers for kinds of devices."""


def is_gpu_build() -> bool:
    """Say whether this build of llama.cpp can use a GPU."""
    return bool(llama.llama_supports_gpu_offload())


def list_devices() -> tuple[Device, ...]:
    """List the GPUs that ggml sees, as it sees them now, and the processor last."""
    library = _library()
    found = []
    for index in range(library.ggml_backend_dev_count()):
        device = ctypes.c_void_p(library.ggml_backend_dev_get(ctypes.c_size_t(index)))
        number = library.ggml_backend_dev_type(device)
        if number not in (_GPU, _INTEGRATED):
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        library.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        kind: Literal["gpu", "igpu"] = "igpu" if number == _INTEGRATED else "gpu"
        name = library.ggml_backend_dev_description(device).decode("utf-8", "replace")
        found.append(Device(name=name, kind=kind, free_bytes=free.value, total_bytes=total.value))
    memory = psutil.virtual_memory()
    processor = Device(name="CPU", kind="cpu", free_bytes=memory.available, total_bytes=memory.total)
    return (*found, processor)


def gpu_names() -> str:
    """Name the GPUs that ggml sees, comma-separated."""
    return ", ".join(device.name for device in list_devices() if device.kind != "cpu")


def _library() -> Any:
    """Return the library that llama-cpp-python loaded, which exports more than that binds."""
    library = llama._lib
    library.ggml_backend_dev_get.restype = ctypes.c_void_p
    library.ggml_backend_dev_description.restype = ctypes.c_char_p
    library.ggml_backend_dev_count.restype = ctypes.c_size_t
    return library
