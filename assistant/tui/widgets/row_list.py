"""A list whose rows are drawn when they are in sight, with a cursor on one of them."""

from abc import abstractmethod
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.scroll_view import ScrollView

POINTER = "▸"
"""Stands left of the row of the cursor, because colour alone would say it to some only."""


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of the same height; what becomes of the cursor is told by messages of each list's own."""

    ROW_LINES: ClassVar[int] = 1
    """Lines of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "move(-1000000000)", "First", show=False),
        Binding("end,G", "move(1000000000)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False, id="files.open", tooltip="Open the file"),
    ]
    DEFAULT_CSS = """
    RowList {
        height: 1fr; border: round $panel; background: $background; overflow-x: hidden;
        &:focus { border: heavy $primary; }
    }
    """

    _cursor = 0

    @property
    @abstractmethod
    def row_count(self) -> int:
        """How many rows there are."""

    @property
    def cursor(self) -> int:
        """The row of the cursor, from 0."""
        return self._cursor

    def cursor_moved(self) -> None:
        """Take note that the cursor may be on another row."""

    @abstractmethod
    def action_choose(self) -> None:
        """Choose the row of the cursor."""

    def show_cursor(self) -> None:
        """Scroll to the row of the cursor."""
        region = Region(0, self._cursor * self.ROW_LINES, 1, self.ROW_LINES)
        self.scroll_to_region(region, animate=False, force=True)

    def action_move(self, rows: int) -> None:
        """Move the cursor; the ends hold."""
        self._cursor = min(max(0, self._cursor + rows), max(0, self.row_count - 1))
        self.show_cursor()
        self.cursor_moved()
        self.refresh()

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in sight at a time."""
        self.action_move(pages * max(1, self.scrollable_content_region.height // self.ROW_LINES - 1))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to what is clicked; only a second click chooses it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        number = (at.y + self.scroll_offset.y) // self.ROW_LINES
        if number >= self.row_count:
            return
        self.action_move(number - self._cursor)
        if event.chain > 1:
            self.action_choose()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
