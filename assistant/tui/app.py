"""The app itself: its screens, what it knows of daemon and engine, and the keys that work everywhere."""

import asyncio
import select
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.notifications import SeverityLevel
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import WorkerFailed

from assistant.terminal import plain, plain_line
from assistant.tui.backend import Backend
from assistant.tui.clipboard import copy_in_tmux
from assistant.tui.commands import BoundCommands, Palette
from assistant.tui.garbage import LOOK_EVERY_S, QuietCollector
from assistant.tui.key_queue import KeysInTurnApp
from assistant.tui.keys import all_bindings, dialog_bindings, key_name, load_screens, troubles
from assistant.tui.looks import read_looks
from assistant.tui.screens import MODES
from assistant.tui.screens.base import BREAKPOINTS, ModeScreen
from assistant.tui.state import EngineState, IndexState, with_hint
from assistant.tui.themes import THEMES, check_theme, is_terminals, theme_name
from assistant.tui.threads import in_thread
from assistant.tui.watching import Watching
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.tui.screens.ask import AskScreen

QUIT_WITHIN_S = 2.0
"""Two presses of Ctrl+C that are no further apart end the app."""

CONFIG_WARNING_S = 30.0
"""How long it is shown that a setting has no effect."""

AFTER_PAINT_S = 0.05
"""After the first paint, until the app begins with what is not seen."""

TERMINAL_EVERY_S = 2.0
"""How often it is looked whether there still is a terminal."""


class KbApp(KeysInTurnApp):
    """kb on a terminal.

    Args:
        backend: Daemon, engine and history.
    """

    TITLE = "kb"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    MODES = MODES
    DEFAULT_MODE = "ask"
    COMMANDS = App.COMMANDS | {BoundCommands}
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help", tooltip="Show every key that works here"),
        Binding("f2", "go('ask')", "Ask", id="app.ask", show=False, tooltip="Ask your files"),
        Binding("f3", "go('search')", "Search", id="app.search", show=False, tooltip="Search as you type"),
        Binding(
            "f4",
            "go('conversations')",
            "Conversations",
            id="app.conversations",
            show=False,
            tooltip="Past conversations",
        ),
        Binding("f5", "go('library')", "Library", id="app.library", show=False, tooltip="Folders and files"),
        Binding("f6", "go('models')", "Models", id="app.models", show=False, tooltip="Language models"),
        Binding(
            "ctrl+c",
            "interrupt",
            "Copy or stop",
            id="app.interrupt",
            show=False,
            priority=True,
            tooltip="Copy what is selected, or stop what goes on; twice to quit",
        ),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave kb"),
    ]

    index_state: reactive[IndexState] = reactive(IndexState())
    """How the daemon is."""

    engine_state: reactive[EngineState] = reactive(EngineState(kind="none"))
    """How the engine is."""

    def __init__(self, backend: Backend) -> None:
        self._looks = read_looks(backend.places.config_file)
        name = theme_name(self._looks.theme) or THEMES[0].name
        # whether colours are the terminal's own is asked for before there are themes.
        super().__init__(ansi_color=is_terminals(name))
        self.set_reactive(KbApp.ansi_color, None)
        self.backend = backend
        for theme in THEMES:
            self.register_theme(theme)
        # before it runs: a theme that changes has every style read again.
        self.set_reactive(KbApp.theme, name)
        self.stylesheet.set_variables(self.get_css_variables())
        self.failure: KbError | None = None
        """Why the app had to end, if it had to."""

        self._watching = Watching(backend, tell_index=self._tell_index, tell_engine=self._tell_engine)
        self.is_painted = asyncio.Event()
        """Set when the first screen has been painted, which everything else waits for."""

        self._garbage = QuietCollector(self._is_streaming)
        self._is_begun = False
        self._interrupted_at = 0.0

    def on_mount(self) -> None:
        self.set_keymap(self._looks.keys)
        self.set_interval(TERMINAL_EVERY_S, self._look_for_terminal)
        self.set_interval(LOOK_EVERY_S, self._garbage.look)

    def refresh_css(self, animate: bool = True) -> None:
        # Textual does so for the theme that an app begins with, with which all styles were just read.
        if self._is_begun:
            super().refresh_css(animate)

    def post_display_hook(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            # the footer is painted a moment after the rest.
            self.set_timer(AFTER_PAINT_S, self._begin)

    def on_unmount(self) -> None:
        self._garbage.end()
        self._watching.stop()
        self.backend.close()

    @work(exclusive=True, group="begin")
    async def _begin(self) -> None:
        """Do what can wait for the first paint: read the whole config, and start what is missing."""
        self.is_painted.set()
        # the collector was off while the app was loaded, of which nothing is garbage.
        self._garbage.begin()
        # deferred: nothing of it is painted first.
        from assistant.tui.faults import begin_log

        try:
            await in_thread(lambda: check_theme(self.backend.settings.tui.theme))
        except KbError as error:
            self.failure = error
            self.exit()
            return
        self._watching.start()
        if not self.is_headless:
            try:
                await in_thread(begin_log, self.backend.places)
            except KbError as error:
                self.report(error)
        await in_thread(load_screens)
        for sentence in troubles(self.backend.settings.tui.keys, all_bindings(), dialog_bindings()):
            self.notify(sentence, severity="warning", timeout=CONFIG_WARNING_S)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            self._garbage.touched()
        await super().on_event(event)

    def _handle_exception(self, error: Exception) -> None:
        cause = error.error if isinstance(error, WorkerFailed) else error
        if not self.is_running and isinstance(cause, NoMatches):
            # what comes while the app is left finds its widgets gone.
            return
        super()._handle_exception(error)
        # Textual would print a traceback with all that variables hold, texts of files among it.
        self._exit_renderables.clear()
        if self.failure is None:
            # deferred: there should be none.
            from assistant.tui.faults import fault

            self.failure = fault(cause or error, self.backend.places)

    def _is_streaming(self) -> bool:
        """Tell whether an answer is on its way."""
        return any(isinstance(screen, ModeScreen) and screen.is_streaming for screen in self.screen_stack)

    def _look_for_terminal(self) -> None:
        """End with the terminal, where no signal says that it is gone."""
        if not self.is_headless and is_hung_up(sys.stdin.fileno()):
            self.exit()

    # -- daemon and engine

    def look_now(self) -> None:
        """Look at daemon and engine at once."""
        self._watching.look_now()

    def _tell_index(self, state: IndexState) -> None:
        self.call_later(setattr, self, "index_state", state)

    def _tell_engine(self, state: EngineState) -> None:
        self.call_later(setattr, self, "engine_state", state)

    def report(self, error: KbError) -> None:
        """Say what went wrong, in a notification."""
        self.notify(with_hint(error), severity="error")

    # -- what leaves the boxes of the screens, whoever wrote it

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something; what names of files and errors hold is text and nothing else."""
        super().notify(
            plain(message), title=plain_line(title), severity=severity, timeout=timeout, markup=markup
        )

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text, without anything in it that could drive the terminal it is pasted into."""
        text = plain(text)
        super().copy_to_clipboard(text)
        # what tmux drops of the sequence above, it takes when it is told.
        self.run_worker(in_thread(copy_in_tmux, text), group="copy", exit_on_error=False)

    # -- what screens ask of each other

    async def ask(self, question: str) -> None:
        """Show the Ask screen, and ask."""
        await (await self._ask_screen()).ask_question(question)

    async def resume(self, conversation: int) -> None:
        """Show the Ask screen, and go on with a conversation that is kept."""
        await (await self._ask_screen()).resume(conversation)

    async def begin(self) -> None:
        """Show the Ask screen, and begin a new conversation."""
        await self.run_action("new", await self._ask_screen())

    async def _ask_screen(self) -> "AskScreen":
        await self.switch_mode("ask")
        return cast("AskScreen", self.screen_stack[0])

    # -- keys

    def key_of(self, name: str) -> str:
        """Return the first key of one of the app's bindings, as it is printed on a keyboard.

        Args:
            name: The binding's id.
        """
        default = next(one.key for one in Binding.make_bindings(self.BINDINGS) if one.id == name)
        first = self._looks.keys.get(name, default).split(",")[0].strip()
        return key_name(first) if first else ""

    @property
    def rebound(self) -> Mapping[str, str]:
        """The keys that the config gives, by the ids of bindings."""
        return self._looks.keys

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer what Textual offers, but its own help; everything bound is offered by `BoundCommands`."""
        for command in super().get_system_commands(screen):
            if command.title not in {"Keys", "Quit"}:
                yield command

    async def action_go(self, mode: str) -> None:
        """Show another of the five screens."""
        await self.switch_mode(mode)

    def action_command_palette(self) -> None:
        """Show everything that can be done here, by name."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        """Show the keys."""
        # deferred: it is not there at the first paint.
        from assistant.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_interrupt(self) -> None:
        """Copy what is selected, else stop what goes on; a second press quits."""
        written = getattr(self.focused, "selected_text", "")
        if selected := self.screen.get_selected_text() or written:
            self.copy_to_clipboard(selected)
            self.screen.clear_selection()
            self.notify("copied")
            return
        now = time.monotonic()
        if now - self._interrupted_at < QUIT_WITHIN_S:
            self.exit()
            return
        self._interrupted_at = now
        stop = getattr(self.screen, "stop_work", None)
        did_stop = bool(stop()) if stop else False
        self.notify(
            "stopped; Ctrl+C again quits" if did_stop else "Ctrl+C again quits", timeout=QUIT_WITHIN_S
        )


def is_hung_up(descriptor: int) -> bool:
    """Tell whether the other side of a terminal is gone."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(happened & (select.POLLHUP | select.POLLERR) for _, happened in poll.poll(0))
