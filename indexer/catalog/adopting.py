"""Files whose bytes are indexed already: after a move, a copy, a touch, a re-save.

What is stored of a file depends on its bytes and on its name, and of the name
nearly nothing is: the words it is found by, and the title of a file that bears
none. So a row is renamed, or copied with its chunks, and nothing is read or
embedded. Whoever asks has hashed the bytes and knows that both names are read alike.
"""

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from indexer.catalog.facts import note_name
from indexer.types import FileState

COPIES_LOOKED_AT = 32
"""Empty files are all alike; looking at a few of them is enough."""

_IS_WHOLE = "status IN ('indexed', 'partial') AND content_hash = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A file that is to be indexed by what is stored of another one, or of itself."""

    path: Path
    root: Path
    state: FileState
    content_hash: str
    source: Path
    """Which file's row; the path itself where only the state changed."""

    is_move: bool
    """Whether the source is gone, so that its row becomes the file's."""


def copies_of(connection: sqlite3.Connection, content_hash: str) -> list[Path]:
    """List some of the files that are indexed and hold these bytes."""
    rows = connection.execute(
        f"SELECT path FROM files WHERE {_IS_WHOLE} ORDER BY id LIMIT {COPIES_LOOKED_AT}", (content_hash,)
    )
    return [Path(os.fsdecode(path)) for (path,) in rows]


def may_adopt(connection: sqlite3.Connection, source: Path, path: Path, content_hash: str) -> bool:
    """Tell whether a file is indexed with these bytes, and its row would do for another path."""
    found = _source(connection, source, content_hash)
    return found is not None and _title(connection, *found, source, path) is not None


def adopt(connection: sqlite3.Connection, adoption: Adoption) -> bool:
    """Rename or copy a row with its chunks; return whether it was still there, and as it was expected."""
    found = _source(connection, adoption.source, adoption.content_hash)
    root = connection.execute("SELECT id FROM roots WHERE path = ?", (os.fsencode(adoption.root),)).fetchone()
    if found is None or root is None:
        return False
    source_id, old_title = found
    title = _title(connection, source_id, old_title, adoption.source, adoption.path)
    if title is None:
        return False
    state = adoption.state
    inode = state.inode - (1 << 64) if state.inode >= 1 << 63 else state.inode
    values = (root[0], state.size_bytes, state.mtime_ns, inode)
    path = os.fsencode(adoption.path)
    if adoption.path == adoption.source:
        connection.execute(
            "UPDATE files SET root = ?, size_bytes = ?, mtime_ns = ?, inode = ? WHERE id = ?",
            (*values, source_id),
        )
        return True
    connection.execute("DELETE FROM files WHERE path = ?", (path,))
    name = searchable_name(adoption.path, title)
    if adoption.is_move:
        connection.execute(
            "UPDATE files SET root = ?, size_bytes = ?, mtime_ns = ?, inode = ?, path = ?, title = ?"
            " WHERE id = ?",
            (*values, path, title, source_id),
        )
        note_name(connection, source_id)
        if name != searchable_name(adoption.source, old_title):
            connection.execute(
                "UPDATE chunk_text SET name = ? WHERE rowid IN (SELECT id FROM chunks WHERE file = ?)",
                (_sound(name), source_id),
            )
        return True
    copied = "status, reason, content_hash, metadata, pages_without_text, chunks, indexed_at, since"
    file_id = connection.execute(
        f"INSERT INTO files (root, size_bytes, mtime_ns, inode, path, title, {copied})"
        f" SELECT ?, ?, ?, ?, ?, ?, {copied} FROM files WHERE id = ? RETURNING id",
        (*values, path, title, source_id),
    ).fetchone()[0]
    note_name(connection, file_id)
    connection.execute("INSERT INTO tags SELECT tag, ? FROM tags WHERE file = ?", (file_id, source_id))
    chunks = connection.execute(
        "SELECT chunks.id, ordinal, vector, locator FROM chunks WHERE file = ? ORDER BY ordinal", (source_id,)
    ).fetchall()
    for chunk_id, *copy in chunks:
        copy_id = connection.execute(
            "INSERT INTO chunks (file, ordinal, vector, locator) VALUES (?, ?, ?, ?)", (file_id, *copy)
        ).lastrowid
        connection.execute(
            "INSERT INTO chunk_text (rowid, text, headings, name)"
            " SELECT ?, text, headings, ? FROM chunk_text WHERE rowid = ?",
            (copy_id, _sound(name), chunk_id),
        )
    return True


def searchable_name(path: Path, title: str) -> str:
    """Return what a file is found by: its name, and its title where that says more."""
    return f"{path.name} {title}" if title and title != path.stem else path.name


def _source(connection: sqlite3.Connection, path: Path, content_hash: str) -> tuple[int, str] | None:
    """Return id and title of a file that is indexed with these bytes."""
    row: tuple[int, str] | None = connection.execute(
        f"SELECT id, title FROM files WHERE path = ? AND {_IS_WHOLE}", (os.fsencode(path), content_hash)
    ).fetchone()
    return row


def _title(connection: sqlite3.Connection, file_id: int, title: str, source: Path, path: Path) -> str | None:
    """Return what a file's title becomes under another name; `None` where only reading it can tell."""
    if source.name == path.name or title not in {_sound(source.name), _sound(source.stem)}:
        return title
    if path.suffix.lower() in {".html", ".htm", ".xhtml", ".shtml"} or _bears(connection, file_id, title):
        return None
    return _sound(path.name if title == _sound(source.name) else path.stem)


def _bears(connection: sqlite3.Connection, file_id: int, title: str) -> bool:
    """Tell whether a file may say its title itself: as a heading, its first lines, or a property."""
    (metadata,) = connection.execute("SELECT metadata FROM files WHERE id = ?", (file_id,)).fetchone()
    if title in map(str, json.loads(metadata).values()):
        return True
    rows = connection.execute(
        "SELECT ordinal, text, headings FROM chunks JOIN chunk_text ON chunk_text.rowid = chunks.id"
        " WHERE file = ?",
        (file_id,),
    )
    return any(
        title in headings.split("\n")
        or (ordinal == 0 and any(line.strip("#=*_ \t") == title for line in text.split("\n")))
        for ordinal, text, headings in rows
    )


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
