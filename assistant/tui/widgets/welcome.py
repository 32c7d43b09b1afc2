"""The first run: what is missing until answers come, and the one key that gets it."""

from typing import TYPE_CHECKING, Literal, cast

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.state import EngineState, IndexState
from assistant.tui.threads import in_thread
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.tui.app import KbApp
    from assistant.tui.screens.base import ModeScreen

Step = Literal["folder", "model", ""]
"""What is missing next; empty for nothing."""

_DONE, _OPEN, _BUSY, _TROUBLE = "✓", "○", "⟳", "✗"


class Welcome(Vertical):
    """Leads through the first run; hidden as soon as there is nothing left to say, and when put away."""

    DEFAULT_CSS = """
    Welcome {
        height: auto; max-width: 96; margin: 1 2 0 2; padding: 1 2; border: round $primary; display: none;
    }
    Welcome.-shown { display: block; }
    Welcome Static { width: 1fr; height: auto; margin-bottom: 1; }
    Welcome #welcome-model { margin-bottom: 0; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self.border_title = "Welcome to kb"
        self._is_put_away = False
        self._has_begun = False
        """Whether anything was missing since the app is open: then the end of it is told too."""

        self._models: int | None = None
        """How many models there are to choose from; `None` before that is known."""

    def compose(self) -> ComposeResult:
        yield Static("Ask in your own words; kb answers from your own files, on this machine.", markup=False)
        yield Static(id="welcome-folder")
        yield Static(id="welcome-model")

    def on_mount(self) -> None:
        self.watch(self.app, "index_state", self._show)
        self.watch(self.app, "engine_state", self._show)

    def put_away(self) -> None:
        """Hide for as long as the app is open and has a folder: the person has begun to ask."""
        self._is_put_away = True
        self._show()

    def look_again(self) -> None:
        """Count the models again, which may have come meanwhile."""
        if self.has_class("-shown"):
            self._count_models()

    def on_click(self) -> None:
        self.do_next()

    @work(exclusive=True, group="dialog")
    async def do_next(self) -> None:
        """Do what is missing next: pick a folder, then a model; nothing while this is hidden."""
        # deferred: once somebody has both, nobody comes here.
        from assistant.tui.setting_up import add_folder, pick_model

        if not self.has_class("-shown"):
            return
        screen = cast("ModeScreen", self.screen)
        match next_step(*self._states):
            case "folder":
                await add_folder(screen)
            case "model":
                await pick_model(screen)

    @property
    def _states(self) -> tuple[IndexState, EngineState]:
        """How daemon and engine are; before the engine was looked at, the config says if there is one."""
        app = cast("KbApp", self.app)
        engine = app.engine_state
        if engine.kind == "none" and app.index_state.is_known and app.backend.has_model:
            engine = EngineState(kind="asleep", model=app.backend.model_name)
        return app.index_state, engine

    def _show(self) -> None:
        index, engine = self._states
        if not index.is_known:
            return
        is_missing = bool(next_step(index, engine))
        is_busy = engine.kind == "loading" or not index.said["progress"]["is_idle"]
        if is_missing and not self._has_begun:
            self._has_begun = True
            self._count_models()
        # without a folder there is nothing to ask, whatever was asked.
        is_put_away = self._is_put_away and index.has_roots
        is_shown = not is_put_away and (is_missing or (self._has_begun and is_busy))
        self.set_class(is_shown, "-shown")
        if is_shown:
            self.query_one("#welcome-folder", Static).update(folder_line(index))
            self.query_one("#welcome-model", Static).update(
                model_line(engine, models=self._models, is_next=next_step(index, engine) == "model")
            )

    @work(exclusive=True, group="models")
    async def _count_models(self) -> None:
        try:
            self._models = len(await in_thread(cast("KbApp", self.app).backend.chat_models))
        except KbError:
            # whoever looks at the models is told why.
            return
        self._show()


def next_step(index: IndexState, engine: EngineState) -> Step:
    """Return what is missing for answers, the folder first; pure."""
    if index.is_known and not index.has_roots:
        return "folder"
    return "model" if index.is_known and engine.kind == "none" else ""


def folder_line(index: IndexState) -> Content:
    """Say how far the folders are; pure."""
    if trouble := index.error or (index.said.get("fault") or {}).get("message"):
        return _line(_TROUBLE, "Your files", plain_line(str(trouble)))
    if not index.has_roots:
        return _line(_OPEN, "Your files", "no folder is indexed yet. ", "Enter", " adds one.")
    progress = index.said["progress"]
    if progress["is_idle"]:
        return _line(_DONE, "Your files", f"{counted(index.files, 'file')} can be asked about.")
    read = f"{progress['files_done']:,} of {counted(progress['files_total'], 'file')} read. "
    return _line(_BUSY, "Your files", f"{read}You can ask already, of what is there.")


def model_line(engine: EngineState, *, models: int | None, is_next: bool) -> Content:
    """Say whether a model answers; pure.

    Args:
        engine: How the engine is.
        models: How many models there are to choose from; `None` if nobody knows.
        is_next: Whether a key would choose one now.
    """
    name = plain_line(engine.model).rpartition("/")[2]
    match engine.kind:
        case "none":
            until = "Until then answers are your files' own sentences."
            if models == 0:
                there = "there is none on this machine. "
                return _line(_OPEN, "A model", there, "F6", f" says how to get one. {until}")
            are = "is" if models == 1 else "are"
            there = f"{counted(models, 'model')} {are} on this machine. " if models else ""
            if is_next:
                return _line(_OPEN, "A model", f"none is chosen yet. {there}", "Enter", f" chooses. {until}")
            return _line(_OPEN, "A model", f"none is chosen yet. {there}{until}")
        case "loading":
            return _line(_BUSY, "A model", f"{name} is being loaded, {engine.share:.0%}.")
        case "failed":
            return _line(
                _TROUBLE,
                "A model",
                f"{name} does not load: {plain_line(engine.error)}. ",
                "F6",
                " has others.",
            )
        case _:
            return _line(_DONE, "A model", f"{name} answers.")


def _line(sign: str, name: str, *parts: str) -> Content:
    """Write one step; of what is said of it every second part is a key."""
    said = [(part, "bold $primary") if number % 2 else part for number, part in enumerate(parts)]
    return Content.assemble(f"{sign} ", (f"{name}: ", "bold"), *said)
