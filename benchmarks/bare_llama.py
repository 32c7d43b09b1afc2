"""llama.cpp driven directly, for comparison: no template, no splitting, no process between."""

import ctypes
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STILL_CALLED: list[Any] = []
"""What llama.cpp goes on calling after whoever handed it over is gone."""


@dataclass(frozen=True)
class Measured:
    """One answer's times."""

    first_s: float
    tokens_per_s: float
    """Of the tokens after the first."""


class BareLoop:
    """A model loaded with nothing but llama.cpp.

    Args:
        model: GGUF file.
        threads: CPU threads.
        context_tokens: Context, no more than the model was trained on.
        batch_tokens: Tokens of a prompt evaluated at a time.
    """

    def __init__(self, model: Path, *, threads: int, context_tokens: int, batch_tokens: int) -> None:
        # deferred: the environment that it reads is set first.
        import llama_cpp.llama_cpp as llama

        self.llama = llama
        self._batch_tokens = batch_tokens
        silence = llama.llama_log_callback(lambda *_: None)
        _STILL_CALLED.append(silence)
        llama.llama_log_set(silence, ctypes.c_void_p(0))
        llama.llama_backend_init()
        started = time.perf_counter()
        model_options = llama.llama_model_default_params()
        model_options.n_gpu_layers = -1
        self.model = llama.llama_model_load_from_file(str(model).encode(), model_options)
        options = llama.llama_context_default_params()
        options.n_ctx = min(context_tokens, llama.llama_model_n_ctx_train(self.model))
        options.n_batch = options.n_ubatch = batch_tokens
        options.n_threads = options.n_threads_batch = threads
        options.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        options.swa_full = False
        self.context = llama.llama_init_from_model(self.model, options)
        self.load_s = time.perf_counter() - started
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.sampler = llama.llama_sampler_init_greedy()

    def answer(self, prompt: str, *, max_tokens: int) -> Measured:
        """Answer once, from an empty cache."""
        llama = self.llama
        started = time.perf_counter()
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        data = prompt.encode()
        tokens = (llama.llama_token * (len(data) + 8))()
        count = llama.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), True, True)
        for start in range(0, count, self._batch_tokens):
            length = min(self._batch_tokens, count - start)
            batch = (llama.llama_token * length)(*tokens[start : start + length])
            llama.llama_decode(self.context, llama.llama_batch_get_one(batch, length))
        buffer = ctypes.create_string_buffer(256)
        first = 0.0
        written = 0
        single = (llama.llama_token * 1)()
        while written < max_tokens:
            token = llama.llama_sampler_sample(self.sampler, self.context, -1)
            if llama.llama_vocab_is_eog(self.vocab, token):
                break
            llama.llama_token_to_piece(self.vocab, token, buffer, 256, 0, True)
            written += 1
            first = first or time.perf_counter()
            single[0] = token
            if written < max_tokens:
                llama.llama_decode(self.context, llama.llama_batch_get_one(single, 1))
        return Measured(first - started, (written - 1) / (time.perf_counter() - first))

    def close(self) -> None:
        """Free everything."""
        self.llama.llama_sampler_free(self.sampler)
        self.llama.llama_free(self.context)
        self.llama.llama_model_free(self.model)
