"""What a search found, best first."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.tui.found import Wanted, excerpt, name_of, place_of
from assistant.tui.widgets.pick_list import PickList
from indexer.types import Passage


class ResultList(PickList):
    """Passages with title, place and best sentence, the words that were searched for marked."""

    HELP_TITLE = "Passages found"
    DEFAULT_CSS = """
    ResultList {
        height: 1fr; border: round $panel; background: $background; border-title-color: $text-muted;
        padding: 0; scrollbar-size-vertical: 1; text-wrap: nowrap; text-overflow: ellipsis;
        scrollbar-gutter: stable;
        &:focus { border: round $primary; background-tint: transparent; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        # without markup: a file called "a[b].md" must not lose its brackets.
        super().__init__(id=id, markup=False)
        self.border_title = "Passages"
        self.passages: tuple[Passage, ...] = ()
        self._wanted = Wanted("")
        self._listed_width = 0

    @property
    def current(self) -> Passage | None:
        """The passage that is highlighted."""
        at = self.highlighted
        return self.passages[at] if at is not None and at < len(self.passages) else None

    def show(self, passages: Sequence[Passage], query: str) -> None:
        """List other passages; the highlighted one stays so where it is still there.

        Args:
            passages: The best first.
            query: What they were found by, without filters.
        """
        before = self.current.chunk_id if self.current and self.highlighted else None
        self.passages, self._wanted = tuple(passages), Wanted(query)
        same = (at for at, passage in enumerate(self.passages) if passage.chunk_id == before)
        self._list(highlighted=next(same, 0 if self.passages else None))

    def _list(self, *, highlighted: int | None) -> None:
        # one line for each sentence, so that what was searched for has to stand near its beginning.
        self._listed_width = self.scrollable_content_region.width
        room = max(20, self._listed_width - 3)
        with self.prevent(OptionList.OptionHighlighted):
            # not by clearing and adding: each would lay the screen out anew.
            self.set_options(Option(_label(passage, self._wanted, room)) for passage in self.passages)
            self.highlighted = highlighted

    def on_resize(self) -> None:
        if self.passages and self.scrollable_content_region.width != self._listed_width:
            self._list(highlighted=self.highlighted)


def _label(passage: Passage, wanted: Wanted, room: int) -> Content:
    sentence = excerpt(passage, wanted, most_chars=room)
    marked = Content(sentence)
    for start, end in wanted.spans(sentence):
        marked = marked.stylize("bold underline", start, end)
    head = Content.styled(name_of(passage), "bold")
    if place := place_of(passage):
        head = head + Content.styled(f"  {place}", "dim")
    return head + "\n  " + marked
