"""Source code: one block per definition, headed by the names of the classes and functions around it.

There is no parser per language: a definition is a line that begins with a word
such as `class` or `func`, and it ends where the indentation says so. What this
misses is found between blank lines.
"""

import re
from pathlib import Path

from indexer.extract.builder import line_offsets, span_of_lines
from indexer.extract.encoding import decode
from indexer.types import Block, BlockKind, Document

MAX_LINE_CHARS = 5000
"""Longer lines are generated, not written; what lies beyond is left out, and the document says so."""

_COOKIE = re.compile(rb"^(?:[^\n]*\n)?[ \t]*#[^\n]{0,80}coding[:=][ \t]*([-\w.]{1,40})")
_DEFINITION = re.compile(
    r"([ \t]*)"
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([\w:]+\))?"
    r"|unsafe|const|open|override|sealed|data|partial|extern|inline)[ \t]+)*"
    r"(?:class|def|function\*?|func|fn|struct|enum|trait|impl|interface|module|mod|object|namespace|protocol)"
    r"[ \t]+(?:\([^)]{0,80}\)[ \t]*|<[^>]{0,80}>[ \t]*)?"
    r"([A-Za-z_$][\w$]{0,80}(?:(?:\.|::)[\w$]{1,80})*)"
    r"(?=[ \t]*(?:$|[(:{<\[]|=|;|extends\b|implements\b|for\b|where\b|is\b))"
)
# what stands directly above a definition and belongs to it.
_LEADING = re.compile(r"[ \t]*(?:@|#|//|/\*|\*|\[|--)")
_CLOSING = re.compile(r"[ \t]*(?:[\])}]|end\b|else\b|elif\b|except\b|finally\b|catch\b)")


def extract(path: Path, data: bytes) -> Document:
    """Read a source file.

    Raises:
        PermanentError: If it is no text.
    """
    cookie = _COOKIE.match(data[:400])
    decoded = decode(data, declared=cookie[1].decode("ascii") if cookie else None)
    lines = decoded.text.split("\n")
    long = sum(len(line) > MAX_LINE_CHARS for line in lines)
    notes = decoded.notes
    if long:
        lines = [line[:MAX_LINE_CHARS] for line in lines]
        notes += (f"lines cut after {MAX_LINE_CHARS:,} characters: {long:,}",)
    text = "\n".join(lines)
    return Document(text=text, blocks=_blocks(text, lines), has_lines=True, title=path.name, notes=notes)


def _blocks(text: str, lines: list[str]) -> tuple[Block, ...]:
    offsets = line_offsets(text)
    blocks: list[Block] = []

    def add(kind: BlockKind, first: int, stop: int, level: int = 0, title: str = "") -> None:
        if first < stop and (span := span_of_lines(text, offsets, first, stop)) is not None:
            blocks.append(Block(kind=kind, start=span[0], end=span[1], level=level, title=title))

    begun = 0
    open_indents: list[int] = []
    """Indentation of the definitions around the current line."""
    for number, line in enumerate(lines):
        if not line or line.isspace():
            continue
        indent = len(line) - len(line.lstrip())
        after_blank = number == 0 or not lines[number - 1].strip()
        found = _DEFINITION.match(line)
        if found is not None:
            above = number
            while above > begun and _LEADING.match(lines[above - 1]) and lines[above - 1].strip():
                above -= 1
            add(BlockKind.CODE, begun, above)
            while open_indents and open_indents[-1] >= indent:
                open_indents.pop()
            open_indents.append(indent)
            add(BlockKind.HEADING, above, number + 1, level=len(open_indents), title=found[2])
            begun = number + 1
        elif after_blank and not _CLOSING.match(line):
            if open_indents and indent <= open_indents[-1]:
                # code after a definition, on its level: a heading without a name ends what stands above.
                add(BlockKind.CODE, begun, number)
                while len(open_indents) > 1 and open_indents[-2] >= indent:
                    open_indents.pop()
                add(BlockKind.HEADING, number, number + 1, level=len(open_indents))
                open_indents.pop()
                begun = number + 1
            elif not open_indents and indent == 0:
                add(BlockKind.CODE, begun, number)
                begun = number
    add(BlockKind.CODE, begun, len(lines))
    return tuple(blocks)
