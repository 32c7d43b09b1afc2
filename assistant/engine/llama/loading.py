"""A GGUF file → a loaded model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama

from assistant.engine.llama.log import Log, failure_reason, offloaded_layers
from assistant.engine.llama.model import BATCH_TOKENS, Model
from assistant.errors import ModelFileError

STANDARD_CONTEXT_TOKENS = 8192

_log = Log()
llama.llama_backend_init()


def load_model(
    path: Path,
    *,
    context_tokens: int,
    gpu_layers: int,
    threads: int,
    on_progress: Callable[[float], bool] = lambda _: True,
    snapshot: Path | None = None,
    draft: Path | None = None,
) -> Model:
    """Load a GGUF.

    Args:
        path: The file; of a split model, the first part.
        context_tokens: Context to ask for; never more than the model was trained on is given.
        gpu_layers: Layers to put on the GPU; -1 for all.
        threads: CPU threads, at least 1.
        on_progress: Is told the loaded share, 0 to 1, and says whether to go on.
        snapshot: Where the model may keep a prompt's state between runs.
        draft: A small model with the same vocabulary that guesses ahead.

    Raises:
        ModelFileError: With llama.cpp's own reason.
    """

    def report(share: float, _: Any) -> bool:
        return on_progress(share)

    options = llama.llama_model_default_params()
    options.n_gpu_layers = gpu_layers
    options.progress_callback = llama.llama_progress_callback(report)
    with _log.collect() as lines:
        model = llama.llama_model_load_from_file(str(path).encode(), options)
    if not model:
        raise ModelFileError(f"llama.cpp cannot load {path.name}: {failure_reason(lines)}")
    offloaded = offloaded_layers(lines) or (0, llama.llama_model_n_layer(model) + 1)
    with _log.collect() as lines:
        context = llama.llama_init_from_model(model, _context_options(model, context_tokens, threads))
    if not context:
        llama.llama_model_free(model)
        raise ModelFileError(
            f"llama.cpp cannot give {path.name} a context of {context_tokens} tokens:"
            f" {failure_reason(lines)}",
            hint="set [model] context_tokens lower",
        )
    return Model(model, context, gpu_layers=offloaded, threads=threads, snapshot=snapshot, draft=draft)


def _context_options(model: Any, context_tokens: int, threads: int) -> Any:
    options = llama.llama_context_default_params()
    trained = llama.llama_model_n_ctx_train(model)
    wanted = context_tokens or STANDARD_CONTEXT_TOKENS
    options.n_ctx = min(wanted, trained) if trained > 0 else wanted
    options.n_batch = options.n_ubatch = BATCH_TOKENS
    options.n_threads = options.n_threads_batch = threads
    # llama.cpp decides whether flash attention works for this model and device; the bindings' default is off.
    options.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
    options.no_perf = True
    return options
