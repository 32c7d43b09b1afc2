"""Groups of documents on their way in: the next one is embedded while one is committed."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from indexer.catalog import Catalog
from indexer.index.documents import (
    GROUP_CHUNKS,
    Embedded,
    NewDocument,
    Prepared,
    PutCounts,
    vector_id_of,
)
from indexer.index.repair import VectorWorker
from indexer.types import Embeddings


class GroupWriter:
    """Embeds in a thread of its own and commits in the caller's. Not thread-safe."""

    def __init__(self, catalog: Catalog, worker: VectorWorker) -> None:
        self._catalog = catalog
        self._worker = worker
        self._embedding = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")

    def close(self) -> None:
        """End the thread, once the worker has answered or was closed."""
        self._embedding.shutdown(cancel_futures=True)

    def put(
        self,
        groups: Sequence[Sequence[NewDocument]],
        fingerprint: str,
        on_embedded: Callable[[int], None],
        done: list[PutCounts],
    ) -> None:
        """Embed and commit groups in order.

        Args:
            groups: What to put.
            fingerprint: The embedding model's; part of every vector's name.
            on_embedded: Told how many more texts are embedded, from another thread.
            done: Grows by one with each group that is committed, also when a later one fails.

        Raises:
            StoreError: If catalog or vectors cannot be written.
            WorkerError: If the worker dies twice over a group.
            UsageError: If a document's root is none.
        """
        ahead: _UnderWay | None = None
        try:
            for group in (*groups, None):
                # what the group before it brings is committed before it, or neither is.
                coming = () if ahead is None else ahead.ids
                upcoming = None if group is None else self._begin(group, fingerprint, coming, on_embedded)
                current, ahead = ahead, upcoming
                if current is not None:
                    done.append(self._commit(current.prepared, current.embedded.result()))
        finally:
            if ahead is not None:
                # after an error: what is stored now and never committed must not appear during a repair.
                wait([ahead.embedded])

    def _begin(
        self,
        group: Sequence[NewDocument],
        fingerprint: str,
        coming: Sequence[str],
        on_embedded: Callable[[int], None],
    ) -> "_UnderWay":
        """Find out what of a group is new, and have it embedded in the background."""
        prepared = [
            Prepared(document, [vector_id_of(chunk.embedded_text, fingerprint) for chunk in document.chunks])
            for document in group
        ]
        wanted = {
            vector_id: chunk.embedded_text
            for entry in prepared
            for vector_id, chunk in zip(entry.vector_ids, entry.document.chunks, strict=True)
        }
        with self._catalog.read() as catalog:
            known = catalog.known_vectors(list(wanted)).union(coming)
        ids = [vector_id for vector_id in wanted if vector_id not in known]
        texts = [wanted[vector_id] for vector_id in ids]
        return _UnderWay(prepared, ids, self._embedding.submit(self._embed, ids, texts, on_embedded))

    def _embed(self, ids: list[str], texts: list[str], on_embedded: Callable[[int], None]) -> Embedded:
        parts: list[tuple[list[str], Embeddings]] = []
        for start in range(0, len(ids), GROUP_CHUNKS):
            part = ids[start : start + GROUP_CHUNKS]
            made = self._worker.embed_and_store(part, texts[start : start + GROUP_CHUNKS])
            parts.append((part, made))
            on_embedded(len(part))
        return Embedded(parts)

    def _commit(self, group: Sequence[Prepared], embedded: Embedded) -> PutCounts:
        """Make a group searchable, in one transaction."""
        now = time.time()
        with self._catalog.write() as catalog:
            for ids, made in embedded.parts:
                catalog.add_vectors(ids, made)
            catalog.count_up("embedded_total", embedded.count)
            for entry in group:
                file_id = catalog.put_file(entry.record(indexed_at=now))
                catalog.replace_chunks(
                    file_id, entry.document.chunks, entry.vector_ids, name=entry.searchable_name
                )
        return PutCounts(sum(len(entry.document.chunks) for entry in group), embedded.count)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A group whose new texts are being embedded."""

    prepared: list[Prepared]
    ids: list[str]
    embedded: Future[Embedded]
