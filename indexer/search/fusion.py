"""One score from what speaks for a chunk: its words, its meaning, its file.

BM25 is divided by what an average passage would get that holds each of the
question's rarest words once. So its share means the same for every question,
and a chunk that holds one common word of four does not get full marks for being
the best of a bad lot, as it would if the best BM25 score were taken as 1.

The weights are few and round on purpose: `benchmarks.fit_fusion` chooses them by
leaving out one set of questions at a time, and shows how flat their surroundings are.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

FULL_WORDS = 4
"""Words of a question that a passage is expected to hold; 4 to 8 rank alike."""

LEAST_RARITY = 1e-6
"""Rarity of a word that half of all chunks hold; what FTS5 takes for it."""

WEIGHTS: Mapping[str, float] = {
    "window": 0.425,
    "cosine": 0.425,
    "bm25": 0.15,
    "coverage": 0.02,
    "nearness": 0.02,
    "literal": 0.10,
    "document": 0.05,
}
"""What each feature counts in the score: a convex combination of words and meaning, and small boni.

Window and cosine count the same from 0.35 to 0.7, BM25 ranks alike from 0.15 to 0.2. Literals
(identifiers, numbers, dates) are too few in questions that were judged to be fitted: their weight is
what lifts a chunk that holds one over its equals.
"""

DOCUMENT_RANK = 20
"""Candidates of a question whose scores are no evidence for their file if they are worse than that many."""

DOCUMENT_CAP = 0.3
"""Sum of what other chunks lend to one, at most, so that long files do not win by their length."""


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


def features_of(*, cosine: float, window: float, bm25: float, full: float) -> dict[str, float]:
    """Return what both retrievers know of a chunk, by name.

    Args:
        cosine: Similarity of the chunk as a whole, which knows what it is about.
        window: That of its best window, which finds the one sentence that answers;
            see `indexer.windows`.
        bm25: Its BM25 score; 0 where no word was found.
        full: What `full_score` returns for the question's words; 0 leaves BM25 out.
    """
    return {"window": window, "cosine": cosine, "bm25": bm25 / full if full > 0 else 0.0}


def score_of(features: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """Combine the features of a chunk; those that are missing count nothing.

    A convex combination beats fusing ranks because it keeps how far apart the scores
    are. Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
    ACM TOIS 2023, https://doi.org/10.1145/3596512; they divide by the best score of the list.
    """
    return sum(weights[name] * value for name, value in features.items())


def document_floor(scores: Iterable[float]) -> float:
    """Return the score above which a chunk speaks for its file; 0 where there are no chunks."""
    best = sorted(scores, reverse=True)[: DOCUMENT_RANK + 1]
    return best[-1] if best else 0.0


def document_evidence(files: Sequence[object], scores: Sequence[float], *, floor: float) -> list[float]:
    """Return for each chunk what the others of its file lend to it.

    The sum of how far their scores rise above the floor: of two chunks that are
    about as good, the one whose file is about the question is the likelier answer.

    Args:
        files: The file of each chunk.
        scores: What `score_of` makes of what both retrievers know of each.
        floor: What `document_floor` returned for the question.
    """
    sums: dict[object, float] = {}
    rises = [max(0.0, score - floor) for score in scores]
    for file, rise in zip(files, rises, strict=True):
        sums[file] = sums.get(file, 0.0) + rise
    return [min(DOCUMENT_CAP, sums[file] - rise) for file, rise in zip(files, rises, strict=True)]
