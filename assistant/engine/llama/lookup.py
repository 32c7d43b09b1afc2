"""What a text that was read before goes on with: guesses for an answer that quotes; pure.

Saxena, "Prompt Lookup Decoding", 2023, https://github.com/apoorvumang/prompt-lookup-decoding.
"""

from collections.abc import Sequence

_LENGTHS = (5, 3)
"""Tokens that must agree before a guess is made, the surer length first."""


class Lookup:
    """Finds where the last tokens of a text stood before.

    Args:
        tokens: The text so far.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = list(tokens)
        self._places: dict[int, dict[tuple[int, ...], int]] = {}
        for length in _LENGTHS:
            runs = zip(*(self._tokens[start:] for start in range(length)), strict=False)
            # the last place of a run wins; its own end is not yet known to be followed by anything.
            self._places[length] = dict(zip(runs, range(length, len(self._tokens)), strict=False))
        self._following = 0
        """Where the next token is expected to be found, after a guess that came true; 0 for nowhere."""

    def extend(self, tokens: Sequence[int]) -> None:
        """Add what was written."""
        for token in tokens:
            text = self._tokens
            for length in _LENGTHS:
                # what ends here is followed by this token, so that it can be looked up from now on.
                if len(text) >= length:
                    self._places[length][tuple(text[-length:])] = len(text)
            if self._following and text[self._following] == token:
                self._following += 1
            else:
                self._following = 0
            text.append(token)

    def guess(self, limit: int) -> list[int]:
        """Guess what comes next, at most `limit` tokens; empty if nothing is alike."""
        place = self._following or self._find()
        self._following = place
        return self._tokens[place : place + limit] if place else []

    def _find(self) -> int:
        for length in _LENGTHS:
            if place := self._places[length].get(tuple(self._tokens[-length:])):
                return place
        return 0
