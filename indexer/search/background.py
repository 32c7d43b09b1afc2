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
    """Return what the candidates of a search say of whether one of them answers; `None` without any.

    Of a question that was put in two ways the better one says how close they are, since the other may
    leave out what it is about; words count by halves, since those that were added may be all that is held.
    """
    if not candidates:
        return None
    best: dict[Path, float] = {}
    for each in candidates:
        best[each.chunk.path] = max(each.score, best.get(each.chunk.path, 0.0))
    texts = list(zip(*(each.by_text or (each.features,) for each in candidates), strict=True))
    closeness = max(0.0, *((one["window"] + one["cosine"]) / 2 for known in texts for one in known))
    lexical = sum(max(0.0, *(one["bm25"] for one in known)) for known in texts) / len(texts)
    ranked = sorted(best.values(), reverse=True)
    lead = ranked[0] - ranked[min(BACKGROUND_RANK, len(ranked)) - 1] if len(ranked) >= FEWEST_FILES else None
    return Grounds(closeness=closeness, lexical=lexical, lead=lead)
