"""The sentences of a passage that answer a question best, by the words they share.

No model is asked: a passage is short, and a reader wants to see at once where
the words of the question stand. Sentences are weighed by how rare the words
are that they hold, and each further one has to add words of its own.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from indexer.types import Span

MOST_HIGHLIGHTS = 3
"""Sentences shown of one passage."""

LEAST_GAIN = 0.25
"""Share of the best sentence's weight that a further one must add."""

LONG_SENTENCE_CHARS = 120
"""Length from which on a sentence loses weight, since it holds more words by its length alone."""

WRAPPED_LINE_CHARS = 50
"""A line at least this long may go on in the next; a shorter one ends where it ends."""

LONGEST_TOKEN_CHARS = 24
"""Characters before a full stop that are looked at; abbreviations and initials are shorter."""

FEWEST_WORDS = 4
"""Words of a sentence that may stand for a passage in which no word was found."""

_LINE = re.compile(r"[^\n]*\n?")
_MARKED_LINE = re.compile(r"[ \t]*(?:[-*+•>|#]|\d{1,3}[.)][ \t]|```|~~~)|[ ]{4}|\t")
_TABLE_ROW = re.compile(r"[ \t]*\|")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_END = re.compile(r"(?P<cjk>[。！？｡])[”’」』）]*|(?P<mark>[.!?…]+)[\"'”’»)\]]*(?=\s)")
_WORD = re.compile(r"[^\W_]+")

_ABBREVIATIONS = (
    "al approx art bd bzw ca cf ch co corp dept dr ed eds eq etc fig figs gen gov inc jr lt ltd max min mr"
    " mrs ms no nos nr op pp prof rev sec sen sr st str tab tel usw vgl viz vol vs z.b"
)
_SHORTENED = frozenset(_ABBREVIATIONS.split())


def split_sentences(text: str) -> list[Span]:
    """Split a passage into sentences; together they cover all that is not white space.

    Blank lines, list items, headings, table rows and lines of code end a
    sentence; a long line of prose goes on in the next. A full stop after an
    abbreviation or an initial does not end one.
    """
    spans: list[Span] = []
    for start, end in _paragraphs(text):
        at = start
        is_whole = bool(_TABLE_ROW.match(text, start, end))
        for match in () if is_whole else _END.finditer(text, start, end):
            if match["cjk"] or _ends_sentence(text, at, match, end):
                _add(spans, text, at, match.end())
                at = match.end()
        _add(spans, text, at, end)
    return spans


def best_sentences(
    text: str, weights: Mapping[str, float], *, most: int = MOST_HIGHLIGHTS
) -> tuple[Span, ...]:
    """Choose the sentences that hold the weightiest words of a question.

    Args:
        text: The passage.
        weights: Words of the question in lower case, each with its weight > 0.
        most: How many sentences at most, at least 1.

    Returns:
        Spans in reading order, at least one if the text is not blank: where none holds
        a word of the question, the first that is more than a heading.
    """
    sentences = split_sentences(text)
    wanted: dict[str, float] = {}
    for word, weight in weights.items():
        root = word_root(word)
        wanted[root] = max(weight, wanted.get(root, 0.0))
    held = [
        {root for word in _WORD.findall(text[span.start : span.end]) if (root := word_root(word)) in wanted}
        for span in sentences
    ]
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < most and len(chosen) < len(sentences):
        gains = [
            sum(wanted[root] for root in roots) * _brevity(span) if at not in chosen else 0.0
            for at, (roots, span) in enumerate(zip(held, sentences, strict=True))
        ]
        at = max(range(len(gains)), key=gains.__getitem__)
        best = max(best, gains[at])
        if gains[at] <= 0 or gains[at] < LEAST_GAIN * best:
            break
        chosen.append(at)
        taken = held[at]
        held = [roots - taken for roots in held]
    if not chosen and sentences:
        lengths = [len(_WORD.findall(text[span.start : span.end])) for span in sentences]
        chosen = [next((at for at, length in enumerate(lengths) if length >= FEWEST_WORDS), 0)]
    return tuple(sentences[at] for at in sorted(chosen))


@lru_cache(maxsize=1 << 16)
def word_root(word: str) -> str:
    """Return a word in lower case without accents and without the commonest English endings.

    Coarser than the index's stemmer and quicker; only ever compared with itself.
    """
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    word = word.lower()
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "i"
    for ending in ("ing", "edly", "ed", "ly", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] not in "lsz":
                word = word[:-1]
            break
    if len(word) > 3 and word[-1] in "ey":
        return word[:-1] + ("i" if word[-1] == "y" else "")
    return word


def _brevity(span: Span) -> float:
    """Return 1 for a sentence of ordinary length, less for a long one."""
    return math.sqrt(min(1.0, LONG_SENTENCE_CHARS / max(1, span.end - span.start)))


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Split a text into stretches whose lines belong together."""
    stretches: list[tuple[int, int]] = []
    start = end = 0
    in_fence = joins_next = False
    for match in _LINE.finditer(text):
        line = match[0]
        is_fence = bool(_FENCE.match(line))
        is_marked = in_fence or bool(_MARKED_LINE.match(line))
        if not joins_next or is_marked or not line.strip():
            if start < end:
                stretches.append((start, end))
            start = match.start()
        end = match.end()
        joins_next = not (in_fence or is_fence) and len(line.strip()) >= WRAPPED_LINE_CHARS
        in_fence ^= is_fence
    if start < end:
        stretches.append((start, end))
    return stretches


def _ends_sentence(text: str, start: int, match: re.Match[str], end: int) -> bool:
    """Tell whether punctuation before white space ends a sentence."""
    following = text[match.end() : end].lstrip()[:1]
    if not following:
        return True
    before = text[max(start, match.start() - LONGEST_TOKEN_CHARS) : match.start()]
    if not before or before[-1].isspace():
        # a mark that stands alone, as in texts that were split into tokens.
        return True
    token = before.split()[-1].lstrip("([\"'“‘«").lower()
    if match["mark"] == ".":
        if token in _SHORTENED or (len(token) == 1 and token.isalpha()):
            return False
        if "." in token and following.islower():
            return False
        if token.isdigit() and len(token) <= 3 and start + len(token) >= match.start():
            return False
    return not following.islower()


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    """Append a span without the white space around it, if anything is left."""
    piece = text[start:end]
    body = piece.strip()
    if body:
        left = start + len(piece) - len(piece.lstrip())
        spans.append(Span(start=left, end=left + len(body)))
