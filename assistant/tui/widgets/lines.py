"""A widget that is made of finished lines, so that much text costs one widget and little time.

Its lines are made once per width. What is selected with the mouse, and what a
widget marks for the moment, is laid over them as they are drawn.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from assistant.tui.widgets.kept_lines import KeptLines

CONSOLE = Console(width=80, color_system="truecolor", legacy_windows=False, _environ={})
"""Breaks text into lines and never writes any."""


class Lines(KeptLines, Widget):
    """Text that is drawn line by line, and can be selected."""

    DEFAULT_CSS = "Lines { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id, classes=classes)
        self._made: list[Strip] = []
        self._made_width = 0
        self._height_before = 0
        """How many lines there were when they were put away, or what was guessed before they were made."""

        self._ground: Style | None = None
        """What lies below the styles of the parts; Textual looks at all ancestors for it."""

        self._is_stale = False
        self._styles: dict[tuple[str, bool], Style] = {}
        """What was looked up since the styles changed; Textual takes a millisecond for each."""

    @abstractmethod
    def make_lines(self, width: int) -> Sequence[Strip]:
        """Make all lines anew for a width in cells, > 0; none is longer."""

    def overlay(self, y: int, strip: Strip) -> Strip:  # noqa: ARG002 - for those who mark something
        """Return a line with what is marked in it for the moment."""
        return strip

    @property
    def lines(self) -> Sequence[Strip]:
        """The lines as they were made last."""
        return self._made

    @property
    def line_texts(self) -> list[str]:
        """The text of every line."""
        return [strip.text for strip in self._made]

    def renew(self) -> None:
        """Make the lines anew, because what they say has changed."""
        if not self._made_width:
            self.refresh(layout=True)
            return
        before = len(self._made)
        self._make()
        self.refresh(layout=len(self._made) != before)

    # -- for a scroll that draws what is near before the rest

    def is_drawn_for(self, width: int) -> bool:
        """Tell whether the lines are those of a width in cells."""
        return width <= 0 or width == self._made_width

    def prepare(self, width: int) -> None:
        """Make the lines of a width in cells if they are of another one."""
        if not self.is_drawn_for(width):
            self._make_for(width)

    def height_at(self, width: int) -> int:
        """Return how many lines there are at a width in cells, or were at the one before."""
        if self._made_width:
            return len(self._made)
        if not self._height_before:
            self._height_before = self.guess_height(width)
        return self._height_before

    def put_away(self) -> None:
        """Drop the lines, but not how many there were: they are far from what is in view."""
        if self._made_width:
            self._height_before = len(self._made)
            self._made, self._made_width = [], 0
            self.forget_lines()
            # Textual keeps every line that it has rendered until then.
            self.refresh()

    def guess_height(self, width: int) -> int:  # noqa: ARG002 - for those who can tell
        """Return about how many lines there will be at a width in cells, > 0."""
        return 1

    # -- styles

    @property
    def stylist(self) -> Widget:
        """Whose component classes style the lines."""
        return self

    def style_of(self, name: str, *, has_background: bool = False) -> Style:
        """Return how one of the component classes is drawn.

        Args:
            name: The component class.
            has_background: Whether it has a background of its own.
        """
        key = (name, has_background)
        if key not in self._styles:
            try:
                style = self.stylist.get_component_rich_style(name)
            except KeyError:
                # Textual has not styled it yet, or not any more; it will tell when it has.
                return Style.null()
            self._styles[key] = style if has_background else foreground(style)
        return self._styles[key]

    def _make_for(self, width: int) -> None:
        self._made_width = width
        self.forget_lines()
        self._make()

    def _make(self) -> None:
        self._made = list(self.make_lines(self._made_width)) if self._made_width else []
        self._is_stale = False

    # -- as Textual asks for them

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's
        if width <= 0:
            return 0
        self.prepare(width)
        return len(self._made)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._is_stale = True

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ground = None
        return super().render_lines(crop)

    @property
    def are_lines_kept(self) -> bool:
        is_settled = not self._is_stale and self.content_size.width == self._made_width
        return is_settled and self.text_selection is None

    def source_of(self, y: int) -> Strip | None:
        """Return what is made for a line, with what is marked in it; `None` for one without text."""
        return self.overlay(y, self._made[y]) if 0 <= y < len(self._made) else None

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        if self._ground is None:
            self._ground = self.rich_style
        style = self._ground
        if self._is_stale or width != self._made_width:
            before = len(self._made)
            self._make_for(width)
            if len(self._made) != before:
                self.call_later(self.refresh, layout=True)
        strip = self.source_of(y)
        if strip is None:
            return Strip.blank(width, style)
        if (selection := self.text_selection) is not None and (span := selection.get_span(y)) is not None:
            start, end = span
            chosen = self.screen.get_component_rich_style("screen--selection")
            strip = painted(strip, start, len(strip.text) if end == -1 else end, chosen)
        # offsets are set before the line is filled up: what is behind its end is no text.
        return strip.apply_offsets(0, y).apply_style(style).adjust_cell_length(width, style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract("\n".join(text.rstrip() for text in self.line_texts)), "\n"


def foreground(style: Style) -> Style:
    """Return a style without its background."""
    return Style(
        color=style.color,
        bold=style.bold,
        dim=style.dim,
        italic=style.italic,
        underline=style.underline,
        reverse=style.reverse,
        strike=style.strike,
    )


def painted(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """Lay a style over the characters from `start` to before `end`."""
    pieces: list[Segment] = []
    at = 0
    for text, old, control in strip:
        first, last = max(start - at, 0), min(end - at, len(text))
        if control or first >= last:
            pieces.append(Segment(text, old, control))
        else:
            pieces += [
                Segment(part, (old or Style.null()) + over if over else old)
                for part, over in ((text[:first], None), (text[first:last], style), (text[last:], None))
                if part
            ]
        at += len(text)
    return Strip(pieces, strip.cell_length)


def wrapped(text: Text, width: int, *, first: Text | None = None, rest: Text | None = None) -> list[Strip]:
    """Break a text into lines at blanks, each behind a margin.

    Args:
        text: May have several lines.
        width: Cells of a line, its margin included.
        first: Margin of the first line; `None` for none.
        rest: Margin of the others; `None` for the first one's.
    """
    first = first or Text()
    rest = first if rest is None else rest
    room = max(1, width - max(first.cell_len, rest.cell_len))
    return [strip_of(first if number == 0 else rest, line) for number, line in enumerate(broken(text, room))]


def broken(text: Text, width: int) -> Iterable[Text]:
    """Break a text into lines of at most so many cells."""
    return text.wrap(CONSOLE, max(1, width), overflow="fold", tab_size=4)


def strip_of(*parts: Text) -> Strip:
    """Return one line of styled texts, side by side."""
    # put together first: of a text without spans the style of the whole would not be drawn.
    segments = [segment for segment in Text.assemble(*parts).render(CONSOLE) if segment.text]
    return Strip(segments, sum(cell_len(segment.text) for segment in segments))
