"""What a search is made of, told stage by stage; and what became of one file in it."""

from collections.abc import Sequence
from pathlib import Path

from indexer.catalog import Scope
from indexer.search.candidates import Candidate, Gathered, Seen, by_words, rank
from indexer.search.finding import FilteredIndex, take_aim
from indexer.search.fusion import WEIGHTS
from indexer.search.query import parse_query
from indexer.search.retrieve import Search, run
from indexer.types import (
    EVERYTHING,
    CandidateTrace,
    FileOutcome,
    FileTrace,
    Filters,
    Outcome,
    SearchResult,
    SearchTrace,
)

RANKED = 2_000
"""Chunks of each retriever among which the place of a file is looked for."""

EXCERPT_CHARS = 120
"""Length of what is shown of a chunk."""


def explain(
    index: FilteredIndex,
    query: str,
    *,
    top_k: int,
    filters: Filters = EVERYTHING,
    file: Path | None = None,
    now: float = 0.0,
) -> SearchTrace:
    """Search, and tell every stage of it.

    Args:
        index: Where to look.
        query: What the person typed.
        top_k: How many passages at most.
        filters: What to look in, besides what is typed.
        file: A file, or a folder, whose part in it is to be told too.
        now: Seconds since the epoch, from which "last week" counts.

    Returns:
        The stages; of the result the passages, the time it took and what was understood.

    Raises:
        UsageError: If the query is empty.
        IndexerError: If the index cannot serve.
    """
    aim = take_aim(index, query, filters, now)
    found = run(index, aim.question, top_k=top_k, scope=aim.scope)
    total = index.chunk_count()
    if found is None:
        parsed = parse_query(aim.question)
        empty = SearchResult(
            passages=(),
            as_of=0.0,
            pending=0,
            took_ms=0.0,
            question=aim.question,
            filters=aim.filters,
            remarks=aim.remarks,
        )
        return SearchTrace(
            result=empty,
            embedded=parsed.embedded,
            words=(),
            phrases=(),
            is_exact=parsed.is_exact,
            chunks=total,
            depth=0,
            candidates=(),
            weights=WEIGHTS,
            reranker="there is nothing to rerank",
            stages_ms={},
            file=None if file is None else _not_indexed(file),
        )
    gathered = found.gathered
    asked = gathered.sought.query
    return SearchTrace(
        result=SearchResult(
            passages=found.passages,
            as_of=0.0,
            pending=0,
            took_ms=found.took_ms,
            question=aim.question,
            filters=aim.filters,
            remarks=aim.remarks,
        ),
        embedded=gathered.sought.embedded,
        words=gathered.sought.words,
        phrases=tuple(map(" ".join, asked.phrases)),
        is_exact=asked.is_exact,
        chunks=total,
        depth=gathered.depth,
        candidates=tuple(
            _traced(candidate, found, rank=place) for place, candidate in enumerate(gathered.candidates, 1)
        ),
        weights=WEIGHTS,
        reranker=found.reranker,
        stages_ms=found.stages_ms,
        file=None if file is None else _file_trace(index, found, file, aim.scope),
    )


def _traced(candidate: Candidate, found: Search, *, rank: int) -> CandidateTrace:
    gathered, chunk = found.gathered, candidate.chunk
    fate = found.arrangement.fates[chunk.chunk_id]
    return CandidateTrace(
        chunk_id=chunk.chunk_id,
        path=chunk.path,
        title=chunk.title,
        locator=chunk.locator,
        excerpt=_excerpt(chunk.text),
        score=candidate.score,
        rank=rank,
        lexical_rank=_place(gathered.lexical, chunk.chunk_id),
        dense_rank=_place(gathered.dense, chunk.chunk_id),
        features=candidate.features,
        outcome=fate.outcome,
        reason=fate.reason,
        place=fate.place,
    )


def _file_trace(index: FilteredIndex, found: Search, file: Path, scope: Scope | None) -> FileTrace:
    """Tell what became of a file."""
    own = [
        (place, candidate)
        for place, candidate in enumerate(found.gathered.candidates, 1)
        if candidate.chunk.path == file or file in candidate.chunk.path.parents
    ]
    last = min((passage.score for passage in found.passages), default=None)
    if own:
        traces = [_traced(candidate, found, rank=place) for place, candidate in own]
        best = min(traces, key=lambda each: (_BY_WORTH.index(each.outcome), each.rank))
        behind = None if last is None else max(0.0, last - best.score)
        outcome = FileOutcome.SHOWN if best.outcome is Outcome.JOINED else FileOutcome(best.outcome.value)
        return FileTrace(
            path=file, outcome=outcome, verdict=_verdict(file, best, behind), best=best, behind=behind
        )
    inside = index.scope(Filters(within=(str(file),)))
    nearest = _best_chunk(index, found.gathered, inside)
    if nearest is None:
        return _not_indexed(file)
    behind = None if last is None else last - nearest.score
    if scope is not None and inside is not None and not scope.files & inside.files:
        verdict = f"{file.name} is not in what the search was confined to"
        outcome = FileOutcome.FILTERED_OUT
    elif nearest.chunk_id in {*found.gathered.lexical, *found.gathered.dense}:
        count = len(found.gathered.candidates)
        verdict = f"{file.name} was found, but {count} chunks are better by words and meaning"
        outcome = FileOutcome.LEFT_OVER
    else:
        depth = found.gathered.depth
        verdict = f"no chunk of {file.name} is among the first {depth} by words or by meaning"
        verdict = f"{verdict}: {_places(nearest)}"
        outcome = FileOutcome.NOT_FOUND
    return FileTrace(path=file, outcome=outcome, verdict=verdict, best=nearest, behind=behind)


_BY_WORTH = (Outcome.SHOWN, Outcome.JOINED, Outcome.FOLDED, Outcome.CROWDED_OUT, Outcome.LEFT_OVER)


def _best_chunk(index: FilteredIndex, gathered: Gathered, scope: Scope | None) -> CandidateTrace | None:
    """Score the chunks of a file that were no candidates, and find their places in both rankings."""
    sought = gathered.sought
    depth = gathered.depth
    lexical = dict(by_words(index, sought, depth=depth, scope=scope))
    vector, nearest = index.dense(sought.embedded, top_k=depth, scope=scope)
    seen = Seen(sought, vector, lexical, dict(nearest))
    own_ids = sorted({*lexical, *seen.similarity})
    own, _ = rank(index, [seen], own_ids, most=depth, floor=gathered.floor)
    if not own:
        return None
    best = own[0]
    in_words = [each for each, _ in by_words(index, sought, depth=RANKED, scope=None)]
    in_meaning = [each for each, _ in index.dense(sought.embedded, top_k=RANKED)[1]]
    return CandidateTrace(
        chunk_id=best.chunk.chunk_id,
        path=best.chunk.path,
        title=best.chunk.title,
        locator=best.chunk.locator,
        excerpt=_excerpt(best.chunk.text),
        score=best.score,
        rank=None,
        lexical_rank=_place(in_words, best.chunk.chunk_id),
        dense_rank=_place(in_meaning, best.chunk.chunk_id),
        features=best.features,
        outcome=Outcome.LEFT_OVER,
    )


def _not_indexed(file: Path) -> FileTrace:
    return FileTrace(
        path=file, outcome=FileOutcome.NOT_INDEXED, verdict=f"nothing of {file.name} is in the index"
    )


def _verdict(file: Path, best: CandidateTrace, behind: float | None) -> str:
    """Say what became of a file whose chunk was a candidate."""
    match best.outcome:
        case Outcome.SHOWN | Outcome.JOINED:
            return f"{file.name} is passage {best.place}"
        case Outcome.FOLDED:
            return f"{file.name} was found, and {best.reason}"
        case Outcome.CROWDED_OUT:
            return f"{file.name} was found, but {best.reason}"
        case _:
            lag = "" if behind is None else f", {behind:.3f} below the last passage"
            return f"{file.name} was found as number {best.rank}{lag}"


def _places(best: CandidateTrace) -> str:
    """Name the places of a chunk in both rankings."""
    words, meaning = (
        f"number {place}" if place else f"beyond {RANKED:,}" for place in (best.lexical_rank, best.dense_rank)
    )
    if not best.features.get("bm25"):
        words = "nowhere"
    return f"its best one is {words} by words and {meaning} by meaning"


def _place(ranking: Sequence[int], chunk_id: int) -> int | None:
    try:
        return ranking.index(chunk_id) + 1
    except ValueError:
        return None


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARS else f"{line[: EXCERPT_CHARS - 1]}…"
