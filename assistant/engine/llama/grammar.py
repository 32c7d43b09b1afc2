"""JSON schema → what a model may write next.

A grammar is compiled when the first answer needs it and kept: every answer gets
a copy. llama.cpp ends the process when it is told to accept a token that its
grammar forbids, so a token is always tried before it is accepted.
"""

import ctypes
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from assistant.engine.llama.bindings import llama
from assistant.engine.llama.vocabulary import Vocabulary
from indexer.errors import UsageError

_KEPT = 8
_MAX_CHARS = 100_000
"""Longest grammar; repetitions with an upper bound are written out, and parsed recursively."""

_MAX_BOUND = 10_000
_BOUNDS = ("minItems", "maxItems", "minLength", "maxLength")
_MAX_RANGE = 256
"""Integers within bounds so close are listed one by one; other bounds are not enforced."""


class Grammar:
    """How far an answer that follows a schema has come.

    Args:
        vocab: llama.cpp's vocabulary.
        vocabulary: The same.
        sampler: llama.cpp's grammar, which this object frees.
    """

    def __init__(self, vocab: Any, vocabulary: Vocabulary, sampler: Any) -> None:
        self.sampler = sampler
        self._vocabulary = vocabulary
        end = llama.llama_vocab_eos(vocab)
        self._end = end if end >= 0 else llama.llama_vocab_eot(vocab)
        self._candidate = llama.llama_token_data(0, 0.0, 0.0)
        self._single = llama.llama_token_data_array(
            data=ctypes.pointer(self._candidate), size=1, selected=-1, sorted=False
        )

    def allows(self, token: int) -> bool:
        """Say whether a token may come next."""
        self._candidate.id = token
        self._candidate.logit = 0.0
        llama.llama_sampler_apply(self.sampler, ctypes.byref(self._single))
        return bool(self._candidate.logit == 0.0)

    def accept(self, token: int) -> None:
        """Go on behind a token that is allowed."""
        llama.llama_sampler_accept(self.sampler, token)

    def is_complete_after(self, token: int) -> bool:
        """Say whether nothing but a space can follow a token that was just accepted."""
        # a number may have more digits, a closed bracket or string is closed for good.
        closes = self._vocabulary.look_up(token).data.rstrip().endswith((b"}", b"]", b'"'))
        return closes and self._end >= 0 and self.allows(self._end)

    def close(self) -> None:
        """Free the grammar."""
        llama.llama_sampler_free(self.sampler)


class Grammars:
    """The grammars that were compiled last.

    Args:
        vocab: llama.cpp's vocabulary.
        vocabulary: The same.
    """

    def __init__(self, vocab: Any, vocabulary: Vocabulary) -> None:
        self._vocab = vocab
        self._vocabulary = vocabulary
        self._compiled: OrderedDict[str, Any] = OrderedDict()

    def begin(self, schema: Mapping[str, Any]) -> Grammar:
        """Return a grammar at the beginning of an answer.

        Raises:
            UsageError: If nothing can follow this schema.
        """
        key = json.dumps(schema)
        if key in self._compiled:
            self._compiled.move_to_end(key)
        else:
            self._compiled[key] = self._compile(to_gbnf(schema))
            if len(self._compiled) > _KEPT:
                llama.llama_sampler_free(self._compiled.popitem(last=False)[1])
        return Grammar(self._vocab, self._vocabulary, llama.llama_sampler_clone(self._compiled[key]))

    def close(self) -> None:
        """Free what was compiled."""
        while self._compiled:
            llama.llama_sampler_free(self._compiled.popitem()[1])

    def _compile(self, gbnf: str) -> Any:
        sampler = llama.llama_sampler_init_grammar(self._vocab, gbnf.encode(), b"root")
        if not sampler:
            raise UsageError("llama.cpp finds no grammar in the JSON schema")
        return sampler


def to_gbnf(schema: Mapping[str, Any]) -> str:
    """Write a JSON schema in llama.cpp's own language for grammars.

    Raises:
        UsageError: If it is no schema, uses what is not supported, or becomes too long.
    """
    # deferred: most answers follow no schema.
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        gbnf: str = json_schema_to_gbnf(json.dumps(_prepare(schema)))
    except RecursionError:
        raise UsageError("the JSON schema is nested or repeats too deeply") from None
    # it checks nothing: what is no schema fails wherever it is first used.
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError, IndexError) as error:
        raise UsageError(f"the JSON schema cannot be followed: {error}") from error
    if len(gbnf) > _MAX_CHARS:
        raise UsageError("the JSON schema allows too much to be followed: its bounds are too large")
    return gbnf


def _prepare(schema: Any) -> Any:
    """Refuse bounds that would be written out for ever; list integers within close bounds one by one."""
    if isinstance(schema, list):
        return [_prepare(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    bounds = [schema.get(name) for name in _BOUNDS]
    bounds += [int(digits) for digits in re.findall(r"\d{1,9}", str(schema.get("pattern", "")))]
    if any(isinstance(bound, int) and bound > _MAX_BOUND for bound in bounds):
        raise UsageError("the JSON schema allows too much to be followed: its bounds are too large")
    low, high = schema.get("minimum"), schema.get("maximum")
    if (
        schema.get("type") == "integer"
        and isinstance(low, int)
        and isinstance(high, int)
        and 0 <= high - low < _MAX_RANGE
    ):
        return {"enum": list(range(low, high + 1))}
    return {name: _prepare(each) for name, each in schema.items()}
