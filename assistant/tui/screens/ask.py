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
