"""The ledger as a list of any length: only what is in sight is asked for, kept and drawn."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from assistant.tui.library_words import SIGNS, remark_of, shown_path
from assistant.tui.widgets.row_list import POINTER, RowList
from indexer.types import FileEntry

PAGE_ROWS = 200
"""Rows that are asked for at a time."""

PAGES_KEPT = 40

_LEAST_PATH = 24
"""Columns that a path has at least, whatever its remark says."""


class FileList(RowList):
    """Files, one a line; posts `Wanted` for rows it does not know, and `Highlighted` for where one is."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"file-list--cursor", "file-list--remark", "file-list--blurred"}
    DEFAULT_CSS = """
    FileList { border-title-color: $foreground; border-subtitle-color: $foreground; }
    FileList > .file-list--cursor { background: $primary; color: $background; text-style: bold; }
    FileList > .file-list--blurred { text-style: reverse; }
    FileList > .file-list--remark { text-style: dim; }
    """

    @dataclass
    class Wanted(Message):
        """The rows from `offset` on, `PAGE_ROWS` of them, are in sight and not known, or no longer."""

        offset: int
        generation: int
        """Counts what was listed so far; rows of an older one are dropped."""

    @dataclass
    class Highlighted(Message):
        """The cursor is on another file; `None` where there is none."""

        entry: FileEntry | None

    @dataclass
    class Chosen(Message):
        """Somebody wants to see this file."""

        entry: FileEntry

    def __init__(self) -> None:
        super().__init__()
        self.empty_text = ""
        """Said where there are no rows."""

        self.root: Path | None = None
        """The folder below which paths are written."""

        self._total: int | None = None
        """How many rows there are; `None` before that is known."""

        self._generation = 0
        self._pages: OrderedDict[int, tuple[FileEntry, ...]] = OrderedDict()
        self._stale: set[int] = set()
        """Pages that are shown until newer ones come."""

        self._asked: set[int] = set()
        self._remark_width = 0
        """Columns of the longest remark so far, so that remarks stand below each other."""

        self._told: FileEntry | None = None

    # -- what is listed

    @property
    def total(self) -> int:
        """How many rows there are, as far as is known."""
        return self._total or 0

    @property
    def row_count(self) -> int:
        return self.total

    @property
    def highlighted(self) -> FileEntry | None:
        """The file that the cursor is on."""
        return self._row(self._cursor)

    def start_over(self) -> None:
        """Forget every row: something else is to be listed."""
        self._total = None
        self._pages.clear()
        self._stale.clear()
        self._asked.clear()
        self._cursor = self._remark_width = 0
        self._generation += 1
        self.scroll_to(y=0, animate=False)
        self._want()

    def ask_again(self) -> None:
        """Ask anew for what is in sight, and show what is known until it comes."""
        self._stale = set(self._pages)
        self._asked.clear()
        self._want()

    def put(self, wanted: Wanted, entries: Sequence[FileEntry], total: int) -> None:
        """Take rows that were wanted.

        Args:
            wanted: Which.
            entries: The rows.
            total: How many there are altogether.
        """
        if wanted.generation != self._generation:
            return
        page = wanted.offset // PAGE_ROWS
        self._pages[page] = tuple(entries)
        widths = (cell_len(remark_of(entry, now=time.time())) for entry in entries)
        self._remark_width = max(self._remark_width, *widths, 0)
        self._pages.move_to_end(page)
        self._stale.discard(page)
        self._asked.discard(page)
        while len(self._pages) > PAGES_KEPT:
            self._stale.discard(self._pages.popitem(last=False)[0])
        if total != self._total:
            self._total = total
            self.virtual_size = Size(0, total)
            self._cursor = min(self._cursor, max(0, total - 1))
        self._tell()
        self._want()
        self.refresh()

    def _row(self, number: int) -> FileEntry | None:
        page = self._pages.get(number // PAGE_ROWS, ())
        place = number % PAGE_ROWS
        return page[place] if place < len(page) else None

    def ask_missing(self) -> None:
        """Ask for what is in sight and did not come."""
        self._want()

    def give_up(self, wanted: Wanted) -> None:
        """Take note that rows did not come; `ask_missing` asks for them again."""
        self._asked.discard(wanted.offset // PAGE_ROWS)

    def is_wanted(self, wanted: Wanted) -> bool:
        """Tell whether rows that were asked for are in sight; else they are asked for when they are."""
        if wanted.generation != self._generation:
            return False
        page = wanted.offset // PAGE_ROWS
        if page not in self._in_sight():
            self._asked.discard(page)
            return False
        return True

    def _in_sight(self) -> set[int]:
        """Return the pages that are shown, and that of the cursor."""
        top = max(0, self.scroll_offset.y)
        last = max(0, min(self.total - 1, top + max(1, self.scrollable_content_region.height)))
        return {*range(top // PAGE_ROWS, last // PAGE_ROWS + 1), self._cursor // PAGE_ROWS}

    def _want(self) -> None:
        """Ask for the pages in sight that are not known, or not any more."""
        for page in sorted(self._in_sight() - self._asked):
            if page not in self._pages or page in self._stale:
                self._asked.add(page)
                self.post_message(self.Wanted(page * PAGE_ROWS, self._generation))

    def _tell(self) -> None:
        if self.highlighted != self._told:
            self._told = self.highlighted
            self.post_message(self.Highlighted(self._told))

    # -- the cursor

    def cursor_moved(self) -> None:
        self._want()
        self._tell()

    def action_choose(self) -> None:
        if (entry := self.highlighted) is not None:
            self.post_message(self.Chosen(entry))

    # -- drawing

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def on_resize(self) -> None:
        self.virtual_size = Size(0, self.total)
        self._want()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        base = self.rich_style
        number = y + self.scroll_offset.y
        if number >= self.total:
            said = self.empty_text if y == 0 and self._total == 0 else ""
            return _strip([(said, base + self._style("remark"))], width, base)
        entry = self._row(number)
        if entry is None:
            return _strip([("  …", base + self._style("remark"))], width, base)
        remark = remark_of(entry, now=time.time())
        room = width - 4
        path_room = max(_LEAST_PATH, room // 2, room - 2 - self._remark_width) if remark else room
        path = elided(shown_path(entry.path, self.root), path_room)
        cursor = self._style("cursor" if self.has_focus else "blurred") if number == self._cursor else None
        if cursor is not None and not self.has_focus:
            base += cursor
            cursor = None
        parts = [
            (f"{POINTER if number == self._cursor else ' '}{SIGNS[entry.status]} ", base),
            (f"{set_cell_size(path, path_room)}  " if remark else path, base),
            (remark, base if cursor else base + self._style("remark")),
        ]
        if cursor is not None:
            parts = [(text, cursor) for text, _ in parts]
        return _strip(parts, width, cursor or base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"file-list--{name}", partial=True)


def elided(text: str, width: int) -> str:
    """Shorten a text in its middle to a number of columns, because paths differ at both ends."""
    if cell_len(text) <= width:
        return text
    tail, room = "", (width - 1) * 2 // 3
    for letter in reversed(text):
        if cell_len(letter + tail) > room:
            break
        tail = letter + tail
    head = set_cell_size(text, max(0, width - 1 - cell_len(tail))).rstrip()
    return f"{head}…{tail}"


def _strip(parts: Sequence[tuple[str, Style]], width: int, base: Style) -> Strip:
    return Strip([Segment(text, style) for text, style in parts if text]).adjust_cell_length(width, base)
