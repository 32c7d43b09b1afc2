"""HTML: what the page says, without what surrounds it; nothing is ever fetched.

Only what is marked as furniture (navigation, footers, scripts, controls) is
left out, and `<main>` or a lone `<article>` is taken where it holds the text.
Nothing is scored, so that a page without such marks loses nothing.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexer.extract.builder import DocumentBuilder, words
from indexer.extract.encoding import decode
from indexer.types import BlockKind, Document

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
# as browsers read these names: they are written above pages that are no such thing.
_CHARSET_MEANS = {"iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252"}

_NEVER = words(
    "script style template noscript svg iframe object embed canvas audio video head title meta link map"
)
_FURNITURE = words("nav button select input textarea datalist dialog menu")
_OUTER_FURNITURE = words("footer aside")
_FURNITURE_ROLES = words("navigation contentinfo search menu menubar dialog")
_CONTENT = words("main article blockquote section figure")
_INLINE = words(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark meter output q "
    "rp rt ruby s samp small span strike strong sub sup time tt u var wbr nobr picture source math"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAK = "\0"
_ENOUGH_SHARE = 0.3
_META = (
    *("author", "description", "keywords", "date", "dc.date", "dcterms.created", "dcterms.modified"),
    *("article:published_time", "article:modified_time", "last-modified"),
)


def extract(path: Path, data: bytes) -> Document:
    """Read a web page.

    Raises:
        PermanentError: If it is no text.
    """
    found = _CHARSET.search(data[:4096])
    declared = found[1].decode("ascii").lower() if found else ""
    if declared.startswith(("utf-16", "utf-32")):
        # what can be read as ASCII is neither.
        declared = ""
    decoded = decode(data, declared=_CHARSET_MEANS.get(declared, declared) or None)
    parser = LexborHTMLParser(decoded.text)
    builder = DocumentBuilder()
    first_heading = parser.css_first("h1")
    heading = _line(first_heading.text()) if first_heading is not None else ""
    if parser.body is not None:
        root = _root(parser.body)
        if heading and root.tag != "body" and root.css_first("h1") is None:
            builder.add(BlockKind.HEADING, heading, level=1, title=heading)
        _Walk(builder, has_furniture=True).read(root)
        if not builder.blocks:
            _Walk(builder, has_furniture=False).read(parser.body)
    title_node = parser.css_first("head > title") or parser.css_first("title")
    title = _line(title_node.text()) if title_node is not None else ""
    return builder.build(title=title or heading or path.stem, metadata=_metadata(parser), notes=decoded.notes)


def _root(body: LexborNode) -> LexborNode:
    """Return the element that holds the page's own text."""
    whole = len(_line(body.text()))
    for selector in ("main, [role=main]", "article"):
        nodes = body.css(selector)
        if len(nodes) == 1 and len(_line(nodes[0].text())) >= _ENOUGH_SHARE * whole:
            return nodes[0]
    return body


def _metadata(parser: LexborHTMLParser) -> dict[str, str]:
    values: dict[str, str] = {}
    for node in parser.css("meta[content]"):
        name = (node.attributes.get("name") or node.attributes.get("property") or "").lower()
        content = _line(node.attributes.get("content") or "")
        if name in _META and content:
            values.setdefault(name, content)
    root = parser.root
    if root is not None and (language := root.attributes.get("lang")):
        values["language"] = language
    return values


@dataclass
class _Walk:
    """Reads the text under a node in document order, block by block."""

    builder: DocumentBuilder
    has_furniture: bool
    """Whether navigation and the like are left out."""

    inline: list[str] = field(default_factory=list)
    """Text of the block that is being read."""

    lines: list[str] = field(default_factory=list)
    """Finished items of the outermost list, or rows of the table."""

    cells: list[str] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    """Next number of each open list; `None` for bullets."""

    marker: str = ""
    """What the next line of a list begins with."""

    content_depth: int = 0
    pre_depth: int = 0
    in_table: bool = False

    def read(self, root: LexborNode) -> None:
        """Walk without recursion: pages nest deeper than Python's stack."""
        self.content_depth = int(root.tag != "body")
        node: LexborNode | None = root.first_child
        while node is not None:
            if self._enter(node):
                if node.first_child is not None:
                    node = node.first_child
                    continue
                self._leave(node)
            while node is not None and node.next is None:
                node = node.parent
                if node is None or node.mem_id == root.mem_id:
                    node = None
                    break
                self._leave(node)
            if node is not None:
                node = node.next
        self._flush()
        self._end_group()

    def _enter(self, node: LexborNode) -> bool:
        """Begin a node; return whether its children are to be read."""
        tag = node.tag or ""
        if tag == "-text":
            self.inline.append(node.text_content or "")
            return False
        if not node.is_element_node or self._is_left_out(node, tag):
            return False
        if tag == "br":
            self.inline.append(_BREAK)
        elif tag == "img":
            self.inline.append(f" {_line(node.attributes.get('alt') or '')} ")
        elif tag not in _INLINE:
            self._open_block(node, tag)
        return True

    def _is_left_out(self, node: LexborNode, tag: str) -> bool:
        if tag in _NEVER:
            return True
        if not self.has_furniture:
            return False
        attributes = node.attributes
        return (
            tag in _FURNITURE
            or (tag in _OUTER_FURNITURE and not self.content_depth)
            or "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or attributes.get("role") in _FURNITURE_ROLES
        )

    def _open_block(self, node: LexborNode, tag: str) -> None:
        self._flush()
        if tag in _CONTENT:
            self.content_depth += 1
        elif tag == "pre":
            self.pre_depth += 1
        elif tag in ("ul", "ol"):
            if not self.lists and not self.in_table:
                self._end_group()
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            number = self.lists[-1] if self.lists else None
            self.marker = "- " if number is None else f"{number}. "
            if self.lists and number is not None:
                self.lists[-1] = number + 1
        elif tag == "table" and not self.lists:
            self._end_group()
            # tables that hold more than values lay out a page.
            self.in_table = node.css_first("table table, h1, h2, h3, h4, h5, h6, pre, ul, ol") is None

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag
        if tag is None or tag in _INLINE or tag in ("br", "img"):
            return
        level = _HEADINGS.get(tag, 0)
        self._flush(level)
        if tag in _CONTENT:
            self.content_depth -= 1
        elif tag == "pre":
            self.pre_depth -= 1
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            if not self.lists and not self.in_table:
                self._end_group(BlockKind.LIST)
        elif tag in ("td", "th") and self.in_table:
            # an empty cell keeps its place.
            self.cells.append("")
        elif tag == "tr" and self.in_table:
            self._end_row()
        elif tag == "table" and self.in_table:
            self._end_row()
            self._end_group(BlockKind.TABLE)
            self.in_table = False

    def _flush(self, level: int = 0) -> None:
        """End the block that is being read."""
        raw = "".join(self.inline)
        self.inline.clear()
        if self.pre_depth:
            text, kind = raw.replace(_BREAK, "\n"), BlockKind.CODE
        else:
            text = "\n".join(filter(None, (_line(part) for part in raw.split(_BREAK))))
            kind = BlockKind.PARAGRAPH
        if not text.strip():
            return
        if level:
            self._end_group()
            self.builder.add(BlockKind.HEADING, text, level=level, title=_line(text))
        elif self.in_table:
            self.cells.append(_line(text) + "\0")
        elif self.lists:
            indent = "  " * (len(self.lists) - 1)
            self.lines.append(indent + (self.marker or "  ") + text.strip("\n"))
        else:
            self.builder.add(kind, self.marker + text)
        self.marker = ""

    def _end_row(self) -> None:
        # a cell is its texts, each ended by NUL, and then an empty entry.
        row = "".join(cell or "\1" for cell in self.cells)
        self.cells.clear()
        values = [value.replace("\0", " ").strip() for value in row.rstrip("\1").split("\1")]
        if any(values):
            self.lines.append(" | ".join(values))

    def _end_group(self, kind: BlockKind | None = None) -> None:
        """Write the list or table that has been collected."""
        if self.lines:
            self.builder.add(kind or BlockKind.LIST, "\n".join(self.lines))
            self.lines.clear()


def _line(text: str) -> str:
    """Put text on one line; non-breaking spaces, which pages are laid out with, are spaces."""
    return " ".join(text.split())
