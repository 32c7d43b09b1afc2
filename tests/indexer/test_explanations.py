"""What is said of a search crosses the border between processes whole."""

import json
from pathlib import Path

from indexer.types import (
    CandidateTrace,
    FileOutcome,
    FileTrace,
    Filters,
    Locator,
    Outcome,
    Passage,
    SearchResult,
    SearchTrace,
    WordTrace,
    WordUse,
)


def test_a_trace_is_read_back_as_it_was_written() -> None:
    """Every field of every part survives JSON."""
    candidate = CandidateTrace(
        chunk_id=7,
        path=Path("/vault/cabin.md"),
        title="Cabin",
        locator=Locator(line_start=3, line_end=4, headings=("Cabin", "Keys")),
        excerpt="The key hangs",
        score=0.7,
        rank=2,
        lexical_rank=None,
        dense_rank=1,
        features={"cosine": 0.5},
        outcome=Outcome.FOLDED,
        reason="passage 1 says the same",
        place=1,
    )
    passage = Passage(
        chunk_id=6,
        path=Path("/vault/a.md"),
        root=Path("/vault"),
        title="a",
        text="The key",
        locator=Locator(page_start=2, page_end=2),
        score=0.8,
        similarity=0.6,
        lexical=1.5,
    )
    trace = SearchTrace(
        result=SearchResult(
            passages=(passage,), as_of=3.0, pending=1, took_ms=2.5, filters=Filters(types=("md",))
        ),
        embedded="where is the kay?",
        words=(
            WordTrace(word="kay", chunks=0, rarity=2.0, use=WordUse.CORRECTED, instead=("key",)),
            WordTrace(word="cabin", chunks=3, rarity=1.0, use=WordUse.SEARCHED),
        ),
        phrases=("read file",),
        is_exact=False,
        chunks=12,
        depth=64,
        candidates=(candidate,),
        weights={"cosine": 0.4},
        reranker="no reranker is configured",
        stages_ms={"dense": 3.0},
        file=FileTrace(
            path=Path("/vault/cabin.md"),
            outcome=FileOutcome.FOLDED,
            verdict="cabin.md was found, and passage 1 says the same",
            best=candidate,
            behind=0.1,
            why={"state": "indexed"},
        ),
    )
    assert SearchTrace.from_json(json.loads(json.dumps(trace.to_json()))) == trace
