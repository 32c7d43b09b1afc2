"""The one door to what is stored: catalog and vectors, kept in step.

The order of a write is what keeps them so: vectors first, then one catalog
transaction that makes them visible, then the removal of vectors that no chunk
names any more. A crash anywhere leaves spare vectors at worst, never a chunk
without its vector, and `ready` sweeps those away. Vectors are named by what
was embedded, so text that is already known, in any file, is never embedded
again.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Self

from indexer.catalog import Adoption, Catalog, FileRecord, Scope, StoredChunk
from indexer.config import IndexerSettings
from indexer.errors import KbError, StoreError, WorkerError
from indexer.index.compaction import Compaction, current_store, leftover_stores
from indexer.index.documents import NewDocument, PutCounts
from indexer.index.nearest import nearest_chunks
from indexer.index.reads import IndexReads
from indexer.index.rebuild import keep_roots, open_catalog
from indexer.index.repair import VectorWorker, note_clean_end
from indexer.index.turns import Turns
from indexer.index.writing import DocumentWriter, PutOrder
from indexer.paths import Places
from indexer.types import FileStatus, Vectors
from indexer.worker import Worker, WorkerInfo

__all__ = ["FileRecord", "Index", "NewDocument", "PutCounts", "Scope", "StoredChunk", "VectorWorker"]

logger = logging.getLogger(__name__)

PURGE_AFTER_S = 30.0
"""How long vectors outlive their last chunk: one that moves between roots is forgotten before it is put."""


class Index(IndexReads):
    """Catalog and vectors of one user. Thread-safe; writes are one at a time."""

    def __init__(self, catalog: Catalog, worker: VectorWorker) -> None:
        super().__init__(catalog)
        self._worker = worker
        self._turns = Turns(catalog, worker)
        self._documents = DocumentWriter(catalog, worker, self._turns)
        self._compaction = Compaction(catalog, worker, self._turns)
        self._purge_timer: threading.Timer | None = None

    @classmethod
    def open(cls, places: Places, settings: IndexerSettings) -> Self:
        """Open the catalog and start the worker; returns before the model is loaded.

        A catalog that was lost or damaged is begun anew, with the same roots.

        Raises:
            ConfigError: If a directory cannot be made.
            StoreError: If the catalog cannot be opened.
            WorkerError: If no process can be started.
        """
        places.create()
        catalog = open_catalog(places)
        try:
            store = current_store(catalog)
            worker = Worker.start(
                settings.embedding,
                places,
                store_name=store,
                nice=settings.indexer.nice,
                search=settings.search,
            )
            for name in leftover_stores(places.index_dir, store):
                logger.info("store_left_over name=%s", name)
                worker.remove_store(name)
            return cls(catalog, worker)
        except BaseException:
            catalog.close()
            raise

    def close(self) -> None:
        """End the worker and close the catalog; a batch that is being embedded is given up."""
        if self._purge_timer is not None:
            self._purge_timer.cancel()
        self._turns.close()
        ended_well = self._worker.close()
        self._compaction.close()
        with self._turns.lock:
            if self._turns.is_in_step and ended_well:
                # on a full disk, say, the next start reads everything back, which is all that is lost.
                with contextlib.suppress(StoreError):
                    note_clean_end(self._catalog)
            self._catalog.close()

    def trouble(self) -> str:
        """Return why this index has to be opened again, as a word for the log; empty if it has not."""
        return self._catalog.trouble()

    # -- readiness

    def describe(self) -> WorkerInfo:
        """Return the facts of the worker, waiting until its model is loaded.

        Raises:
            ConfigError: If the configured model cannot be loaded.
            StoreMismatchError: If the index was built with another one.
            WorkerError: If the worker dies.
        """
        return self._turns.describe()

    def ready(self) -> None:
        """Wait until vectors can be searched, and bring Chroma in step with the catalog.

        Until it has returned, `dense` compares with every vector of the catalog instead.

        Raises:
            ConfigError: If the configured model cannot be loaded.
            StoreMismatchError: If the index was built with another one.
            WorkerError: If the worker dies twice.
            StoreError: If catalog or vectors cannot be written.
        """
        self._turns.ready()
        self._compaction.begin_if_worth()

    @property
    def rebuilding(self) -> tuple[int, int] | None:
        """Vectors stored and all there are, while Chroma is being rebuilt beside itself; else `None`."""
        return self._compaction.progress

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
        keep_roots(self._catalog)

    def remove_root(self, path: Path) -> int:
        """Forget a root, its files, and vectors that no other file needs; return how many files."""
        with self._turns.lock:
            with self._catalog.write() as catalog:
                count = catalog.remove_root(path)
            keep_roots(self._catalog)
            self.purge()
        return count

    def set_statuses(self, records: Sequence[FileRecord]) -> None:
        """Enter files as skipped, failed or pending; only pending ones, and those told to, keep their chunks.

        Files of a root that was removed meanwhile are left out.
        """
        with self._turns.lock, self._catalog.write() as catalog:
            roots = set(catalog.roots())
            for record in records:
                if record.root not in roots:
                    continue
                catalog.set_status(record)
                if record.status is not FileStatus.PENDING and not record.keeps_chunks:
                    catalog.drop_chunks(record.path)
            self._purge_later()

    def adopt(self, adoptions: Sequence[Adoption]) -> list[Adoption]:
        """Index files by what is stored of others with the same bytes, embedding nothing.

        All of them become searchable at once, and what moves is never absent in between.

        Returns:
            Those that were not done, because what is stored changed meanwhile.
        """
        with self._turns.lock, self._catalog.write() as catalog:
            failed = [adoption for adoption in adoptions if not catalog.adopt(adoption)]
            self._purge_later()
        return failed

    def forget(self, paths: Collection[Path]) -> None:
        """Delete files from the index; vectors that no other file needs go half a minute later."""
        with self._turns.lock, self._catalog.write() as catalog:
            catalog.forget(paths)
            self._purge_later()

    def purge(self, *, is_drained: bool = False) -> int:
        """Delete vectors that no chunk names any more, at once; return how many.

        Args:
            is_drained: Whether no document is under way, so that what was embedded of one that
                was never finished goes as well, and it is time to tidy up.
        """
        with self._turns.lock:
            keep = self._documents.reserved()
            with self._catalog.write() as catalog:
                spare = catalog.delete_spare_vectors(keep)
                if is_drained and catalog.meta("has_vectors_ahead") == "1":
                    spare += catalog.delete_vectors_ahead(keep)
                    catalog.set_meta("has_vectors_ahead", "0")
                catalog.count_up("vectors_deleted", len(spare))
            if spare and self._turns.is_in_step:
                try:
                    self._worker.delete(spare)
                except (StoreError, WorkerError) as error:
                    # the catalog has forgotten them, which is what counts; mending sweeps the rest away.
                    logger.warning("purge_failed reason=%r", error.message)
                    self._mend_later()
        if is_drained:
            self._catalog.empty_log()
        self._compaction.begin_if_worth()
        return len(spare)

    def new_chunks(self, document: NewDocument) -> int:
        """Count the texts of a document that would have to be embedded; waits for the model."""
        return self._documents.count_new(document, self._fingerprint()) if document.chunks else 0

    def put_documents(
        self,
        documents: Sequence[NewDocument],
        *,
        is_urgent: bool = False,
        on_embedded: Callable[[int], None] = lambda _: None,
        is_wanted: Callable[[NewDocument], bool] = lambda _: True,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> PutCounts:
        """Make these the contents of their files, embedding only text that is not known.

        Many small files in one call fill the embedder's batches. Each group of files
        becomes searchable as soon as it is embedded. Another thread may put other documents
        meanwhile. Documents of a root that was removed are left out.

        Args:
            documents: The files.
            is_urgent: Whether they overtake documents that are being put and are not urgent.
            on_embedded: Told how many more texts are embedded, from another thread; a book takes minutes.
            is_wanted: Whether a document is still what its file holds; also asked right before it is written.
            goes_on: Whether to go on with the next part; what is not begun then is left out.

        Raises:
            StoreError: If catalog or vectors cannot be written; earlier groups stay written.
            WorkerError: If the worker dies twice over a group.
        """
        order = PutOrder(
            fingerprint=self._fingerprint() if any(document.chunks for document in documents) else "",
            is_urgent=is_urgent,
            on_embedded=on_embedded,
            is_wanted=is_wanted,
            goes_on=goes_on,
        )
        done: list[PutCounts] = []
        try:
            self._documents.put(documents, order, done)
        finally:
            self._purge_later()
        return PutCounts(
            sum(counts.chunks for counts in done),
            sum(counts.embedded for counts in done),
            tuple(document for counts in done for document in counts.written),
        )

    # -- reads for search

    def dense(
        self, query: str, *, top_k: int, scope: Scope | None = None
    ) -> tuple[Vectors, list[tuple[int, float]]]:
        """Rank chunks by the similarity of their embedding to the query's.

        Args:
            query: What to embed.
            top_k: How many at most.
            scope: The files to stay in; `None` for everywhere.

        Returns:
            The query's vector, and (chunk id, cosine similarity), best first.

        Raises:
            WorkerError: If the worker dies twice.
            StoreMismatchError: If the index was built with another model.
        """
        if self._turns.info is None:
            self.describe()
        is_in_step = self._turns.is_in_step
        try:
            return nearest_chunks(
                self._catalog, self._worker, query, top_k=top_k, scope=scope, is_in_step=is_in_step
            )
        except StoreError as error:
            if not is_in_step:
                raise
            logger.warning("vectors_unreadable reason=%r", error.message)
            self._mend_later()
            return nearest_chunks(
                self._catalog, self._worker, query, top_k=top_k, scope=scope, is_in_step=False
            )

    @property
    def reranker(self) -> str:
        """What the reranker did last, or why it does nothing; empty where none is configured."""
        return self._worker.reranker

    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]:
        """Have a cross-encoder read passages with a question; see `Worker.rerank`."""
        return self._worker.rerank(question, texts)

    # -- inside

    def _fingerprint(self) -> str:
        return (self._turns.info or self.describe()).fingerprint

    def _mend_later(self) -> None:
        self._turns.mend_later()

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
