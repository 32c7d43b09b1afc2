"""Where the sentences of a text begin and end; pure.

Cutting is by spans of the original text, so that whatever is shown or quoted
stands in the file letter for letter. A sentence never crosses a blank line, a
list item, a heading, a table row or a line of code, and every step takes time
that grows with the length of the text alone, whatever it holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

LONGEST_CHARS = 400
"""Longer stretches without an end (tables, minified text) are cut at a blank."""

NARROWEST_CHARS = 16
"""Nobody wraps prose at fewer characters; where all lines are shorter, each stands for itself."""

LONGEST_TOKEN_CHARS = 24
"""Characters before a full stop that are looked at; abbreviations and initials are shorter."""

_FENCE = re.compile(r"[ \t]*+(?:```|~~~)")
_HEADING = re.compile(r"[ \t]*+#{1,6}\s")
_TABLE_ROW = re.compile(r"[ \t]*+\|")
_RULE = re.compile(r"[ \t]*+[-*_=]{3,}+[ \t]*$")
_ITEM = re.compile(r"[ \t]*+(?:[-*+•]|\d{1,3}[.)])\s")
_QUOTED = re.compile(r"[ \t]*+(?:>|\[\^)")
_FIELD = re.compile(r"[ \t]*+(?:[A-Z][\w /-]{0,30}|[\w-]++):\s")
"""A line such as "Rent: 400"."""
_INDENTED = re.compile(r" {4}|\t")
_CODE = re.compile(r"[{}]$|\s[-+*/|&:!=<>]?=\s")
"""No line of prose, whatever follows."""
_PERHAPS_CODE = re.compile(r";$|\w\(")
_HARD_BREAK = re.compile(r"(?:\\|<br ?/?>)$")
_MARK = re.compile(
    r"[ \t]*+(?:(?:[-*+•]|\d{1,3}[.)]|#{1,6}|>)[ \t]++)*+(?:\[(?:[ xX]|![\w-]+)\][+-]?[ \t]+)?"
)
"""What stands before the words of a line: signs of lists, headings and quotations, boxes, callouts."""
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n(?=[\w\"'-][\w \"'-]*[:=])(?:.*\n)*?\1[ \t]*(?:\n|\Z)")
_END = re.compile(r"[。！？｡]++[”’」』）]*+|(?<![.!?…])(?P<mark>[.!?…]++)(?P<closing>[\"'”’»)\]*_]*+)(?=\s)")
_LETTER = re.compile(r"[^\W_]")
_EMBED = re.compile(r"!\[\[[^\]]*\]\]|!\[[^\]]*\]\([^)]*\)")
"""A picture or a note that stands in Markdown's place for it."""
_NEXT = re.compile(r"\s*+(\S?)")

_ABBREVIATIONS = (
    "al approx bd bzw ca cf co corp dept dr eds eq etc fig figs inc jr ltd mr mrs ms nr prof sr st tel usw"
    " vgl viz vol vs jan feb mar apr jun jul aug sep sept oct nov dec"
)
_SHORTENED = frozenset(_ABBREVIATIONS.split())
_BEFORE_NUMBER = frozenset(["art", "ch", "max", "min", "no", "nos", "op", "p", "pp", "sec", "str", "tab"])
"""Abbreviations only where a number follows: "no. 5", but "He said no."."""
_TITLES = frozenset(["Ed", "Gen", "Gov", "Lt", "Rev", "Sen"])


@dataclass(frozen=True, slots=True)
class Sentence:
    """A span of some text, `text[start:end]`, without white space around it."""

    start: int
    end: int
    is_heading: bool = False
    is_metadata: bool = False
    """Whether it stands in the front matter that a text begins with."""


def split_sentences(text: str) -> list[Sentence]:
    """Cut a text into sentences, in order; together they cover all that is not white space.

    This is what a search marks: whatever stands in the text can be pointed at.
    """
    return [piece for _, pieces in _cut(text) for piece in pieces]


def quotable_sentences(text: str) -> list[Sentence]:
    """Cut a text into what can be quoted as a statement, in order.

    These are the sentences of `split_sentences` without the list mark or the heading's signs
    before them, and without those that say nothing by themselves: rules, fences, embedded
    pictures and whatever else holds neither letter nor digit.
    """
    found: list[Sentence] = []
    for body, pieces in _cut(text):
        for piece in pieces:
            start = max(piece.start, body)
            is_fence = start == body and _FENCE.match(text, start) is not None
            is_embed = _EMBED.fullmatch(text, start, piece.end) is not None
            if not is_fence and not is_embed and _LETTER.search(text, start, piece.end):
                found.append(replace(piece, start=start))
    return found


def _cut(text: str) -> Iterator[tuple[int, list[Sentence]]]:
    """Yield for every block where its words begin, behind any list mark, and its sentences."""
    front = _FRONT_MATTER.match(text)
    for start, end in _blocks(text):
        match = _MARK.match(text, start, end)
        body = match.end() if match else start
        is_heading = _HEADING.match(text, start, end) is not None
        is_whole = _TABLE_ROW.match(text, start, end) is not None
        pieces: list[Sentence] = []
        at = start
        for stop in (end,) if is_whole else (*_stops(text, body, end), end):
            pieces += [
                Sentence(*span, is_heading, is_metadata=front is not None and span[0] < front.end())
                for span in _shortened(text, at, stop)
            ]
            at = stop
        yield body, pieces


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans within which the end of a line means nothing."""
    lines = text.splitlines(keepends=True)
    lengths = [len(line.rstrip()) for line in lines]
    start = position = 0
    in_fence = in_item = stood_alone = False
    for number, line in enumerate(lines):
        is_fence = _FENCE.match(line) is not None
        stands_alone = in_fence or is_fence or _stands_alone(line)
        in_fence ^= is_fence
        is_indented = _INDENTED.match(line) is not None
        is_item = _ITEM.match(line) is not None
        # in a list, an indented line goes on with its item; elsewhere it is code or a new paragraph.
        begins = is_item or _QUOTED.match(line) is not None or (is_indented and not in_item)
        if lengths[number]:
            in_item = is_item or (in_item and is_indented)
        if number and (
            stood_alone
            or stands_alone
            or begins
            or _ends_with_line(lines[number - 1], line, max(lengths[max(0, number - 4) : number + 4]))
        ):
            if start < position:
                yield start, position
            start = position
        stood_alone = stands_alone
        position += len(line)
    if start < position:
        yield start, position


def _stands_alone(line: str) -> bool:
    return bool(_HEADING.match(line) or _TABLE_ROW.match(line) or _RULE.match(line))


def _ends_with_line(line: str, following: str, width: int) -> bool:
    """Tell whether what a line says ends with it, rather than going on in the next.

    Args:
        line: A line of prose.
        following: The line after it.
        width: Characters of the longest line around them.
    """
    body = line.rstrip()
    if not body or not following.strip() or width < NARROWEST_CHARS:
        return True
    if _HARD_BREAK.search(body) or _CODE.search(body):
        return True
    first_word = following.split(maxsplit=1)[0]
    # whoever wraps lines takes the next word along if it fits; where it would have, the end is meant.
    has_room = len(body) + 1 + len(first_word) <= width
    if _FIELD.match(following) and (
        has_room or first_word[0].isupper() or _FIELD.match(line) or _ITEM.match(line)
    ):
        return True
    if not has_room or body.endswith((",", "-")):
        return False
    return not first_word[0].islower() or _PERHAPS_CODE.search(body) is not None


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where sentences end inside one block."""
    at = start
    for match in _END.finditer(text, start, end):
        if match["mark"] is None or _ends_sentence(text, at, match, end):
            at = match.end()
            yield at


def _ends_sentence(text: str, start: int, match: re.Match[str], end: int) -> bool:
    """Tell whether punctuation before white space ends the sentence that begins at `start`."""
    mark, closing = match["mark"], match["closing"]
    found = _NEXT.match(text, match.end(), end)
    following = found[1] if found else ""
    if not following:
        return True
    before = text[max(start, match.start() - LONGEST_TOKEN_CHARS) : match.start()]
    if not before or before[-1].isspace():
        # a mark that stands alone, as in texts that were split into tokens; dots stand for words left out.
        return len(mark) == 1 or not following.islower()
    if mark == "." and not closing and _is_shortened(before.split()[-1].lstrip("([{\"'“‘«*_"), following):
        return False
    if mark == "." and match.start() - start <= 3 and text[start : match.start()].isdigit():
        # the number of a list that was written into a paragraph.
        return False
    # "Why? because" are two; '"Why?" he asked' is one.
    return not following.islower() or (mark[0] in "!?" and not closing)


def _is_shortened(token: str, following: str) -> bool:
    """Tell whether a word before a full stop is an abbreviation or initials."""
    lowered = token.lower()
    if lowered in _SHORTENED or token in _TITLES:
        return True
    if lowered in _BEFORE_NUMBER and following.isdigit():
        return True
    # "J", "e.g", "U.S", "(z.B".
    return all(len(part) == 1 and part.isalpha() for part in token.split("."))


def _shortened(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a span without the white space around it, in several parts if it is long."""
    while end - start > LONGEST_CHARS:
        cut = text.rfind(" ", start + LONGEST_CHARS // 2, start + LONGEST_CHARS)
        cut = cut if cut > 0 else start + LONGEST_CHARS
        yield from _stripped(text, start, cut)
        start = cut
    yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if body := piece.strip():
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(body)
