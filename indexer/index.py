"""The one door to what is stored: catalog and vectors, kept in step.

The order of a write is what keeps them so: vectors first, then one catalog
transaction that makes them visible, then the removal of vectors that no chunk
names any more. A crash anywhere leaves spare vectors at worst, never a chunk
without its vector, and `ready` sweeps those away. Vectors are named by what
was embedded, so text that is already known, in any file, is never embedded
again.
"""

import hashlib
import logging
import random
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from indexer.catalog import Catalog, FileRecord, StoredChunk
from indexer.config import IndexerSettings
from indexer.errors import StoreError, StoreMismatchError, WorkerError
from indexer.paths import Places
from indexer.types import Chunk, FileEntry, FileState, FileStatus, Vectors
from indexer.worker import Worker, WorkerInfo

__all__ = ["FileRecord", "Index", "NewDocument", "PutCounts", "StoredChunk"]

logger = logging.getLogger(__name__)

GROUP_CHUNKS = 256
"""Chunks embedded and committed together; the next group is embedded while one is committed."""

WITHIN_LIMIT = 5_000
"""Vectors a filter may select and still be handed to Chroma as a list; beyond, they are scanned."""

PROBED_VECTORS = 256
"""Vectors read back at a start after a clean end."""

PAGE_VECTORS = 1_000
"""Vectors sent to Chroma at a time where all are restored."""

DEAD_SHARE = 0.3
"""Share of deleted entries past which the collection is rebuilt, since Chroma never frees their space."""

DEFAULT_WEIGHTS = (1.0, 1.0, 1.0)
"""What a word counts for BM25 in text, headings and file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """One file as it is to stand in the index."""

    path: Path
    root: Path
    state: FileState
    title: str
    chunks: Sequence[Chunk]
    content_hash: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    pages_without_text: Sequence[int] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PutCounts:
    """What `Index.put_documents` did."""

    chunks: int
    """Chunks that are searchable now."""

    embedded: int
    """Texts that had to be embedded for it."""


class VectorWorker(Protocol):
    """What the index needs of the worker; see `indexer.worker.Worker`."""

    def describe(self) -> WorkerInfo: ...
    def embed_and_store(self, ids: Sequence[str], texts: Sequence[str]) -> Vectors: ...
    def store(self, ids: Sequence[str], vectors: Vectors) -> None: ...
    def delete(self, ids: Sequence[str]) -> None: ...
    def ids(self) -> list[str]: ...
    def probe(self, ids: Sequence[str]) -> None: ...
    def embed_query(self, text: str) -> Vectors: ...
    def search(
        self, text: str, top_k: int, within: Sequence[str] | None = None
    ) -> tuple[Vectors, list[tuple[str, float]]]: ...
    def reset_store(self) -> None: ...
    def close(self) -> bool: ...


class Index:
    """Catalog and vectors of one user. Thread-safe; writes are one at a time."""

    def __init__(self, catalog: Catalog, worker: VectorWorker) -> None:
        self._catalog = catalog
        self._worker = worker
        self._write_lock = threading.RLock()
        self._ready_lock = threading.Lock()
        self._info: WorkerInfo | None = None
        self._is_in_step = False
        self._embedding = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")

    @classmethod
    def open(cls, places: Places, settings: IndexerSettings) -> Self:
        """Open the catalog and start the worker; returns before the model is loaded.

        Raises:
            ConfigError: If a directory cannot be made.
            StoreError: If the catalog cannot be opened.
            WorkerError: If no process can be started.
        """
        places.create()
        catalog = Catalog.open(places.catalog_file)
        try:
            return cls(catalog, Worker.start(settings.embedding, places))
        except BaseException:
            catalog.close()
            raise

    def close(self) -> None:
        """End the worker and close the catalog."""
        self._embedding.shutdown(cancel_futures=True)
        ended_well = self._worker.close()
        with self._write_lock:
            if self._is_in_step and ended_well:
                with self._catalog.write() as transaction:
                    transaction.set_meta("vectors_are_clean", "1")
            self._catalog.close()

    # -- readiness

    def describe(self) -> WorkerInfo:
        """Return the facts of the worker, waiting until its model is loaded.

        Raises:
            ConfigError: If the configured model cannot be loaded.
            StoreMismatchError: If the index was built with another one.
            WorkerError: If the worker dies.
        """
        info = self._worker.describe()
        if self._info is None:
            self._check_fingerprint(info)
            self._info = info
        return info

    def ready(self) -> None:
        """Wait until vectors can be searched, and bring Chroma in step with the catalog.

        Until it has returned, `dense` compares with every vector of the catalog instead.
        Vectors that Chroma lacks are put back from the catalog's own copies and spare ones
        are deleted; a directory that is damaged or mostly dead entries is made anew.

        Raises:
            ConfigError: If the configured model cannot be loaded.
            StoreMismatchError: If the index was built with another one.
            WorkerError: If the worker dies twice.
            StoreError: If catalog or vectors cannot be written.
        """
        with self._ready_lock:
            if self._is_in_step:
                return
            info = self.describe()
            with self._write_lock:
                self._bring_in_step(info)
                self._is_in_step = True

    # -- roots and ledger

    def roots(self) -> list[Path]:
        """List the roots, in path order."""
        with self._catalog.read() as catalog:
            return catalog.roots()

    def root_counts(self) -> dict[Path, int]:
        """Count the files of each root."""
        with self._catalog.read() as catalog:
            return catalog.root_counts()

    def add_root(self, path: Path, *, absorbing: Sequence[Path] = ()) -> None:
        """Add a root; one that is there stays as it is.

        Args:
            path: The folder.
            absorbing: Roots whose files become files of this one.
        """
        with self._catalog.write() as catalog:
            catalog.add_root(path)
            for root in absorbing:
                catalog.absorb_root(root, path)

    def remove_root(self, path: Path) -> int:
        """Forget a root, its files, and vectors that no other file needs; return how many files."""
        with self._write_lock:
            with self._catalog.write() as catalog:
                count = catalog.remove_root(path)
            self.purge()
        return count

    def states(self, root: Path) -> dict[Path, FileState]:
        """Return what the catalog believes of every file of a root that is not pending."""
        with self._catalog.read() as catalog:
            return catalog.states(root)

    def files(
        self,
        *,
        status: FileStatus | None = None,
        under: Path | None = None,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[FileEntry]:
        """List the ledger in path order."""
        with self._catalog.read() as catalog:
            return catalog.files(status=status, under=under, limit=limit, offset=offset)

    def counts(self) -> dict[FileStatus, int]:
        """Count the files of each status; every status is a key."""
        with self._catalog.read() as catalog:
            return catalog.counts()

    def chunk_count(self) -> int:
        """Count the chunks that can be found."""
        with self._catalog.read() as catalog:
            return catalog.chunk_count()

    @property
    def embedded_total(self) -> int:
        """Texts embedded since the index was made."""
        with self._catalog.read() as catalog:
            return int(catalog.meta("embedded_total") or "0")

    def known_content(self, content_hash: str) -> bool:
        """Tell whether a file with these bytes is indexed somewhere."""
        with self._catalog.read() as catalog:
            return catalog.has_content(content_hash)

    def set_status(
        self, path: Path, root: Path, state: FileState, status: FileStatus, reason: str = ""
    ) -> None:
        """Enter a file as skipped, failed or pending; only a pending one keeps its chunks.

        Raises:
            UsageError: If `root` is none.
        """
        self.set_statuses([FileRecord(path=path, root=root, state=state, status=status, reason=reason)])

    def set_statuses(self, records: Sequence[FileRecord]) -> None:
        """Enter many files as `set_status` does, in one transaction."""
        with self._write_lock, self._catalog.write() as catalog:
            for record in records:
                catalog.set_status(record)
                if record.status is not FileStatus.PENDING:
                    catalog.drop_chunks(record.path)

    def forget(self, paths: Collection[Path]) -> None:
        """Delete files from the index.

        Their vectors stay until `purge`, so that a file that was moved, forgotten here
        and put there, costs no embedding.
        """
        with self._write_lock, self._catalog.write() as catalog:
            catalog.forget(paths)

    def purge(self) -> int:
        """Delete vectors that no chunk names any more; to be called when the queue has drained.

        Returns:
            How many.
        """
        with self._write_lock:
            with self._catalog.write() as catalog:
                unused = catalog.delete_unused_vectors()
                catalog.count_up("vectors_deleted", len(unused))
            if unused and self._is_in_step:
                self._worker.delete(unused)
        return len(unused)

    def put_documents(self, documents: Sequence[NewDocument]) -> PutCounts:
        """Make these the contents of their files, embedding only text that is not known.

        Many small files in one call fill the embedder's batches. Each group of files
        becomes searchable as soon as it is embedded.

        Raises:
            StoreError: If catalog or vectors cannot be written; earlier groups stay written.
            WorkerError: If the worker dies twice over a group.
            UsageError: If a document's root is none.
        """
        if any(document.chunks for document in documents):
            self.ready()
        with self._write_lock:
            chunks, embedded = 0, 0
            ahead: tuple[list[_Prepared], Future[_Embedded]] | None = None
            for group in (*_groups(documents), None):
                upcoming = None if group is None else self._begin(group)
                if ahead is not None:
                    prepared, future = ahead
                    counts = self._commit(prepared, future.result())
                    chunks, embedded = chunks + counts.chunks, embedded + counts.embedded
                ahead = upcoming
            return PutCounts(chunks, embedded)

    # -- reads for search

    def lexical(
        self,
        match: str,
        *,
        top_k: int,
        under: Sequence[Path] = (),
        weights: tuple[float, float, float] = DEFAULT_WEIGHTS,
    ) -> list[tuple[int, float]]:
        """Rank chunks for an FTS5 expression by BM25.

        Args:
            match: The expression, over the columns text, headings and name.
            top_k: How many at most.
            under: Absolute folders or files to stay in; empty for everywhere.
            weights: What a word counts in text, headings and file name.

        Returns:
            (chunk id, score >= 0), best first.

        Raises:
            UsageError: If `match` is not an expression.
        """
        with self._catalog.read() as catalog:
            return catalog.lexical(match, top_k=top_k, under=under, weights=weights)

    def dense(
        self, query: str, *, top_k: int, under: Sequence[Path] = ()
    ) -> tuple[Vectors, list[tuple[int, float]]]:
        """Rank chunks by the similarity of their embedding to the query's.

        Args:
            query: What to embed.
            top_k: How many at most.
            under: Absolute folders or files to stay in; empty for everywhere.

        Returns:
            The query's vector, and (chunk id, cosine similarity), best first.

        Raises:
            WorkerError: If the worker dies twice.
            StoreMismatchError: If the index was built with another model.
        """
        if self._info is None:
            self.describe()
        within: list[str] | None = None
        if under:
            with self._catalog.read() as catalog:
                within = catalog.vectors_under(under, limit=WITHIN_LIMIT)
        if not self._is_in_step or (under and within is None):
            return self._scan(self._worker.embed_query(query), top_k, under)
        try:
            # a few more than asked for: vectors that no chunk names any more may be among them.
            vector, found = self._worker.search(query, top_k + 16, within)
        except StoreError as error:
            logger.warning("vectors_unreadable reason=%r", error.message)
            return self._scan(self._worker.embed_query(query), top_k, under)
        similarity = dict(found)
        with self._catalog.read() as catalog:
            chunks = catalog.chunks_of_vectors([vector_id for vector_id, _ in found], under=under)
        ranked = [
            (chunk_id, similarity[vector_id])
            for vector_id, _ in found
            for chunk_id in chunks.get(vector_id, ())
        ]
        return vector, ranked[:top_k]

    def similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Return the exact cosine similarity of chunks to a query; ids that are gone are left out."""
        with self._catalog.read() as catalog:
            ids, rows = catalog.embeddings(chunk_ids)
        if not ids:
            return {}
        return dict(zip(ids, map(float, rows.astype(np.float32) @ query_vector), strict=True))

    def chunks(self, chunk_ids: Sequence[int]) -> list[StoredChunk]:
        """Return chunks in the order asked for; ids that are gone are left out."""
        with self._catalog.read() as catalog:
            found = catalog.chunks(chunk_ids)
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]

    def chunk_vectors(self, chunk_ids: Sequence[int]) -> Vectors:
        """Return the embeddings of chunks, `(n, dim)`, in the order asked for; zeros where one is gone."""
        with self._catalog.read() as catalog:
            ids, rows = catalog.embeddings(chunk_ids)
        position = {chunk_id: at for at, chunk_id in enumerate(ids)}
        result = np.zeros((len(chunk_ids), rows.shape[1]), np.float32)
        for at, chunk_id in enumerate(chunk_ids):
            if chunk_id in position:
                result[at] = rows[position[chunk_id]]
        return result

    # -- inside

    def _scan(
        self, vector: Vectors, top_k: int, under: Sequence[Path]
    ) -> tuple[Vectors, list[tuple[int, float]]]:
        """Compare a query with the catalog's own copies; exact, and independent of Chroma."""
        ids: list[int] = []
        parts: list[Vectors] = []
        with self._catalog.read() as catalog:
            for page_ids, rows in catalog.walk_vectors(under=under):
                ids.extend(page_ids)
                parts.append(rows.astype(np.float32) @ vector)
        if not ids:
            return vector, []
        scores = np.concatenate(parts)
        best = np.argsort(-scores, kind="stable")[:top_k]
        return vector, [(ids[at], float(scores[at])) for at in best]

    def _check_fingerprint(self, info: WorkerInfo) -> None:
        with self._catalog.write() as catalog:
            stored = catalog.meta("fingerprint")
            if stored == info.fingerprint:
                return
            if stored is not None and catalog.vector_count():
                raise StoreMismatchError(
                    stored=f"{catalog.meta('model')} ({stored})",
                    configured=f"{info.model} ({info.fingerprint})",
                )
            catalog.set_meta("fingerprint", info.fingerprint)
            catalog.set_meta("model", info.model)

    def _bring_in_step(self, info: WorkerInfo) -> None:
        with self._catalog.write() as catalog:
            catalog.delete_unused_vectors()
            expected = catalog.vector_ids()
            was_clean = catalog.meta("vectors_are_clean") == "1"
            dead = int(catalog.meta("vectors_deleted") or "0")
            catalog.set_meta("vectors_are_clean", "0")
        present: set[str] = set()
        reason = info.store_error
        if not reason and dead > DEAD_SHARE * (dead + len(expected)) and dead > PAGE_VECTORS:
            reason = "most of it is deleted entries"
        if not reason:
            try:
                present = set(self._worker.ids())
                sound = sorted(expected & present)
                self._worker.probe(_sample(sound, PROBED_VECTORS) if was_clean else sound)
            except (StoreError, WorkerError) as error:
                reason = error.message
        if reason:
            logger.warning("vectors_rebuilt count=%d reason=%r", len(expected), reason)
            self._worker.reset_store()
            with self._catalog.write() as catalog:
                catalog.set_meta("vectors_deleted", "0")
            present = set()
        self._restore(sorted(expected - present))
        if spare := sorted(present - expected):
            self._worker.delete(spare)

    def _restore(self, vector_ids: Sequence[str]) -> None:
        """Put vectors back into Chroma from the catalog's copies."""
        for start in range(0, len(vector_ids), PAGE_VECTORS):
            with self._catalog.read() as catalog:
                ids, rows = catalog.vectors_by_id(vector_ids[start : start + PAGE_VECTORS])
            self._worker.store(ids, rows.astype(np.float32))

    def _begin(self, group: Sequence[NewDocument]) -> "tuple[list[_Prepared], Future[_Embedded]]":
        """Find out what of a group is new, and have it embedded in the background."""
        prepared = [_Prepared(document, self._vector_ids(document)) for document in group]
        wanted = {
            vector_id: chunk.embedded_text
            for entry in prepared
            for vector_id, chunk in zip(entry.vector_ids, entry.document.chunks, strict=True)
        }
        with self._catalog.read() as catalog:
            known = catalog.known_vectors(list(wanted))
        ids = [vector_id for vector_id in wanted if vector_id not in known]
        return prepared, self._embedding.submit(self._embed, ids, [wanted[vector_id] for vector_id in ids])

    def _embed(self, ids: list[str], texts: list[str]) -> "_Embedded":
        if not ids:
            return _Embedded([], np.empty((0, 0), np.float32))
        return _Embedded(ids, self._worker.embed_and_store(ids, texts))

    def _commit(self, group: Sequence["_Prepared"], embedded: "_Embedded") -> PutCounts:
        """Make a group searchable, in one transaction."""
        now = time.time()
        with self._catalog.write() as catalog:
            catalog.add_vectors(embedded.ids, embedded.vectors)
            catalog.count_up("embedded_total", len(embedded.ids))
            for entry in group:
                document = entry.document
                status, reason = _status_of(document)
                file_id = catalog.put_file(
                    FileRecord(
                        path=document.path,
                        root=document.root,
                        state=document.state,
                        status=status,
                        reason=reason,
                        content_hash=document.content_hash,
                        title=document.title,
                        metadata=document.metadata,
                        pages_without_text=document.pages_without_text,
                        indexed_at=now,
                    )
                )
                name = document.path.name
                if document.title and document.title != document.path.stem:
                    name = f"{name} {document.title}"
                catalog.replace_chunks(file_id, document.chunks, entry.vector_ids, name=name)
        return PutCounts(sum(len(entry.document.chunks) for entry in group), len(embedded.ids))

    def _vector_ids(self, document: NewDocument) -> list[str]:
        if not document.chunks:
            return []
        assert self._info is not None
        return [vector_id_of(chunk.embedded_text, self._info.fingerprint) for chunk in document.chunks]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document and the vectors its chunks need."""

    document: NewDocument
    vector_ids: list[str]


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Vectors that were new."""

    ids: list[str]
    vectors: Vectors


def vector_id_of(embedded_text: str, fingerprint: str) -> str:
    """Name a vector by what was embedded, with what; 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(fingerprint.encode())
    digest.update(b"\0")
    digest.update(embedded_text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _groups(documents: Sequence[NewDocument]) -> list[list[NewDocument]]:
    """Split documents into groups of about `GROUP_CHUNKS` chunks; a document is never split."""
    groups: list[list[NewDocument]] = []
    filled = GROUP_CHUNKS
    for document in documents:
        if filled >= GROUP_CHUNKS:
            groups.append([])
            filled = 0
        groups[-1].append(document)
        filled += len(document.chunks)
    return groups


def _status_of(document: NewDocument) -> tuple[FileStatus, str]:
    """Return the status of a document that was read, and what is missing of it."""
    reasons = list(document.notes)
    if pages := document.pages_without_text:
        listed = ", ".join(map(str, pages[:5])) + (", …" if len(pages) > 5 else "")
        reasons.append(f"no text on page{'s' if len(pages) > 1 else ''} {listed}")
    return (FileStatus.PARTIAL, "; ".join(reasons)) if reasons else (FileStatus.INDEXED, "")


def _sample(items: Sequence[str], count: int) -> list[str]:
    """Choose items at random, all of them if they are few."""
    return list(items) if len(items) <= count else random.sample(list(items), count)
