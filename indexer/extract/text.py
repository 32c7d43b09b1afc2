"""Plain text: paragraphs between blank lines, and lines where the format is made of lines."""

import re
from pathlib import Path

from indexer.extract.builder import line_offsets, span_of_lines, words
from indexer.extract.encoding import decode
from indexer.types import Block, BlockKind, Document

# formats in which a line is a unit, so that a cut belongs between lines and not between sentences.
_LINE_SUFFIXES = words(
    ".csv .tsv .json .jsonl .ndjson .log .yaml .yml .toml .ini .cfg .conf .env .properties .xml .srt "
    ".vtt .sub .bib .ics .vcf .diff .patch .plist"
)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding=["']([\w.:-]{1,40})""")


def extract(path: Path, data: bytes) -> Document:
    """Read a text file.

    Raises:
        PermanentError: If it is no text.
    """
    declared = _XML_ENCODING.match(data[:256])
    decoded = decode(data, declared=declared[1].decode("ascii") if declared else None)
    kind = BlockKind.CODE if path.suffix.lower() in _LINE_SUFFIXES else BlockKind.PARAGRAPH
    return Document(
        text=decoded.text,
        blocks=paragraphs(decoded.text, kind),
        has_lines=True,
        title=path.stem,
        notes=decoded.notes,
    )


def paragraphs(text: str, kind: BlockKind) -> tuple[Block, ...]:
    """Return the stretches between blank lines."""
    offsets = line_offsets(text)
    blocks: list[Block] = []
    first: int | None = None
    for number, line in enumerate([*text.split("\n"), ""]):
        if line and not line.isspace():
            first = number if first is None else first
        elif first is not None:
            span = span_of_lines(text, offsets, first, number)
            if span is not None:
                blocks.append(Block(kind=kind, start=span[0], end=span[1]))
            first = None
    return tuple(blocks)
