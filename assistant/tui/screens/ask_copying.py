"""What can be copied from the Ask screen: answers, their code, and both with what they rest on."""

from abc import abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from assistant.tui.widgets.exchange import ExchangeView

    _Base = Screen[None]
else:
    # Textual takes styles and keys from the first base alone that is a widget.
    _Base = object


class Copying(_Base):
    """A screen that shows answers."""

    _copied_code: "tuple[ExchangeView, range, int] | None" = None
    """Whose code was copied last, which lines were in view then, and which of its blocks it was."""

    @property
    @abstractmethod
    def view(self) -> "ExchangeView | None":
        """The exchange one is at."""

    def copy(self, text: str, said: str) -> None:
        """Copy a text, and say so."""
        self.app.copy_to_clipboard(text)
        self.notify(said, timeout=2)

    def action_copy_answer(self) -> None:
        """Copy the answer one is at."""
        if (view := self.view) is not None and view.exchange.text.strip():
            self.copy(view.exchange.bare_text, "answer copied")

    def action_copy_with_sources(self) -> None:
        """Copy the answer and what it rests on."""
        if (view := self.view) is not None and view.exchange.text.strip():
            # deferred, as what shows the answers.
            from assistant.tui.sources import with_sources

            exchange = view.exchange
            self.copy(with_sources(exchange.bare_text, exchange.sources), "answer copied with its sources")

    def action_copy_code(self) -> None:
        """Copy the last block of code in view, or of the answer; again, the one before it, and so on."""
        if (view := self.view) is None or not view.codes:
            self.notify("there is no code in this answer")
            return
        number, count = self._next_code(view), len(view.codes)
        self._copied_code = view, view.lines_in_view, number
        again = f"code {number + 1} of {count} copied; again for the one before"
        self.copy(view.codes[number].text, again if count > 1 else "code copied")

    def _next_code(self, view: "ExchangeView") -> int:
        """Return which block of code is copied now."""
        seen = view.lines_in_view
        if self._copied_code is not None and self._copied_code[:2] == (view, seen):
            return (self._copied_code[2] - 1) % len(view.codes)
        in_view = [
            number
            for number, code in enumerate(view.codes)
            if code.first < seen.stop and code.last >= seen.start
        ]
        return (in_view or range(len(view.codes)))[-1]
