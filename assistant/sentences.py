"""Sentences and words of a passage; pure.

Cutting is by spans of the original text, so that whatever is quoted stands in
the file letter for letter. A sentence never crosses a blank line, a list item,
a heading or a table row.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_CHARS = 400
"""Longer stretches without an end (tables, minified text) are cut at a blank."""

_LISTED = """
a about above after again all also am an and any are as at be because been before being but by can could did
do does doing done down during each either else ever every few for from further get give had has have having
he her here hers him his how i if in into is it its itself just let like many may me might mine more most
much must my myself no nor not now of off on once one only or other our out over own please same say shall
she should so some such tell than that the their them then there these they this those through to too under
until up us use used very was we were what when where which while who whom whose why will with without would
you your s t d ll m re ve don doesn didn isn aren wasn weren won
"""
STOP_WORDS = frozenset(_LISTED.split())
"""Words that say nothing of what a question is about."""

_BLOCK_START = re.compile(
    r"[ \t]*(?:[-*+•]\s|\d{1,3}[.)]\s|#{1,6}\s|\||>|```|~~~|\[\^|(?:[A-Z][\w /-]{0,30}|[\w-]+):\s)"
    r"|[ \t]*[-*_=]{3,}[ \t]*$"
)
"""A list item, heading, table row, quotation, fence, footnote, rule, or field ("Rent: 400")."""
_RULE = re.compile(r"[ \t]*[-*_=]{3,}[ \t]*$")
_MARKER = re.compile(r"[ \t]*(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)[ \t]+)*(?:\[[ xX]\][ \t]+)?")
_HEADING = re.compile(r"[ \t]*#{1,6}\s")
_END = re.compile(r"[.!?…]+[\"')\]”’»*_]*(?=\s)|[。！？]+[」』”）]*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|cf|al|No|Nr|Fig|Vol|approx|ca|bzw|Inc|Ltd|Co"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)|\b[a-z]\.[a-z])\.$"
)
_LETTER = re.compile(r"[^\W_]")
_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A span of some text, `text[start:end]`, without white space or list mark around it."""

    start: int
    end: int
    is_heading: bool = False


def sentences(text: str) -> list[Sentence]:
    """Cut a text into sentences, in order and without overlap."""
    found: list[Sentence] = []
    for start, end in _blocks(text):
        content = start + _marker_length(text[start:end])
        is_heading = _HEADING.match(text, start, end) is not None
        for piece_start, piece_end in _pieces(text, content, end):
            found.extend(
                Sentence(short_start, short_end, is_heading)
                for short_start, short_end in _shortened(text, piece_start, piece_end)
                if _LETTER.search(text, short_start, short_end)
            )
    return found


def words(text: str) -> list[str]:
    """List the words of a text as they are compared: folded, without endings, numbers whole.

    Thousands separators are dropped ("1,200" and "1200" are one word), and
    every Chinese, Japanese or Korean character is a word of its own.
    """
    return list(_words(text))


def content_words(text: str) -> list[str]:
    """List the distinct words that carry meaning, in order of appearance."""
    return list(dict.fromkeys(word for word in _words(text, skip=STOP_WORDS)))


def is_number(word: str) -> bool:
    """Tell whether a word of `words` is a number."""
    return word[0].isdigit()


def _words(text: str, skip: frozenset[str] = frozenset()) -> Iterator[str]:
    folded = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    for match in _WORD.finditer(unicodedata.normalize("NFC", folded)):
        word = match[0]
        if word[0].isdigit():
            yield re.sub(r",(?=\d{3}(?:\D|$))", "", word)
        elif _CJK.search(word):
            yield from word
        elif word not in skip:
            stem = _stem(word.partition("'")[0])
            if stem and word.partition("'")[0] not in skip:
                yield stem


def _stem(word: str) -> str:
    """Take off the commonest English endings, so that "moved" meets "move"."""
    for ending in ("ing", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3:
        if word.endswith("i"):
            return word[:-1] + "y"
        if word.endswith("ie"):
            return word[:-2] + "y"
        return word.removesuffix("e")
    return word


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans within which a line end means nothing."""
    start = position = 0
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        is_last = number + 1 == len(lines)
        position += len(line)
        if is_last or _breaks_after(line, lines[number + 1], _width(lines, number)):
            if text[start:position].strip():
                yield start, position
            start = position


def _breaks_after(line: str, following: str, width: int) -> bool:
    if not line.strip() or not following.strip() or _BLOCK_START.match(following):
        return True
    if _HEADING.match(line) or line.lstrip().startswith(("|", "```", "~~~")) or _RULE.match(line):
        return True
    first_word = following.split(maxsplit=1)[0]
    has_room = len(line.rstrip()) + 1 + len(first_word) <= width
    # whoever wraps lines takes the next word along if it fits; where it would have, the end is meant.
    return has_room and not line.rstrip().endswith((",", "-")) and not first_word[0].islower()


def _width(lines: list[str], number: int) -> int:
    """Return the length of the longest line around this one."""
    return max(len(line.rstrip()) for line in lines[max(0, number - 3) : number + 5])


def _marker_length(block: str) -> int:
    match = _MARKER.match(block)
    return match.end() if match else 0


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut one block at the ends of its sentences."""
    for match in _END.finditer(text, start, end):
        if match[0] == "." and _ABBREVIATION.search(text, max(start, match.start() - 12), match.end()):
            continue
        following = text[match.end() : end].lstrip()[:1]
        if match[0][0] in ".…" and following.islower():
            continue
        yield from _stripped(text, start, match.end())
        start = match.end()
    yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(stripped)


def _shortened(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST_CHARS:
        cut = text.rfind(" ", start + LONGEST_CHARS // 2, start + LONGEST_CHARS)
        cut = cut if cut > 0 else start + LONGEST_CHARS
        yield from _stripped(text, start, cut)
        start = cut
    yield from _stripped(text, start, end)
