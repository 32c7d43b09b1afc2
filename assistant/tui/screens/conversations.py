"""Past conversations: to find, read, continue, rename, export and delete."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList, Static

from assistant.conversations import forget
from assistant.exporting import as_markdown, file_name, write_file
from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.found import Wanted
from assistant.tui.once_listed import OnceListed
from assistant.tui.screens.base import ModeScreen
from assistant.tui.talks import Listed, grouped, listed, lost, shown_turns
from assistant.tui.threads import in_thread
from assistant.tui.widgets.conversation_list import ConversationList, TurnsView
from assistant.tui.widgets.dialogs import AskText, Confirm
from assistant.tui.widgets.search_box import SearchBox
from indexer.errors import KbError

if TYPE_CHECKING:
    from assistant.history import Conversation, StoredTurn

MOST_LISTED = 1_000
"""Conversations in the list; the others are found by searching."""

MOST_FOUND = 200
"""Turns that a search looks at."""

NOTHING = "Nothing was asked yet. What is asked on the Ask screen (F2) is kept here, on this machine alone."


class ConversationsScreen(ModeScreen):
    """Lists what is kept, the latest first."""

    MODE = "conversations"
    HELP_TITLE = "Conversations"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", show=False, id="conversations.new", tooltip="Begin a new conversation"),
        Binding("r", "rename", "Rename", id="conversations.rename", tooltip="Give it another title"),
        Binding("e", "export", "Export", id="conversations.export", tooltip="Write them as a Markdown file"),
        Binding(
            "d,delete",
            "delete",
            "Delete",
            id="conversations.delete",
            tooltip="Delete them for good; it is asked first",
        ),
        Binding(
            "space",
            "mark",
            "Mark",
            show=False,
            id="conversations.mark",
            tooltip="Mark it, to export or delete several",
        ),
        Binding(
            "slash",
            "focus_box",
            "Find",
            id="conversations.find",
            tooltip="Find conversations by the words of questions and answers",
        ),
        Binding("escape", "back", "Back", show=False, id="conversations.back", tooltip="Take marks away"),
    ]
    DEFAULT_CSS = """
    ConversationsScreen #kept { layout: horizontal; height: 1fr; }
    ConversationsScreen ConversationList { width: 2fr; }
    ConversationsScreen TurnsView { width: 3fr; }
    ConversationsScreen.-narrow #kept { layout: vertical; }
    ConversationsScreen.-narrow ConversationList { width: 1fr; }
    ConversationsScreen.-narrow TurnsView { width: 1fr; }
    ConversationsScreen #kept-line { height: auto; padding: 0 2; color: $text-muted; }
    ConversationsScreen #kept-state { height: 1fr; padding: 2 4; color: $text-muted; }
    ConversationsScreen .-hidden { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._once_listed = OnceListed()

    def body(self) -> ComposeResult:
        box = SearchBox(placeholder="Find words in questions and answers", id="conversations-box")
        box.border_title = "Find"
        yield box
        yield Static(id="kept-line", classes="-hidden", markup=False)
        with Container(id="kept", classes="-hidden"):
            yield ConversationList(clock=self.backend.now, id="conversations")
            yield TurnsView()
        yield Static(id="kept-state", markup=False)

    @property
    def box(self) -> SearchBox:
        """What is typed in."""
        return self.query_one(SearchBox)

    @property
    def kept(self) -> ConversationList:
        """What is listed."""
        return self.query_one(ConversationList)

    def on_mount(self) -> None:
        self.kept.focus()

    def on_screen_suspend(self) -> None:
        # what keys would have done here is not done on another screen.
        self._once_listed.forget()

    def on_screen_resume(self) -> None:
        # something may have been asked while another screen was shown.
        self.reload()

    # -- reading

    @on(SearchBox.Typed)
    def _typed(self, event: SearchBox.Typed) -> None:
        self._text = event.text
        self._once_listed.typed(event.text)
        self.reload()

    @work(exclusive=True, group="kept")
    async def reload(self) -> None:
        """List what is kept now."""
        text = self._text
        try:
            found = await in_thread(self._look, text)
        except KbError as error:
            await self._show_state(f"✗ {plain_line(error.message)}\n\n{plain_line(error.hint)}".rstrip())
            self._once_listed.listed(text)
            return
        if not self.backend.settings.history.keep:
            self._say("! new conversations are not kept: [history] keep is off in the config")
        if not found:
            await self._show_state("No conversation holds these words." if text else NOTHING)
            self._once_listed.listed(text)
            return
        self._hide_state()
        self.kept.show(found, Wanted(text))
        self._read_current()
        self._once_listed.listed(text)

    def _look(self, text: str) -> list[Listed]:
        if not self.backend.places.history_file.exists():
            return []
        history = self.backend.history()
        if text:
            return grouped(history.search(text, limit=MOST_FOUND), text)
        return listed(history.conversations(limit=MOST_LISTED))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._read_current()

    @work(exclusive=True, group="turns")
    async def _read_current(self) -> None:
        one = self.kept.current
        view = self.query_one(TurnsView)
        if one is None:
            await view.clear()
            return
        first, stop = shown_turns(one.conversation.turns, one.turn)
        try:
            turns = await in_thread(self._turns, one.conversation.id, first, stop)
        except KbError as error:
            self.kb.report(error)
            return
        # other turns may have come or gone meanwhile.
        await view.show(one.conversation.title, turns, Wanted(self._text), first=first, found=one.turn)

    def _turns(self, conversation: int, first: int, stop: int) -> "Sequence[StoredTurn]":
        return self.backend.history().turns(conversation)[first - 1 : stop - 1]

    async def _show_state(self, text: str) -> None:
        """Say why nothing is listed."""
        self.query_one("#kept-state", Static).update(Content(text))
        self.query_one("#kept-state").remove_class("-hidden")
        self.query_one("#kept").add_class("-hidden")
        self.kept.show((), Wanted(""))
        await self.query_one(TurnsView).clear()

    def _hide_state(self) -> None:
        self.query_one("#kept-state").add_class("-hidden")
        self.query_one("#kept").remove_class("-hidden")
        if self.focused is None:
            self.kept.focus()

    def _say(self, text: str) -> None:
        line = self.query_one("#kept-line", Static)
        line.update(Content(text))
        line.remove_class("-hidden")

    # -- what can be done

    @on(SearchBox.Moved)
    def _moved(self, event: SearchBox.Moved) -> None:
        self._once_listed.do(lambda: self.kept.move(event.step))

    @on(SearchBox.Opened)
    def _resume_soon(self) -> None:
        # later: what lists it is begun anew when this screen is shown again, and must not take it along.
        self._once_listed.do(lambda: self.call_later(self._resume))

    @on(OptionList.OptionSelected)
    async def _resume(self) -> None:
        if self.kept.current is not None:
            await self.kb.resume(self.kept.current.conversation.id)

    async def action_new(self) -> None:
        """Begin a new conversation on the Ask screen."""
        await self.kb.begin()

    def action_mark(self) -> None:
        """Mark the highlighted conversation."""
        self.kept.toggle()

    def action_focus_box(self) -> None:
        """Go to the search box."""
        self.box.focus()

    def action_back(self) -> None:
        """Take the marks away; from elsewhere go to the list."""
        if self.focused is self.kept:
            if not self.kept.clear_marks():
                raise SkipAction
        else:
            self.kept.focus()

    @work(exclusive=True, group="dialog")
    async def action_rename(self) -> None:
        """Give the highlighted conversation another title."""
        if (one := self.kept.current) is None:
            return
        title = await self.app.push_screen_wait(AskText("Rename", text=one.conversation.title))
        if title is not None:
            await self._change(lambda: self.backend.history().rename(one.conversation.id, title))

    @work(exclusive=True, group="dialog")
    async def action_delete(self) -> None:
        """Delete the marked conversations, or the highlighted one."""
        if not (chosen := self.kept.chosen):
            return
        what = "this conversation" if len(chosen) == 1 else counted(len(chosen), "conversation")
        if await self.app.push_screen_wait(Confirm(f"Delete {what}?", lost(chosen), yes="Delete")):
            deleted = await self._change(lambda: forget(self.backend.history(), chosen, self.backend.places))
            if deleted is not None:
                self.notify(f"{counted(deleted, 'conversation')} deleted")

    async def _change(self, change: Callable[[], int]) -> int | None:
        """Change the history, and list it anew; `None` if that failed, which is said."""
        try:
            changed = await in_thread(change)
        except KbError as error:
            self.kb.report(error)
            changed = None
        self.reload()
        return changed

    @work(exclusive=True, group="dialog")
    async def action_export(self) -> None:
        """Write the marked conversations, or the highlighted one, as a Markdown file."""
        if not (chosen := self.kept.chosen):
            return
        what = "the conversation" if len(chosen) == 1 else counted(len(chosen), "conversation")
        named = await self.app.push_screen_wait(
            AskText(f"Export {what} to", text=str(export_folder() / file_name(chosen)))
        )
        if named is None:
            return
        path = Path(named).expanduser().absolute()
        try:
            text = await in_thread(self._as_markdown, chosen)
            try:
                await in_thread(write_file, path, text)
            except FileExistsError:
                about = f"{path}\n\nIt is there already; what it holds would be lost."
                if not await self.app.push_screen_wait(Confirm("Replace the file?", about, yes="Replace")):
                    return
                await in_thread(write_file, path, text, replaces=True)
        except KbError as error:
            self.kb.report(error)
        else:
            self.notify(f"written to {plain_line(str(path))}")

    def _as_markdown(self, chosen: "Sequence[Conversation]") -> str:
        return as_markdown(self.backend.history(), chosen)


def export_folder() -> Path:
    """Return where an export is offered to go: where kb was started, or home if that is closed."""
    # deferred: only an export asks.
    import os

    try:
        here = Path.cwd()
    except OSError:
        return Path.home()
    return here if os.access(here, os.W_OK) else Path.home()
