"""A question and its answer, as one widget of lines; what it shows is an `Exchange`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from assistant.terminal import plain, plain_line
from assistant.times import counted
from assistant.tui.exchange import Exchange
from assistant.tui.widgets.lines import painted, wrapped
from assistant.tui.widgets.long_scroll import LongScroll
from assistant.tui.widgets.markdown_view import MARKDOWN_STYLES, MarkdownLines, Pacer

if TYPE_CHECKING:
    from assistant.tui.document import Document
    from assistant.tui.drawing import Code, Stop

TICK_S = 0.25
"""How often the time that has passed is shown anew."""

SHOWN_AFTER_S = 2.0
"""What takes no longer is done without its time being shown."""

EXCHANGE_STYLES = {
    "exchange--question": "color: $text-primary; text-style: bold;",
    "exchange--aside": "color: $text-muted;",
    "exchange--thoughts": "color: $text-muted; text-style: italic;",
    "exchange--state": "color: $text-accent;",
    "exchange--error": "color: $text-error; text-style: bold;",
    "exchange--stop": "text-style: bold reverse;",
    **MARKDOWN_STYLES,
}
"""Component class → how that part of an exchange looks."""


class ExchangeView(MarkdownLines):
    """Shows one exchange; marks, links and sources in it can be gone to.

    Args:
        exchange: What is shown; whoever changes it calls `tell`.
    """

    HELP_TITLE = "Answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open_stop",
            "Open",
            id="answer.open",
            tooltip="Open the file behind this mark, or this link",
        ),
        Binding(
            "space", "toggle_thoughts", "Thoughts", id="answer.fold", show=False, tooltip="Fold thoughts"
        ),
    ]
    DEFAULT_CSS = """
    ExchangeView { padding: 0 1 0 1; margin-bottom: 1; border-left: blank; }
    ExchangeView:focus { border-left: wide $primary; }
    """

    @dataclass
    class StopChosen(Message):
        """Somebody went to a mark."""

        view: "ExchangeView"
        number: int
        """Of its source."""

        @property
        def control(self) -> "ExchangeView":
            return self.view

    @dataclass
    class OpenAsked(Message):
        """What stands behind a mark or a link is to be opened."""

        view: "ExchangeView"
        number: int
        """Of the source; 0 for a link."""

        target: str
        """Where the link leads."""

    can_focus = True

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self.exchange = exchange
        self._document: Document | None = None
        self._pacer = Pacer(self)
        self._stops: list[Stop] = []
        self._codes: list[Code] = []
        self._current: int | None = None
        self._shows_thoughts = False
        self._thoughts_line: int | None = None
        self._since = time.monotonic()
        self._clock: Timer | None = None

    @property
    def stylist(self) -> Widget:
        # each of a hundred widgets would have forty styles of its own to read and keep.
        return self.parent if isinstance(self.parent, LongScroll) else self

    def guess_height(self, width: int) -> int:
        return 6 + sum(1 + len(line) // max(1, width) for line in self.exchange.text.splitlines())

    def put_away(self) -> None:
        super().put_away()
        self._document = None

    # -- what it shows

    def tell(self, *, is_final: bool = False) -> None:
        """Show what the exchange has become.

        Args:
            is_final: Whether that is shown at once; otherwise it is soon.
        """
        if self._clock is None and self.exchange.is_running:
            self._since = time.monotonic()
            self._clock = self.set_interval(TICK_S, self._pacer.wish)
        elif self._clock is not None and not self.exchange.is_running:
            self._clock.stop()
            self._clock = None
        if is_final:
            self._pacer.draw_now()
        else:
            self._pacer.wish()

    @property
    def codes(self) -> "Sequence[Code]":
        """The blocks of code, by where they are drawn."""
        return self._codes

    @property
    def stop(self) -> "Stop | None":
        """Where one is."""
        return (
            None if self._current is None or self._current >= len(self._stops) else self._stops[self._current]
        )

    def make_lines(self, width: int) -> list[Strip]:
        exchange = self.exchange
        aside = self.style_of("exchange--aside")
        lines = self._question(width)
        if exchange.searched_for:
            lines += wrapped(Text(f"searched for: {exchange.searched_for}", aside), width, first=Text("  "))
        lines += self._notes(exchange.notes, width)
        lines += self._thoughts(width, aside, at=len(lines))
        self._stops, self._codes = [], []
        if exchange.text.strip():
            lines.append(Strip.blank(0))
            lines += self._answer(width, at=len(lines))
        lines += self._state(width)
        if self._lists_sources:
            lines += self._listed(width, aside, at=len(lines))
        if exchange.afterwards:
            lines += [Strip.blank(0), *self._notes(exchange.afterwards, width)]
        if exchange.by:
            lines += [Strip.blank(0), *wrapped(Text(exchange.by, aside), width)]
        return lines

    def _question(self, width: int) -> list[Strip]:
        question = self.exchange.question
        style = self.style_of("exchange--question")
        lines = wrapped(
            Text(plain(question.text).strip(), style), width, first=Text("❯ ", style), rest=Text("  ")
        )
        if extra := question.extra:
            pasted = f"+ {counted(len(extra.splitlines()), 'line')} of pasted text"
            lines += wrapped(Text(pasted, self.style_of("exchange--aside")), width, first=Text("  "))
        return lines

    def _notes(self, notes: Sequence[str], width: int) -> list[Strip]:
        aside = self.style_of("exchange--aside")
        margins = Text("  · ", aside), Text("    ")
        return [
            line
            for note in notes
            for line in wrapped(Text(note, aside), width, first=margins[0], rest=margins[1])
        ]

    def _thoughts(self, width: int, style: Style, *, at: int) -> list[Strip]:
        self._thoughts_line = None
        if not (said := self.exchange.thinking_line(time.monotonic())):
            return []
        self._thoughts_line = at
        sign = "▾" if self._shows_thoughts else "▸"
        lines = wrapped(Text(f"{sign} {said}", style), width, first=Text("  "))
        if self._shows_thoughts:
            thought = Text(self.exchange.thoughts.strip(), self.style_of("exchange--thoughts"))
            lines += wrapped(thought, width, first=Text("  │ ", style))
        return lines

    def _answer(self, width: int, *, at: int) -> list[Strip]:
        # deferred: what lays text out is not needed before there is an answer.
        from assistant.tui.document import Document

        if self._document is None:
            self._document = Document()
        text, shown = self.exchange.text, self._document.text
        if text != shown:
            if text.startswith(shown):
                self._document.append(text[len(shown) :])
            else:
                self._document.replace(text)
        drawn = self._document.draw(width, self.look())
        self._stops = [replace(stop, line=stop.line + at) for stop in drawn.stops]
        self._codes = [replace(code, first=code.first + at, last=code.last + at) for code in drawn.codes]
        return drawn.lines

    def _state(self, width: int) -> list[Strip]:
        exchange = self.exchange
        if not (said := exchange.state_line()):
            return []
        lines = [Strip.blank(0)] if exchange.text else []
        if exchange.error is not None:
            lines += wrapped(Text(said, self.style_of("exchange--error")), width)
            hints = [plain_line(exchange.error.hint)] if exchange.error.hint else []
            for hint in (*hints, "Ctrl+G asks the last question again"):
                lines += wrapped(Text(hint, self.style_of("exchange--aside")), width, first=Text("  "))
            return lines
        took_s = time.monotonic() - self._since
        if exchange.is_running and took_s >= SHOWN_AFTER_S:
            said += f" ({took_s:.0f} s)"
        return [*lines, *wrapped(Text(said, self.style_of("exchange--state")), width)]

    @property
    def _lists_sources(self) -> bool:
        """Whether the sources stand below the answer: where it has none, or no panel is beside it."""
        is_over = self.exchange.stage in {"done", "stopped"}
        return is_over and (not self.exchange.is_answered or self.screen.has_class("-narrow"))

    def _listed(self, width: int, style: Style, *, at: int) -> list[Strip]:
        # deferred, as what is drawn with it.
        from assistant.tui.drawing import Stop

        mark = self.style_of("markdown--mark")
        lines = [Strip.blank(0)] if self.exchange.is_answered and self.exchange.sources else []
        for source in self.exchange.sources:
            number = f"[{source.number}]"
            self._stops.append(Stop(at + len(lines), 0, len(number), number=source.number))
            margin = Text(f"{number} ", mark)
            lines += wrapped(Text(source.line, style), width, first=margin, rest=Text(" " * len(margin)))
        return lines

    def overlay(self, y: int, strip: Strip) -> Strip:
        stop = self.stop
        if stop is None or stop.line != y or not self.has_focus:
            return strip
        return painted(strip, stop.start, stop.end, self.style_of("exchange--stop", has_background=True))

    # -- going through it

    def move(self, by: int) -> bool:
        """Go to another mark, link or source; tells whether there is one."""
        if not self._stops:
            return False
        outside = -1 if by > 0 else len(self._stops)
        to = (outside if self._current is None else self._current) + by
        if not 0 <= to < len(self._stops):
            return False
        self._go(to)
        return True

    def go_to_source(self, number: int) -> None:
        """Mark the first place that uses a number."""
        stop = self.stop
        if stop is not None and stop.number == number:
            return
        self._current = next((at for at, one in enumerate(self._stops) if one.number == number), None)
        self.refresh()

    def _go(self, to: int) -> None:
        self._current = to
        stop = self._stops[to]
        self.refresh()
        self.bring_stop_into_view()
        if stop.number:
            self.post_message(self.StopChosen(self, stop.number))

    def bring_stop_into_view(self) -> None:
        """Scroll to the place one is at."""
        if (stop := self.stop) is not None and isinstance(self.parent, LongScroll):
            self.parent.release_anchor()
            line = self.parent.top_of(self) + self.gutter.top + stop.line
            self.parent.scroll_to_region(Region(0, line, 1, 1), animate=False)

    @property
    def lines_in_view(self) -> range:
        """The lines that are on the screen now."""
        if not isinstance(self.parent, LongScroll):
            return range(len(self.lines))
        first = self.parent.scroll_offset.y - self.parent.top_of(self) - self.gutter.top
        return range(max(0, first), max(0, first + self.parent.size.height))

    def action_open_stop(self) -> None:
        """Open what stands behind the place one is at."""
        if (stop := self.stop) is not None:
            self.post_message(self.OpenAsked(self, stop.number, stop.target))

    def action_toggle_thoughts(self) -> None:
        """Show or hide what the model thought."""
        self._shows_thoughts = not self._shows_thoughts
        self.tell(is_final=True)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == self._thoughts_line:
            self.action_toggle_thoughts()
            return
        at = event.style.meta.get("offset", (-1, -1))[0]
        for number, stop in enumerate(self._stops):
            if stop.line == offset.y and stop.start <= at < stop.end:
                self._go(number)
                if stop.target:
                    self.action_open_stop()
                return
