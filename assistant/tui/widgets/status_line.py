"""How daemon and engine are, in one line."""

import time
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

if TYPE_CHECKING:
    from assistant.tui.app import KbApp


class StatusLine(Horizontal):
    """Says of which moment the index is, and what model answers; always in words, never by colour alone."""

    DEFAULT_CSS = """
    StatusLine { height: 1; background: $panel; color: $text-muted; padding: 0 1; }
    StatusLine Static { width: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    StatusLine #index-line { width: 1fr; }
    StatusLine #engine-line { max-width: 52%; margin-left: 2; }
    StatusLine .-trouble { color: $text-error; text-style: bold; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="index-line", markup=False)
        yield Static(id="engine-line", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "index_state", self._show)
        self.watch(self.app, "engine_state", self._show)

    def _show(self) -> None:
        app = cast("KbApp", self.app)
        index, engine = app.index_state, app.engine_state
        index_line = self.query_one("#index-line", Static)
        # as wide as there is room, whatever it says: nothing else moves.
        index_line.update(index.line(now=time.time()), layout=False)
        index_line.set_class(bool(index.error), "-trouble")
        engine_line = self.query_one("#engine-line", Static)
        if engine_line.content != (line := engine.line()):
            engine_line.update(line)
        engine_line.set_class(engine.kind == "failed" or engine.is_remote, "-trouble")
