"""From a question to passages: candidates, one score, passages that do not repeat each other."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from indexer.catalog import Scope
from indexer.search.arranging import Arrangement, Group, arrange
from indexer.search.candidates import Gathered, SearchIndex, gather
from indexer.search.clock import Clock
from indexer.search.highlights import best_sentences
from indexer.search.query import parse_query
from indexer.search.reranking import reranked
from indexer.search.wanted import check_wanted
from indexer.types import Passage

CANDIDATES = 64
"""Chunks asked of each retriever; 50 and 200 rank the same."""

MOST_ROUNDS, DEEPER = 4, 4
"""How often it is asked again, and for how much more, where copies leave too few passages."""

COMMON_CHUNKS = 2_000
"""See `search`; such a word's rarity is nil, and scoring 100,000 chunks for it takes a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Search:
    """Everything that one search came upon."""

    gathered: Gathered
    arrangement: Arrangement
    passages: tuple[Passage, ...]
    reranker: str
    """What the reranker did, as a sentence."""

    stages_ms: Mapping[str, float]
    took_ms: float


def search(
    index: SearchIndex,
    query: str,
    *,
    top_k: int,
    scope: Scope | None = None,
    beside: str = "",
    common_chunks: int = COMMON_CHUNKS,
) -> tuple[Passage, ...]:
    """Find the passages that answer a question best.

    Args:
        index: Where to look.
        query: What the person typed; anything goes. Text that stands wholly in double
            quotes must stand so in a passage.
        top_k: How many passages at most.
        scope: The files to stay in; `None` for everywhere.
        beside: The same question in other words, which has half a say; empty for none.
        common_chunks: Words in more chunks than this, and in more than half of all, are left to meaning.

    Returns:
        Passages best first, no two that say the same; empty if nothing is indexed.

    Raises:
        UsageError: If the query is empty.
        IndexerError: If the index cannot serve.
    """
    found = run(index, query, top_k=top_k, scope=scope, beside=beside, common_chunks=common_chunks)
    return found.passages if found else ()


def run(
    index: SearchIndex,
    query: str,
    *,
    top_k: int,
    scope: Scope | None = None,
    beside: str = "",
    common_chunks: int = COMMON_CHUNKS,
) -> Search | None:
    """Search as `search` does, and return all that was come upon; `None` if nothing is indexed."""
    parsed = parse_query(query)
    other = parse_query(beside) if beside.strip() and beside.strip() != query.strip() else None
    if other is not None and (parsed.is_exact or other.is_exact):
        # what has to stand word for word is not weighed against anything else.
        other = None
    total = index.chunk_count()
    if total == 0 or top_k <= 0:
        return None
    clock = Clock()
    started = time.perf_counter()
    depth = max(CANDIDATES, 2 * top_k)
    for _ in range(MOST_ROUNDS):
        check_wanted()
        gathered = gather(
            index,
            parsed,
            beside=other,
            depth=depth,
            total=total,
            scope=scope,
            common_chunks=common_chunks,
            clock=clock,
        )
        weights = gathered.sought.weights
        check_wanted()
        candidates, remark = clock.timed("reranking", reranked, index, parsed.embedded, gathered.candidates)
        gathered = replace(gathered, candidates=candidates)
        arrangement = clock.timed("arranging", arrange, candidates, top_k=top_k, words=weights)
        if gathered.is_all or len(arrangement.groups) == top_k:
            break
        # copies of one text took the places of others.
        depth *= DEEPER
    passages = clock.timed(
        "highlights", lambda: tuple(_passage(group, weights) for group in arrangement.groups)
    )
    took_ms = (time.perf_counter() - started) * 1000
    return Search(gathered, arrangement, passages, remark, clock.spent_ms, took_ms)


def _passage(group: Group, weights: Mapping[str, float]) -> Passage:
    lead = group.lead
    return Passage(
        chunk_id=lead.chunk.chunk_id,
        path=lead.chunk.path,
        root=lead.chunk.root,
        title=lead.chunk.title,
        text=group.text,
        locator=group.locator,
        score=min(1.0, max(0.0, lead.score)),
        similarity=lead.similarity,
        lexical=max(member.lexical for member in group.members),
        highlights=best_sentences(group.text, weights),
        dated=lead.chunk.dated,
    )
