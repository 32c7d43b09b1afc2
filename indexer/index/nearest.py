"""The chunks nearest to a query: from Chroma, or by comparing one by one.

Chroma answers for everything. Inside a scope of some thousand chunks, comparing
the catalog's own copies is faster than Chroma's filter and exact; it also
answers while Chroma is being restored.
"""

import numpy as np

from indexer.catalog import Catalog, Scope
from indexer.index.repair import VectorWorker
from indexer.types import Vectors

SCAN_CHUNKS = 5_000
"""Chunks of a scope up to which they are compared one by one, at 2 ms for each thousand.

Chroma's own filter takes 40 ms and more for the same.
"""

FETCHED_VECTORS = 2_000
"""Vectors asked of Chroma at most, to find those of a scope among them."""

SPARE_HITS = 16
"""Vectors asked for beyond what is wanted, since some may belong to no chunk any more."""

Ranking = list[tuple[int, float]]
"""(chunk id, cosine similarity), best first."""


def nearest_chunks(
    catalog: Catalog,
    worker: VectorWorker,
    query: str,
    *,
    top_k: int,
    scope: Scope | None,
    is_in_step: bool,
    scan_chunks: int = SCAN_CHUNKS,
) -> tuple[Vectors, Ranking]:
    """Rank chunks by the similarity of their embedding to the query's.

    Args:
        catalog: Our own copies of the vectors, and whose they are.
        worker: Embeds the query and asks Chroma.
        query: What to embed.
        top_k: How many at most.
        scope: The files to stay in; `None` for everywhere.
        is_in_step: Whether Chroma holds what the catalog holds.
        scan_chunks: Chunks of a scope up to which they are compared one by one.

    Raises:
        StoreError: If Chroma cannot answer, or the catalog cannot.
        WorkerError: If the worker dies twice.
    """
    wanted = top_k + SPARE_HITS
    with catalog.read() as transaction:
        total = transaction.chunk_count()
    size = total if scope is None else scope.chunks
    if scope is not None and size > scan_chunks:
        # twice as many as hold the scope's share, if it is like the rest.
        wanted = min(2 * top_k * total // size + SPARE_HITS, FETCHED_VECTORS)
    if not is_in_step or (scope is not None and size <= scan_chunks):
        vector = worker.embed_query(query)
        return vector, _compare_all(catalog, vector, top_k, scope)
    vector, found = worker.search(query, wanted)
    with catalog.read() as transaction:
        # one vector stands for every copy of a text.
        chunks = transaction.chunks_of_vectors([vector_id for vector_id, _ in found], scope=scope)
    ranking = [
        (chunk_id, similarity) for vector_id, similarity in found for chunk_id in chunks.get(vector_id, ())
    ]
    if len(ranking) < min(top_k, size):
        # the scope is about something else, or many vectors have just lost their last chunk.
        return vector, _compare_all(catalog, vector, top_k, scope)
    return vector, ranking[:top_k]


def _compare_all(catalog: Catalog, vector: Vectors, top_k: int, scope: Scope | None) -> Ranking:
    ids: list[int] = []
    parts: list[Vectors] = []
    with catalog.read() as transaction:
        for page, rows in transaction.walk_vectors(scope=scope):
            ids.extend(page)
            parts.append(rows.astype(np.float32) @ vector)
    if not ids:
        return []
    similarities = np.concatenate(parts)
    best = np.lexsort((np.asarray(ids), -similarities))[:top_k]
    return [(ids[at], float(similarities[at])) for at in best]
