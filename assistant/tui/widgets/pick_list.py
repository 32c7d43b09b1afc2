"""A list in which a click shows something, and only a second one takes it."""

from textual import events
from textual.widgets import OptionList


class PickList(OptionList):
    """Highlights what is clicked or moved to; a double click chooses it, as Enter does."""

    def move(self, step: int) -> None:
        """Highlight another one; the ends hold."""
        if self.option_count:
            self.highlighted = min(max(0, (self.highlighted or 0) + step), self.option_count - 1)

    def on_click(self, event: events.Click) -> None:
        """Highlight what is clicked; only a second click chooses it."""
        event.stop()
        event.prevent_default()
        at = event.style.meta.get("option")
        if at is not None:
            self.highlighted = at
            if event.chain > 1:
                self.action_select()
