"""Markdown: front matter, headings, and the blocks between them, line for line as in the file.

Blocks are found by markdown-it, inline marks stay as they are written: a
wikilink, a tag or an emphasis is text that a person searches for.
"""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.extract.builder import line_offsets, plain_metadata, span_of_lines
from indexer.extract.encoding import decode
from indexer.types import Block, BlockKind, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MAX_FRONT_MATTER_CHARS = 65_536
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n(.*?)(?<=\n)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_INLINE_FILE = re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,)[A-Za-z0-9+/=]{200,}")

_PADDING = re.compile(r"(?<=\S)[ \t]{2,}")
_RULER = re.compile(r"-{4,}")

_IMAGE_OR_LINK = re.compile(r"!?\[([^\]\[]*)\](?:\([^()]*\)|\[[^\]]*\])")
_WIKILINK = re.compile(r"!?\[\[(?:[^\]|\[]*\|)?([^\]|\[]*)\]\]")
_MARKS = re.compile(r"(\*{1,3}|__|~~|==|`+)(?=\S)(.+?)(?<=\S)\1")
_HEADING_ID = re.compile(r"[ \t]+(?:\{#[\w-]+\}|\^[\w-]+)$")

_KINDS = {
    "paragraph_open": BlockKind.PARAGRAPH,
    "blockquote_open": BlockKind.PARAGRAPH,
    "html_block": BlockKind.PARAGRAPH,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
    "bullet_list_open": BlockKind.LIST,
    "ordered_list_open": BlockKind.LIST,
    "table_open": BlockKind.TABLE,
}


def extract(path: Path, data: bytes) -> Document:
    """Read a Markdown file.

    Raises:
        PermanentError: If it is no text.
    """
    decoded = decode(data)
    # embedded pictures are no text; their line stays where it is.
    text = _INLINE_FILE.sub(r"\1…", decoded.text) if ";base64," in decoded.text else decoded.text
    metadata, body_start = _front_matter(text)
    # past the last line where front matter is all there is.
    first_line = text.count("\n", 0, body_start) + (body_start > 0 and text[body_start - 1] != "\n")
    tokens = [token for token in _parser().parse(text[body_start:]) if token.level <= 1]
    text = _without_padding(text, tokens, first_line)
    blocks = _blocks(text, tokens, first_line)
    if body_start:
        blocks.insert(0, Block(kind=BlockKind.FRONT_MATTER, start=0, end=len(text[:body_start].rstrip())))
    heading = next((b.title for b in blocks if b.kind is BlockKind.HEADING and b.level == 1 and b.title), "")
    return Document(
        text=text,
        blocks=tuple(blocks),
        has_lines=True,
        title=_as_title(metadata.get("title")) or heading or path.stem,
        metadata=metadata,
        notes=decoded.notes,
    )


def _as_title(value: object) -> str:
    """Read a title as YAML gives it: years and version numbers come as numbers."""
    is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return " ".join(str(value).split()) if is_plain else ""


def _front_matter(text: str) -> tuple[dict[str, Any], int]:
    """Return the metadata at the top and where the body begins; 0 if there is no front matter."""
    if not text.startswith(("---", "+++")):
        return {}, 0
    found = _FRONT_MATTER.match(text, 0, _MAX_FRONT_MATTER_CHARS)
    if found is None:
        return {}, 0
    # deferred: most files have none.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # the loader is one of the two safe ones.
        value = tomllib.loads(found[2]) if found[1] == "+++" else yaml.load(found[2], loader)
    # what people write between the lines is theirs: it stays text, and a bad date raises ValueError.
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError):
        return {}, found.end()
    if value is not None and not isinstance(value, dict):
        # two rulers with a paragraph between them.
        return {}, 0
    return plain_metadata(value or {}), found.end()


def _without_padding(text: str, tokens: "Sequence[Token]", first_line: int) -> str:
    """Take out what only draws a table: a ruler of 300 dashes is 300 tokens."""
    tables = [token.map for token in tokens if token.type == "table_open" and token.map]
    if not tables:
        return text
    lines = text.split("\n")
    for first, stop in tables:
        for number in range(first_line + first, min(first_line + stop, len(lines))):
            lines[number] = _PADDING.sub(" ", _RULER.sub("---", lines[number]))
    return "\n".join(lines)


def _blocks(text: str, tokens: "Sequence[Token]", first_line: int) -> list[Block]:
    """Return the blocks of the body; what the parser passes over (link definitions) becomes paragraphs."""
    blocks: list[Block] = []
    offsets = line_offsets(text)
    count = len(offsets) - 1
    done = first_line

    def add(kind: BlockKind, first: int, stop: int, level: int = 0, title: str = "") -> None:
        if first < stop and (span := span_of_lines(text, offsets, first, stop)) is not None:
            blocks.append(Block(kind=kind, start=span[0], end=span[1], level=level, title=title))

    for i, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, stop = (min(first_line + line, count) for line in token.map)
        add(BlockKind.PARAGRAPH, done, first)
        first = max(first, done)
        if token.type == "heading_open":
            add(BlockKind.HEADING, first, stop, int(token.tag[1]), _plain_heading(tokens[i + 1].content))
        else:
            add(_KINDS.get(token.type, BlockKind.PARAGRAPH), first, stop)
        done = max(done, stop)
    add(BlockKind.PARAGRAPH, done, count)
    return blocks


@cache
def _parser() -> "MarkdownIt":
    # deferred: the module is loaded for every format's child, the parser only for Markdown.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    # blocks alone: inline marks stay text, and parsing them takes twice as long again.
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _plain_heading(text: str) -> str:
    """Remove the inline marks of a heading, as a reader sees it."""
    text = _HEADING_ID.sub("", text.strip())
    text = _IMAGE_OR_LINK.sub(r"\1", _WIKILINK.sub(r"\1", text))
    for _ in range(3):
        text = _MARKS.sub(r"\2", text)
    return " ".join(text.split())
