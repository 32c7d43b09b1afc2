"""A passage as it stands in its file, with the sentences that bear an answer."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.strip import Strip

from assistant.terminal import plain, plain_line
from assistant.tui.widgets.lines import Lines, broken, strip_of, wrapped
from indexer.types import Passage, Span

BAR = "▌ "
"""Stands left of every line that holds a part of a marked sentence."""


class PassageText(Lines):
    """One passage: where it stands, then its text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "passage--title",
        "passage--place",
        "passage--quote",
        "passage--bar",
    }
    DEFAULT_CSS = """
    PassageText { padding: 0 1; }
    PassageText > .passage--title { text-style: bold; }
    PassageText > .passage--place { color: $text-muted; }
    PassageText > .passage--quote { text-style: bold underline; }
    PassageText > .passage--bar { color: $text-accent; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._passage: Passage | None = None
        self._quotes: tuple[Span, ...] = ()
        self._number: int | None = None
        self.first_quote_line = 0
        """Where the first marked sentence begins."""

    def show(self, passage: Passage | None, quotes: Sequence[Span], number: int | None) -> None:
        """Show another passage, or none."""
        self._passage, self._number = passage, number
        self._quotes = tuple(sorted(quotes, key=lambda span: span.start))
        self.first_quote_line = 0
        self.renew()

    def make_lines(self, width: int) -> list[Strip]:
        if self._passage is None:
            return []
        lines = self._head(self._passage, width)
        is_begun = False
        plain_margin = Text(" " * len(BAR))
        bar = Text(BAR, self.style_of("passage--bar"))
        quote = self.style_of("passage--quote")
        for whole in self._body(self._passage, quote):
            for line in broken(whole, width - len(BAR)):
                is_quoted = any(span.style == quote for span in line.spans)
                if is_quoted and not is_begun:
                    is_begun, self.first_quote_line = True, len(lines)
                lines.append(strip_of(bar if is_quoted else plain_margin, line))
        return lines

    def _head(self, passage: Passage, width: int) -> list[Strip]:
        number = f"[{self._number}] " if self._number is not None else ""
        title = Text(f"{number}{plain_line(passage.short_path)}", self.style_of("passage--title"))
        place = [part for part in (passage.locator.describe(), *passage.locator.headings) if part]
        if place:
            where = f" · {place[0]}" if passage.locator.describe() else ""
            headings = " › ".join(map(plain_line, passage.locator.headings))
            muted = self.style_of("passage--place")
            head = wrapped(Text.assemble(title, (where, muted)), width)
            head += wrapped(Text(headings, muted), width) if headings else []
        else:
            head = wrapped(title, width)
        return [*head, Strip.blank(0)]

    def _body(self, passage: Passage, quote: Style) -> Iterator[Text]:
        """Yield the lines of the text, its marked sentences in a style."""
        # what is not shown may stand within a sentence, so every part is made plain by itself.
        cuts = [0, *(cut for span in self._quotes for cut in (span.start, span.end)), len(passage.text)]
        line = Text()
        for number, (start, end) in enumerate(pairwise(cuts)):
            for part_number, part in enumerate(plain(passage.text[start:end]).split("\n")):
                if part_number:
                    yield line
                    line = Text()
                if part.strip():
                    line.append(part, quote if number % 2 else None)
                else:
                    line.append(part)
        yield line


class PassageView(VerticalScroll):
    """Shows one passage at a time."""

    DEFAULT_CSS = """
    PassageView { height: 1fr; border: round $panel; border-title-color: $text-muted; }
    PassageView:focus { border: heavy $primary; }
    """

    HELP_TITLE = "Passage"

    def __init__(self, *, title: str = "Passage", id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self.border_title = title
        self.passage: Passage | None = None
        """What is shown."""

    def compose(self) -> ComposeResult:
        yield PassageText()

    def show(self, passage: Passage, *, quotes: Sequence[Span] = (), number: int | None = None) -> None:
        """Show a passage, scrolled to its first marked sentence.

        Args:
            passage: What to show.
            quotes: Spans of its text that are marked; they do not overlap.
            number: Its number among the sources.
        """
        self.passage = passage
        text = self.query_one(PassageText)
        text.show(passage, quotes, number)
        # its lines are made when it has its size.
        self.call_after_refresh(self._scroll_to_quote)

    def clear(self) -> None:
        """Show nothing."""
        self.passage = None
        self.query_one(PassageText).show(None, (), None)

    def on_resize(self) -> None:
        """Keep the marked sentences in view, also where they were hidden until now."""
        self.call_after_refresh(self._scroll_to_quote)

    def _scroll_to_quote(self) -> None:
        first = self.query_one(PassageText).first_quote_line
        fits = first < self.size.height
        self.scroll_to(y=0 if fits else first - 1, animate=False)
