"""The library: folders, what became of every file and why, and the work of the indexer."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.folders import shown
from assistant.tui.library_words import STATES, loss_of, work_of
from assistant.tui.screens.base import ModeScreen
from assistant.tui.setting_up import add_folder
from assistant.tui.threads import in_thread
from assistant.tui.widgets.file_browser import FileBrowser
from assistant.tui.widgets.file_list import FileList
from assistant.tui.widgets.library_panels import RootList, WorkPanel
from indexer.client import IndexerClient
from indexer.errors import KbError
from indexer.types import FileEntry, FileStatus, Locator

PAUSES: tuple[tuple[str, float | None], ...] = (
    ("for 15 minutes", 900.0),
    ("for 1 hour", 3_600.0),
    ("for 4 hours", 14_400.0),
    ("until I say so", None),
)


class LibraryScreen(ModeScreen):
    """Folders at the top, files of one state below, and beside them why the chosen one is as it is."""

    MODE = "library"
    HELP_TITLE = "Library"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add folder", id="library.add", tooltip="Index a folder"),
        Binding("d,delete", "remove", "Remove", id="library.remove", tooltip="Forget the picked folder"),
        Binding("r", "retry", "Retry", id="library.retry", tooltip="Read the file again that failed"),
        Binding(
            "R",
            "retry_all",
            "Retry all",
            show=False,
            id="library.retry-all",
            tooltip="Read all files again that failed",
        ),
        Binding("p", "pause", "Pause", id="library.pause", tooltip="Stop indexing for a while, or go on"),
        Binding(
            "s",
            "sweep",
            "Look now",
            show=False,
            id="library.sweep",
            tooltip="Look for changes in all folders now",
        ),
        Binding(
            "slash",
            "filter",
            "Filter",
            key_display="/",
            show=False,
            id="library.filter",
            tooltip="Find files by words",
        ),
        Binding("i", "story", "Why", id="library.story", tooltip="Show or hide why the file is as it is"),
        Binding(
            "left", "next_state(-1)", "State", show=False, id="library.left", tooltip="List the state before"
        ),
        Binding(
            "right", "next_state(1)", "State", show=False, id="library.right", tooltip="List the next state"
        ),
        Binding("o", "open", "Open", show=False, id="library.open", tooltip="Open the file"),
        Binding(
            "y", "copy_path", "Copy path", show=False, id="library.copy", tooltip="Copy the path of the file"
        ),
        Binding("escape", "back", "Back", show=False, id="library.back", tooltip="Leave the filter"),
    ]

    # what depends on the width of the screen; a widget's own CSS sees nothing around it.
    CSS = """
    LibraryScreen.-very-wide StoryPane { width: 72; }
    LibraryScreen.-narrow RootList { max-height: 5; }
    LibraryScreen.-narrow #browser { layout: vertical; }
    LibraryScreen.-narrow #browser-left { height: 1fr; }
    LibraryScreen.-narrow StoryPane { width: 1fr; height: 9; display: none; }
    LibraryScreen.-narrow StoryPane.-asked { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: object = None
        """What the list was asked for at; another value means that it may have changed."""

    def body(self) -> ComposeResult:
        yield RootList()
        yield WorkPanel()
        yield FileBrowser(self.ask_index)

    def on_mount(self) -> None:
        self._browser.list.focus()
        self.watch(self.app, "index_state", self._show_index)

    def on_screen_resume(self) -> None:
        self._show_index()

    @property
    def _browser(self) -> FileBrowser:
        return self.query_one(FileBrowser)

    @property
    def _roots(self) -> list[Path]:
        return [Path(root["path"]) for root in self.kb.index_state.said.get("roots", [])]

    def _show_index(self) -> None:
        state = self.kb.index_state
        if not (state.is_known and self.is_current and self.is_mounted):
            return
        said = state.said
        self.query_one(RootList).show(said["roots"], home=Path.home())
        self.query_one(WorkPanel).show(work_of(said, now=time.time()))
        known = (said["files"], said["roots"], said.get("retry"))
        self._browser.show(said, is_changed=known != self._known)
        self._known = known

    # -- what is looked at

    @on(RootList.Picked)
    def _picked(self, event: RootList.Picked) -> None:
        self._browser.look_at(event.root, self.kb.index_state.said.get("files", {}))

    @on(RootList.OptionSelected)
    def _entered(self) -> None:
        self._browser.list.focus()

    def on_descendant_focus(self) -> None:
        self._browser.tell_folder(is_folder=self.query_one(RootList).has_focus)

    def action_next_state(self, steps: int) -> None:
        place = STATES.index(self._browser.state) + steps
        self._browser.look_at_state(STATES[place % len(STATES)])

    def action_filter(self) -> None:
        self._browser.open_filter()

    def action_back(self) -> None:
        self._browser.go_back()

    def action_story(self) -> None:
        self._browser.turn_story()

    def action_copy_path(self) -> None:
        if (chosen := self._browser.chosen) is not None:
            self.app.copy_to_clipboard(str(chosen))
            self.app.notify("copied the path")

    def action_open(self) -> None:
        if (entry := self._browser.entry) is not None:
            self._open(entry)

    @on(FileList.Chosen)
    def _open_chosen(self, event: FileList.Chosen) -> None:
        self._open(event.entry)

    @work(group="open")
    async def _open(self, entry: FileEntry) -> None:
        # deferred: nobody opens a file in the first moments.
        from assistant.tui.opening import open_place

        await open_place(self.app, entry.path, _beginning(entry), self.backend.settings.tui)

    # -- what changes the index

    @work(exclusive=True, group="dialog")
    async def action_add(self) -> None:
        """Have a folder indexed that the person picks."""
        await add_folder(self)

    @work(exclusive=True, group="dialog")
    async def action_remove(self) -> None:
        """Forget the folder that is picked, after asking."""
        # deferred: most looks at the library remove nothing.
        from assistant.tui.widgets.dialogs import Confirm

        roots = self._roots
        root = self.query_one(RootList).picked or (roots[0] if len(roots) == 1 else None)
        if root is None:
            self._say("pick one of the folders above first" if roots else "no folder is indexed yet")
            self.query_one(RootList).focus()
            return
        said = await self.ask_index(lambda client: client.why(root))
        if said is None:
            return
        rate = float(self.kb.index_state.said["progress"]["chunks_per_s"])
        name = shown(root, home=Path.home())
        lost = loss_of(said, chunks_per_s=rate)
        if not await self.app.push_screen_wait(
            Confirm(f"Forget {name}?", lost, yes="Forget it", no="Keep it")
        ):
            return
        try:
            count = await in_thread(self.backend.forget_folder, root)
        except KbError as error:
            self.kb.report(error)
            return
        # what was not read yet is not counted.
        self._say(f"forgot {name}: {counted(count, 'file')}" if count else f"forgot {name}")

    @work(group="retry")
    async def action_retry(self) -> None:
        """Have the file read again that the cursor is on."""
        entry = self._browser.entry
        if entry is None or entry.status is not FileStatus.FAILED:
            self._say("only files that failed are read again; R reads all of those")
            return
        if await self.ask_index(lambda client: client.retry([entry.path])) is not None:
            self._say(f"{entry.path.name} is read again")

    @work(group="retry")
    async def action_retry_all(self) -> None:
        """Have all files read again that failed, in the folder that is picked."""
        root = self.query_one(RootList).picked
        count = await self.ask_index(lambda client: client.retry([root] if root else []))
        if count is not None:
            be = "is" if count == 1 else "are"
            self._say(f"{counted(count, 'failed file')} {be} read again" if count else "no file has failed")

    @work(group="sweep")
    async def action_sweep(self) -> None:
        """Look for changes."""
        await self._tell(IndexerClient.sweep, "looking for changes in all folders")

    @work(exclusive=True, group="dialog")
    async def action_pause(self) -> None:
        """Stop indexing for as long as the person says, or go on."""
        # deferred: pauses are rare.
        from assistant.tui.widgets.dialogs import Choose

        if self.kb.index_state.said.get("paused_why"):
            await self._tell(IndexerClient.resume, "indexing goes on")
            return
        place = await self.app.push_screen_wait(Choose("Pause indexing", [name for name, _ in PAUSES]))
        if place is not None:
            name, seconds = PAUSES[place]
            await self._tell(
                lambda client: client.pause(seconds), f"indexing is paused {name}; searches go on"
            )

    async def _tell(self, do: Callable[[IndexerClient], None], done: str) -> None:
        """Have the daemon do something, and say that it did."""

        def told(client: IndexerClient) -> bool:
            do(client)
            return True

        if await self.ask_index(told):
            self._say(done)

    def _say(self, text: str) -> None:
        self.kb.look_now()
        self.app.notify(plain_line(text))


def _beginning(entry: FileEntry) -> Locator:
    """Return the first place of a file; what was not read as text has none, and is the desktop's to open."""
    if entry.path.suffix.lower() == ".pdf":
        return Locator(page_start=1)
    was_read = entry.status in {FileStatus.INDEXED, FileStatus.PARTIAL, FileStatus.PENDING}
    return Locator(line_start=1) if was_read else Locator()
