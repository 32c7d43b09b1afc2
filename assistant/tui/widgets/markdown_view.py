"""Lines of a widget that hold Markdown which may still grow; see `assistant.tui.document`."""

import time
from typing import TYPE_CHECKING

from textual.timer import Timer

from assistant.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from assistant.tui.drawing import Look

REDRAWN_EVERY_S = 0.05
"""A text that grows is drawn no more often, however fast it comes."""

LARGEST_SHARE = 0.2
"""How much of the time drawing it may take."""

LONGEST_S = 0.1
"""What took longer was not only the drawing."""

_NAMES = (
    *(f"h{level}" for level in range(1, 7)),
    *("em", "strong", "s", "code", "block_quote", "hr", "link", "link_url", "mark", "doubt"),
    *("item.bullet", "item.number", "table.header", "table.border"),
)

PARTS = {name: f"markdown--{name.replace('.', '-').replace('_', '-')}" for name in _NAMES}
"""Rich's name of a part of a text → the class that styles it."""

MARKDOWN_STYLES = {
    "markdown--h1": "color: $text-primary; text-style: bold underline;",
    "markdown--h2": "color: $text-primary; text-style: bold;",
    "markdown--h3": "text-style: bold underline;",
    "markdown--h4": "text-style: bold;",
    "markdown--h5": "text-style: bold italic;",
    "markdown--h6": "text-style: italic;",
    "markdown--em": "text-style: italic;",
    "markdown--strong": "text-style: bold;",
    "markdown--s": "text-style: strike;",
    "markdown--code": "color: $text-accent;",
    "markdown--code-block": "background: $surface;",
    "markdown--block-quote": "color: $text-muted; text-style: italic;",
    "markdown--item-bullet": "color: $text-primary;",
    "markdown--item-number": "color: $text-primary;",
    "markdown--hr": "color: $text-muted;",
    "markdown--table-header": "text-style: bold;",
    "markdown--table-border": "color: $text-muted;",
    "markdown--link": "text-style: underline;",
    "markdown--link-url": "color: $text-muted; text-style: underline;",
    "markdown--mark": "color: $text-primary; text-style: bold;",
    "markdown--doubt": "color: $text-warning; text-style: bold;",
}
"""Component class → how that part of a text looks, wherever it is drawn."""


class MarkdownLines(Lines):
    """Lines that hold a text of Markdown; its stylist has the classes of `MARKDOWN_STYLES`."""

    def look(self) -> "Look":
        """Return how the parts of a text look in the theme of the moment."""
        # deferred: what lays text out is not needed before there is any.
        from assistant.tui.drawing import Look

        theme = self.app.current_theme
        ground = self.style_of("markdown--code-block", has_background=True).bgcolor
        if theme.name.startswith("ansi"):
            code_theme = "ansi_dark" if theme.dark else "ansi_light"
        else:
            code_theme = "one-dark" if theme.dark else "friendly"
        return Look(
            styles=tuple((name, self.style_of(part)) for name, part in PARTS.items()),
            code_theme=code_theme,
            code_background="default" if ground is None else ground.name,
        )


class Pacer:
    """Says when something that grows is drawn again: soon, but never for most of the time."""

    def __init__(self, widget: Lines) -> None:
        self._widget = widget
        self._timer: Timer | None = None
        self._took_s = 0.0

    def wish(self) -> None:
        """Draw it again soon."""
        if self._timer is None:
            pause_s = max(REDRAWN_EVERY_S, self._took_s / LARGEST_SHARE)
            self._timer = self._widget.set_timer(pause_s, self.draw_now)

    def draw_now(self) -> None:
        """Draw it again."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        began_at = time.perf_counter()
        self._widget.renew()
        # with the layout of the screen and the drawing of it, which take longer than the lines.
        self._widget.call_after_refresh(self._note, began_at)

    def _note(self, began_at: float) -> None:
        self._took_s = min(LONGEST_S, time.perf_counter() - began_at)
