"""The best candidates read once more by a cross-encoder, where there is one and it is worth it.

It only ever changes the order among those that it read: the scores stay what
they are and change hands, so that a score means the same with and without it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from indexer.search.candidates import Candidate

RERANKED = 24
"""Candidates that are read again at most."""

SURE_LEAD = 0.12
"""How far the best file must lie before the next for nothing to be read again.

Of questions about articles and web pages (inscit, mtrag) such a file answers 98 of 100.
"""


class RerankingIndex(Protocol):
    """What reranking needs of `indexer.index.Index`, which documents it."""

    # ruff: noqa: D102
    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]: ...


def reranked(
    index: RerankingIndex, question: str, candidates: Sequence[Candidate]
) -> tuple[tuple[Candidate, ...], str]:
    """Return candidates in the order that a cross-encoder gives them, and a sentence on what it did.

    Args:
        index: Knows the cross-encoder, if there is one.
        question: The question.
        candidates: Best first.
    """
    first = candidates[:RERANKED]
    if len(first) < 2:
        return tuple(candidates), "there is nothing to rerank"
    lead = min(
        (first[0].score - each.score for each in first if each.chunk.path != first[0].chunk.path), default=0.0
    )
    if lead >= SURE_LEAD:
        return tuple(candidates), f"not reranked: the best file leads by {lead:.2f}"
    texts = ["\n".join((*each.chunk.locator.headings, each.chunk.text)) for each in first]
    scores, remark = index.rerank(question, texts)
    read = first[: len(scores)]
    order = sorted(range(len(read)), key=lambda at: (-scores[at], at))
    moved = [
        replace(read[at], score=place.score, features={**read[at].features, "reranker": scores[at]})
        for at, place in zip(order, read, strict=True)
    ]
    return (*moved, *candidates[len(read) :]), remark
