"""A field for one line of text."""

from textual import events
from textual.widgets import Input

from assistant.terminal import plain


class Field(Input):
    """One line of text; of what is pasted the first line is taken."""

    async def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._write(event.text)

    def action_paste(self) -> None:
        """Paste what was copied in the app."""
        self._write(self.app.clipboard)

    def _write(self, text: str) -> None:
        if lines := plain(text).splitlines():
            self.replace(lines[0], *self.selection)
