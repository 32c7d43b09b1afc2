"""The models on this machine: what each is, whether it fits, and which one answers."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.terminal import plain_line
from assistant.tui.model_words import (
    IN_USE,
    NOT_IN_USE,
    engine_work,
    nothing_found,
    shown_entries,
    table,
)
from assistant.tui.screens.base import ModeScreen
from assistant.tui.setting_up import load_model, use_model
from assistant.tui.threads import in_thread
from assistant.tui.widgets.library_panels import StoryPane, WorkPanel
from assistant.tui.widgets.pointed_list import BrowsedList
from assistant.tui.widgets.row_list import POINTER
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.engine.models import ModelFile
    from assistant.engine.models.library import Entry
    from assistant.models.surroundings import Surroundings


class ModelList(BrowsedList):
    """The models, one a line."""

    HELP_TITLE = "List of models"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Use", id="models.take", tooltip="Answer with this model from now on"),
    ]


class ModelsScreen(ModeScreen):
    """Whoever answers at the top, every model below, and beside them all that is known of one."""

    MODE = "models"
    HELP_TITLE = "Models"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "use", "Use", show=False, id="models.use", tooltip="Answer with this model from now on"),
        Binding(
            "x",
            "free",
            "Free memory",
            id="models.free",
            tooltip="Unload the model; a question loads it again",
        ),
        Binding("l", "load", "Load", id="models.load", tooltip="Load the model that answers now"),
        Binding("r", "refresh", "Refresh", show=False, id="models.refresh", tooltip="Look for models again"),
        Binding(
            "a",
            "all",
            "All kinds",
            show=False,
            id="models.all",
            tooltip="List what cannot answer too, or not",
        ),
        Binding(
            "i", "story", "Details", id="models.details", tooltip="Show or hide what is known of the model"
        ),
        Binding(
            "y", "copy_path", "Copy path", show=False, id="models.copy", tooltip="Copy the path of the model"
        ),
        Binding("escape", "back", "Back", show=False, id="models.back", tooltip="Hide the details"),
    ]
    DEFAULT_CSS = """
    ModelsScreen #models { height: 1fr; }
    ModelsScreen #models-left {
        width: 1fr; border: round $panel; border-title-color: $foreground; border-subtitle-color: $foreground;
        background: $background; padding: 0 1;
    }
    ModelsScreen #models-left:focus-within { border: heavy $primary; }
    ModelsScreen #models-heading { height: 1; padding: 0 0 0 1; color: $text-muted; text-wrap: nowrap; }
    ModelList { height: 1fr; background: $background; & > .option-list--option { padding: 0 0 0 1; } }
    ModelList, ModelList:focus { border: none; background-tint: $foreground 0%; }
    ModelsScreen #models-none { height: 1fr; display: none; }
    ModelsScreen.-empty #models-none { display: block; }
    ModelsScreen.-empty ModelList, ModelsScreen.-empty #models-heading { display: none; }
    """
    # what depends on the width of the screen; a widget's own CSS sees nothing around it.
    CSS = """
    ModelsScreen StoryPane { width: 48; }
    ModelsScreen.-very-wide StoryPane { width: 72; }
    ModelsScreen.-narrow #models { layout: vertical; }
    ModelsScreen.-narrow #models-left { height: 1fr; }
    ModelsScreen.-narrow StoryPane { width: 1fr; height: 11; display: none; }
    ModelsScreen.-narrow StoryPane.-asked { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._around: Surroundings | None = None
        self._entries: Sequence[Entry] = ()
        self._shown: list[Entry] = []
        self._in_use: ModelFile | None = None
        self._is_all = False
        self._is_complete = False
        self._trouble = ""

    def body(self) -> ComposeResult:
        yield WorkPanel()
        with Horizontal(id="models"):
            with Vertical(id="models-left") as box:
                box.border_title = "Models on this machine"
                yield Static(id="models-heading", markup=False)
                # without markup: names of files may hold brackets.
                yield ModelList(markup=False)
                with VerticalScroll(id="models-none"):
                    yield Static(id="models-said", markup=False)
            yield StoryPane()

    def on_mount(self) -> None:
        self.query_one(ModelList).focus()
        self.watch(self.app, "engine_state", self._show_engine)

    def on_screen_resume(self) -> None:
        # files may have come and gone while another screen was shown.
        self.action_refresh()

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self._show)

    def _show_engine(self) -> None:
        self.query_one(WorkPanel).show(engine_work(self.kb.engine_state))

    # -- the list

    @work(exclusive=True, group="models")
    async def action_refresh(self) -> None:
        """List the models: at once what is known, then what is found out of them."""
        self._is_complete, self._trouble = False, ""
        try:
            await in_thread(self._look)
        except KbError as error:
            self._trouble = error.message
            self.kb.report(error)
        self._is_complete = True
        self._show()

    def _look(self) -> None:
        """Look for models, in a thread; each step of it is told to the event loop."""
        around = self.backend.surroundings()
        files = around.files()
        in_use = around.configured()
        if not files:
            self.app.call_from_thread(self._take, around, in_use, ())
            return
        library = around.library()
        with closing(library.unfolding(files, free_again_bytes=around.held_gpu_bytes())) as steps:
            for entries in steps:
                self.app.call_from_thread(self._take, around, in_use, entries)
        if library.trouble:
            raise library.trouble

    def _take(self, around: "Surroundings", in_use: "ModelFile | None", entries: "Sequence[Entry]") -> None:
        self._around, self._in_use, self._entries = around, in_use, entries
        self._show()

    def _show(self) -> None:
        """Draw the list; the same model stays highlighted, and at first it is the one that answers."""
        if self._around is None or not self.is_mounted:
            return
        options = self.query_one(ModelList)
        before = self._highlighted
        self._shown = shown_entries(self._entries, is_all=self._is_all)
        self.set_class(not self._shown, "-empty")
        self._show_remarks()
        if not self._shown:
            said = nothing_found(self._around.shelves, self._around.places.models_dir)
            self.query_one("#models-said", Static).update(said)
            self._tell()
            return
        width = max(30, options.size.width - len(POINTER) - len(NOT_IN_USE))
        heading, *lines = table(self._shown, width, is_all=self._is_all, is_complete=self._is_complete)
        self.query_one("#models-heading", Static).update(NOT_IN_USE + heading)
        paths = [entry.card.file.path for entry in self._shown]
        wanted = before.card.file.path if before else self._in_use.path if self._in_use else None
        with self.prevent(OptionList.OptionHighlighted):
            options.clear_options()
            options.add_options(Option(self._line(*each)) for each in zip(self._shown, lines, strict=True))
            options.highlighted = paths.index(wanted) if wanted in paths else 0
        self._tell()

    def _line(self, entry: "Entry", line: str) -> Text:
        if self._in_use is not None and entry.card.file.path == self._in_use.path:
            return Text(IN_USE + line, "bold", no_wrap=True)
        return Text(NOT_IN_USE + line, "dim" if entry.loads is False else "", no_wrap=True)

    def _show_remarks(self) -> None:
        hidden = len(self._entries) - len(self._shown)
        more = f"{hidden} more cannot answer: a shows them" if hidden else ""
        state = "" if self._is_complete else "looking…"
        said = " · ".join(filter(None, (state, plain_line(self._trouble), more)))
        self.query_one("#models-left").border_subtitle = Content(said)

    @property
    def _highlighted(self) -> "Entry | None":
        place = self.query_one(ModelList).highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @on(OptionList.OptionHighlighted)
    def _tell(self) -> None:
        """Say all that is known of the model."""
        # deferred: it takes the families of models along, which no other screen needs.
        from assistant.models.describing import rows

        pane, entry = self.query_one(StoryPane), self._highlighted
        if entry is None:
            pane.border_title = "Details"
            pane.show([])
            return
        pane.border_title = Content(plain_line(entry.name))
        pane.show([(label, text) for label, text in rows(entry) if text and label != "name"])

    # -- keys

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_use()

    @work(exclusive=True, group="use")
    async def action_use(self) -> None:
        """Have questions answered by the model that is highlighted, and load it at once."""
        entry = self._highlighted
        if entry is not None and await use_model(self, entry.card.file):
            self._in_use = entry.card.file
            self._show()

    def action_load(self) -> None:
        """Have the model loaded that answers."""
        if self.backend.has_model:
            load_model(self)
        else:
            self.app.notify("no model is chosen yet: Enter on one takes it")

    @work(exclusive=True, group="free")
    async def action_free(self) -> None:
        """End the engine, which frees its memory."""
        try:
            was_there = await in_thread(self.backend.free_model)
        except KbError as error:
            self.kb.report(error)
            return
        self.kb.look_now()
        self.app.notify(
            "its memory is free; the next question loads it" if was_there else "no model is loaded"
        )

    def action_all(self) -> None:
        self._is_all = not self._is_all
        self._show()

    def action_story(self) -> None:
        self.query_one(StoryPane).toggle_class("-asked")

    def action_back(self) -> None:
        self.query_one(StoryPane).remove_class("-asked")
        self.query_one(ModelList).focus()

    def action_copy_path(self) -> None:
        if (entry := self._highlighted) is not None:
            self.app.copy_to_clipboard(str(entry.card.file.path))
            self.app.notify("copied the path")
