"""The list of past conversations, and the turns of one of them."""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.history import Conversation, StoredTurn
from assistant.terminal import plain_line
from assistant.times import counted
from assistant.tui.found import Wanted
from assistant.tui.talks import Listed, label, reading
from assistant.tui.widgets.pointed_list import BrowsedList


class ConversationList(BrowsedList):
    """Conversations with title, age and number of questions; several may be marked.

    Args:
        clock: Seconds since the epoch.
        id: As for every widget.
    """

    HELP_TITLE = "List of conversations"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Continue", id="conversations.continue", tooltip="Go on with it"),
    ]
    DEFAULT_CSS = """
    ConversationList {
        height: 1fr; border: round $panel; background: $background; border-title-color: $text-muted;
        border-subtitle-color: $text-muted; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
        &:focus { border: heavy $primary; background-tint: transparent; }
    }
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        id: str | None = None,  # noqa: A002 - as Textual names it
    ) -> None:
        # without markup: a title may hold brackets.
        super().__init__(id=id, markup=False)
        self.border_title = "Conversations"
        self.listed: tuple[Listed, ...] = ()
        self._marked: set[int] = set()
        self._wanted = Wanted("")
        self._clock = clock

    def move(self, step: int) -> None:
        """Highlight another one; the ends hold."""
        if self.option_count:
            self.highlighted = min(max(0, (self.highlighted or 0) + step), self.option_count - 1)

    @property
    def current(self) -> Listed | None:
        """The one that is highlighted."""
        at = self.highlighted
        return self.listed[at] if at is not None and at < len(self.listed) else None

    @property
    def chosen(self) -> list[Conversation]:
        """Those that are marked, else the one that is highlighted."""
        marked = [each.conversation for each in self.listed if each.conversation.id in self._marked]
        return marked or ([self.current.conversation] if self.current else [])

    def show(self, listed: Sequence[Listed], wanted: Wanted) -> None:
        """List other conversations; marks and the highlight stay where they are still there."""
        before, at = self.current, self.highlighted or 0
        self.listed, self._wanted = tuple(listed), wanted
        ids = [each.conversation.id for each in self.listed]
        self._marked &= set(ids)
        with self.prevent(OptionList.OptionHighlighted):
            self.set_options(Option(self._label(each)) for each in self.listed)
            if before is not None and before.conversation.id in ids:
                at = ids.index(before.conversation.id)
            self.highlighted = min(at, len(ids) - 1) if ids else None
        self._count()

    def toggle(self) -> None:
        """Mark the one that is highlighted, or take its mark away, and go to the next."""
        if self.current is None or self.highlighted is None:
            return
        self._marked ^= {self.current.conversation.id}
        self.replace_option_prompt_at_index(self.highlighted, self._label(self.current))
        self._count()
        self.move(1)

    def clear_marks(self) -> bool:
        """Take all marks away; tells whether there were any."""
        had_any = bool(self._marked)
        self._marked.clear()
        if had_any:
            self.show(self.listed, self._wanted)
        return had_any

    def _label(self, one: Listed) -> Content:
        return label(one, self._wanted, is_marked=one.conversation.id in self._marked, now=self._clock())

    def _count(self) -> None:
        self.border_subtitle = f"{len(self._marked)} marked" if self._marked else ""


class TurnsView(VerticalScroll):
    """The turns of one conversation, to be read."""

    HELP_TITLE = "Conversation"
    DEFAULT_CSS = """
    TurnsView {
        height: 1fr; border: round $panel; border-title-color: $text-muted; padding: 0 1;
        &:focus { border: heavy $primary; background-tint: transparent; }
    }
    TurnsView Static { margin-bottom: 1; }
    TurnsView .-earlier { color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self.border_title = "Conversation"

    def compose(self) -> ComposeResult:
        return iter(())

    async def show(
        self, title: str, turns: Sequence[StoredTurn], wanted: Wanted, *, first: int, found: int | None
    ) -> None:
        """Show turns, scrolled to one that was found, or to the last.

        Args:
            title: Of the conversation.
            turns: Oldest first.
            wanted: Words that are marked.
            first: Which turn of the conversation the first of them is, from 1.
            found: Which turn holds what was searched for; `None` for none.
        """
        self.border_title = Content(plain_line(title))
        parts = [Static(reading(turn, wanted), markup=False) for turn in turns]
        earlier = first - 1
        head = (
            [Static(f"… {counted(earlier, 'earlier question')}", classes="-earlier", markup=False)]
            if earlier
            else []
        )
        with self.app.batch_update():
            await self.remove_children()
            await self.mount_all([*head, *parts])
        at = len(parts) - 1 if found is None else found - first
        if 0 <= at < len(parts):
            self.call_after_refresh(self.scroll_to_widget, parts[at], animate=False, top=True)

    async def clear(self) -> None:
        """Show nothing."""
        self.border_title = "Conversation"
        await self.remove_children()
