"""Bringing Chroma in step with the catalog, which is the truth.

Vectors that Chroma lacks are put back from the catalog's own copies and spare
ones are deleted. A directory that is damaged is made anew; no text is embedded
for it.
"""

import logging
import random
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import numpy as np

from indexer.catalog import Catalog
from indexer.errors import StoreError, StoreMismatchError, WorkerError
from indexer.types import Embeddings, Vectors
from indexer.worker import WorkerInfo

logger = logging.getLogger(__name__)

PROBED_VECTORS = 256
"""Vectors read back after a clean end; after any other, all are."""

PAGE_VECTORS = 1_000
"""Vectors sent to Chroma at a time."""

_CHUNKER_MARK = "-chunker-"


class VectorWorker(Protocol):
    """What the index needs of `indexer.worker.Worker`."""

    reranker: str

    def describe(self) -> WorkerInfo:
        """Return the facts of the running child."""

    def tell_of_crashes(self, listener: Callable[[], None]) -> None:
        """Have a function called whenever the child died."""

    def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
        """Embed texts, and return what the model made of them."""

    def store(
        self, ids: Sequence[str], vectors: Vectors, *, is_beside: bool = False, is_urgent: bool = True
    ) -> None:
        """Store vectors under their ids."""

    def delete(self, ids: Sequence[str], *, is_beside: bool = False) -> None:
        """Delete vectors."""

    def open_beside(self, name: str) -> None:
        """Make an empty store beside the present one."""

    def switch(self, name: str) -> None:
        """Answer from the store beside from now on."""

    def remove_store(self, name: str) -> None:
        """Delete a store that is not in use."""

    def ids(self) -> list[str]:
        """Return the ids of all stored vectors."""

    def probe(self, ids: Sequence[str], vectors: "Vectors | None" = None) -> None:
        """Read vectors back, and compare them."""

    def embed_query(self, text: str) -> Vectors:
        """Embed a question."""

    def search(self, text: str, top_k: int) -> tuple[Vectors, list[tuple[str, float]]]:
        """Embed a question and find the nearest vectors."""

    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]:
        """Read passages with a question, as many as time allows."""

    def reset_store(self) -> None:
        """Throw the vector store away and start over with an empty one."""

    def close(self) -> bool:
        """End the child; tell whether it ended by itself."""


def check_fingerprint(catalog: Catalog, info: WorkerInfo) -> None:
    """Note the embedding model of an empty index, and refuse another one for an index that is not.

    Raises:
        StoreMismatchError: If the vectors were made by another model.
    """
    with catalog.write() as transaction:
        stored = transaction.meta("fingerprint")
        if stored == info.fingerprint:
            return
        if stored is not None and transaction.vector_count():
            if _model_of(stored) == _model_of(info.fingerprint):
                # chunks that were cut otherwise can be searched as well as ever.
                return
            raise StoreMismatchError(
                stored=f"{transaction.meta('model')} ({stored})",
                configured=f"{info.model} ({info.fingerprint})",
            )
        transaction.set_meta("fingerprint", info.fingerprint)
        transaction.set_meta("model", info.model)


def chunker_of(fingerprint: str) -> str:
    """Return the version of the chunker that a fingerprint names; empty if it names none."""
    return fingerprint.partition(_CHUNKER_MARK)[2]


def _model_of(fingerprint: str) -> str:
    return fingerprint.partition(_CHUNKER_MARK)[0]


def bring_in_step(
    catalog: Catalog,
    worker: VectorWorker,
    store_error: str,
    *,
    keep: Collection[str] = (),
    probed_vectors: int = PROBED_VECTORS,
) -> None:
    """Make Chroma hold exactly the catalog's vectors; nothing else may write meanwhile.

    Args:
        catalog: The truth.
        worker: The one who has Chroma open.
        store_error: Why it has not; empty if it has.
        keep: Ids of vectors that no chunk names yet, and that are about to be named.
        probed_vectors: How many vectors are read back after a clean end.

    Raises:
        WorkerError: If the worker dies twice.
        StoreError: If catalog or vectors cannot be written.
    """
    with catalog.write() as transaction:
        transaction.count_up("vectors_deleted", len(transaction.delete_spare_vectors(keep)))
        expected = transaction.vector_ids()
        was_clean = transaction.meta("vectors_are_clean") == "1"
        # until the next clean end.
        transaction.set_meta("vectors_are_clean", "0")
    present: set[str] = set()
    reason = store_error
    if not reason:
        try:
            present = set(worker.ids())
            stored = sorted(expected & present)
            _probe(catalog, worker, _sample(stored, probed_vectors) if was_clean else stored)
        except (StoreError, WorkerError) as error:
            reason = error.message
    if reason:
        logger.warning("vectors_rebuilt count=%d reason=%r", len(expected), reason)
        worker.reset_store()
        with catalog.write() as transaction:
            transaction.set_meta("vectors_deleted", "0")
        present = set()
    _restore(catalog, worker, sorted(expected - present))
    if surplus := sorted(present - expected):
        logger.info("vectors_swept count=%d", len(surplus))
        worker.delete(surplus)
        with catalog.write() as transaction:
            transaction.count_up("vectors_deleted", len(surplus))


def note_clean_end(catalog: Catalog) -> None:
    """Note that Chroma was closed in step, so that the next start need not read all of it."""
    with catalog.write() as transaction:
        transaction.set_meta("vectors_are_clean", "1")


def _probe(catalog: Catalog, worker: VectorWorker, vector_ids: Sequence[str]) -> None:
    """Read vectors back from Chroma and compare them with the catalog's copies."""
    for start in range(0, len(vector_ids), PAGE_VECTORS):
        with catalog.read() as transaction:
            ids, rows = transaction.vectors_by_id(vector_ids[start : start + PAGE_VECTORS])
        worker.probe(ids, rows.astype(np.float32))


def _restore(catalog: Catalog, worker: VectorWorker, vector_ids: Sequence[str]) -> None:
    for start in range(0, len(vector_ids), PAGE_VECTORS):
        with catalog.read() as transaction:
            ids, rows = transaction.vectors_by_id(vector_ids[start : start + PAGE_VECTORS])
        worker.store(ids, rows.astype(np.float32))


def _sample(items: Sequence[str], count: int) -> list[str]:
    """Choose items at random, all of them if they are few."""
    return list(items) if len(items) <= count else random.sample(list(items), count)
