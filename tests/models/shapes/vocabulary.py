"""The vocabulary of a tiny model: a small one of our own, or a real one copied from a GGUF."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gguf

from tests.models.shapes.dialects import BOS, Dialect
from tests.models.wired_gguf import byte_spelling

_WORD = re.compile(r"[Ġ▁ ]?[a-z]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a GGUF's metadata."""

    name: str
    value: Any
    kind: gguf.GGUFValueType
    element: gguf.GGUFValueType | None = None
    """The kind of the elements, where the value is a list."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a tokenizer needs, and which of its tokens a babbling model should write."""

    fields: Sequence[Field]
    tokens: Sequence[str]

    @property
    def words(self) -> list[int]:
        """Tokens that are letters of a word."""
        return [index for index, token in enumerate(self.tokens) if _WORD.fullmatch(token)]


def own_vocabulary(dialect: Dialect) -> Vocabulary:
    """Make a byte-level vocabulary of some 300 tokens with a dialect's marks."""
    spelling = byte_spelling()
    syllables = [f"{a}{b}" for a in "bdklmnrst" for b in "aeiou"]
    tokens = [*dialect.marks, *dialect.words, *spelling, *syllables]
    kinds = [
        *[gguf.TokenType.CONTROL] * len(dialect.marks),
        *[gguf.TokenType.USER_DEFINED] * len(dialect.words),
        *[gguf.TokenType.NORMAL] * (len(spelling) + len(syllables)),
    ]
    bos = next((index for index, mark in enumerate(dialect.marks) if mark in BOS), 0)
    string, whole = gguf.GGUFValueType.STRING, gguf.GGUFValueType.UINT32
    many = gguf.GGUFValueType.ARRAY
    prefix = "tokenizer.ggml."
    fields = [
        Field(f"{prefix}model", "gpt2", string),
        Field(f"{prefix}pre", "gpt-2", string),
        Field(f"{prefix}tokens", tokens, many, string),
        Field(f"{prefix}token_type", [int(kind) for kind in kinds], many, gguf.GGUFValueType.INT32),
        Field(f"{prefix}merges", [f"{pair[0]} {pair[1]}" for pair in syllables], many, string),
        Field(f"{prefix}bos_token_id", bos, whole),
        Field(f"{prefix}eos_token_id", 0, whole),
        Field(f"{prefix}add_bos_token", bos > 0, gguf.GGUFValueType.BOOL),
    ]
    return Vocabulary(fields, tokens)


def copied_vocabulary(file: Path, dialect: Dialect) -> Vocabulary:
    """Copy the vocabulary of a GGUF, which need not hold any tensors.

    A dialect's marks that it lacks are added behind it.
    """
    fields = {field.name: field for field in _read_fields(file)}
    prefix = "tokenizer.ggml."
    tokens = fields[f"{prefix}tokens"].value
    known = set(tokens)
    marks = [mark for mark in dialect.marks if mark not in known]
    words = [word for word in dialect.words if word not in known]
    more: dict[str, list[Any]] = {
        "tokens": [*marks, *words],
        "token_type": [
            *[int(gguf.TokenType.CONTROL)] * len(marks),
            *[int(gguf.TokenType.USER_DEFINED)] * len(words),
        ],
        "scores": [0.0] * (len(marks) + len(words)),
    }
    for key, values in more.items():
        if field := fields.get(prefix + key):
            fields[field.name] = replace(field, value=[*field.value, *values])
    tokens = fields[f"{prefix}tokens"].value
    end = tokens.index(dialect.marks[0])
    fields[f"{prefix}eos_token_id"] = Field(f"{prefix}eos_token_id", end, gguf.GGUFValueType.UINT32)
    return Vocabulary(list(fields.values()), tokens)


@functools.lru_cache(maxsize=4)
def _read_fields(file: Path) -> list[Field]:
    fields = []
    for name, field in gguf.GGUFReader(file).fields.items():
        if name.startswith("tokenizer.") and name != "tokenizer.chat_template":
            kind = field.types[0]
            element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            fields.append(Field(name, field.contents(), kind, element))
    return fields
