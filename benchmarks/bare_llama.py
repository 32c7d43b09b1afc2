"""llama.cpp driven directly, for comparison: no template, no splitting, no process between."""

import ctypes
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.engine.types import Sampling

GREEDY = Sampling(temperature=0)

_CACHE_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}
"""ggml's numbers for what the context is kept in."""

_STILL_CALLED: list[Any] = []
"""What llama.cpp goes on calling after whoever handed it over is gone."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One answer's times."""

    prompt_tokens: int
    first_s: float
    written: int
    generation_s: float
    accepted: int = 0
    """Tokens that were guessed ahead: an answer with some of them is faster than its memory."""

    @property
    def prompt_rate(self) -> float:
        """Tokens read per second, as whoever waits for the first one sees it."""
        return self.prompt_tokens / self.first_s

    @property
    def rate(self) -> float:
        """Tokens written per second, after the first."""
        return (self.written - 1) / self.generation_s if self.written > 1 else 0.0


class BareLlama:
    """llama.cpp and nothing else, with the settings that an engine chose.

    Args:
        model: GGUF file.
        status: What the engine says of itself.
        sampling: How tokens are chosen.
        is_silent: Whether llama.cpp shall say nothing more in this process.
    """

    def __init__(
        self,
        model: Path,
        status: Mapping[str, Any],
        sampling: Sampling = GREEDY,
        *,
        is_silent: bool = True,
    ) -> None:
        # deferred: the environment that it reads is set first.
        import llama_cpp.llama_cpp as llama

        self.llama = llama
        if is_silent:
            silence = llama.llama_log_callback(lambda *_: None)
            _STILL_CALLED.append(silence)
            llama.llama_log_set(silence, ctypes.c_void_p(0))
        llama.llama_backend_init()
        started = time.perf_counter()
        model_options = llama.llama_model_default_params()
        model_options.n_gpu_layers = status["gpu_layers"]
        self.model = llama.llama_model_load_from_file(os.fsencode(model), model_options)
        options = llama.llama_context_default_params()
        options.n_ctx = status["context_tokens"]
        options.n_batch = options.n_ubatch = self.batch = status["batch_tokens"]
        options.n_threads = options.n_threads_batch = status["threads"]
        options.type_k = options.type_v = _CACHE_TYPES[status["kv_type"]]
        options.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        options.swa_full = False
        options.no_perf = True
        self.context = llama.llama_init_from_model(self.model, options)
        self.load_s = time.perf_counter() - started
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.sampler = self._make_sampler(sampling)

    def answer(self, prompt: str, *, max_tokens: int) -> Timed:
        """Answer a rendered prompt once, from an empty cache."""
        llama = self.llama
        started = time.perf_counter()
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        data = prompt.encode()
        tokens = (llama.llama_token * (len(data) + 8))()
        count = llama.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), True, True)
        for start in range(0, count, self.batch):
            length = min(self.batch, count - start)
            batch = (llama.llama_token * length)(*tokens[start : start + length])
            llama.llama_decode(self.context, llama.llama_batch_get_one(batch, length))
        buffer = ctypes.create_string_buffer(256)
        single = (llama.llama_token * 1)()
        first = 0.0
        written = 0
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
        return Timed(count, first - started, written, time.perf_counter() - first)

    def is_sane(self) -> bool:
        """Say whether what the model computed last are numbers."""
        size = self.llama.llama_vocab_n_tokens(self.vocab)
        scores = np.ctypeslib.as_array(self.llama.llama_get_logits_ith(self.context, -1), (size,))
        return bool(np.isfinite(scores).all() and scores.std() > 0)

    def close(self) -> None:
        """Free everything."""
        self.llama.llama_sampler_free(self.sampler)
        self.llama.llama_free(self.context)
        self.llama.llama_model_free(self.model)

    def _make_sampler(self, sampling: Sampling) -> Any:
        llama = self.llama
        if sampling.temperature <= 0:
            return llama.llama_sampler_init_greedy()
        chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        for part in (
            llama.llama_sampler_init_top_k(sampling.top_k),
            llama.llama_sampler_init_top_p(sampling.top_p, 1),
            llama.llama_sampler_init_temp(sampling.temperature),
            llama.llama_sampler_init_dist(1),
        ):
            llama.llama_sampler_chain_add(chain, part)
        return chain
