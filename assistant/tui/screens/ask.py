"""Stands in until its screen is there."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from assistant.tui.screens.base import ModeScreen


class AskScreen(ModeScreen):
    """Ask."""

    MODE = "ask"

    def body(self) -> ComposeResult:
        yield Vertical(Static("ask"))

    async def ask_question(self, question: str) -> None:
        """Ask."""

    async def resume(self, conversation: int) -> None:
        """Go on with a conversation that is kept."""
