"""A text of Markdown that grows, and its lines; only what changed is drawn again."""

from dataclasses import replace

from textual.strip import Strip

from assistant.tui.blocks import Blocks
from assistant.tui.drawing import Drawn, Look, draw


class Document:
    """Lines of a growing text for one width and look at a time."""

    def __init__(self, text: str = "") -> None:
        self._blocks = Blocks(text)
        self._width = 0
        self._look: Look | None = None
        self._drawn: list[Drawn] = []
        """Of the settled blocks, as far as they are drawn."""

        self._settled = Drawn()
        """All of these, one below the other."""

    @property
    def text(self) -> str:
        """All of it."""
        return self._blocks.text

    def append(self, text: str) -> None:
        """Add to the end."""
        self._blocks.append(text)

    def replace(self, text: str) -> None:
        """Take another text."""
        before = self._blocks.settled[: len(self._drawn)]
        self._blocks.replace(text)
        if self._blocks.settled[: len(before)] != before:
            self._forget()

    def draw(self, width: int, look: Look) -> Drawn:
        """Return the lines, and what can be gone to in them."""
        if (width, look) != (self._width, self._look):
            self._width, self._look = width, look
            self._forget()
        for block in self._blocks.settled[len(self._drawn) :]:
            drawn = draw(block, width, look)
            self._drawn.append(drawn)
            _add(self._settled, drawn)
        whole = Drawn([*self._settled.lines], [*self._settled.stops], [*self._settled.codes])
        _add(whole, draw(self._blocks.last, width, look))
        return whole

    def _forget(self) -> None:
        self._drawn, self._settled = [], Drawn()


def _add(to: Drawn, drawn: Drawn) -> None:
    """Put lines below others, an empty one between them."""
    if not drawn.lines:
        return
    if to.lines:
        to.lines.append(Strip.blank(0))
    below = len(to.lines)
    to.lines.extend(drawn.lines)
    to.stops.extend(replace(stop, line=stop.line + below) for stop in drawn.stops)
    to.codes.extend(replace(code, first=code.first + below, last=code.last + below) for code in drawn.codes)
