"""What a search found, as it is shown; pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from assistant.citations import narrow
from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.state import current
from indexer.types import Locator, Passage, SearchResult
from indexer.words import STOP_WORDS, word_root

SHORTEST_BEGINNING = 3
"""Letters from which on the last word, which may not be finished, is marked as a beginning."""

KNOWN_SENTENCES = 512
"""Sentences of which the words are kept: who types on finds most of them again at the next key."""

_WORD = re.compile(r"[^\W_]+")
_on_one_line = lru_cache(maxsize=KNOWN_SENTENCES)(plain_line)


class _Word(NamedTuple):
    """A word of a text, and where it stands."""

    span: tuple[int, int]
    folded: str
    root: str


class Wanted:
    """The words of a query, and where they stand in other texts.

    Args:
        query: Without its filters.
    """

    def __init__(self, query: str) -> None:
        words = [word.casefold() for word in _WORD.findall(query)]
        telling = [word for word in words if word not in STOP_WORDS] or words
        self._roots = {word_root(word) for word in telling}
        last = words[-1] if words and query[-1:].isalnum() else ""
        self._beginning = last if len(last) >= SHORTEST_BEGINNING and last in telling else ""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where words of the query stand in a text, in any of their forms."""
        return [word.span for word in _words_of(text) if self._is_one(word)]

    def _is_one(self, word: _Word) -> bool:
        return word.root in self._roots or (bool(self._beginning) and word.folded.startswith(self._beginning))


@lru_cache(maxsize=KNOWN_SENTENCES)
def _words_of(text: str) -> tuple[_Word, ...]:
    found = ((match.span(), match[0].casefold()) for match in _WORD.finditer(text))
    return tuple(_Word(span, folded, word_root(folded)) for span, folded in found)


def excerpt(passage: Passage, wanted: Wanted, *, most_chars: int) -> str:
    """Return the sentence of a passage that shows best why it was found, on one line.

    Args:
        passage: What was found.
        wanted: What it was found by.
        most_chars: Of a longer sentence, a piece with words that were searched for.
    """
    sentences = [_on_one_line(passage.text[span.start : span.end]) for span in passage.highlights]
    sentences = [sentence for sentence in sentences if sentence] or [plain_line(passage.text[:1_000])]
    best = max(sentences, key=lambda sentence: len({sentence[a:b] for a, b in wanted.spans(sentence)}))
    spans = wanted.spans(best)
    if len(best) <= most_chars or not spans or spans[-1][1] <= most_chars:
        return best
    # some words before the first that is marked; what is too long behind it is cut as it is drawn.
    start = max(0, min(spans[0][0] - most_chars // 4, len(best) - most_chars))
    start = best.find(" ", start, spans[0][0]) + 1 or start
    return ("…" if start else "") + best[start:]


def name_of(passage: Passage) -> str:
    """Return what a passage's document is called: its title, or the name of its file."""
    title = plain_line(passage.title)
    says_more = title and title.casefold() != plain_line(passage.path.stem).casefold()
    return title if says_more else plain_line(passage.path.name)


def place_of(passage: Passage) -> str:
    """Return where a passage stands: folder, or file where its title is shown; line or page; heading."""
    short = passage.short_path
    is_named = name_of(passage) == plain_line(passage.path.name)
    where = short.rpartition("/")[0] if is_named else short
    headings = [each for each in passage.locator.headings[-1:] if each != passage.title]
    parts = (where, passage.locator.describe(), *headings)
    return " · ".join(line for part in parts if (line := plain_line(part)))


def best_place(passage: Passage) -> Locator:
    """Return where to open the file: at the first sentence that is marked."""
    return narrow(passage, passage.highlights[0]) if passage.highlights else passage.locator


def summary(found: SearchResult, *, took_ms: float, now: float) -> str:
    """Say in a line what was found, how quickly, and of which moment the index is.

    Args:
        found: By the search.
        took_ms: From the last key to the answer.
        now: Seconds since the epoch.
    """
    files = len({passage.path for passage in found.passages})
    what = (
        f"{counted(len(found.passages), 'passage')} in {counted(files, 'file')}"
        if found.passages
        else "nothing found"
    )
    waiting = f", {counted(found.pending, 'file')} waiting" if found.pending else ""
    return f"{what} · {took_ms:.0f} ms · index {current(found.as_of, found.pending, now=now)}{waiting}"


def said(remarks: Sequence[str]) -> str:
    """Put what a person should know of a search in one line."""
    return " · ".join(map(plain_line, remarks))
