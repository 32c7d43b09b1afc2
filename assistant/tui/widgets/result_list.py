"""What a search found, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from assistant.tui.found import Wanted, excerpt, name_of, place_of
from assistant.tui.widgets.kept_lines import KeptLines
from assistant.tui.widgets.lines import strip_of
from assistant.tui.widgets.row_list import POINTER, RowList
from indexer.types import Passage

MARGIN = 2
"""Columns left of a row, where the sign of the cursor stands."""

MOST_HEADS = 256
"""First lines of rows that are kept."""


class ResultList(KeptLines, RowList):
    """Passages with title, place and best sentence, the words that were searched for marked.

    A search as one types lists others at every key, so a row is made when it is first in sight.
    """

    HELP_TITLE = "Passages found"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open", id="files.open", tooltip="Open the file"),
    ]
    ROW_LINES = 2
    COMPONENT_CLASSES: ClassVar[set[str]] = {"result-list--cursor"}
    DEFAULT_CSS = """
    ResultList {
        border-title-color: $text-muted; padding: 0; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        & > .result-list--cursor {
            color: $block-cursor-blurred-foreground; background: $block-cursor-blurred-background;
        }
        &:focus > .result-list--cursor {
            color: $block-cursor-foreground; background: $block-cursor-background;
        }
    }
    """

    @dataclass
    class Highlighted(Message):
        """Somebody moved to another passage."""

    @dataclass
    class Chosen(Message):
        """Somebody wants to see the passage in its file."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as Textual names it
        super().__init__(id=id)
        self.border_title = "Passages"
        self.passages: tuple[Passage, ...] = ()
        self._wanted = Wanted("")
        self._rows: dict[int, tuple[Strip, Strip]] = {}
        self._heads: dict[tuple[object, ...], Strip] = {}
        """What names a passage → its first line; most passages are found again at the next key."""

        self._width = 0
        self._plain = self._chosen = Style.null()
        """How rows look, and that of the cursor; looked up once for all lines that are rendered together."""

    @property
    def row_count(self) -> int:
        return len(self.passages)

    @property
    def highlighted(self) -> int | None:
        """Which passage the cursor is on, from 0; `None` where there is none."""
        return self._cursor if self.passages else None

    @property
    def current(self) -> Passage | None:
        """The passage that the cursor is on."""
        return self.passages[self._cursor] if self.passages else None

    def show(self, passages: Sequence[Passage], query: str) -> None:
        """List other passages; the cursor stays on its own where it is still there.

        Args:
            passages: The best first.
            query: What they were found by, without filters.
        """
        before = self.current.chunk_id if self.current and self._cursor else None
        self.passages, self._wanted = tuple(passages), Wanted(query)
        same = (at for at, passage in enumerate(self.passages) if passage.chunk_id == before)
        self._cursor = next(same, 0)
        self._rows.clear()
        self.virtual_size = Size(0, self.row_count * self.ROW_LINES)
        self.show_cursor()
        self.refresh()

    @staticmethod
    def head(passage: Passage) -> Text:
        """Return the first line of a row: title and place."""
        head = Text(name_of(passage), "bold", end="")
        if place := place_of(passage):
            head = Text.assemble(head, (f"  {place}", "dim"))
        return head

    def sentence(self, passage: Passage) -> Text:
        """Return the second line of a row: the sentence that shows best why it is here."""
        # one line for the sentence, so that what was searched for has to stand near its beginning.
        sentence = Text(excerpt(passage, self._wanted, most_chars=max(20, self._width - MARGIN)), end="")
        for start, end in self._wanted.spans(sentence.plain):
            sentence.stylize("bold underline", start, end)
        return sentence

    # -- the cursor

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted())

    def action_choose(self) -> None:
        if self.passages:
            self.post_message(self.Chosen())

    # -- drawing

    def on_resize(self) -> None:
        self.virtual_size = Size(0, self.row_count * self.ROW_LINES)

    def render_lines(self, crop: Region) -> list[Strip]:
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            self._rows.clear()
            self.forget_lines()
        self._plain = self.rich_style
        self._chosen = self.get_component_rich_style("result-list--cursor")
        return super().render_lines(crop)

    def source_of(self, y: int) -> Strip | None:
        number, line = divmod(y + self.scroll_offset.y, self.ROW_LINES)
        if number >= self.row_count or not 0 <= y < self.scrollable_content_region.height:
            return None
        is_current = number == self._cursor
        style = self._chosen if is_current else self._plain
        margin = f"{POINTER if is_current and not line else ' ':<{MARGIN}}"
        strip = Strip([Segment(margin), *self._row(number)[line]])
        return strip.apply_style(style).adjust_cell_length(self._width, style)

    def render_line(self, y: int) -> Strip:
        return self.source_of(y) or Strip.blank(self._width, self._plain)

    def _row(self, number: int) -> tuple[Strip, Strip]:
        if number not in self._rows:
            passage = self.passages[number]
            self._rows[number] = self._head_line(passage), self._line(self.sentence(passage))
        return self._rows[number]

    def _head_line(self, passage: Passage) -> Strip:
        key = (passage.root, passage.path, passage.title, passage.locator, self._width)
        if key not in self._heads:
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[key] = self._line(self.head(passage))
        return self._heads[key]

    def _line(self, text: Text) -> Strip:
        text.truncate(max(1, self._width - MARGIN), overflow="ellipsis")
        return strip_of(text)
