"""Marks in an answer → the sentences of the files that stand behind them; pure.

The model only ever says [n]. Which file, which lines and which words stand
behind the number is worked out here from the passage itself, so a citation
cannot name a place that does not exist.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.types import Citation
from assistant.words import content_words, is_number
from indexer.sentences import Sentence, quotable_sentences
from indexer.types import Locator, Passage, Span

LONGEST_QUOTE_SENTENCES = 3

_NUMBERS = r"\^?\d{1,3}(?:\s*[-–]\s*\d{1,3})?"
_MARK = re.compile(
    rf"\[\s*({_NUMBERS}(?:\s*[,;]\s*{_NUMBERS})*)\s*\](?!\()|【\s*(\d{{1,3}}(?:\s*[,;]\s*\d{{1,3}})*)[^】\n]{{0,40}}】"
)
_CODE_IN_LINE = re.compile(r"(?P<ticks>`+)(?!`)[^\n]+?(?<!`)(?P=ticks)(?!`)")
_CODE = re.compile(
    rf"^[ \t]*(?P<fence>```|~~~)(?s:.*?)(?:^[ \t]*(?P=fence)[^\n]*$|\Z)|{_CODE_IN_LINE.pattern}", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One pair of brackets in an answer and the passage numbers in it."""

    start: int
    end: int
    numbers: tuple[int, ...]


def code_spans(text: str, *, is_in_line: bool = False) -> list[tuple[int, int]]:
    """Find the code of a text: (start, end) pairs in order.

    Args:
        text: The text.
        is_in_line: Whether it is a part of a line, in which no fence can begin.
    """
    return [match.span() for match in (_CODE_IN_LINE if is_in_line else _CODE).finditer(text)]


def has_open_code(line: str) -> bool:
    """Tell whether a part of a line holds a backtick that may begin code which ends behind it."""
    closed = code_spans(line, is_in_line=True)
    return any(
        char == "`" and not any(start <= at < end for start, end in closed) for at, char in enumerate(line)
    )


def marks(text: str, *, is_in_line: bool = False) -> list[Mark]:
    """Find the citation marks of a text: [1], [1, 2], [1-3], [^1] and 【1】, but none inside code.

    Args:
        text: The text.
        is_in_line: Whether it is a part of a line, in which no fence can begin.
    """
    code = code_spans(text, is_in_line=is_in_line)
    return [
        Mark(match.start(), match.end(), _numbers(match[1] or match[2]))
        for match in _MARK.finditer(text)
        if not any(start <= match.start() < end for start, end in code)
    ]


def cite(answer: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """List what stands behind the marks of an answer, by number and then by place.

    A number that is used for two statements which rest on different sentences
    has a citation for each. A number without a passage has none.

    Args:
        answer: The answer with its marks.
        passages: What the model was shown, numbered from 1 in this order.
    """
    found: dict[tuple[int, Span], Citation] = {}
    for number, statement in statements(answer):
        if not 1 <= number <= len(passages):
            continue
        passage = passages[number - 1]
        span = supporting_span(statement, passage)
        found[number, span] = Citation(
            n=number,
            passage=passage,
            quote=passage.text[span.start : span.end],
            locator=narrow(passage, span),
        )
    return tuple(
        citation for _, citation in sorted(found.items(), key=lambda item: (item[0][0], item[0][1].start))
    )


def statements(answer: str) -> list[tuple[int, str]]:
    """Pair every number in the marks of an answer with what it is said to bear.

    That is the sentence the mark stands in or follows, from the mark before on
    where one sentence has several.
    """
    found = marks(answer)
    # marks become blanks of the same length, so that offsets stay true.
    bare = list(answer)
    for mark in found:
        bare[mark.start : mark.end] = " " * (mark.end - mark.start)
    text = "".join(bare)
    spans = quotable_sentences(text)
    pairs: list[tuple[int, str]] = []
    clause_start = 0
    statement = ""
    for mark in found:
        sentence = _sentence_at(spans, mark.start)
        clause = text[max(sentence.start, clause_start) : min(mark.start, sentence.end)]
        if content_words(clause):
            statement, clause_start = clause, mark.end
        elif not statement:
            # the mark opens the answer: it belongs to what follows.
            statement = text[sentence.start : sentence.end]
        pairs += [(number, statement.strip()) for number in mark.numbers]
    return pairs


def supporting_span(statement: str, passage: Passage) -> Span:
    """Choose the adjoining sentences of a passage which bear a statement best.

    Shared words count by how rare they are in the passage, numbers twice; a
    further sentence is taken along only if it adds much. Where nothing is
    shared, the passage's own highlight stands in, or else its first sentence.
    """
    found = quotable_sentences(passage.text)
    parts = [part for part in found if not part.is_heading] or found
    if not parts:
        return Span(start=0, end=len(passage.text))
    wanted = content_words(statement)
    said = [set(content_words(passage.text[part.start : part.end])) for part in parts]
    weights = {
        word: (2.0 if is_number(word) else 1.0) / (1 + sum(word in one for one in said) / len(said))
        for word in wanted
        if any(word in one for one in said)
    }
    if not weights:
        return _fallback(passage, parts)
    total = sum(weights.values())

    def worth(first: int, last: int) -> float:
        shared = set().union(*said[first : last + 1])
        # a sentence more must bring a sixth of what there is to share.
        return sum(weight for word, weight in weights.items() if word in shared) - total / 6 * (last - first)

    first, last = max(
        (
            (first, last)
            for first in range(len(parts))
            for last in range(first, min(first + LONGEST_QUOTE_SENTENCES, len(parts)))
        ),
        key=lambda pair: (round(worth(*pair), 9), pair[0] - pair[1], -pair[0]),
    )
    return Span(start=parts[first].start, end=parts[last].end)


def narrow(passage: Passage, span: Span) -> Locator:
    """Return the locator of a part of a passage: its exact lines, or the passage's own pages.

    Lines are counted only where the passage's text is its lines, one for one.
    """
    locator = passage.locator
    if locator.line_start is None or locator.line_end is None:
        return locator
    if passage.text.count("\n") != locator.line_end - locator.line_start:
        return locator
    line_start = locator.line_start + passage.text.count("\n", 0, span.start)
    line_end = line_start + passage.text.count("\n", span.start, span.end)
    return replace(locator, line_start=line_start, line_end=line_end)


def _numbers(listed: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in re.split(r"[,;]", listed.replace("^", "")):
        first, _, last = part.replace("–", "-").partition("-")
        start, end = int(first), int(last or first)
        # "[3-1]" and "[1-999]" are no ranges of passages.
        numbers += range(start, end + 1) if start <= end <= start + 50 else [start]
    return tuple(dict.fromkeys(numbers))


def _sentence_at(spans: Sequence[Sentence], position: int) -> Sentence:
    """Return the sentence that begins last before a position, or else the first."""
    before = [span for span in spans if span.start < position]
    return before[-1] if before else spans[0] if spans else Sentence(0, 0)


def _fallback(passage: Passage, parts: Sequence[Sentence]) -> Span:
    if passage.highlights:
        return passage.highlights[0]
    return Span(start=parts[0].start, end=parts[0].end)
