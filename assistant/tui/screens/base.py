"""What the five screens have in common: the bar of their names, the status line and the footer."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from assistant.tui.threads import in_thread
from assistant.tui.widgets.ground import Ground
from assistant.tui.widgets.key_footer import KeyFooter
from assistant.tui.widgets.mode_bar import ModeBar
from assistant.tui.widgets.status_line import StatusLine
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.tui.app import KbApp
    from assistant.tui.backend import Backend
    from indexer.client import IndexerClient

T = TypeVar("T")

BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]
"""Classes that a screen has from so many columns on."""


class ModeScreen(Ground, Screen[None]):
    """One of the five screens."""

    MODE: ClassVar[str]
    """Its name in `MODES`."""

    def __init__(self) -> None:
        # Textual would find out after it has styled everything, and style it again.
        width = self.app.size.width
        super().__init__(classes=[name for columns, name in BREAKPOINTS if columns <= width][-1])

    def compose(self) -> ComposeResult:
        yield ModeBar(self.MODE)
        yield from self.body()
        yield StatusLine()
        yield KeyFooter(show_command_palette=True)

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

    async def ask_index(self, ask: Callable[["IndexerClient"], T], *, is_told: bool = True) -> T | None:
        """Ask the daemon in a thread; what goes wrong is said, and the answer is `None` then.

        Args:
            ask: What is asked.
            is_told: Whether somebody waits for it; that a daemon is away is on the status line anyway.
        """
        try:
            return await in_thread(lambda: ask(self.backend.index()))
        except KbError as error:
            if is_told:
                self.kb.report(error)
            return None

    @property
    def is_streaming(self) -> bool:
        """Whether an answer is on its way."""
        return False

    def stop_work(self) -> bool:
        """Stop what the person waits for; tells whether there was anything."""
        return False
