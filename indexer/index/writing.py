"""Documents on their way into the catalog: embedded beside all other work, written in short turns.

Nothing is locked while text is embedded, so that a file somebody just saved is
embedded and written in the middle of a large batch. What is embedded of a
document of many parts is kept in the catalog as it comes: whoever is
interrupted, and starts again, embeds nothing twice. Chroma gets the vectors of
a document when all are there, and one transaction makes its chunks visible.
"""

import contextlib
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from indexer.catalog import Catalog
from indexer.errors import StoreError
from indexer.index.documents import (
    GROUP_CHUNKS,
    NewDocument,
    Prepared,
    PutCounts,
    groups_of,
    vector_id_of,
)
from indexer.index.repair import VectorWorker
from indexer.index.turns import Turns
from indexer.types import Embeddings


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOrder:
    """How documents are put."""

    fingerprint: str
    """Part of every vector's name."""

    is_urgent: bool = False
    """Whether they go before the next pass of those that are not."""

    on_embedded: Callable[[int], None] = lambda _: None
    """Told how many more texts are embedded, from another thread."""

    is_wanted: Callable[[NewDocument], bool] = lambda _: True
    """Whether a document is still to be written; asked again right before it is."""

    goes_on: Callable[[], bool] = lambda: True
    """Whether to begin another part."""


@dataclass(slots=True)
class Group:
    """Documents that become visible together."""

    entries: list[Prepared]
    wanted: dict[str, str]
    """Texts by vector id."""

    embedded: int = 0
    parts: int = 0

    @classmethod
    def of(cls, documents: Sequence[NewDocument], fingerprint: str) -> "Group":
        """Name the vectors that documents need."""
        entries = [
            Prepared(document, [vector_id_of(chunk.embedded_text, fingerprint) for chunk in document.chunks])
            for document in documents
        ]
        wanted = {
            vector_id: chunk.embedded_text
            for entry in entries
            for vector_id, chunk in zip(entry.vector_ids, entry.document.chunks, strict=True)
        }
        return cls(entries, wanted)


@dataclass(frozen=True, slots=True)
class Part:
    """Texts of a group that one request embeds."""

    group: Group
    ids: list[str]
    is_last: bool
    embedding: Future[Embeddings] | None
    """`None` where there is nothing new."""


class DocumentWriter:
    """Embeds documents and commits them. Thread-safe: several threads may put at the same time."""

    def __init__(self, catalog: Catalog, worker: VectorWorker, turns: Turns) -> None:
        self._catalog = catalog
        self._worker = worker
        self._turns = turns
        self._reserved: Counter[str] = Counter()
        self._reserved_lock = threading.Lock()
        turns.reserved = self.reserved

    def reserved(self) -> set[str]:
        """Return the ids of the vectors that documents under way need; none of them may be deleted."""
        with self._reserved_lock:
            return set(self._reserved)

    def put(self, documents: Sequence[NewDocument], order: PutOrder, done: list[PutCounts]) -> None:
        """Embed and commit documents, in groups and in order.

        Args:
            documents: What to put.
            order: How.
            done: Grows by one with each group that is committed, also when a later one fails.

        Raises:
            StoreError: If catalog or vectors cannot be written.
            WorkerError: If the worker dies twice over a part.
        """
        # one thread, so that parts are embedded in order; what is under way when a write fails is waited for.
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        with self._reserving() as reserve, pool:
            ahead: Part | None = None
            for part in self._parts(documents, order, reserve, pool):
                # while this part is being embedded, the one before it is written.
                current, ahead = ahead, part
                if current is not None:
                    self._take(current, order, done)
            if ahead is not None:
                self._take(ahead, order, done)

    def count_new(self, document: NewDocument, fingerprint: str) -> int:
        """Count the texts of a document that would have to be embedded."""
        wanted = {vector_id_of(chunk.embedded_text, fingerprint) for chunk in document.chunks}
        with self._catalog.read() as catalog:
            return len(wanted) - len(catalog.known_vectors(list(wanted)))

    @contextlib.contextmanager
    def _reserving(self) -> Iterator[Callable[[Collection[str]], None]]:
        """Return a function that keeps vectors from being deleted until the block ends."""
        taken: list[str] = []

        def reserve(ids: Collection[str]) -> None:
            taken.extend(ids)
            with self._reserved_lock:
                self._reserved.update(ids)

        try:
            yield reserve
        finally:
            with self._reserved_lock:
                self._reserved.subtract(taken)
                self._reserved = +self._reserved

    def _parts(
        self,
        documents: Sequence[NewDocument],
        order: PutOrder,
        reserve: Callable[[Collection[str]], None],
        pool: ThreadPoolExecutor,
    ) -> Iterator[Part]:
        """Have groups embedded part by part; the next part begins when it is asked for."""
        coming: set[str] = set()
        for members in groups_of(documents):
            group = Group.of(members, order.fingerprint)
            # between two writes, so that no deletion is under way: what is known now stays known.
            with self._turns.lock:
                reserve(group.wanted.keys())
                with self._catalog.read() as catalog:
                    known = catalog.known_vectors(list(group.wanted))
            ids = [each for each in group.wanted if each not in known and each not in coming]
            pages = [ids[start : start + GROUP_CHUNKS] for start in range(0, len(ids), GROUP_CHUNKS)] or [[]]
            group.parts = len(pages)
            for number, page in enumerate(pages, start=1):
                if not order.goes_on():
                    return
                if not self._is_wanted(group, order):
                    break
                coming.update(page)
                embedding = pool.submit(self._embed, group, page, order) if page else None
                yield Part(group, page, number == len(pages), embedding)

    def _is_wanted(self, group: Group, order: PutOrder) -> bool:
        with self._catalog.read() as catalog:
            roots = set(catalog.roots())
        return any(
            entry.document.root in roots and order.is_wanted(entry.document) for entry in group.entries
        )

    def _embed(self, group: Group, ids: Sequence[str], order: PutOrder) -> Embeddings:
        made = self._worker.embed([group.wanted[each] for each in ids], is_urgent=order.is_urgent)
        order.on_embedded(len(ids))
        return made

    def _take(self, part: Part, order: PutOrder, done: list[PutCounts]) -> None:
        """Write what was embedded, and the documents where that was the last of it."""
        made = None if part.embedding is None else part.embedding.result()
        part.group.embedded += len(part.ids)
        if not part.is_last:
            assert made is not None
            self._keep(part.ids, made)
        elif not part.group.wanted:
            with self._turns.lock:
                done.append(self._commit(part.group, [], None, order))
        else:
            self._finish(part, made, order, done)

    def _keep(self, ids: Sequence[str], made: Embeddings) -> None:
        """Keep vectors of a document of which more is to come; only the catalog has them until then."""
        with self._catalog.write() as catalog:
            catalog.add_vectors(ids, made)
            catalog.count_up("embedded_total", len(ids))
            catalog.set_meta("has_vectors_ahead", "1")

    def _finish(self, part: Part, made: Embeddings | None, order: PutOrder, done: list[PutCounts]) -> None:
        group = part.group
        stored: set[str] = set()
        epoch = self._turns.epoch
        with self._catalog.read() as catalog:
            copies = sorted(catalog.vectors_ahead(list(group.wanted)))
        # in several turns, so that others write in between.
        for start in range(0, len(copies) - GROUP_CHUNKS, GROUP_CHUNKS):
            if not order.goes_on() or not self._is_wanted(group, order):
                return
            page = copies[start : start + GROUP_CHUNKS]
            self._turns.writing(functools.partial(self._store_copies, page))
            stored.update(page)

        def write() -> PutCounts:
            # Chroma was put in order meanwhile, by which vectors without a chunk went.
            is_stored = stored if self._turns.epoch == epoch else set[str]()
            with self._catalog.read() as catalog:
                known = catalog.known_vectors(list(group.wanted))
                copies = catalog.vectors_ahead(list(group.wanted)) - is_stored
            fresh = [at for at, vector_id in enumerate(part.ids) if vector_id not in known]
            if len(known) + len(fresh) < len(group.wanted):
                raise StoreError("vectors of a document vanished while it was being indexed")
            if made is not None and fresh:
                self._worker.store([part.ids[at] for at in fresh], made.vectors[fresh])
            self._store_copies(sorted(copies))
            return self._commit(group, part.ids, made, order)

        done.append(self._turns.writing(write))

    def _store_copies(self, ids: Sequence[str]) -> None:
        """Store vectors in Chroma that only the catalog has."""
        if ids:
            with self._catalog.read() as catalog:
                found, rows = catalog.vectors_by_id(ids)
            self._worker.store(found, rows.astype(np.float32))

    def _commit(
        self, group: Group, ids: Sequence[str], made: Embeddings | None, order: PutOrder
    ) -> PutCounts:
        """Make those documents of a group searchable that are still wanted, in one transaction."""
        now = time.time()
        written: list[NewDocument] = []
        with self._catalog.write() as catalog:
            if made is not None:
                catalog.add_vectors(ids, made)
                catalog.count_up("embedded_total", len(ids))
            roots = set(catalog.roots())
            for entry in group.entries:
                document = entry.document
                if document.root not in roots or not order.is_wanted(document):
                    continue
                file_id = catalog.put_file(entry.record(indexed_at=now))
                catalog.replace_chunks(file_id, document.chunks, entry.vector_ids, name=entry.searchable_name)
                written.append(document)
            if len(written) < len(group.entries):
                catalog.set_meta("has_vectors_ahead", "1")
        chunks = sum(len(document.chunks) for document in written)
        return PutCounts(chunks, group.embedded, tuple(written))
