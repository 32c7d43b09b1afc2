"""The ledger's rows in bulk, as they stand: for a sweep, and for whoever leafs through them."""

import os
import sqlite3
from pathlib import Path

from indexer.types import FileStatus

FileRow = tuple[bytes, int, int, int, str | None]
"""Path, size in bytes, time of change in nanoseconds, signed inode, and the rule that skips the file."""


def file_rows(connection: sqlite3.Connection, under: Path) -> dict[bytes, FileRow]:
    """Return the rows of a file, or of all files of a folder, by path.

    Nothing is made of them: a sweep of 100,000 files looks at each for less than a microsecond.
    """
    name = os.fsencode(under)
    # "0" follows "/" in ASCII, so the range is exactly what begins with the folder and a slash.
    found = connection.execute(
        "SELECT path, size_bytes, mtime_ns, inode, CASE status WHEN 'skipped' THEN reason END FROM files"
        " WHERE path = ? OR (path > ? AND path < ?)",
        (name, name + b"/", name + b"0"),
    )
    return {row[0]: row for row in found}


def chosen_rows(status: FileStatus | None, under: Path | None, text: str) -> tuple[str, list[object]]:
    """Return the condition on rows of `files` that a person wants to see, and its values.

    Args:
        status: Only files of one status.
        under: Only a file, or what stands in a folder.
        text: Only files that have it in their path or their reason, in small letters or large.
    """
    conditions, values = ["1"], list[object]()
    if status is not None:
        conditions.append("status = ?")
        values.append(status.value)
    if under is not None:
        name = os.fsencode(under)
        folder = name.rstrip(b"/") + b"/"
        conditions.append("(path = ? OR (path > ? AND path < ?))")
        values += [name, folder, folder[:-1] + b"0"]
    if text:
        # SQLite knows the case of ASCII alone; paths are bytes, whatever they stand for.
        spellings = dict.fromkeys((text, text.lower(), text.upper(), text.capitalize()))
        has_it = "instr(lower(path), lower(?)) OR instr(lower(reason), lower(?))"
        conditions.append(f"({' OR '.join([has_it] * len(spellings))})")
        for spelling in spellings:
            values += [os.fsencode(spelling), spelling.encode("utf-8", "replace").decode()]
    return " AND ".join(conditions), values
