"""The bar of the five screens."""

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from assistant.tui.app import KbApp

NAMES = {
    "ask": "Ask",
    "search": "Search",
    "conversations": "Conversations",
    "library": "Library",
    "models": "Models",
}


class ModeBar(Static):
    """Names the screens, each with its key, and shows which one this is.

    Args:
        current: The name of the screen it stands on.
    """

    DEFAULT_CSS = """
    ModeBar { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: clip; }
    """

    def __init__(self, current: str) -> None:
        self._current = current
        key_of = cast("KbApp", self.app).key_of
        parts = [Content.styled("kb ", "bold $primary")]
        for mode, name in NAMES.items():
            is_current = mode == current
            label = Content.assemble(
                f" {'▸' if is_current else ' '}{name} ", (key_of(f"app.{mode}"), "dim"), " "
            ).stylize(f"@click=app.go('{mode}')")
            parts.append(label.stylize("bold reverse") if is_current else label)
        super().__init__(Content("").join(parts))
