"""One sentence of an answer as it is being written: what of it can be shown, what its marks name; pure."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from assistant.citations import Mark, marks
from assistant.words import content_words

MAY_BE_MARK = re.compile(r"\[[\d\s,;^–-]{0,40}\]?$|【[^】\n]{0,60}】?$")
"""What may be, or become, a mark."""

_TAIL = re.compile(r"(?:[.!?…。！？]+[\"'”’»)\]*_]*)?\s*\|?\s*$")
"""What ends a sentence, or a row of a table; a mark stands before it."""


class Sentence:
    """The sentence that is being written: how much of it was passed on, and what its marks name."""

    def __init__(self) -> None:
        self.shown = ""
        """What of it was passed on, as it is shown."""

        self.cited: list[int] = []
        """Numbers of passages as the model counts them."""

        self._done = 0
        self._clause = 0
        self._statement = ""

    def take(
        self, raw: str, choose: Callable[[str, Sequence[int]], tuple[int, ...]], *, is_whole: bool
    ) -> list[str | tuple[int, ...]]:
        """Return what can be passed on now: text, and the numbers of marks.

        Args:
            raw: The sentence as far as it came, from its beginning.
            choose: Says what a mark names, of what stands before it and the numbers in it.
            is_whole: Whether that is all of it; then what follows the last mark is left for `rest`.
        """
        parts: list[str | tuple[int, ...]] = []
        bare = blanked(raw)
        for group in _groups(raw):
            start, end = group[0].start, group[-1].end
            if start < self._done:
                continue
            if not is_whole and "`" in raw[:start]:
                break
            if not is_whole and _may_go_on(raw[end:]):
                return [*parts, self._text(raw, start)]
            parts.append(self._text(raw, start))
            clause = bare[self._clause : start]
            if content_words(clause):
                self._statement, self._clause = clause, end
            numbers = choose(self._statement.strip(), [n for mark in group for n in mark.numbers])
            if numbers:
                # the white space before it, which was held back.
                parts += [raw[self._done : start], tuple(dict.fromkeys(numbers))]
                self.cited += [number for number in numbers if number not in self.cited]
            self._done = end
        if is_whole:
            return parts
        return [*parts, self._text(raw, _safe_end(raw, self._done))]

    def rest(self, raw: str) -> str:
        """Return what `take` has left of the whole sentence."""
        return raw[self._done :]

    def _text(self, raw: str, end: int) -> str:
        """Pass on what stands before `end`, without white space at its end."""
        text = raw[self._done : end].rstrip()
        self._done += len(text)
        return text


def leading_marks(raw: str) -> int:
    """Return where the marks end that a line begins with; 0 if it begins with none."""
    end = 0
    for mark in marks(raw.partition("\n")[0], is_in_line=True):
        if raw[end : mark.start].strip(" \t"):
            break
        end = mark.end
    return end


def _may_go_on(following: str) -> bool:
    """Tell whether another mark may follow, or what looks like a mark may turn out to be a link."""
    following = following.lstrip()
    return not following or MAY_BE_MARK.match(following) is not None


def _groups(text: str) -> list[list[Mark]]:
    """Put marks together that stand side by side."""
    found = marks(text, is_in_line=True)
    groups = [[mark] for mark in found[:1]]
    for before, mark in pairwise(found):
        if text[before.end : mark.start].strip():
            groups.append([mark])
        else:
            groups[-1].append(mark)
    return groups


def _safe_end(raw: str, done: int) -> int:
    """Return how far a sentence that is being written can be shown, from `done` on."""
    end = len(raw)
    for opener in ("[", "【"):
        at = raw.rfind(opener, done)
        if at >= 0 and MAY_BE_MARK.match(raw, at):
            end = min(end, at)
    if (at := raw.find("`")) >= 0:
        # before the sentence ends, nobody knows what is code, in which nothing is a mark.
        end = min(end, at)
    if match := _TAIL.search(raw, done, max(done, end)):
        end = match.start()
    return max(done, end)


def blanked(text: str) -> str:
    """Return a text with its marks replaced by as many blanks."""
    bare = list(text)
    for mark in marks(text, is_in_line=True):
        bare[mark.start : mark.end] = " " * (mark.end - mark.start)
    return "".join(bare)
