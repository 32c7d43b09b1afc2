"""The files of a folder by state: a bar of states, a list that can be filtered, and a file's story."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input

from assistant.stories import rows
from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.folders import shown
from assistant.tui.library_words import EMPTY, STATES, common_folder, root_story
from assistant.tui.widgets.field import Field
from assistant.tui.widgets.file_list import PAGE_ROWS, FileList
from assistant.tui.widgets.library_panels import StateBar, StoryPane
from indexer.client import IndexerClient
from indexer.types import FileEntry, FileStatus

T = TypeVar("T")

SETTLE_S = 0.05
"""A row that the cursor rests on for so long is told of; while it runs past, nothing is asked."""


class AskIndex(Protocol):
    """Asks the daemon in a thread; `None` where it does not answer."""

    def __call__(self, ask: Callable[[IndexerClient], T], *, is_told: bool = True) -> Awaitable[T | None]:
        """Ask; see `ModeScreen.ask_index`."""


class FileBrowser(Vertical):
    """Shows what became of the files of all folders, or of one.

    Args:
        ask: Asks the daemon.
    """

    DEFAULT_CSS = """
    FileBrowser { height: 1fr; }
    FileBrowser #browser { height: 1fr; }
    FileBrowser #browser-left { width: 1fr; }
    FileBrowser Input { display: none; background: $background; }
    FileBrowser Input, FileBrowser Input:focus { border: heavy $primary; }
    FileBrowser Input.-open { display: block; }
    """

    def __init__(self, ask: AskIndex) -> None:
        super().__init__()
        self._ask = ask
        self._state: FileStatus | None = None
        self._root: Path | None = None
        self._roots: list[Mapping[str, Any]] = []
        self._counts: Mapping[str, int] = {}
        self._is_folder_told = False

    def compose(self) -> ComposeResult:
        yield StateBar()
        with Horizontal(id="browser"):
            with Vertical(id="browser-left"):
                yield Field(placeholder="words of a path or a reason")
                yield FileList()
            yield StoryPane()

    def on_mount(self) -> None:
        self._restart()

    # -- what is looked at

    @property
    def list(self) -> FileList:
        """The list."""
        return self.query_one(FileList)

    @property
    def state(self) -> FileStatus | None:
        """The state that is listed; `None` for all."""
        return self._state

    @property
    def chosen(self) -> Path | None:
        """The file, or the folder, that the story is of."""
        entry = None if self._is_folder_told else self.list.highlighted
        return self._root if entry is None else entry.path

    @property
    def entry(self) -> FileEntry | None:
        """The file that the cursor is on."""
        return self.list.highlighted

    def show(self, said: Mapping[str, Any], *, is_changed: bool) -> None:
        """Take what the daemon said of itself.

        Args:
            said: All of it.
            is_changed: Whether the list may say something else now.
        """
        self._roots = said["roots"]
        if self._root is None:
            self._counts = said["files"]
            self._show_counts()
        elif is_changed:
            self._count()
        if is_changed:
            self.list.root = self._root or common_folder([Path(root["path"]) for root in self._roots])
            self.list.empty_text = self._empty_text()
            self.list.ask_again()
            self.tell_story()
        else:
            # what did not come while the daemon was away.
            self.list.ask_missing()

    def look_at(self, root: Path | None, counts: Mapping[str, int]) -> None:
        """Show the files of another folder.

        Args:
            root: The folder; `None` for all.
            counts: Files of all folders by state.
        """
        self._root = root
        if root is None:
            self._counts = counts
        else:
            self._count()
        self._restart()
        self.tell_story()

    def look_at_state(self, state: FileStatus | None) -> None:
        """List the files of another state."""
        if state != self._state:
            self._state = state
            self._restart()

    def tell_folder(self, *, is_folder: bool) -> None:
        """Have the story be of the folder rather than of the file."""
        if is_folder != self._is_folder_told:
            self._is_folder_told = is_folder
            self.tell_story()

    def open_filter(self) -> None:
        """Let words be typed that files must have."""
        field = self.query_one(Input)
        field.add_class("-open")
        field.focus()

    def go_back(self) -> None:
        """Close the filter, else the story where it covers the list."""
        field = self.query_one(Input)
        if field.has_class("-open"):
            field.remove_class("-open")
            field.value = ""
        else:
            self.query_one(StoryPane).remove_class("-asked")
        self.list.focus()

    def turn_story(self) -> None:
        """Show or hide the story where there is no room for both."""
        self.query_one(StoryPane).toggle_class("-asked")
        self.tell_story()

    # -- the list

    @property
    def _text(self) -> str:
        return self.query_one(Input).value.strip()

    def _restart(self) -> None:
        """List what is chosen now."""
        self.list.root = self._root or common_folder([Path(root["path"]) for root in self._roots])
        self.list.empty_text = self._empty_text()
        self.list.start_over()
        self._show_title()
        self._show_counts()

    def _empty_text(self) -> str:
        if not self._roots:
            return "no folder is indexed yet: press a to add one"
        if self._text:
            return f"no file here has “{plain_line(self._text)}” in its path or reason"
        return EMPTY[self._state]

    def _show_counts(self) -> None:
        self.query_one(StateBar).show(self._counts, self._state)

    @work(exclusive=True, group="counts")
    async def _count(self) -> None:
        root = self._root
        if root is None:
            return
        said = await self._ask(lambda client: client.why(root), is_told=False)
        if said is not None and root == self._root:
            self._counts = {**(said["files"] or {})}
            self._show_counts()

    def _show_title(self) -> None:
        listed = self.list
        name = "Files" if self._state is None else f"Files {self._state.value}"
        listed.border_title = Content(f"{name} with “{plain_line(self._text)}”" if self._text else name)
        at = f"{listed.cursor + 1:,} of " if listed.total else ""
        listed.border_subtitle = f"{at}{counted(listed.total, 'file')}"

    @on(FileList.Wanted)
    def _wanted(self, event: FileList.Wanted) -> None:
        event.stop()
        self._fetch(event)

    @work(group="files")
    async def _fetch(self, wanted: FileList.Wanted) -> None:
        await asyncio.sleep(SETTLE_S)
        if not self.list.is_wanted(wanted):
            return
        status, under, text = self._state, self._root, self._text
        page = await self._ask(
            lambda client: client.files_page(
                status=status, under=under, text=text, offset=wanted.offset, limit=PAGE_ROWS
            ),
            is_told=False,
        )
        if page is None:
            self.list.give_up(wanted)
        else:
            self.list.put(wanted, page.entries, page.total)
            self._show_title()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._restart()

    @on(Input.Submitted)
    def _found(self, event: Input.Submitted) -> None:
        event.stop()
        self.list.focus()

    # -- the story

    @on(FileList.Highlighted)
    def _highlighted(self, event: FileList.Highlighted) -> None:
        event.stop()
        self._show_title()
        self.tell_story()

    @work(exclusive=True, group="story")
    async def tell_story(self) -> None:
        """Say why the file, or the folder, is as it is."""
        await asyncio.sleep(SETTLE_S)
        pane, chosen = self.query_one(StoryPane), self.chosen
        if chosen is None:
            pane.border_title = "Why"
            pane.show([])
            return
        said = await self._ask(lambda client: client.why(chosen), is_told=False)
        if said is None:
            return
        pane.border_title = Content(plain_line(chosen.name))
        told = [(label, text) for label, text in rows(said, now=time.time()) if label != "path"]
        root = next((each for each in self._roots if each["path"] == str(chosen)), None)
        pane.show([("path", shown(chosen, home=Path.home())), *told], root_story(root) if root else "")

    @on(StateBar.Picked)
    def _state_picked(self, event: StateBar.Picked) -> None:
        event.stop()
        self.look_at_state(STATES[event.place])
