"""One loaded model: what it knows of its last prompt, how it reads and how it writes.

A `Model` belongs to one thread; only `tokenize`, `count_tokens` and `interrupt` may be called from others.
"""

import ctypes
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama

from assistant.engine.llama.devices import gpu_names, is_gpu_build
from assistant.engine.llama.vocabulary import Vocabulary
from assistant.engine.types import FinishReason, Interrupted, ModelFacts, Piece, Sampling
from indexer.errors import EngineError

BATCH_TOKENS = 512
"""Tokens evaluated at a time; between two batches a prompt can be given up on a GPU."""

_ABORTED = 2


class Model:
    """A loaded model with one context, and what of the last prompt is still in its cache.

    Args:
        model: llama.cpp's model.
        context: llama.cpp's context of that model.
        gpu_layers: Layers on the GPU, and layers in all.
        threads: CPU threads in use.
        snapshot: Where the state behind a prompt may be kept for the next start.
        draft: A small model with the same vocabulary that guesses ahead.
        batch_tokens: Tokens evaluated at a time; no more than the context was made for.
    """

    def __init__(
        self,
        model: Any,
        context: Any,
        *,
        gpu_layers: tuple[int, int],
        threads: int,
        snapshot: Path | None = None,
        draft: Path | None = None,
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self._model = model
        self._snapshot = snapshot
        self._draft = draft
        self._batch_tokens = batch_tokens
        self.speculation = (0, 0)
        """Tokens that were guessed ahead in the last answer, and how many of them the model chose too."""

        self._context = context
        self._vocabulary = Vocabulary(model, template=self._metadata("tokenizer.chat_template"))
        self._memory = llama.llama_get_memory(context)
        self._cached: list[int] = []
        """Tokens whose keys and values stand in the context's memory."""

        self._interrupt = ctypes.create_string_buffer(2)
        # llama.cpp asks after every step of the graph whether to give up. `strlen` answers from a buffer, 0
        # while it is empty; a Python function would take the interpreter's lock a thousand times a token.
        answer = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
        llama.llama_set_abort_callback(context, answer, ctypes.cast(self._interrupt, ctypes.c_void_p))
        self.facts = self._describe(gpu_layers, threads)

    def close(self) -> None:
        """Free the model; nothing may be called afterwards."""
        llama.llama_free(self._context)
        llama.llama_model_free(self._model)

    def interrupt(self) -> None:
        """Make what the model is doing now end with `Interrupted`, in the middle of a batch where it can."""
        self._interrupt.value = b"x"

    def clear_interrupt(self) -> None:
        """Take back `interrupt`, before the next piece of work."""
        self._interrupt.value = b""

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text that holds no control tokens."""
        return self._vocabulary.count(text)

    def tokenize(self, pieces: Iterable[Piece]) -> list[int]:
        """Turn a prompt into tokens; only the template's own text yields control tokens."""
        return self._vocabulary.tokenize(pieces)

    def read(self, prompt: Sequence[int], on_progress: Callable[[int], None] | None = None) -> int:
        """Evaluate a prompt, as far as it is not still in the cache.

        Args:
            prompt: At least 1 token, and fewer than the context holds.
            on_progress: Is told after every batch how many tokens of the prompt are evaluated by now.

        Returns:
            How many of its tokens were in the cache.

        Raises:
            Interrupted: On `interrupt`.
            EngineError: If llama.cpp fails.
        """
        # the last token is always evaluated, because what follows is chosen from its scores.
        shared = min(_shared_length(self._cached, prompt), len(prompt) - 1)
        reused = self._forget_after(shared)
        for start in range(reused, len(prompt), self._batch_tokens):
            self._evaluate(prompt[start : start + self._batch_tokens])
            if on_progress is not None:
                on_progress(len(self._cached))
        return reused

    def write(
        self, sampling: Sampling, *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Generator[tuple[bytes, bool], Sequence[int] | None, FinishReason]:
        """Generate what follows the prompt that was read.

        Args:
            sampling: How tokens are chosen.
            max_tokens: Longest answer, tokens that are sent aside.
            schema: JSON schema that the answer follows, from its first token to its last.

        Yields:
            The bytes of every token, and whether it is a control token. A character may be spread over
            several. Tokens that are sent in return are read as if the model had written them next; they are
            not yielded.

        Returns:
            Why it ended.

        Raises:
            Interrupted: On `interrupt`.
            EngineError: If llama.cpp fails.
        """
        if schema is not None:
            raise EngineError("the engine cannot follow a JSON schema yet")
        sampler = _make_sampler(sampling)
        try:
            for _ in range(max_tokens):
                token = llama.llama_sampler_sample(sampler, self._context, -1)
                if self._vocabulary.is_end(token):
                    return "stop"
                written = self._vocabulary.look_up(token)
                sent = yield written.data, written.is_control
                if len(self._cached) + len(sent or ()) >= self.facts.context_tokens:
                    break
                self._evaluate((token, *(sent or ())))
            return "length"
        finally:
            llama.llama_sampler_free(sampler)

    def _evaluate(self, tokens: Sequence[int]) -> None:
        if self._interrupt.value:
            raise Interrupted
        array = (llama.llama_token * len(tokens))(*tokens)
        code = llama.llama_decode(self._context, llama.llama_batch_get_one(array, len(tokens)))
        if code == 0:
            self._cached += tokens
            return
        self._forget_after(len(self._cached))
        if code == _ABORTED:
            raise Interrupted
        raise EngineError(f"llama.cpp could not evaluate {len(tokens)} tokens (code {code})")

    def _forget_after(self, length: int) -> int:
        """Keep the first `length` tokens in the cache; all are forgotten by models that cannot go back."""
        if not llama.llama_memory_seq_rm(self._memory, 0, length, -1):
            llama.llama_memory_clear(self._memory, True)
            length = 0
        del self._cached[length:]
        return length

    def _describe(self, gpu_layers: tuple[int, int], threads: int) -> ModelFacts:
        given, total = gpu_layers
        description = ctypes.create_string_buffer(256)
        llama.llama_model_desc(self._model, description, 256)
        return ModelFacts(
            architecture=self._metadata("general.architecture"),
            name=self._metadata("general.name"),
            description=description.value.decode("utf-8", "replace"),
            template=self._metadata("tokenizer.chat_template"),
            bos_text=self._vocabulary.bos_text,
            eos_text=self._vocabulary.eos_text,
            context_tokens=llama.llama_n_ctx(self._context),
            trained_context_tokens=llama.llama_model_n_ctx_train(self._model),
            layers=total,
            gpu_layers=given,
            device=(gpu_names() or "GPU") if given else "CPU",
            is_gpu_build=is_gpu_build(),
            threads=threads,
            parameters=llama.llama_model_n_params(self._model),
            size_bytes=llama.llama_model_size(self._model),
        )

    def _metadata(self, key: str) -> str:
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = llama.llama_model_meta_val_str(self._model, key.encode(), buffer, size)
            if length < size:
                return buffer.value.decode("utf-8", "replace") if length > 0 else ""
            size = length + 1


def _make_sampler(sampling: Sampling) -> Any:
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    if sampling.temperature <= 0:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_greedy())
        return chain
    if sampling.top_k > 0:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0:
        llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_min_p(sampling.min_p, 1))
    llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_temp(sampling.temperature))
    seed = llama.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed % 2**32
    llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_dist(seed))
    return chain


def _shared_length(left: Sequence[int], right: Sequence[int]) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
