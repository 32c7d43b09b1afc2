"""Whether what was found stands out from what any question would find; pure.

The closest passage of a library is always close to something. What tells an
answer from its neighbourhood is how far the best file is ahead of the library's
background for this very question, and how many of its rare words one place holds.
"""

from collections.abc import Sequence
from pathlib import Path

from indexer.search.candidates import Candidate
from indexer.types import Grounds

BACKGROUND_RANK = 20
"""The file at this rank says what the library holds on anything; 10 to 30 tell alike."""

FEWEST_FILES = 8
"""With fewer files there is no background."""


def grounds_of(candidates: Sequence[Candidate]) -> Grounds | None:
    """Return what the candidates of a search say of whether one of them answers; `None` without any."""
    if not candidates:
        return None
    best: dict[Path, float] = {}
    closeness = lexical = 0.0
    for each in candidates:
        features = each.features
        close = (features["window"] + features["cosine"]) / 2
        best[each.chunk.path] = max(each.score, best.get(each.chunk.path, 0.0))
        closeness, lexical = max(closeness, close), max(lexical, features["bm25"])
    ranked = sorted(best.values(), reverse=True)
    lead = ranked[0] - ranked[min(BACKGROUND_RANK, len(ranked)) - 1] if len(ranked) >= FEWEST_FILES else None
    return Grounds(closeness=closeness, lexical=lexical, lead=lead)
