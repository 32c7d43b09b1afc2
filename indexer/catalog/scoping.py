"""Filters → the files they leave: resolved once for a search, then only looked up."""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.types import Filters


@dataclass(frozen=True, slots=True)
class Scope:
    """The files that a search is confined to, as they were at one moment."""

    files: frozenset[int]
    """Ids of the files."""

    chunks: int
    """Chunks of these files together."""


def resolve(connection: sqlite3.Connection, filters: Filters) -> Scope:
    """Return the files that filters leave."""

    def found(condition: str, values: Sequence[object]) -> dict[int, int]:
        rows = connection.execute(f"SELECT id, chunks FROM files WHERE {condition}", values)
        return dict(rows.fetchall())

    # one statement for each, because thousands joined by OR are more than SQLite takes.
    kept: dict[int, int] = {}
    for condition, values in map(_place, filters.within) if filters.within else [("1", ())]:
        kept |= found(condition, values)
    for condition, values in map(_place, filters.exclude):
        for file_id in found(condition, values):
            kept.pop(file_id, None)
    return Scope(frozenset(kept), sum(kept.values()))


def _place(path: str) -> tuple[str, Sequence[object]]:
    """Return the condition on files, and its values, for a file or all that is below a folder."""
    name = os.fsencode(path)
    folder = name if name.endswith(b"/") else name + b"/"
    # "0" follows "/" in ASCII, so the range is exactly what begins with the folder and a slash.
    return "(path = ? OR (path > ? AND path < ?))", (name, folder, folder[:-1] + b"0")
