"""What filters ask of a file: its ending, its own date, its tags.

All of it follows from what is stored anyway, path, properties and text, so files that
were indexed before anybody asked have it too, and nothing is read again.
"""

import json
import os
import sqlite3

from indexer.dates import date_said
from indexer.tags import tags_of

MARKDOWN = frozenset({"md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"})
"""Endings of files in whose text #tags count."""


def note_name(connection: sqlite3.Connection, file_id: int) -> None:
    """Note what follows from a file's path and properties: its ending, and the date it bears."""
    path, metadata = connection.execute(
        "SELECT path, metadata FROM files WHERE id = ?", (file_id,)
    ).fetchone()
    dated = date_said(json.loads(metadata), os.fsdecode(path))
    connection.execute("UPDATE files SET ending = ?, dated = ? WHERE id = ?", (_ending(path), dated, file_id))


def note_tags(connection: sqlite3.Connection, file_id: int) -> None:
    """Note the tags that stand at the top of a file and, where it is Markdown, in its text."""
    path, metadata = connection.execute(
        "SELECT path, metadata FROM files WHERE id = ?", (file_id,)
    ).fetchone()
    text = ""
    if _ending(path) in MARKDOWN:
        rows = connection.execute(
            "SELECT text FROM chunks JOIN chunk_text ON chunk_text.rowid = chunks.id"
            " WHERE file = ? ORDER BY ordinal",
            (file_id,),
        )
        text = "\n".join(row[0] for row in rows)
    connection.execute("DELETE FROM tags WHERE file = ?", (file_id,))
    connection.executemany(
        "INSERT INTO tags (tag, file) VALUES (?, ?)",
        [(tag.encode("utf-8", "replace").decode(), file_id) for tag in tags_of(json.loads(metadata), text)],
    )


def _ending(path: bytes) -> str:
    """Return what stands behind the last dot of a file's name, in lower case; empty where nothing does."""
    name = os.fsdecode(path).rpartition("/")[2]
    stem, _, ending = name.rpartition(".")
    return ending.lower().encode("utf-8", "replace").decode() if stem else ""
