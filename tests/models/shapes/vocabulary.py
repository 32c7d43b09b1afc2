"""The vocabulary of a tiny model: a small one of our own, or a real one copied from a GGUF."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from tests.models.shapes.dialects import BOS, Dialect

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
    bos: int

    @property
    def words(self) -> list[int]:
        """Tokens that are letters of a word."""
        return [index for index, token in enumerate(self.tokens) if _WORD.fullmatch(token)]


def own_vocabulary(dialect: Dialect) -> Vocabulary:
    """Make a byte-level vocabulary of some 300 tokens with a dialect's marks."""
    spelling = _byte_spelling()
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
    return Vocabulary(fields, tokens, bos)


def copied_vocabulary(file: Path) -> Vocabulary:
    """Copy the vocabulary of a GGUF, which need not hold any tensors."""
    reader = gguf.GGUFReader(file)
    fields = []
    for name, field in reader.fields.items():
        if name.startswith("tokenizer.") and name != "tokenizer.chat_template":
            kind = field.types[0]
            element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            fields.append(Field(name, field.contents(), kind, element))
    values = {field.name: field.value for field in fields}
    return Vocabulary(fields, values["tokenizer.ggml.tokens"], values.get("tokenizer.ggml.bos_token_id", 0))


def _byte_spelling() -> list[str]:
    """Spell every byte as one printable character, as byte-level vocabularies do."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(spare)) for byte in range(256)]
