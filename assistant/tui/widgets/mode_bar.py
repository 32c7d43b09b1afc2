"""The bar of the five screens."""

from textual.content import Content
from textual.widgets import Static

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
        parts = [Content.styled("kb ", "bold $primary")]
        for number, (mode, name) in enumerate(NAMES.items(), start=2):
            is_current = mode == current
            label = Content.from_markup(
                f"[@click=app.go('{mode}')] {'▸' if is_current else ' '}{name} [dim]F{number}[/dim] [/]"
            )
            parts.append(label.stylize("bold reverse") if is_current else label)
        super().__init__(Content("").join(parts))
