"""Guesses what the model will write, from what it has read or by asking a smaller model."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from assistant.engine.fit.costs import OUTPUT_TOKENS
from assistant.engine.llama.bindings import llama
from assistant.engine.llama.lookup import Lookup
from assistant.engine.llama.pace import LONGEST, Pace
from assistant.engine.llama.prefixes import shared_length
from assistant.errors import ModelFileError


class Drafter(Protocol):
    """Something that guesses ahead."""

    pace: Pace

    def begin(self, tokens: Sequence[int]) -> None:
        """Begin another answer behind this text."""

    def extend(self, tokens: Sequence[int]) -> None:
        """Add what was written."""

    def guess(self) -> list[int]:
        """Guess as many tokens as it seems to pay for."""

    def watch(self, token: int) -> None:
        """Be told what came where no guess was made."""

    def close(self) -> None:
        """Free what it holds."""


class LookupDrafter:
    """Guesses that an answer goes on quoting."""

    def __init__(self) -> None:
        self.pace = Pace()
        self._lookup = Lookup(())
        self._foreseen: list[int] = []

    def begin(self, tokens: Sequence[int]) -> None:
        """Begin another answer behind this text."""
        self.pace.begin()
        self._lookup = Lookup(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Add what was written."""
        self._lookup.extend(tokens)

    def guess(self) -> list[int]:
        """Guess as many tokens as it seems to pay for."""
        self._foreseen = self._lookup.guess(LONGEST)
        return self._foreseen[: self.pace.length()] if self._foreseen else []

    def watch(self, token: int) -> None:
        """Learn whether the guess that was not made would have come true."""
        if self._foreseen:
            self.pace.watch(came_true=self._foreseen[0] == token)

    def close(self) -> None:
        """Do nothing; it holds nothing."""


class DraftModel:
    """A small model that guesses what a larger one with the same vocabulary writes.

    Args:
        path: Its GGUF file.
        target: llama.cpp's model that it guesses for.
        context_tokens: The context of that model.
        threads: CPU threads.
        gpu_layers: Layers to put on the GPU; -1 for all.

    Raises:
        ModelFileError: If it cannot be loaded or has another vocabulary.
    """

    def __init__(
        self, path: Path, target: Any, *, context_tokens: int, threads: int, gpu_layers: int
    ) -> None:
        options = llama.llama_model_default_params()
        options.n_gpu_layers = gpu_layers
        self._model = llama.llama_model_load_from_file(os.fsencode(path), options)
        if not self._model:
            raise ModelFileError(f"llama.cpp cannot load {path.name}, which is to guess ahead", hint=_HINT)
        reason = ""
        if not _has_same_vocabulary(self._model, target):
            reason = "their vocabularies differ"
        elif llama.llama_model_is_recurrent(self._model) or llama.llama_model_is_hybrid(self._model):
            reason = "it could not take a wrong guess back"
        if reason:
            llama.llama_model_free(self._model)
            raise ModelFileError(f"{path.name} cannot guess ahead for this model: {reason}", hint=_HINT)
        context_options = llama.llama_context_default_params()
        context_options.n_ctx = context_tokens
        context_options.n_batch = context_options.n_ubatch = _BATCH_TOKENS
        context_options.swa_full = False
        # scores of a whole batch would take hundreds of megabytes, and only the last ones are read.
        context_options.n_outputs_max = OUTPUT_TOKENS
        context_options.n_threads = context_options.n_threads_batch = threads
        context_options.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        context_options.no_perf = True
        self._context = llama.llama_init_from_model(self._model, context_options)
        if not self._context:
            llama.llama_model_free(self._model)
            raise ModelFileError(f"llama.cpp cannot give {path.name} a context", hint=_HINT)
        self._memory = llama.llama_get_memory(self._context)
        self._sampler = llama.llama_sampler_init_greedy()
        self._held: list[int] = []
        self._text: list[int] = []
        self.pace = Pace()

    def interrupt_by(self, abort: Any, flag: Any) -> None:
        """Give up what it is doing when llama.cpp's callback says so of this flag."""
        llama.llama_set_abort_callback(self._context, abort, ctypes.cast(flag, ctypes.c_void_p))

    def begin(self, tokens: Sequence[int]) -> None:
        """Begin another answer behind this text."""
        self.pace.begin()
        self._text = list(tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Add what was written."""
        self._text += tokens

    def guess(self) -> list[int]:
        """Guess as many tokens as it seems to pay for."""
        count = self.pace.length()
        if not count or len(self._text) + count > llama.llama_n_ctx(self._context):
            return []
        guesses: list[int] = []
        kept = min(shared_length(self._held, self._text), len(self._text) - 1)
        if not llama.llama_memory_seq_rm(self._memory, 0, kept, -1):
            llama.llama_memory_clear(self._memory, True)
            kept = 0
        del self._held[kept:]
        new = self._text[kept:]
        if len(new) > _BEHIND:
            # it reads what the model has read; that is not the price of these guesses.
            self._evaluate(new[:-1])
            return []
        while len(guesses) < count and self._evaluate(new):
            guesses.append(llama.llama_sampler_sample(self._sampler, self._context, -1))
            new = guesses[-1:]
        return guesses

    def watch(self, token: int) -> None:
        """Do nothing; a guess that was not made is not known."""

    def close(self) -> None:
        """Free the model."""
        llama.llama_sampler_free(self._sampler)
        llama.llama_free(self._context)
        llama.llama_model_free(self._model)

    def _evaluate(self, tokens: Sequence[int]) -> bool:
        for start in range(0, len(tokens), _BATCH_TOKENS):
            part = tokens[start : start + _BATCH_TOKENS]
            array = (llama.llama_token * len(part))(*part)
            if llama.llama_decode(self._context, llama.llama_batch_get_one(array, len(part))):
                llama.llama_memory_clear(self._memory, True)
                self._held.clear()
                return False
            self._held += part
        return True


_BATCH_TOKENS = 512
_BEHIND = 2 * LONGEST
"""Tokens that it may have to catch up with beside guessing."""

_HINT = "set [model] draft_path to a small model of the same family, or to nothing"


def _has_same_vocabulary(left: Any, right: Any) -> bool:
    one, other = llama.llama_model_get_vocab(left), llama.llama_model_get_vocab(right)
    count = llama.llama_vocab_n_tokens(one)
    if count != llama.llama_vocab_n_tokens(other):
        return False
    text = llama.llama_vocab_get_text
    return all(text(one, token) == text(other, token) for token in range(count))
