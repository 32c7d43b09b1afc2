"""One score from two that share no scale: BM25 and cosine similarity.

BM25 is divided by what an average passage would get that holds each of the
question's rarest words once. So its share means the same for every question,
and a chunk that holds one common word of four does not get full marks for being
the best of a bad lot, as it would if the best BM25 score were taken as 1.
"""

import math
from collections.abc import Iterable, Mapping

WINDOW_SHARE = 0.5
"""Weight of a chunk's best window against the chunk as a whole; 0.35 to 0.7 rank alike."""

LEXICAL_SHARE = 0.18
"""Weight of the lexical score; results hardly change between 0.15 and 0.25."""

FULL_WORDS = 4
"""Words of a question that a passage is expected to hold; 4 to 8 rank alike."""

LEAST_RARITY = 1e-6
"""Rarity of a word that half of all chunks hold; what FTS5 takes for it."""


def rarity(count: int, total: int) -> float:
    """Return the inverse document frequency of a word as FTS5's `bm25()` computes it, > 0.

    idf = ln((N - n + 0.5) / (n + 0.5)), at least 1e-6. Robertson and Zaragoza,
    "The Probabilistic Relevance Framework: BM25 and Beyond", 2009,
    https://doi.org/10.1561/1500000019.

    Args:
        count: Chunks that hold the word, n.
        total: All chunks, N.
    """
    return max(LEAST_RARITY, math.log((max(total, count) - count + 0.5) / (count + 0.5)))


def full_score(words: Iterable[str], counts: Mapping[str, int], total: int) -> float:
    """Return the BM25 score of a chunk of average length that holds the rarest words once each.

    With tf = 1 and an average length BM25's term factor is 1, so this is a sum of
    rarities. A word that no chunk holds counts too: what is not there cannot have
    been found. Of a long question no passage holds every word, so that only the
    `FULL_WORDS` rarest count, or long questions would be ranked by meaning alone.
    """
    return sum(sorted((rarity(counts.get(word, 0), total) for word in words), reverse=True)[:FULL_WORDS])


def blend(
    similarity: Mapping[int, float], windows: Mapping[int, float], *, share: float = WINDOW_SHARE
) -> dict[int, float]:
    """Return how close each chunk is to the question: as a whole, and in its best place.

    closeness = share * best window + (1 - share) * cosine of the whole. The whole
    knows what a chunk is about, the window finds the one sentence that answers;
    see `indexer.windows`.

    Args:
        similarity: Cosine similarity of every candidate by chunk id.
        windows: That of the best window; a chunk without windows keeps its own.
        share: Weight of the best window, 0 to 1.
    """
    return {
        chunk_id: share * windows.get(chunk_id, cosine) + (1 - share) * cosine
        for chunk_id, cosine in similarity.items()
    }


def fuse(
    lexical: Mapping[int, float],
    closeness: Mapping[int, float],
    *,
    full: float,
    share: float = LEXICAL_SHARE,
) -> list[tuple[int, float]]:
    """Combine both scores of each chunk, best first.

    score = share * bm25 / full + (1 - share) * cosine: a convex combination, which
    beats fusing ranks because it keeps how far apart the scores are. Bruch, Gai and
    Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023,
    https://doi.org/10.1145/3596512; they divide by the best score of the list.

    Args:
        lexical: BM25 score by chunk id; a chunk that is absent got none.
        closeness: What `blend` returns, or plain cosine similarities, of every candidate by
            chunk id; no others are ranked.
        full: What `full_score` returns for the question's words; 0 leaves BM25 out.
        share: Weight of the lexical part, 0 to 1.

    Returns:
        (chunk id, score); equal scores in id order.
    """
    weight = share / full if full > 0 else 0.0
    scores = [
        (chunk_id, weight * lexical.get(chunk_id, 0.0) + (1 - share) * cosine)
        for chunk_id, cosine in closeness.items()
    ]
    return sorted(scores, key=lambda item: (-item[1], item[0]))
