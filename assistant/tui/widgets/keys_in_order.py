"""Fields in which keys do what they do in the order in which they were pressed."""

from textual import events
from textual.widgets import Input

from assistant.tui.widgets.mixin import WidgetMixin


class KeysInOrder(WidgetMixin):
    """Runs what the keys of a field are bound to before the letters behind them are written.

    Textual writes a letter at once, but hands every other key up to the app, which then looks for what
    it is bound to. Of keys that come together, as over a slow line, letters would overtake the
    backspace or the Enter before them; and bindings with priority would overtake the letters.
    """

    async def on_key(self, event: events.Key) -> None:
        """Run what the key is bound to in this field, if anything."""
        if event.is_printable:
            return
        active = self.screen.active_bindings.get(event.key)
        if active is None or active.node is not self or not active.enabled:
            return
        if await self.app.run_action(active.binding.action, self):
            event.stop()
            event.prevent_default()


class Field(KeysInOrder, Input):
    """One line of text."""
