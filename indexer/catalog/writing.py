"""What can be changed in the catalog inside one transaction."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.catalog.adopting import Adoption, adopt
from indexer.catalog.facts import note_name, note_tags
from indexer.catalog.reading import AHEAD, INSIDE, CatalogReader, to_signed
from indexer.errors import UsageError
from indexer.types import Chunk, Embeddings, FileState, FileStatus

MERGED_PAGES = 256
"""Pages of the full-text index that one transaction merges; about 20 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """Everything the ledger keeps of one file."""

    path: Path
    root: Path
    state: FileState
    status: FileStatus
    reason: str = ""
    content_hash: str = ""
    title: str = ""
    metadata: Mapping[str, Any] | None = None
    pages_without_text: Sequence[int] = ()
    indexed_at: float | None = None
    attempts: int = 0
    """How often it failed in this state of the disk; 0 for a file that did not."""

    retry_at: float | None = None
    """Seconds since the epoch at which it is tried again although it did not change; `None` for never."""

    keeps_chunks: bool = False
    """Whether a file that failed stays findable as it was, because it is tried again."""


class CatalogWriter(CatalogReader):
    """Changes to the catalog; made by `Catalog.write`, valid until its block ends.

    Args:
        connection: Inside a transaction.
        clock: Seconds since the epoch.
    """

    def __init__(self, connection: sqlite3.Connection, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(connection)
        self._clock = clock

    def set_meta(self, key: str, value: str) -> None:
        """Note a value under a key."""
        self._connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def count_up(self, key: str, amount: int) -> None:
        """Add to a number noted under a key, which begins at 0."""
        self.set_meta(key, str(int(self.meta(key) or "0") + amount))

    def add_root(self, path: Path) -> None:
        """Add a root; one that is there stays as it is."""
        self._connection.execute(
            "INSERT INTO roots (path) VALUES (?) ON CONFLICT DO NOTHING", (os.fsencode(path),)
        )

    def absorb_root(self, path: Path, into: Path) -> None:
        """Make the files of one root files of another, and the one a root no more."""
        self._connection.execute(
            "UPDATE files SET root = (SELECT id FROM roots WHERE path = ?)"
            " WHERE root = (SELECT id FROM roots WHERE path = ?)",
            (os.fsencode(into), os.fsencode(path)),
        )
        self._connection.execute("DELETE FROM roots WHERE path = ?", (os.fsencode(path),))

    def remove_root(self, path: Path) -> int:
        """Remove a root with all its files and chunks; return how many files those were."""
        name = (os.fsencode(path),)
        count = self._connection.execute(
            "SELECT count(*) FROM files JOIN roots ON roots.id = files.root WHERE roots.path = ?", name
        ).fetchone()[0]
        self._connection.execute("DELETE FROM roots WHERE path = ?", name)
        return int(count)

    def clear(self) -> None:
        """Forget everything but the roots."""
        for table in ("files", "vectors", "meta"):  # chunks and their text go with their files
            self._connection.execute(f"DELETE FROM {table}")

    def put_file(self, record: FileRecord) -> int:
        """Write one row of the ledger, new or over the old one; its chunks stay as they are.

        Returns:
            The file's id.

        Raises:
            UsageError: If its root is none.
        """
        row = self._connection.execute(
            "SELECT id FROM roots WHERE path = ?", (os.fsencode(record.root),)
        ).fetchone()
        if row is None:
            raise UsageError(f"{record.root} is not one of the indexed folders")
        values = (
            row[0],
            os.fsencode(record.path),
            record.state.size_bytes,
            record.state.mtime_ns,
            to_signed(record.state.inode),
            record.status.value,
            _storable(record.reason),
            record.content_hash,
            _storable(record.title),
            json.dumps(dict(record.metadata or {}), default=str),
            json.dumps(list(record.pages_without_text)),
            record.indexed_at,
            record.attempts,
            record.retry_at,
            self._clock(),
        )
        names = (
            "root, path, size_bytes, mtime_ns, inode, status, reason, content_hash, title, metadata,"
            " pages_without_text, indexed_at, attempts, retry_at"
        )
        updates = ", ".join(f"{name} = excluded.{name}" for name in names.split(", ") if name != "path")
        returned = self._connection.execute(
            f"INSERT INTO files ({names}, since) VALUES ({', '.join('?' * len(values))})"
            f" ON CONFLICT (path) DO UPDATE SET {updates}, since = {_SINCE.format(new='excluded.')}"
            " RETURNING id",
            values,
        ).fetchone()
        return int(returned[0])

    def set_status(self, record: FileRecord) -> None:
        """Change a file's state, status and reason alone; add the file if it is new."""
        changed = self._connection.execute(
            "UPDATE files SET size_bytes = :size, mtime_ns = :mtime, inode = :inode, attempts = :attempts,"
            f" retry_at = :retry_at, since = {_SINCE.format(new=':')}, status = :status, reason = :reason"
            " WHERE path = :path",
            {
                "size": record.state.size_bytes,
                "mtime": record.state.mtime_ns,
                "inode": to_signed(record.state.inode),
                "attempts": record.attempts,
                "retry_at": record.retry_at,
                "since": self._clock(),
                "status": record.status.value,
                "reason": _storable(record.reason),
                "path": os.fsencode(record.path),
            },
        ).rowcount
        if not changed:
            self.put_file(record)

    def adopt(self, adoption: Adoption) -> bool:
        """Index a file by what is stored of another; return whether that was as expected."""
        return adopt(self._connection, adoption)

    def replace_chunks(
        self, file_id: int, chunks: Sequence[Chunk], vector_ids: Sequence[str], *, name: str
    ) -> None:
        """Make these the chunks of a file; rows of chunks that are still the same are kept.

        Args:
            file_id: The file.
            chunks: All its chunks, in order.
            vector_ids: The vector of each, which must be stored.
            name: What the file is called, as text to be found by.
        """
        vectors = self._vector_rows(vector_ids)
        kept = self._kept_rows(file_id, name)
        inserted: list[tuple[int, int, str]] = []
        texts: list[tuple[str, str, str]] = []
        for chunk, vector_id in zip(chunks, vector_ids, strict=True):
            vector = vectors[vector_id]
            headings = "\n".join(chunk.locator.headings)
            locator = json.dumps(chunk.locator.to_json())
            same = kept.get((vector, chunk.text, headings))
            if same:
                self._connection.execute(
                    "UPDATE chunks SET ordinal = ?, locator = ? WHERE id = ?",
                    (chunk.ordinal, locator, same.pop()),
                )
                continue
            inserted.append((chunk.ordinal, vector, locator))
            texts.append((_storable(chunk.text), _storable(headings), _storable(name)))
        self._connection.executemany(
            "DELETE FROM chunks WHERE id = ?", [(chunk_id,) for ids in kept.values() for chunk_id in ids]
        )
        for (ordinal, vector, locator), text in zip(inserted, texts, strict=True):
            chunk_id = self._connection.execute(
                "INSERT INTO chunks (file, ordinal, vector, locator) VALUES (?, ?, ?, ?)",
                (file_id, ordinal, vector, locator),
            ).lastrowid
            self._connection.execute(
                "INSERT INTO chunk_text (rowid, text, headings, name) VALUES (?, ?, ?, ?)", (chunk_id, *text)
            )
        self._connection.execute("UPDATE files SET chunks = ? WHERE id = ?", (len(chunks), file_id))
        note_name(self._connection, file_id)
        note_tags(self._connection, file_id)

    def drop_chunks(self, path: Path) -> None:
        """Delete the chunks of a file; its row of the ledger stays."""
        name = (os.fsencode(path),)
        for table in ("chunks", "tags"):
            self._connection.execute(
                f"DELETE FROM {table} WHERE file = (SELECT id FROM files WHERE path = ?)", name
            )
        self._connection.execute(
            "UPDATE files SET chunks = 0, pages_without_text = '[]' WHERE path = ?", name
        )

    def retry_failed(self, at: float, *, under: Sequence[Path] = (), is_waiting_only: bool = False) -> int:
        """Have failed files tried again from a time on; return how many those are.

        Args:
            at: Seconds since the epoch.
            under: Only those at these paths or below them; empty for everywhere.
            is_waiting_only: Whether those stay as they are that wait for a change, or are due by then anyway.
        """
        condition = " AND retry_at > ?" if is_waiting_only else ""
        values: list[object] = [at] if is_waiting_only else []
        if under:
            condition += f" AND {INSIDE.format(column='files.id')}"
            values.append(self._files_under(under))
        changed = self._connection.execute(
            f"UPDATE files SET retry_at = ? WHERE status = ?{condition}",
            (at, FileStatus.FAILED.value, *values),
        )
        return changed.rowcount

    def forget(self, paths: Collection[Path]) -> None:
        """Delete files and their chunks; paths that are not there are passed over."""
        self._connection.executemany(
            "DELETE FROM files WHERE path = ?", [(os.fsencode(path),) for path in paths]
        )

    def add_vectors(self, vector_ids: Sequence[str], made: Embeddings) -> None:
        """Keep our own copy of vectors, in float16, with their windows; known ids stay as they are."""
        halves = np.ascontiguousarray(made.vectors, np.float16)
        self._connection.executemany(
            "INSERT INTO vectors (vector_id, embedding) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [
                (bytes.fromhex(vector_id), row.tobytes())
                for vector_id, row in zip(vector_ids, halves, strict=True)
            ],
        )
        if made.windows:
            self._connection.executemany(
                "INSERT INTO windows SELECT id, ? FROM vectors WHERE vector_id = ? ON CONFLICT DO NOTHING",
                [
                    (packed, bytes.fromhex(vector_id))
                    for vector_id, packed in zip(vector_ids, made.windows, strict=True)
                    if packed
                ],
            )

    def delete_spare_vectors(self, keep: Collection[str] = ()) -> list[str]:
        """Delete the vectors that no chunk names any more; return their ids.

        Args:
            keep: Ids of vectors that are about to be named.
        """
        gone, kept = self._delete_vectors(
            "SELECT vectors.id, vector_id FROM spare_vectors JOIN vectors ON vectors.id = vector"
            " WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.vector = vectors.id)",
            keep,
        )
        self._connection.execute(
            "DELETE FROM spare_vectors WHERE vector NOT IN (SELECT value FROM json_each(?))",
            (json.dumps(kept),),
        )
        return gone

    def delete_vectors_ahead(self, keep: Collection[str] = ()) -> list[str]:
        """Delete the vectors that were embedded and that no chunk ever named; return their ids.

        Args:
            keep: Ids of vectors that are about to be named.
        """
        return self._delete_vectors(f"SELECT id, vector_id FROM vectors WHERE {AHEAD}", keep)[0]

    def _delete_vectors(self, query: str, keep: Collection[str]) -> tuple[list[str], list[int]]:
        """Delete what a query finds; return the ids of what went, and the rows of what is kept."""
        found = [(row, vector_id.hex()) for row, vector_id in self._connection.execute(query)]
        self._connection.executemany(
            "DELETE FROM vectors WHERE id = ?", [(row,) for row, vector_id in found if vector_id not in keep]
        )
        return (
            [vector_id for _, vector_id in found if vector_id not in keep],
            [row for row, vector_id in found if vector_id in keep],
        )

    def merge_words(self, *, is_first: bool) -> bool:
        """Merge a part of the full-text index, which drops words of chunks that are gone.

        Args:
            is_first: Whether all of it is to be merged; further calls go on with that.

        Returns:
            Whether there is more to do.
        """
        before = self._connection.total_changes
        self._connection.execute(
            "INSERT INTO chunk_text (chunk_text, rank) VALUES ('merge', ?)",
            (-MERGED_PAGES if is_first else MERGED_PAGES,),
        )
        # as FTS5 documents it: a merge that finds nothing to do changes one row.
        return self._connection.total_changes - before > 1

    def _vector_rows(self, vector_ids: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for vector_id in set(vector_ids):
            (found[vector_id],) = self._connection.execute(
                "SELECT id FROM vectors WHERE vector_id = ?", (bytes.fromhex(vector_id),)
            ).fetchone()
        return found

    def _kept_rows(self, file_id: int, name: str) -> dict[tuple[int, str, str], list[int]]:
        """Return the ids of a file's chunk rows by what is searched and embedded of them."""
        rows = self._connection.execute(
            "SELECT chunks.id, vector, text, headings, name FROM chunks"
            " JOIN chunk_text ON chunk_text.rowid = chunks.id WHERE file = ?",
            (file_id,),
        ).fetchall()
        kept: dict[tuple[int, str, str], list[int]] = {}
        for chunk_id, vector, text, headings, old_name in rows:
            if old_name != _storable(name):
                self._connection.execute(
                    "UPDATE chunk_text SET name = ? WHERE rowid = ?", (_storable(name), chunk_id)
                )
            kept.setdefault((vector, text, headings), []).append(chunk_id)
        return kept


_SINCE = (
    "CASE WHEN files.status = {new}status AND files.reason = {new}reason THEN files.since ELSE {new}since END"
)
"""A file that stays what it was, for the same reason, has been so since the first time."""


def _storable(text: str) -> str:
    """Replace lone surrogates, which SQLite text cannot hold, each by one character: offsets stay true."""
    return text.encode("utf-8", "replace").decode("utf-8")
