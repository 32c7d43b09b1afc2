"""The one door to what is stored: catalog and vectors, kept in step.

The order of a write is what keeps them so: vectors first, then one catalog
transaction that makes them visible, then the removal of vectors that no chunk
names any more. A crash anywhere leaves spare vectors at worst, never a chunk
without its vector, and `ready` sweeps those away. Vectors are named by what
was embedded, so text that is already known, in any file, is never embedded
again.
"""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Self

from indexer.catalog import Catalog, FileRecord, StoredChunk
from indexer.config import IndexerSettings
from indexer.errors import KbError, StoreError, WorkerError
from indexer.index.documents import NewDocument, PutCounts, groups_of
from indexer.index.nearest import nearest_chunks
from indexer.index.reads import IndexReads
from indexer.index.repair import VectorWorker, bring_in_step, check_fingerprint, note_clean_end
from indexer.index.writing import GroupWriter
from indexer.paths import Places
from indexer.types import FileStatus, Vectors
from indexer.worker import Worker, WorkerInfo

__all__ = ["FileRecord", "Index", "NewDocument", "PutCounts", "StoredChunk", "VectorWorker"]

logger = logging.getLogger(__name__)

PURGE_AFTER_S = 30.0
"""How long vectors outlive their last chunk: one that moves between roots is forgotten before it is put."""


class Index(IndexReads):
    """Catalog and vectors of one user. Thread-safe; writes are one at a time."""

    def __init__(self, catalog: Catalog, worker: VectorWorker) -> None:
        super().__init__(catalog)
        self._worker = worker
        self._write_lock = threading.RLock()
        self._info: WorkerInfo | None = None
        self._is_in_step = False
        self._groups = GroupWriter(catalog, worker)
        self._purge_timer: threading.Timer | None = None

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
        """End the worker and close the catalog; a batch that is being embedded is given up."""
        if self._purge_timer is not None:
            self._purge_timer.cancel()
        ended_well = self._worker.close()
        self._groups.close()
        with self._write_lock:
            if self._is_in_step and ended_well:
                note_clean_end(self._catalog)
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
            check_fingerprint(self._catalog, info)
            self._info = info
        return info

    def ready(self) -> None:
        """Wait until vectors can be searched, and bring Chroma in step with the catalog.

        Until it has returned, `dense` compares with every vector of the catalog instead.

        Raises:
            ConfigError: If the configured model cannot be loaded.
            StoreMismatchError: If the index was built with another one.
            WorkerError: If the worker dies twice.
            StoreError: If catalog or vectors cannot be written.
        """
        if self._is_in_step:
            return
        # before the lock: while the model is being loaded, files may be forgotten and entered as failed.
        self.describe()
        with self._write_lock:
            if not self._is_in_step:
                # again: after a crash it is another child that has, or has not, opened the store.
                info = self.describe()
                if info.store_is_busy:
                    # not damage: what another process writes must not be thrown away under it.
                    raise StoreError(info.store_error)
                bring_in_step(self._catalog, self._worker, info.store_error)
                self._is_in_step = True

    # -- roots and ledger

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

    def set_statuses(self, records: Sequence[FileRecord]) -> None:
        """Enter files as skipped, failed or pending; only pending ones, and those told to, keep their chunks.

        Raises:
            UsageError: If one's root is none.
        """
        with self._write_lock, self._catalog.write() as catalog:
            for record in records:
                catalog.set_status(record)
                if record.status is not FileStatus.PENDING and not record.keeps_chunks:
                    catalog.drop_chunks(record.path)
            self._purge_later()

    def forget(self, paths: Collection[Path]) -> None:
        """Delete files from the index; vectors that no other file needs go half a minute later."""
        with self._write_lock, self._catalog.write() as catalog:
            catalog.forget(paths)
            self._purge_later()

    def purge(self) -> int:
        """Delete vectors that no chunk names any more, at once; return how many."""
        with self._write_lock:
            with self._catalog.write() as catalog:
                spare = catalog.delete_spare_vectors()
                catalog.count_up("vectors_deleted", len(spare))
            if spare and self._is_in_step:
                try:
                    self._worker.delete(spare)
                except (StoreError, WorkerError) as error:
                    # the catalog has forgotten them, which is what counts; mending sweeps the rest away.
                    logger.warning("purge_failed reason=%r", error.message)
                    self._mend_later()
        return len(spare)

    def put_documents(
        self, documents: Sequence[NewDocument], *, on_embedded: Callable[[int], None] = lambda _: None
    ) -> PutCounts:
        """Make these the contents of their files, embedding only text that is not known.

        Many small files in one call fill the embedder's batches. Each group of files
        becomes searchable as soon as it is embedded.

        Args:
            documents: The files.
            on_embedded: Told how many more texts are embedded, from another thread; a book takes minutes.

        Raises:
            StoreError: If catalog or vectors cannot be written; earlier groups stay written.
            WorkerError: If the worker dies twice over a group.
            UsageError: If a document's root is none.
        """
        if any(document.chunks for document in documents):
            self.ready()
        fingerprint = self._info.fingerprint if self._info else ""
        groups = groups_of(documents)
        done: list[PutCounts] = []
        with self._write_lock:
            try:
                self._groups.put(groups, fingerprint, on_embedded, done)
            except StoreError as error:
                logger.warning("vectors_failed reason=%r", error.message)
                # a child that was killed may have left files that no longer open; once mended, go on.
                self._is_in_step = False
                self.ready()
                self._groups.put(groups[len(done) :], fingerprint, on_embedded, done)
            self._purge_later()
        return PutCounts(sum(counts.chunks for counts in done), sum(counts.embedded for counts in done))

    # -- reads for search

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
        is_in_step = self._is_in_step
        try:
            return nearest_chunks(
                self._catalog, self._worker, query, top_k=top_k, under=under, is_in_step=is_in_step
            )
        except StoreError as error:
            if not is_in_step:
                raise
            logger.warning("vectors_unreadable reason=%r", error.message)
            self._mend_later()
            return nearest_chunks(
                self._catalog, self._worker, query, top_k=top_k, under=under, is_in_step=False
            )

    # -- inside

    def _mend_later(self) -> None:
        """Have Chroma brought in step again, in the background."""
        self._is_in_step = False
        threading.Thread(target=self._quietly, args=(self.ready,), name="mending", daemon=True).start()

    def _purge_later(self) -> None:
        if self._purge_timer is None or not self._purge_timer.is_alive():
            self._purge_timer = threading.Timer(PURGE_AFTER_S, self._quietly, args=(self.purge,))
            self._purge_timer.daemon = True
            self._purge_timer.start()

    def _quietly(self, task: Callable[[], object]) -> None:
        try:
            task()
        except KbError as error:
            # the next start does it; until then the catalog's own copies answer.
            logger.warning("background_task_failed reason=%r", error.message)
