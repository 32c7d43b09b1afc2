"""Text → tokens and back, for one model's vocabulary.

What people and documents wrote never becomes a control token, nor any other
token that the model's chat template marks its turns with.
"""

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assistant.engine.llama.bindings import llama
from assistant.engine.types import Piece

_SHORTEST_MARK = 3
"""Shorter tokens than this, such as line breaks, mark nothing."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of one token."""

    data: bytes
    """Its text; a character may be spread over several tokens."""

    is_control: bool
    is_mark: bool
    """Whether it steers the model: a control token, or one that the chat template uses as such."""


class Vocabulary:
    """A model's vocabulary; may be used from any thread.

    Args:
        model: llama.cpp's model.
        template: The model's chat template.
    """

    def __init__(self, model: Any, *, template: str) -> None:
        self._vocab = llama.llama_model_get_vocab(model)
        self._template = template
        self._tokens: dict[int, Token] = {}
        self._first = llama.llama_vocab_bos(self._vocab) if llama.llama_vocab_get_add_bos(self._vocab) else -1
        self._space_prefix = self._find_space_prefix()

    @property
    def bos_text(self) -> str:
        """The text of the token that begins a prompt; empty if there is none."""
        return self._text(llama.llama_vocab_bos(self._vocab))

    @property
    def eos_text(self) -> str:
        """The text of the token that ends an answer; empty if there is none."""
        return self._text(llama.llama_vocab_eos(self._vocab))

    def is_end(self, token: int) -> bool:
        """Say whether a token ends an answer; a model may have several of them."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def count(self, text: str) -> int:
        """Count the tokens of a text that holds no control tokens."""
        return len(self._tokenize_content(text, keeps_prefix=True))

    def tokenize(self, pieces: Iterable[Piece]) -> list[int]:
        """Turn a prompt into tokens.

        The token that begins every prompt is put first, unless the template wrote it itself.
        """
        tokens: list[int] = []
        for piece in pieces:
            keeps_prefix = not tokens or self.look_up(tokens[-1]).is_control
            if piece.is_template:
                tokens += self._tokenize(piece.text, parse_control=True, keeps_prefix=keeps_prefix)
            else:
                tokens += self._tokenize_content(piece.text, keeps_prefix=keeps_prefix)
        if self._first >= 0 and tokens[:1] != [self._first]:
            tokens.insert(0, self._first)
        return tokens

    def look_up(self, token: int) -> Token:
        """Return what is known of a token."""
        if (known := self._tokens.get(token)) is None:
            size = 64
            while True:
                buffer = ctypes.create_string_buffer(size)
                length = llama.llama_token_to_piece(self._vocab, token, buffer, size, 0, True)
                if length >= 0:
                    break
                size = -length
            data = buffer.raw[:length]
            kind = llama.llama_vocab_get_attr(self._vocab, token)
            is_control = bool(kind & llama.LLAMA_TOKEN_ATTR_CONTROL)
            is_mark = is_control or (
                bool(kind & llama.LLAMA_TOKEN_ATTR_USER_DEFINED)
                and length >= _SHORTEST_MARK
                and data.decode("utf-8", "replace") in self._template
            )
            known = Token(data, is_control, is_mark)
            self._tokens[token] = known
        return known

    def _tokenize_content(self, text: str, *, keeps_prefix: bool) -> list[int]:
        """Tokenise what somebody wrote.

        llama.cpp leaves control tokens alone here, but not those that a file calls "user-defined". A text
        that spells a mark is cut behind the mark's first character, so that it stays a spelling.
        """
        tokens: list[int] = []
        left = [text]
        while left:
            part = left.pop()
            found = self._tokenize(part, parse_control=False, keeps_prefix=keeps_prefix and not tokens)
            known = {self.look_up(token) for token in set(found)}
            marks = [token.data.decode("utf-8", "replace") for token in known if token.is_mark]
            mark = next((mark for mark in marks if len(mark) > 1 and mark in part), None)
            if mark is None:
                tokens += found
                continue
            first, *others = part.split(mark)
            parts = [first, *(mark[1:] + other for other in others)]
            left += [*reversed([each + mark[0] for each in parts[:-1]] + parts[-1:])]
        return tokens

    def _tokenize(self, text: str, *, parse_control: bool, keeps_prefix: bool) -> list[int]:
        """Tokenise one piece.

        Vocabularies of the SentencePiece kind put a space before every text they are given. Inside a sentence
        that space is wrong; it is avoided by tokenising behind a line break, which is then cut off.
        """
        if not text:
            return []
        if not keeps_prefix and self._space_prefix:
            tokens = self._call("\n" + text, parse_control=parse_control)
            if tokens[: len(self._space_prefix)] == self._space_prefix:
                return tokens[len(self._space_prefix) :]
        return self._call(text, parse_control=parse_control)

    def _call(self, text: str, *, parse_control: bool) -> list[int]:
        # "replace": a lone surrogate has no UTF-8 and becomes a question mark.
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        while True:
            array = (llama.llama_token * size)()
            count = llama.llama_tokenize(self._vocab, data, len(data), array, size, False, parse_control)
            if count >= 0:
                return list(array[:count])
            size = -count

    def _find_space_prefix(self) -> list[int]:
        """Return the tokens of a line break with its added space; empty where none is added."""
        if llama.llama_vocab_type(self._vocab) != llama.LLAMA_VOCAB_TYPE_SPM:
            return []
        tokens = self._call("\n", parse_control=False)
        return tokens if len(tokens) > 1 else []

    def _text(self, token: int) -> str:
        return self.look_up(token).data.decode("utf-8", "replace") if token >= 0 else ""
