"""What the five screens have in common: the bar of their names, the status line and the footer."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from assistant.tui.widgets.mode_bar import ModeBar
from assistant.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from assistant.tui.app import KbApp
    from assistant.tui.backend import Backend


class ModeScreen(Screen[None]):
    """One of the five screens."""

    MODE: ClassVar[str]
    """Its name in `MODES`."""

    def compose(self) -> ComposeResult:
        yield ModeBar(self.MODE)
        yield from self.body()
        yield StatusLine()
        yield Footer(show_command_palette=True)

    @abstractmethod
    def body(self) -> ComposeResult:
        """Yield what stands between the bars."""

    @property
    def kb(self) -> "KbApp":
        """The app."""
        return cast("KbApp", self.app)

    @property
    def backend(self) -> "Backend":
        """Daemon, engine and history."""
        return self.kb.backend

    def stop_work(self) -> bool:
        """Stop what the person waits for; tells whether there was anything."""
        return False
