"""The numbered sources of an answer, and the passage behind one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.terminal import plain_line
from assistant.tui.sources import Source
from assistant.tui.widgets.passage_view import PassageView
from assistant.tui.widgets.pointed_list import BrowsedList
from indexer.types import Passage, Span

OPEN = Binding("enter", "open", "Open", id="sources.open", tooltip="Open the file at this place")


class SourceList(BrowsedList):
    """The numbers, files and places."""

    HELP_TITLE = "Sources"
    BINDINGS: ClassVar[list[BindingType]] = [replace(OPEN, action="select")]


class SourcesPanel(Vertical):
    """Lists sources; moving through them shows their passages, choosing one posts `OpenAsked`."""

    HELP_TITLE = "Sources"
    BINDINGS: ClassVar[list[BindingType]] = [OPEN]
    DEFAULT_CSS = """
    SourcesPanel { width: 46; height: 1fr; }
    SourceList {
        height: auto; max-height: 40%; border: round $panel; background: $background;
        border-title-color: $text-muted; scrollbar-size-vertical: 1;
        & > .option-list--option { padding: 0 1 0 2; }
        &:focus { border: heavy $primary; }
    }
    """

    @dataclass
    class OpenAsked(Message):
        """The file behind a source is to be opened."""

        source: Source

    @dataclass
    class Moved(Message):
        """Somebody moved to another source in the panel."""

        source: Source

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self.sources: tuple[Source, ...] = ()
        """What is listed."""

        self._title = "Sources"

    def compose(self) -> ComposeResult:
        # without markup: a file called "a[b].md" must not lose its brackets.
        listed = SourceList(markup=False)
        listed.border_title = self._title
        yield listed
        yield PassageView()

    @property
    def current(self) -> Source | None:
        """The source whose passage is shown."""
        at = self.query_one(SourceList).highlighted
        return self.sources[at] if at is not None and at < len(self.sources) else None

    def show(self, sources: Sequence[Source], *, title: str = "Sources") -> None:
        """List other sources; the number that one is at stays, where it is still there."""
        listed = self.query_one(SourceList)
        listed.border_title = title
        if tuple(sources) == self.sources:
            return
        number = self.current.number if self.current else None
        before = self.sources
        self.sources = tuple(sources)
        if [_label(one) for one in before] != [_label(one) for one in self.sources]:
            with self.prevent(OptionList.OptionHighlighted):
                listed.clear_options()
                listed.add_options(Option(_label(source)) for source in self.sources)
        self.go_to(number if number in {one.number for one in self.sources} else None)

    def go_to(self, number: int | None) -> None:
        """Show the passage of a number; `None` for that of the first source."""
        at = next((at for at, one in enumerate(self.sources) if number in {None, one.number}), None)
        with self.prevent(OptionList.OptionHighlighted):
            self.query_one(SourceList).highlighted = at
        self._show_current()

    def show_around(self, passage: Passage, quotes: Sequence[Span]) -> None:
        """Show a passage with more of what stands around it, in place of that of the current source."""
        if (source := self.current) is not None:
            self.query_one(PassageView).show(passage, quotes=quotes, number=source.number)

    def _show_current(self) -> None:
        view = self.query_one(PassageView)
        if (source := self.current) is None:
            view.clear()
            return
        kind = "As it was cited" if source.is_stored else "Passage"
        # its head may be scrolled away, and the list is not shown where there is little room.
        where = " · ".join(part for part in (source.passage.path.name, source.places) if part)
        view.border_title = Content(plain_line(f"{kind} [{source.number}] {where}"))
        view.show(source.passage, quotes=source.quotes, number=source.number)

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_current()
        if (source := self.current) is not None:
            self.post_message(self.Moved(source))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """Open the file of the source whose passage is shown."""
        if (source := self.current) is not None:
            self.post_message(self.OpenAsked(source))


def _label(source: Source) -> Content:
    name = plain_line(source.passage.short_path)
    where = [source.places, *map(plain_line, source.locator.headings[-1:])]
    place = " · ".join(part for part in where if part)
    label = Content.styled(f"[{source.number}] ", "bold $text-primary").append(Content(name))
    return label.append(Content.styled(f"\n    {place}", "$text-muted")) if place else label
