"""Whether llama.cpp would load a file, found out without loading its weights."""

import ctypes
import os
from pathlib import Path

from assistant.engine.llama.bindings import llama
from assistant.engine.llama.log import Log, failure_reason

_CONTEXT_TOKENS = 512


def try_model(path: Path) -> str:
    """Go through all of a load but the memory: vocabulary, every tensor's shape, the graph of a batch.

    Takes about as long as reading the vocabulary, and nothing of a GPU. A file that
    llama.cpp cannot bear may end the process.

    Args:
        path: The file; of a split model, the first part.

    Returns:
        llama.cpp's own reason why not; empty if it would load.
    """
    log = Log()
    options = llama.llama_model_default_params()
    options.no_alloc = True
    # memory that is not taken cannot be mapped.
    options.load_mode = llama.LLAMA_LOAD_MODE_NONE
    options.n_gpu_layers = 0
    # an empty list: the processor alone.
    nothing = (ctypes.c_void_p * 1)()
    options.devices = ctypes.addressof(nothing)
    with log.collect() as lines:
        model = llama.llama_model_load_from_file(os.fsencode(path), options)
    if not model:
        return failure_reason(lines)
    try:
        with log.collect() as lines:
            context = llama.llama_init_from_model(model, _context_options(model))
        if not context:
            return failure_reason(lines)
        llama.llama_free(context)
    finally:
        llama.llama_model_free(model)
    return ""


def _context_options(model: llama.llama_model_p) -> llama.llama_context_params:
    options = llama.llama_context_default_params()
    trained = llama.llama_model_n_ctx_train(model)
    options.n_ctx = min(_CONTEXT_TOKENS, trained) if trained > 0 else _CONTEXT_TOKENS
    options.n_batch = options.n_ubatch = options.n_ctx
    options.n_threads = options.n_threads_batch = 1
    options.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
    options.no_perf = True
    return options
