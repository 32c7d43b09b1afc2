"""Which tensors llama.cpp wants of a model, asked of llama.cpp with the model's metadata alone."""

import ctypes
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama


class _Tensor(ctypes.Structure):
    """The beginning of a `ggml_tensor`."""

    _fields_ = (("type", ctypes.c_int), ("buffer", ctypes.c_void_p), ("sizes", ctypes.c_int64 * 4))


class _Options(ctypes.Structure):
    """The `gguf_init_params`."""

    _fields_ = (("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p))


_Receiver = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


def list_tensors(head: Path) -> dict[str, tuple[int, ...]]:
    """List what a file without tensors would have to hold: names, and sizes as numpy counts them.

    What a model may leave out is listed too.

    Raises:
        ValueError: If llama.cpp does not accept the metadata.
    """
    library = llama._lib
    library.gguf_init_from_file.restype = ctypes.c_void_p
    library.gguf_init_from_file.argtypes = (ctypes.c_char_p, _Options)
    library.gguf_free.argtypes = (ctypes.c_void_p,)
    library.ggml_get_name.restype = ctypes.c_char_p
    library.ggml_get_name.argtypes = (ctypes.c_void_p,)
    library.llama_model_init_from_user.restype = ctypes.c_void_p
    library.llama_model_init_from_user.argtypes = (
        ctypes.c_void_p,
        _Receiver,
        ctypes.c_void_p,
        llama.llama_model_params,
    )
    found: dict[str, tuple[int, ...]] = {}

    def receive(address: int, _: Any) -> None:
        sizes = list(_Tensor.from_address(address).sizes)
        while len(sizes) > 1 and sizes[-1] == 1:
            sizes.pop()
        found[library.ggml_get_name(address).decode()] = tuple(reversed(sizes))

    metadata = library.gguf_init_from_file(str(head).encode(), _Options(no_alloc=True, context=None))
    if not metadata:
        raise ValueError(f"{head.name} is no GGUF")
    options = llama.llama_model_default_params()
    options.n_gpu_layers = 0
    # a file holds the layers that guess the next tokens too, though they are only loaded on request.
    options.load_mtp = True
    try:
        model = library.llama_model_init_from_user(metadata, _Receiver(receive), None, options)
        if not model:
            raise ValueError(f"llama.cpp does not accept the metadata of {head.name}")
        llama.llama_model_free(llama.llama_model_p_ctypes(model))
    finally:
        library.gguf_free(metadata)
    return found
