"""Laying out a table of models for a terminal of a certain width; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "
_READABLE_NAME, _LEAST_NAME = 24, 16
"""How far names are shortened before a column is left out, and how far at all."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, and what stands in it."""

    heading: str
    cells: Sequence[str]
    is_number: bool = False
    """Numbers stand to the right."""

    rank: int = 0
    """Where there is too little room, the column of the highest rank goes first; 0 always stays."""


def lay_out(columns: Sequence[Column], width: int) -> list[str]:
    """Return the heading and the rows, none wider than `width` unless nothing more can be left out.

    The first column holds the names, which are shortened before the last column is left out.
    """
    # what says the same of nobody needs no room.
    shown = [column for column in columns if any(column.cells)]
    while _width(shown) - _slack(shown) > width and any(column.rank for column in shown):
        shown.remove(max(shown, key=lambda column: column.rank))
    names, *others = shown
    room = max(_LEAST_NAME, width - (_width(shown) - _wide(names)))
    cut = Column(names.heading, [elide(name, room) for name in names.cells])
    lines = zip(*(_padded(column) for column in (cut, *others)), strict=True)
    return [GAP.join(cells).rstrip() for cells in lines]


def elide(text: str, width: int) -> str:
    """Shorten a text in the middle, because names differ at both ends."""
    if len(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{text[: width - 1 - end]}…{text[len(text) - end :]}"


def _padded(column: Column) -> list[str]:
    wide = _wide(column)
    return [
        cell.rjust(wide) if column.is_number else cell.ljust(wide) for cell in (column.heading, *column.cells)
    ]


def _wide(column: Column) -> int:
    return max(len(column.heading), *map(len, column.cells))


def _width(columns: Sequence[Column]) -> int:
    return sum(map(_wide, columns)) + len(GAP) * (len(columns) - 1)


def _slack(columns: Sequence[Column]) -> int:
    """Return by how much names can still be read when they are shortened."""
    return max(0, _wide(columns[0]) - _READABLE_NAME)
