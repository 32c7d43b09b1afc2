"""Scores → the next token."""

import ctypes
import functools
from array import array
from typing import Any

from assistant.engine.llama.bindings import llama
from assistant.engine.llama.grammar import Grammar
from assistant.engine.types import Sampling
from indexer.errors import UsageError


class Sampler:
    """Chooses the tokens of one answer.

    The same scores in the same order give the same tokens, however many of them are evaluated at a time.

    Args:
        context: llama.cpp's context, whose scores are looked at.
        sampling: How tokens are chosen.
        grammar: What the answer must follow; freed together with the sampler.
    """

    def __init__(self, context: Any, sampling: Sampling, grammar: Grammar | None = None) -> None:
        self._context = context
        self._grammar = grammar
        self._chain = _make_chain(sampling)
        self.is_complete = False
        """Whether nothing can follow the token that was chosen last, as the grammar has it."""

    def choose(self, row: int) -> int:
        """Choose a token from the scores behind the token at `row` of the last batch; -1 for the last.

        Raises:
            UsageError: If the grammar leads nowhere in this vocabulary.
        """
        token: int = llama.llama_sampler_sample(self._chain, self._context, row)
        if self._grammar is None:
            return token
        # trying one token is a thousand times cheaper than trying all, and it is nearly always allowed.
        if not self._grammar.allows(token):
            token = self._choose_allowed(row, self._grammar)
            if not self._grammar.allows(token):
                raise UsageError("the model has no token with which its answer could follow the JSON schema")
        self._grammar.accept(token)
        self.is_complete = self._grammar.is_complete_after(token)
        return token

    def close(self) -> None:
        """Free the sampler."""
        llama.llama_sampler_free(self._chain)
        if self._grammar is not None:
            self._grammar.close()

    def _choose_allowed(self, row: int, grammar: Grammar) -> int:
        model = llama.llama_get_model(self._context)
        size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
        scores = ctypes.string_at(llama.llama_get_logits_ith(self._context, row), 4 * size)
        data = _candidates(scores)
        candidates = llama.llama_token_data_array(
            data=(llama.llama_token_data * size).from_buffer(data), size=size, selected=-1, sorted=False
        )
        llama.llama_sampler_apply(grammar.sampler, ctypes.byref(candidates))
        llama.llama_sampler_apply(self._chain, ctypes.byref(candidates))
        return int(candidates.data[candidates.selected].id)


def _candidates(scores: bytes) -> bytearray:
    """Lay out an array of `llama_token_data`: token, score and likelihood, 4 bytes each."""
    data = bytearray(3 * len(scores))
    fields = memoryview(data).cast("i")
    fields[0::3] = _numbers(len(scores) // 4)
    fields[1::3] = memoryview(scores).cast("i")
    return data


@functools.cache
def _numbers(count: int) -> memoryview:
    """Return the numbers of so many tokens; a process holds one model, and its draft."""
    return memoryview(array("i", range(count)))


def _make_chain(sampling: Sampling) -> Any:
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
