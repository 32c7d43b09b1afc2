"""One line in which to type what is searched for."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from assistant.terminal import plain_line
from assistant.tui.completing import begun_filter
from assistant.tui.threads import in_thread
from assistant.tui.widgets.filter_area import FilterArea, FindOffers

MOST_CHARS = 2_000
"""A longer paste is cut: nobody types so much to search for."""


class SearchBox(FilterArea):
    """Posts what is typed at every key; the keys of a list move in what is found.

    Args:
        find_offers: Completes filters; called in a thread.
        placeholder: Shown while nothing is written.
        id: As for every widget.
    """

    HELP_TITLE = "Search box"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", priority=True, id="search.open", tooltip="Open what is highlighted"),
        # whatever opens in its place: there are no lines to break.
        Binding("enter", "nothing", show=False, priority=True),
        Binding("down", "move(1)", "Next", show=False, id="search.next", tooltip="Next passage"),
        Binding("up", "move(-1)", "Previous", show=False, id="search.previous", tooltip="Previous passage"),
        Binding("escape", "clear", "Clear", show=False, id="search.clear", tooltip="Empty the search box"),
    ]

    @dataclass
    class Typed(Message):
        """What is searched for is another now."""

        text: str
        """Closed where a quotation mark is still open."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SearchBox.Typed)

    @dataclass
    class Moved(Message):
        """Another of what is found is to be highlighted."""

        step: int

    class Opened(Message):
        """What is highlighted is to be opened."""

    def __init__(
        self,
        *,
        find_offers: FindOffers | None = None,
        placeholder: str = "",
        id: str | None = None,  # noqa: A002 - as Textual names it
    ) -> None:
        super().__init__(find_offers=find_offers, placeholder=placeholder, id=id)
        self._told = ""

    @property
    def query_text(self) -> str:
        """What is searched for; quotation marks that a filter has opened count as closed."""
        text = self.text
        begun = begun_filter(text, len(text))
        return (text + begun.quote if begun else text).strip()

    @property
    def is_in_filter(self) -> bool:
        """Whether a filter is being typed at the end."""
        return begun_filter(self.text, len(self.text)) is not None

    def set_text(self, text: str) -> None:
        """Write something in place of what is there, and go behind it."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    @on(TextArea.Changed)
    def _tell(self) -> None:
        if (text := self.query_text) != self._told:
            self._told = text
            self.post_message(self.Typed(text))

    def action_open(self) -> None:
        # what was typed last is told before.
        self._tell()
        self.post_message(self.Opened())

    def action_nothing(self) -> None:
        pass

    def action_move(self, step: int) -> None:
        if self.is_completing:
            self.choose(step)
        else:
            self._tell()
            self.post_message(self.Moved(step))

    def action_clear(self) -> None:
        if not self.text:
            raise SkipAction
        self.clear()

    async def write_paste(self, text: str) -> None:
        """Write a text on one line; a long one is cut."""
        text = text[: 4 * MOST_CHARS]
        line = (await in_thread(plain_line, text))[:MOST_CHARS]
        result = self.replace(line, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)
