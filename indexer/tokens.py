"""Counting tokens as the embedding model counts them.

The tokenizer file of a sentence-transformers model often carries a truncation
of its own (MiniLM's: 128), which would make every long text look short; it is
switched off here, and so is padding.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tokenizers import Tokenizer


class TokenCounter:
    """Counts and places tokens; special tokens never count.

    Text must be free of lone surrogates.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, tokenizer_file: Path) -> Self:
        """Read a `tokenizer.json`.

        Raises:
            ValueError: If the file cannot be read as a tokenizer.
        """
        try:
            tokenizer = Tokenizer.from_file(str(tokenizer_file))
        # the library raises bare Exception for a missing and for a damaged file.
        except Exception as error:
            raise ValueError(f"{tokenizer_file} is not a tokenizer: {error}") from error
        return cls(tokenizer)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Return the half-open span of code points of every token, in order."""
        spans: list[tuple[int, int]] = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return spans
