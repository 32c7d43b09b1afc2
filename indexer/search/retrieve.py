"""From a question to passages: two retrievers, one score, one passage per text.

Lexical and dense retrieval run side by side, since one waits for the worker
process and the other for SQLite. Every candidate then gets its exact cosine,
whoever found it, and that of its best window, so that no score depends on which
list a chunk happened to be in; one that only the dense retriever found counts as holding no word.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from indexer.catalog import Scope, StoredChunk
from indexer.search.fusion import blend, full_score, fuse, rarity
from indexer.search.highlights import best_sentences
from indexer.search.query import Query, exact_expression, match_expression, parse_query, rarest
from indexer.types import Passage, Vectors

CANDIDATES = 64
"""Chunks asked of each retriever; 50 and 200 rank the same."""

MOST_ROUNDS, DEEPER = 4, 4
"""How often it is asked again, and for how much more, where copies leave too few passages."""

LEAST_BEGINNING_CHARS = 4
"""Length from which on a word that no chunk holds is taken for the beginning of one."""

COMMON_CHUNKS = 2_000
"""See `search`; such a word's rarity is nil, and scoring 100,000 chunks for it takes a tenth of a second."""


class SearchIndex(Protocol):
    """What a search needs of `indexer.index.Index`, which documents each method."""

    # ruff: noqa: D102
    def chunk_count(self) -> int: ...
    def word_counts(self, words: Sequence[str]) -> Mapping[str, int]: ...
    def lexical(self, match: str, *, top_k: int, scope: Scope | None = None) -> list[tuple[int, float]]: ...
    def dense(
        self, query: str, *, top_k: int, scope: Scope | None = None
    ) -> tuple[Vectors, list[tuple[int, float]]]: ...
    def similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]: ...
    def window_similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]: ...
    def chunks(self, chunk_ids: Sequence[int]) -> list[StoredChunk]: ...


def search(
    index: SearchIndex,
    query: str,
    *,
    top_k: int,
    scope: Scope | None = None,
    common_chunks: int = COMMON_CHUNKS,
) -> tuple[Passage, ...]:
    """Find the passages that answer a question best.

    Args:
        index: Where to look.
        query: What the person typed; anything goes. Text that stands wholly in double
            quotes must stand so in a passage.
        top_k: How many passages at most.
        scope: The files to stay in; `None` for everywhere.
        common_chunks: Words in more chunks than this, and in more than half of all, are left to meaning.

    Returns:
        Passages best first, no two with the same text; empty if nothing is indexed.

    Raises:
        UsageError: If the query is empty.
        IndexerError: If the index cannot serve.
    """
    parsed = parse_query(query)
    total = index.chunk_count()
    if total == 0 or top_k <= 0:
        return ()
    depth = max(CANDIDATES, 2 * top_k)
    for _ in range(MOST_ROUNDS):
        found, is_all = _search_once(
            index, parsed, top_k=top_k, depth=depth, total=total, scope=scope, common_chunks=common_chunks
        )
        if is_all or len(found) == top_k:
            break
        # copies of one text took the places of others.
        depth *= DEEPER
    return found


def _search_once(
    index: SearchIndex,
    parsed: Query,
    *,
    top_k: int,
    depth: int,
    total: int,
    scope: Scope | None,
    common_chunks: int,
) -> tuple[tuple[Passage, ...], bool]:
    """Return the best of `depth` candidates, and whether there are no others."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dense") as pool:
        pending = pool.submit(index.dense, parsed.embedded, top_k=depth, scope=scope)
        counts = index.word_counts(parsed.words)
        words = rarest(parsed.words, counts)
        match = _expression(parsed, words, counts, common=max(common_chunks, total // 2))
        lexical = dict(index.lexical(match, top_k=depth, scope=scope)) if match else {}
        query_vector, nearest = pending.result()
    similarity = dict(nearest)
    if parsed.is_exact:
        similarity = {chunk_id: similarity[chunk_id] for chunk_id in lexical if chunk_id in similarity}
    similarity |= index.similarities(query_vector, [found for found in lexical if found not in similarity])
    closeness = blend(similarity, index.window_similarities(query_vector, list(similarity)))
    ranking = fuse(lexical, closeness, full=full_score(words, counts, total))
    weights = {word: rarity(counts.get(word, 0), total) for word in words}
    is_all = len(lexical) < depth and (parsed.is_exact or len(nearest) < depth)
    return tuple(
        Passage(
            chunk_id=chunk.chunk_id,
            path=chunk.path,
            root=chunk.root,
            title=chunk.title,
            text=chunk.text,
            locator=chunk.locator,
            score=min(1.0, max(0.0, score)),
            similarity=similarity[chunk.chunk_id],
            lexical=lexical.get(chunk.chunk_id, 0.0),
            highlights=best_sentences(chunk.text, weights),
        )
        for chunk, score in _distinct(index, ranking, top_k)
    ), is_all


def _expression(query: Query, words: Sequence[str], counts: Mapping[str, int], *, common: int) -> str:
    """Return what to ask the full-text index for; empty for nothing."""
    if query.is_exact:
        return exact_expression(query.phrases)
    return match_expression(
        [word for word in words if 0 < counts.get(word, 0) <= common],
        beginnings=[
            word for word in words if counts.get(word, 0) == 0 and len(word) >= LEAST_BEGINNING_CHARS
        ],
        phrases=query.phrases,
    )


def _distinct(
    index: SearchIndex, ranking: Sequence[tuple[int, float]], top_k: int
) -> list[tuple[StoredChunk, float]]:
    """Return the best chunks with their scores, only the first of those with the same words."""
    seen: set[str] = set()
    chosen: list[tuple[StoredChunk, float]] = []
    for start in range(0, len(ranking), page := top_k + 8):
        part = dict(ranking[start : start + page])
        for chunk in index.chunks(list(part)):
            key = " ".join(chunk.text.split())
            if key not in seen:
                seen.add(key)
                chosen.append((chunk, part[chunk.chunk_id]))
                if len(chosen) == top_k:
                    return chosen
    return chosen
