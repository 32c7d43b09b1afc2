"""What llama.cpp can compute on."""

import ctypes

import llama_cpp.llama_cpp as llama

_GPU_KINDS = (1, 2)
"""ggml's device types for discrete and integrated GPUs."""


def is_gpu_build() -> bool:
    """Say whether this build of llama.cpp can use a GPU."""
    return bool(llama.llama_supports_gpu_offload())


def gpu_names() -> str:
    """Name the GPUs that ggml sees, comma-separated."""
    # not bound by llama-cpp-python, but exported by the library it loads.
    library = llama._lib
    library.ggml_backend_dev_get.restype = ctypes.c_void_p
    library.ggml_backend_dev_description.restype = ctypes.c_char_p
    library.ggml_backend_dev_count.restype = ctypes.c_size_t
    names = []
    for index in range(library.ggml_backend_dev_count()):
        device = ctypes.c_void_p(library.ggml_backend_dev_get(ctypes.c_size_t(index)))
        if library.ggml_backend_dev_type(device) in _GPU_KINDS:
            names.append(library.ggml_backend_dev_description(device).decode("utf-8", "replace"))
    return ", ".join(names)
