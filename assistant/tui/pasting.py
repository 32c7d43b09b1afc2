"""Long pastes, folded into a mark in the text: `[pasted 320 lines]`; pure."""

import re
from collections.abc import Sequence

LONG_CHARS = 1_000
"""A paste of so many characters is folded."""

MOST_LINES = 12
"""A paste of more lines is folded."""

_BLANKS = re.compile(r"[ \t]{2,}")


def is_long(text: str) -> bool:
    """Tell whether a paste is folded instead of shown."""
    return len(text) >= LONG_CHARS or text.count("\n") >= MOST_LINES


class Pastes:
    """What was pasted, by the mark that stands for it."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._marks: re.Pattern[str] | None = None

    def __getitem__(self, mark: str) -> str:
        return self._texts[mark]

    def fold(self, text: str) -> str:
        """Keep a text, and return the mark that stands for it; no two texts have the same."""
        lines = text.count("\n") + (not text.endswith("\n"))
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        mark, number = f"[pasted {size}]", 1
        while self._texts.get(mark, text) != text:
            number += 1
            mark = f"[pasted {size}, {number}]"
        self._texts[mark] = text
        # the longest first: one may be the beginning of another.
        marks = sorted(self._texts, key=len, reverse=True)
        self._marks = re.compile("|".join(map(re.escape, marks)))
        return mark

    def spans(self, line: str) -> Sequence[tuple[int, int]]:
        """Return where in a line marks stand, in order."""
        return [found.span() for found in self._marks.finditer(line)] if self._marks else []

    def part(self, text: str) -> tuple[str, str]:
        """Part a text from what was pasted into it.

        Returns:
            The text without its marks, and the texts they stand for, each once and in order.
        """
        if self._marks is None:
            return text.strip(), ""
        marks = dict.fromkeys(self._marks.findall(text))
        left = _BLANKS.sub(" ", self._marks.sub(" ", text)) if marks else text
        return left.strip(), "\n\n".join(self._texts[mark] for mark in marks)

    def clear(self) -> None:
        """Forget everything."""
        self._texts.clear()
        self._marks = None
