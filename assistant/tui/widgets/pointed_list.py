"""A list of options that points at the one it is at: colour alone would say it to some only."""

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widgets import OptionList

from assistant.tui.widgets.row_list import POINTER


class PointedList(OptionList):
    """Options with a column left of them for the pointer; a list may make it wider, never narrower."""

    DEFAULT_CSS = """
    PointedList { padding: 0; & > .option-list--option { padding: 0 1 0 1; } }
    """

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if self.highlighted is None:
            return strip
        lines, at = self._lines, y + self.scroll_offset.y
        if at < len(lines) and lines[at] == (self.highlighted, 0):
            first = next(iter(strip.crop(0, 1)), Segment(" "))
            return Strip.join([Strip([Segment(POINTER, first.style)]), strip.crop(1)])
        return strip


class BrowsedList(PointedList):
    """A list to look around in: a click moves to an option, only a second one chooses it."""

    def on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()
        at = event.style.meta.get("option")
        if at is not None:
            self.highlighted = at
            if event.chain > 1:
                self.action_select()
