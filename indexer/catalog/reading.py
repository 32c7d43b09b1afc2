"""What can be asked of the catalog inside one transaction."""

import functools
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from indexer.catalog.adopting import copies_of, may_adopt
from indexer.catalog.files import FileRow, chosen_rows, file_rows
from indexer.catalog.lexical import rank_chunks
from indexer.catalog.naming import chunk_ids_of, named_files
from indexer.catalog.offering import FilterReads
from indexer.catalog.sampling import sample_chunk_ids
from indexer.catalog.scoping import DATED, Scope, resolve
from indexer.catalog.words import WordReads
from indexer.errors import UsageError
from indexer.types import EVERYTHING, FileEntry, FileState, FileStatus, Filters, Locator, NamedFile

ROWS_PER_STATEMENT = 5_000
"""Values bound to one statement; SQLite's own limit is 32,766."""

PAGE_ROWS = 2_000
"""Vectors read at a time where all are walked over."""

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    """A chunk as the catalog knows it, with the file it came from."""

    chunk_id: int
    vector_id: str
    path: Path
    root: Path
    title: str
    text: str
    locator: Locator
    ordinal: int
    dated: float
    """When its file is from, in seconds since the epoch: by its own account, or its last change."""


class CatalogReader(WordReads, FilterReads):
    """Questions to the catalog; made by `Catalog.read`, valid until its block ends."""

    def meta(self, key: str) -> str | None:
        """Return a value noted under a key, or `None`."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def roots(self) -> list[Path]:
        """List the roots, in path order."""
        rows = self._connection.execute("SELECT path FROM roots ORDER BY path")
        return [path_of(path) for (path,) in rows]

    def root_counts(self) -> dict[Path, int]:
        """Count the files of each root."""
        rows = self._connection.execute(
            "SELECT roots.path, count(files.id) FROM roots"
            " LEFT JOIN files ON files.root = roots.id GROUP BY roots.id"
        )
        return {path_of(path): int(count) for path, count in rows}

    def states(self, root: Path) -> dict[Path, FileState]:
        """Return what is believed of every file of a root, except of pending ones."""
        rows = self._connection.execute(
            "SELECT files.path, size_bytes, mtime_ns, inode FROM files"
            " JOIN roots ON roots.id = files.root WHERE roots.path = ? AND status != ?",
            (os.fsencode(root), FileStatus.PENDING.value),
        )
        return {path_of(path): _state(size, mtime, inode) for path, size, mtime, inode in rows}

    def files(
        self, *, status: FileStatus | None, under: Path | None, text: str = "", limit: int, offset: int
    ) -> list[FileEntry]:
        """List the ledger in path order; what is asked is told by `chosen_rows`."""
        condition, values = chosen_rows(status, under, text)
        return self._entries(f"WHERE {condition} ORDER BY path LIMIT ? OFFSET ?", (*values, limit, offset))

    def file_count(self, *, status: FileStatus | None, under: Path | None, text: str) -> int:
        """Count what `files` lists."""
        condition, values = chosen_rows(status, under, text)
        row = self._connection.execute(f"SELECT count(*) FROM files WHERE {condition}", values)
        return int(row.fetchone()[0])

    def file_rows(self, under: Path) -> dict[bytes, FileRow]:
        """Return the bare rows of a folder's files, or of a file by itself, by path."""
        return file_rows(self._connection, under)

    def file(self, path: Path) -> FileEntry | None:
        """Return the ledger's row of a file, or `None`."""
        found = self._entries("WHERE path = ?", (os.fsencode(path),))
        return found[0] if found else None

    def named_files(self, names: Sequence[str]) -> list[list[NamedFile]]:
        """Return for each name the files it fits best."""
        return named_files(self._connection, names)

    def chunks_of(self, path: Path, *, limit: int, offset: int) -> list[StoredChunk]:
        """Return a file's chunks in reading order."""
        return [*self.chunks(chunk_ids_of(self._connection, path, limit=limit, offset=offset)).values()]

    def sample(self, *, count: int, seed: int, scope: Scope | None) -> list[int]:
        """Draw chunks at random; see `sample_chunk_ids`."""
        return sample_chunk_ids(self._connection, count=count, seed=seed, scope=scope)

    def pages_without_text(self, path: Path) -> list[int]:
        """List the pages of a file that hold no text, from 1."""
        row = self._connection.execute(
            "SELECT pages_without_text FROM files WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return [] if row is None else list(json.loads(row[0]))

    def due(self, now: float) -> list[FileEntry]:
        """List the files that are to be tried again by now, what waits longest first."""
        return self._entries("WHERE retry_at <= ? ORDER BY retry_at, path", (now,))

    def retry_count(self) -> int:
        """Count the files that will be tried again."""
        waiting = self._connection.execute("SELECT count(*) FROM files WHERE retry_at IS NOT NULL")
        return int(waiting.fetchone()[0])

    def next_retry(self, *, after: float) -> float | None:
        """Return when the first file is to be tried again that is not before a time already."""
        row = self._connection.execute("SELECT min(retry_at) FROM files WHERE retry_at > ?", (after,))
        found: float | None = row.fetchone()[0]
        return found

    def _entries(self, clauses: str, values: Sequence[object]) -> list[FileEntry]:
        rows = self._connection.execute(
            "SELECT path, status, size_bytes, mtime_ns, inode, json_array_length(pages_without_text),"
            f" reason, chunks, indexed_at, since, attempts, retry_at FROM files {clauses}",
            values,
        )
        return [
            FileEntry(
                path=path_of(path),
                status=FileStatus(status),
                state=_state(size, mtime, inode),
                pages_without_text=pages,
                reason=reason,
                chunks=chunks,
                indexed_at=indexed,
                since=since,
                attempts=tries,
                retry_at=retry,
            )
            for path, status, size, mtime, inode, pages, reason, chunks, indexed, since, tries, retry in rows
        ]

    def counts(self, *, under: Path | None = None) -> dict[FileStatus, int]:
        """Count the files of each status, of everything or of a folder; every status is a key."""
        condition = f" WHERE {INSIDE.format(column='id')}" if under is not None else ""
        values = [] if under is None else [self._files_under([under])]
        statement = f"SELECT status, count(*) FROM files{condition} GROUP BY status"
        rows = self._connection.execute(statement, values)
        found = {FileStatus(status): int(count) for status, count in rows}
        return {status: found.get(status, 0) for status in FileStatus}

    def chunk_count(self, *, under: Sequence[Path] = ()) -> int:
        """Count the chunks, of everything or of some folders and files."""
        condition = f" WHERE {INSIDE.format(column='id')}" if under else ""
        values = [self._files_under(under)] if under else []
        row = self._connection.execute(f"SELECT coalesce(sum(chunks), 0) FROM files{condition}", values)
        return int(row.fetchone()[0])

    def vector_count(self) -> int:
        """Count the vectors, also those that no chunk names any more."""
        return int(self._connection.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def copies_of(self, content_hash: str) -> list[Path]:
        """List some of the files that are indexed and hold these bytes."""
        return copies_of(self._connection, content_hash)

    def may_adopt(self, source: Path, path: Path, content_hash: str) -> bool:
        """Tell whether a file is indexed with these bytes, and its row would do for another path."""
        return may_adopt(self._connection, source, path, content_hash)

    def known_vectors(self, vector_ids: Sequence[str]) -> set[str]:
        """Return those of the given ids that have a vector."""
        return {
            row[0].hex()
            for batch in _batches(vector_ids)
            for row in self._connection.execute(
                f"SELECT vector_id FROM vectors WHERE vector_id IN ({_marks(batch)})",
                [bytes.fromhex(vector_id) for vector_id in batch],
            )
        }

    def vector_ids(self) -> set[str]:
        """Return the ids of all vectors that Chroma holds: those that a chunk names, or named until now."""
        rows = self._connection.execute(f"SELECT vector_id FROM vectors WHERE NOT ({AHEAD})")
        return {vector_id.hex() for (vector_id,) in rows}

    def vectors_ahead(self, vector_ids: Sequence[str]) -> set[str]:
        """Return those of the given ids that were embedded, and that no chunk ever named."""
        return {
            row[0].hex()
            for batch in _batches(vector_ids)
            for row in self._connection.execute(
                f"SELECT vector_id FROM vectors WHERE vector_id IN ({_marks(batch)}) AND {AHEAD}",
                [bytes.fromhex(vector_id) for vector_id in batch],
            )
        }

    def scope(self, filters: Filters) -> Scope | None:
        """Return the files that filters leave; `None` where that is all of them."""
        return None if filters == EVERYTHING else resolve(self._connection, filters)

    def lexical(
        self, match: str, *, top_k: int, scope: Scope | None, weights: tuple[float, float, float]
    ) -> list[tuple[int, float]]:
        """Rank chunks for a full-text expression by BM25.

        Args:
            match: An FTS5 expression.
            top_k: How many at most.
            scope: The files to stay in; `None` for everywhere.
            weights: What a word counts in text, headings and file name.

        Returns:
            (chunk id, score >= 0), best first.

        Raises:
            UsageError: If the expression is not one.
        """
        files = None if scope is None else scope.files
        try:
            return rank_chunks(self._connection, match, top_k=top_k, files=files, weights=weights)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                raise UsageError("the words to look for are not a valid full-text expression") from error
            raise

    def chunks(self, chunk_ids: Sequence[int]) -> dict[int, StoredChunk]:
        """Return chunks by id; ids that are gone are left out."""
        found: dict[int, StoredChunk] = {}
        for batch in _batches(chunk_ids):
            rows = self._connection.execute(
                "SELECT chunks.id, vectors.vector_id, files.path, roots.path, files.title, chunk_text.text,"
                f" chunks.locator, chunks.ordinal, {DATED} FROM chunks"
                " JOIN chunk_text ON chunk_text.rowid = chunks.id"
                " JOIN vectors ON vectors.id = chunks.vector"
                " JOIN files ON files.id = chunks.file"
                " JOIN roots ON roots.id = files.root"
                f" WHERE chunks.id IN ({_marks(batch)})",
                batch,
            )
            for chunk_id, vector_id, path, root, title, text, locator, ordinal, dated in rows:
                found[chunk_id] = StoredChunk(
                    chunk_id=chunk_id,
                    vector_id=vector_id.hex(),
                    path=path_of(path),
                    root=path_of(root),
                    title=title,
                    text=text,
                    locator=Locator.from_json(json.loads(locator)),
                    ordinal=ordinal,
                    dated=dated,
                )
        return found

    def chunks_of_vectors(
        self, vector_ids: Sequence[str], *, scope: Scope | None = None
    ) -> dict[str, list[int]]:
        """Return the chunks that each vector stands for, in id order; copies share one."""
        found: dict[str, list[int]] = {}
        for batch in _batches(vector_ids):
            rows = self._connection.execute(
                "SELECT vectors.vector_id, chunks.id, chunks.file FROM vectors"
                " JOIN chunks ON chunks.vector = vectors.id"
                f" WHERE vectors.vector_id IN ({_marks(batch)}) ORDER BY chunks.id",
                [bytes.fromhex(vector_id) for vector_id in batch],
            )
            for vector_id, chunk_id, file_id in rows:
                if scope is None or file_id in scope.files:
                    found.setdefault(vector_id.hex(), []).append(chunk_id)
        return found

    def embeddings(self, chunk_ids: Sequence[int]) -> tuple[list[int], npt.NDArray[np.float16]]:
        """Return (chunk ids, their vectors as rows); ids that are gone are left out."""
        ids: list[int] = []
        blobs: list[bytes] = []
        for batch in _batches(chunk_ids):
            rows = self._connection.execute(
                "SELECT chunks.id, vectors.embedding FROM chunks JOIN vectors ON vectors.id = chunks.vector"
                f" WHERE chunks.id IN ({_marks(batch)})",
                batch,
            ).fetchall()
            ids.extend(row[0] for row in rows)
            blobs.extend(row[1] for row in rows)
        return ids, matrix(blobs)

    def windows(self, chunk_ids: Sequence[int]) -> dict[int, bytes]:
        """Return the packed windows of those chunks that have any."""
        return {
            chunk_id: packed
            for batch in _batches(chunk_ids)
            for chunk_id, packed in self._connection.execute(
                "SELECT chunks.id, windows.packed FROM chunks JOIN windows ON windows.vector = chunks.vector"
                f" WHERE chunks.id IN ({_marks(batch)})",
                batch,
            )
        }

    def vectors_by_id(self, vector_ids: Sequence[str]) -> tuple[list[str], npt.NDArray[np.float16]]:
        """Return (vector ids, vectors as rows) for those ids that are known."""
        ids: list[str] = []
        blobs: list[bytes] = []
        for batch in _batches(vector_ids):
            rows = self._connection.execute(
                f"SELECT vector_id, embedding FROM vectors WHERE vector_id IN ({_marks(batch)})",
                [bytes.fromhex(vector_id) for vector_id in batch],
            ).fetchall()
            ids.extend(row[0].hex() for row in rows)
            blobs.extend(row[1] for row in rows)
        return ids, matrix(blobs)

    def walk_vectors(
        self, *, scope: Scope | None = None
    ) -> Iterator[tuple[list[int], npt.NDArray[np.float16]]]:
        """Yield all chunks' vectors in pages of (chunk ids, vectors as rows)."""
        cursor = self._connection.execute(
            "SELECT chunks.id, vectors.embedding FROM chunks JOIN vectors ON vectors.id = chunks.vector"
            + (f" WHERE {INSIDE.format(column='chunks.file')}" if scope is not None else ""),
            [json.dumps(sorted(scope.files))] if scope is not None else [],
        )
        while rows := cursor.fetchmany(PAGE_ROWS):
            yield [row[0] for row in rows], matrix([row[1] for row in rows])

    def _files_under(self, under: Sequence[Path]) -> str:
        """Return the ids of the files that are one of these paths or below it, as `INSIDE` takes them."""
        found: set[int] = set()
        for path in under:
            name = os.fsencode(path)
            folder = name if name.endswith(b"/") else name + b"/"
            # "0" follows "/" in ASCII, so the range is exactly what begins with the folder and a slash.
            rows = self._connection.execute(
                "SELECT id FROM files WHERE path = ?"
                " UNION ALL SELECT id FROM files WHERE path > ? AND path < ?",
                (name, folder, folder[:-1] + b"0"),
            )
            found.update(file_id for (file_id,) in rows)
        return json.dumps(sorted(found))


AHEAD = (
    "NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.vector = vectors.id)"
    " AND vectors.id NOT IN (SELECT vector FROM spare_vectors)"
)
"""Condition for vectors of a document that is still being embedded; only the catalog has them yet."""

INSIDE = "{column} IN (SELECT value FROM json_each(?))"
"""Condition for "one of these files"; its value is what `_files_under` returns."""


@functools.lru_cache(maxsize=1 << 14)
def path_of(value: bytes) -> Path:
    """Return the path that stands in the catalog as the bytes the system knows it by."""
    return Path(os.fsdecode(value))


def matrix(blobs: Sequence[bytes]) -> npt.NDArray[np.float16]:
    """Stack stored vectors as the rows of one array; `(0, 0)` for none."""
    stacked = np.frombuffer(b"".join(blobs), np.float16)
    return stacked.reshape(len(blobs), -1) if blobs else stacked.reshape(0, 0)


def to_signed(number: int) -> int:
    """Fold an unsigned 64-bit inode number into the signed range that SQLite stores."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _state(size_bytes: int, mtime_ns: int, inode: int) -> FileState:
    return FileState(size_bytes=size_bytes, mtime_ns=mtime_ns, inode=inode % (1 << 64))


def _marks(batch: Sequence[object]) -> str:
    return ",".join("?" * len(batch))


def _batches(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    for start in range(0, len(items), ROWS_PER_STATEMENT):
        yield items[start : start + ROWS_PER_STATEMENT]
