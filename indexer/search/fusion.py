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


FEATURE_WEIGHTS: Mapping[str, float] = {
    "window": (1 - LEXICAL_SHARE) * WINDOW_SHARE,
    "cosine": (1 - LEXICAL_SHARE) * (1 - WINDOW_SHARE),
    "bm25": LEXICAL_SHARE,
}
"""What each feature of a chunk counts in its score."""


def features_of(*, cosine: float, window: float, bm25: float, full: float) -> dict[str, float]:
    """Return what speaks for a chunk, by name.

    Args:
        cosine: Similarity of the chunk as a whole, which knows what it is about.
        window: That of its best window, which finds the one sentence that answers;
            see `indexer.windows`.
        bm25: Its BM25 score; 0 where no word was found.
        full: What `full_score` returns for the question's words; 0 leaves BM25 out.
    """
    return {"window": window, "cosine": cosine, "bm25": bm25 / full if full > 0 else 0.0}


def score_of(features: Mapping[str, float]) -> float:
    """Combine the features of a chunk.

    A convex combination beats fusing ranks because it keeps how far apart the scores
    are. Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
    ACM TOIS 2023, https://doi.org/10.1145/3596512; they divide by the best score of the list.
    """
    return sum(FEATURE_WEIGHTS[name] * value for name, value in features.items())
