"""The Chroma collection: ids and vectors, nothing else.

Chroma is a derived index here. It holds no documents and no metadata (a ninth
of the disk, and nothing private twice), and it is opened by one process only:
two at once lose vectors without an error. The only importer of `chromadb`.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import chromadb
import numpy as np
from chromadb.config import Settings

from indexer.errors import StoreError
from indexer.types import Vectors

UPSERT_ROWS = 64
"""Rows of one upsert: Chroma keeps the GIL for a whole call, and a question must not wait long."""

PAGE_ROWS = 5_000
"""Rows of one `get`; far larger ones fail."""

ROOM_BYTES = 16_000_000
"""With less room on the disk Chroma's failures are put down to that."""

ROUNDING = 2e-3
"""A coordinate that differs by less is the same, after half precision and Chroma's own scaling."""

SYNC_ROWS = 250
"""Rows after which Chroma brings its log into the index.

By default 1,000: every write reads the log again, which makes it slower, and a log of
so many rows, whose file never shrinks, makes a small store nearly twice as large.
"""

EF_SEARCH = 300
"""Candidates HNSW looks at for a question.

On 3,900 vectors of real text the default of 100 finds 97 % of the true 100 nearest, this 99.5 %.
"""


class VectorStore:
    """Vectors by id, compared by cosine. Not thread-safe."""

    def __init__(self, collection: Any, client: Any, directory: Path) -> None:
        self._collection = collection
        self._client = client
        self._directory = directory
        self._seen: set[tuple[str, int]] = _files_in(directory)

    @classmethod
    def open(cls, directory: Path, *, dim: int, fingerprint: str) -> Self:
        """Open or make the collection of an embedding model.

        Args:
            directory: Where Chroma keeps its files; made with mode 0700.
            dim: Length of a vector.
            fingerprint: Names the collection, so that vectors of two models never meet.

        Raises:
            StoreError: If Chroma cannot open it. Some damage ends the process instead.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot make the directory {directory}: {error.strerror}") from error
        with translated(directory):
            # _env_file: Chroma reads a .env of the current directory otherwise.
            client = chromadb.PersistentClient(
                path=str(directory), settings=Settings(_env_file=None, anonymized_telemetry=False)
            )
            collection = client.get_or_create_collection(
                name=re.sub(r"[^a-zA-Z0-9._-]", "-", f"kb-{fingerprint}-{dim}"),
                # None on every open: the default function downloads a model.
                embedding_function=None,
                configuration={
                    "hnsw": {"space": "cosine", "ef_search": EF_SEARCH, "sync_threshold": SYNC_ROWS}
                },
            )
        return cls(collection, client, directory)

    def is_in_place(self) -> bool:
        """Tell whether every file is still there that was; Chroma itself goes on without, from memory."""
        found = _files_in(self._directory)
        if not self._seen <= found:
            return False
        self._seen = found
        return True

    def close(self) -> None:
        """Let go of the files; nothing can be asked afterwards."""
        with translated(self._directory):
            self._client.close()

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors, in place of those that have the same id.

        Raises:
            StoreError: If Chroma refuses; some of the vectors may be stored.
        """
        for _ in self.upserting(ids, vectors):
            pass

    def upserting(self, ids: Sequence[str], vectors: Vectors) -> Iterator[None]:
        """Store vectors as `upsert` does, pausing between small batches."""
        for start in range(0, len(ids), UPSERT_ROWS):
            with translated(self._directory):
                self._collection.upsert(
                    ids=list(ids[start : start + UPSERT_ROWS]),
                    embeddings=vectors[start : start + UPSERT_ROWS],
                )
            yield

    def delete(self, ids: Sequence[str]) -> None:
        """Delete vectors; ids that are not there are passed over."""
        for _ in self.deleting(ids):
            pass

    def deleting(self, ids: Sequence[str]) -> Iterator[None]:
        """Delete vectors as `delete` does, pausing after each page."""
        for start in range(0, len(ids), PAGE_ROWS):
            with translated(self._directory):
                self._collection.delete(ids=list(ids[start : start + PAGE_ROWS]))
            yield

    def count(self) -> int:
        """Count the ids; says nothing about whether their vectors can be read."""
        with translated(self._directory):
            return int(self._collection.count())

    def ids(self) -> Iterator[str]:
        """Yield every id."""
        for page in self.id_pages():
            yield from page

    def id_pages(self) -> Iterator[list[str]]:
        """Yield every id, page by page; nothing may be written meanwhile."""
        offset = 0
        while True:
            with translated(self._directory):
                page = self._collection.get(include=[], limit=PAGE_ROWS, offset=offset)["ids"]
            if not page:
                return
            yield page
            offset += len(page)

    def probe(self, ids: Sequence[str], vectors: "Vectors | None" = None) -> None:
        """Read vectors back, which finds a damaged index where `count` does not.

        Args:
            ids: Which.
            vectors: What they are to be, in that order, up to rounding and length; `None` for anything.

        Raises:
            StoreError: If one of them cannot be read, or is another one.
        """
        for _ in self.probing(ids, vectors):
            pass

    def probing(self, ids: Sequence[str], vectors: "Vectors | None" = None) -> Iterator[None]:
        """Read vectors back as `probe` does, pausing after each page."""
        for start in range(0, len(ids), PAGE_ROWS):
            page = list(ids[start : start + PAGE_ROWS])
            with translated(self._directory):
                got = self._collection.get(ids=page, include=["embeddings"])
            found = got["embeddings"]
            if found is None or len(found) != len(page):
                raise StoreError("the vector store has lost vectors")
            if vectors is not None:
                position = {vector_id: start + at for at, vector_id in enumerate(page)}
                wanted = vectors[[position[vector_id] for vector_id in got["ids"]]]
                # not by direction alone: Chroma keeps the length of each apart, and that can be lost too.
                if not np.allclose(np.asarray(found, np.float32), wanted, atol=ROUNDING):
                    raise StoreError("the vector store has changed vectors")
            yield

    def query(self, vector: Vectors, top_k: int) -> list[tuple[str, float]]:
        """Find the nearest vectors.

        Args:
            vector: The query, `(dim,)`.
            top_k: How many at most.

        Returns:
            (id, cosine similarity), best first.

        Raises:
            StoreError: If the index is damaged.
        """
        with translated(self._directory):
            found = self._collection.query(
                query_embeddings=np.asarray(vector, np.float32)[np.newaxis],
                n_results=top_k,
                include=["distances"],
            )
        return [
            (vector_id, 1.0 - float(distance))
            for vector_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]


def _files_in(directory: Path) -> set[tuple[str, int]]:
    """Return the names and inodes of what Chroma keeps: its database, and the folders of its index."""
    try:
        with os.scandir(directory) as entries:
            return {
                (entry.name, entry.inode())
                for entry in entries
                # a journal comes and goes with every write.
                if entry.name == "chroma.sqlite3" or entry.is_dir()
            }
    except OSError:
        return set()


@contextlib.contextmanager
def translated(directory: Path) -> Iterator[None]:
    """Turn whatever Chroma raises over a directory into a `StoreError`."""
    try:
        yield
    # its Rust side raises bare Exceptions, and pyo3 panics that are BaseExceptions.
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit, StoreError)):
            raise
        if _is_full(directory):
            # Chroma says so at times only; half-written files are mended when there is room again.
            raise StoreError(
                f"the disk is full, so {directory} cannot be written", hint="free some space and try again"
            ) from error
        raise StoreError(f"the vector store failed: {error}") from error


def _is_full(directory: Path) -> bool:
    """Tell whether there is no room left worth speaking of."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < ROOM_BYTES
