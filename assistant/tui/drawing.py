"""Markdown → lines for the screen, in which nothing but the letters comes from the text.

Rich lays the text out; what is read out of it here are citation marks, doubts
and links, which stay text and are told apart by `Style.meta`. Entities are read
as letters by the parser, so what it returns is made plain once more.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from markdown_it.token import Token
from rich import markdown as rich_markdown
from rich.console import Console, ConsoleOptions, RenderResult
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.theme import Theme
from textual.strip import Strip

from assistant.citations import marks
from assistant.terminal import plain, plain_line
from assistant.tui.blocks import PARSER
from assistant.types import DOUBT_SIGN

_NUMBER = re.compile(r"\d+")
_DOUBT = re.compile(re.escape(DOUBT_SIGN))

CODE_MARGIN = 1
"""Cells on both sides of code."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the parts of a text are drawn."""

    styles: tuple[tuple[str, Style], ...]
    """By the names that Rich has for them, without "markdown."."""

    code_theme: str
    """A theme of Pygments, or Rich's "ansi_dark" and "ansi_light"."""

    code_background: str
    """A colour as Rich names it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place in drawn lines that can be gone to."""

    line: int
    start: int
    """The first character of it in its line."""

    end: int
    """Just past its last."""

    number: int = 0
    """The number of the source behind it; 0 for a link."""

    target: str = ""
    """Where a link leads; empty for a mark."""


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code, and where it is drawn."""

    first: int
    """Its first line."""

    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A text as lines."""

    lines: list[Strip] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    """In reading order."""

    codes: list[Code] = field(default_factory=list)
    """In reading order."""


CONSOLE = Console(width=80, color_system="truecolor", legacy_windows=False, _environ={})
"""Lays text out and never writes any."""


def draw(text: str, width: int, look: Look) -> Drawn:
    """Draw a text of Markdown.

    Args:
        text: One block or more.
        width: Of a line, in cells.
        look: How its parts are drawn.
    """
    document = _Document(text, look)
    styles = {f"markdown.{name}": style for name, style in (*look.styles, *document.styles.items())}
    options = CONSOLE.options.update(width=max(1, width), height=None)
    with CONSOLE.use_theme(Theme(styles, inherit=False)):
        lines = [Strip(line) for line in CONSOLE.render_lines(document, options, pad=False)]
    # who puts blocks one below the other leaves room between them.
    while lines and _is_empty(lines[-1]):
        lines.pop()
    while lines and _is_empty(lines[0]):
        del lines[0]
    stops: list[Stop] = []
    coded: dict[int, list[int]] = {}
    for number, line in enumerate(lines):
        for meta in _metas(line):
            if "code" in meta:
                coded.setdefault(meta["code"], []).append(number)
                break
        for stop in _stops(line, number):
            # the text of a link and where it leads are one place, also over the end of a line.
            if not (
                stop.target and stops and stops[-1].target == stop.target and number - stops[-1].line < 2
            ):
                stops.append(stop)
    codes = [Code(at[0], at[-1], document.codes[code]) for code, at in coded.items()]
    return Drawn(lines, stops, codes)


def _is_empty(line: Strip) -> bool:
    """Tell whether there is nothing in a line; one with a ground of its own is code."""
    return not line.text.strip() and not any(style and style.bgcolor for _, style, _ in line)


def _stops(line: Strip, number: int) -> Iterator[Stop]:
    """Find the marks and links of a line, by what their style carries."""
    at = 0
    for text, style, _ in line:
        meta = _meta(style)
        if "number" in meta:
            yield Stop(number, at, at + len(text), number=meta["number"])
        elif "target" in meta:
            yield Stop(number, at, at + len(text), target=meta["target"])
        at += len(text)


def _metas(line: Strip) -> Iterator[Mapping[str, Any]]:
    return (_meta(style) for _, style, _ in line)


def _meta(style: Style | None) -> Mapping[str, Any]:
    """Return what a style carries; most carry nothing, and reading what one does is slow."""
    return {} if style is None or style._meta is None else style.meta


class _Heading(rich_markdown.Heading):
    LEVEL_ALIGN: ClassVar[dict[str, Any]] = dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "left")


class _Code(rich_markdown.CodeBlock):
    """Code on a ground of its own, its long lines broken."""

    def __init__(self, lexer_name: str, document: "_Document", number: int) -> None:
        super().__init__(lexer_name, document.code_theme)
        self.background = document.look.code_background
        self.number = number

    @classmethod
    def create(cls, markdown: rich_markdown.Markdown, token: Token) -> "_Code":
        assert isinstance(markdown, _Document)
        markdown.codes.append(token.content.rstrip("\n"))
        return cls((token.info or "").split(" ")[0] or "text", markdown, len(markdown.codes) - 1)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        syntax = Syntax(
            str(self.text).rstrip(),
            self.lexer_name,
            theme=self.theme,
            word_wrap=True,
            padding=(0, CODE_MARGIN),
            background_color=self.background,
        )
        which = Style.from_meta({"code": self.number})
        for line in console.render_lines(syntax, options):
            for number, (text, style, _) in enumerate(line):
                yield Segment(text, style if number or style is None else style + which)
            yield Segment.line()


class _Line(rich_markdown.MarkdownElement):
    """A line across."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr", default="none"), characters="─")


class _Table(rich_markdown.TableElement):
    """A table whose cells are broken rather than cut off."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for drawn in super().__rich_console__(console, options):
            if isinstance(drawn, Table):
                for column in drawn.columns:
                    column.overflow = "fold"
            yield drawn


class _Document(rich_markdown.Markdown):
    """A text whose marks and links carry what they stand for, and can do nothing."""

    elements: ClassVar[dict[str, type[rich_markdown.MarkdownElement]]] = {
        **rich_markdown.Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "hr": _Line,
        "table_open": _Table,
    }

    def __init__(self, text: str, look: Look) -> None:
        # what Rich's own does, but with a parser that leaves more of the text as it stands.
        self.look = look
        self.styles: dict[str, Style] = {}
        """The styles of this text alone, by tag."""

        self.codes: list[str] = []
        """The code of its blocks, in order."""

        self._by_name = dict(look.styles)
        self.markup = text
        self.parsed = [self._inert(token) for token in PARSER.parse(text)]
        self.inlines = rich_markdown.Markdown.inlines | set(self.styles)
        self.code_theme = look.code_theme
        self.justify = None
        self.style = "none"
        self.hyperlinks = False
        self.inline_code_lexer = None
        self.inline_code_theme = look.code_theme

    def _inert(self, token: Token) -> Token:
        """Return a token without anything that could do something."""
        token.content = plain(token.content)
        if token.children is not None:
            token.children = [new for child in self._linked(token.children) for new in self._marked(child)]
        return token

    def _marked(self, token: Token) -> Iterator[Token]:
        """Take the marks and doubts out of a piece of text."""
        if token.type == "code_inline":
            token.content = plain(token.content)
        if token.type != "text" or token.meta.get("is_target"):
            yield token
            return
        text = plain(token.content)
        found = [(mark.start, mark.end, True) for mark in marks(text, is_in_line=True)]
        found += [(*match.span(), False) for match in _DOUBT.finditer(text)]
        at = 0
        for start, end, is_mark in sorted(found):
            yield _text(text[at:start])
            if is_mark:
                yield from self._numbers(text[start:end])
            else:
                yield from self._styled("doubt", text[start:end])
            at = end
        yield _text(text[at:])

    def _numbers(self, mark: str) -> Iterator[Token]:
        """Make each number of a mark one that can be gone to, its brackets with it where it is alone."""
        numbers = list(_NUMBER.finditer(mark))
        if len(numbers) == 1:
            yield from self._styled("mark", mark, number=int(numbers[0][0]))
            return
        at = 0
        for number in numbers:
            yield from self._styled("mark", mark[at : number.start()])
            yield from self._styled("mark", number[0], number=int(number[0]))
            at = number.end()
        yield from self._styled("mark", mark[at:])

    def _linked(self, tokens: Sequence[Token]) -> Iterator[Token]:
        """Write out where links and images lead."""
        target, is_bare = "", False
        for number, token in enumerate(tokens):
            if token.type == "link_open":
                target = plain_line(str(token.attrs.get("href", "")))
                inner = tokens[number + 1] if number + 1 < len(tokens) else None
                is_bare = inner is not None and inner.type == "text" and plain_line(inner.content) == target
                yield self._open("link", target=target)
            elif token.type == "link_close":
                yield Token("em_close", self._tag("link", target=target), -1)
                if target and not is_bare:
                    yield _text(" (", is_target=True)
                    yield from self._styled("link_url", target, target=target)
                    yield _text(")", is_target=True)
            elif token.type == "image":
                source = plain_line(str(token.attrs.get("src", "")))
                yield _text(f"[image: {plain_line(token.content) or source}] (", is_target=True)
                yield from self._styled("link_url", source, target=source)
                yield _text(")", is_target=True)
            else:
                yield token

    def _styled(self, name: str, text: str, **meta: Any) -> Iterator[Token]:
        if text:
            yield self._open(name, **meta)
            yield _text(text, is_target=True)
            yield Token("em_close", self._tag(name, **meta), -1)

    def _open(self, name: str, **meta: Any) -> Token:
        return Token("em_open", self._tag(name, **meta), 1)

    def _tag(self, name: str, **meta: Any) -> str:
        """Return a tag whose style carries something."""
        tag = f"{name} {sorted(meta.items())}"
        if tag not in self.styles:
            style = self._by_name.get(name, Style.null())
            self.styles[tag] = style + Style.from_meta(meta) if meta else style
        return tag


def _text(content: str, *, is_target: bool = False) -> Token:
    return Token("text", "", 0, content=content, meta={"is_target": True} if is_target else {})
