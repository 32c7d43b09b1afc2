"""The chunks that may answer a question, each with what speaks for it.

Lexical and dense retrieval run side by side, since one waits for the worker
process and the other for SQLite. Every candidate then gets its exact cosine,
whoever found it, and that of its best window, so that no score depends on which
list a chunk happened to be in; one that only the dense retriever found counts as holding no word.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from indexer.catalog import Scope, StoredChunk
from indexer.search.clock import Clock
from indexer.search.evidence import Reader
from indexer.search.fusion import (
    document_evidence,
    document_floor,
    features_of,
    full_score,
    rarity,
    score_of,
)
from indexer.search.query import Query, exact_expression, match_expression, rarest
from indexer.types import Vectors, WordTrace, WordUse

LEAST_BEGINNING_CHARS = 4
"""Length from which on a word that no chunk holds is taken for the beginning of one."""

MOST_CORRECTED = 3
"""Words of a question that are looked at for mistakes, the longest first; each costs milliseconds."""

MOST_MEANT = 2
"""Words that one may have been meant for."""

FURTHER = 8
"""How much deeper words are looked for where a chunk may come from another text: those past it hold none."""

NEAREST_AT_A_TIME = 2
"""Searches that ask for nearest chunks at a time; the worker embeds one question after the other."""

_beside = ThreadPoolExecutor(max_workers=NEAREST_AT_A_TIME, thread_name_prefix="dense")


class SearchIndex(Protocol):
    """What a search needs of `indexer.index.Index`, which documents each method."""

    # ruff: noqa: D102
    def chunk_count(self) -> int: ...
    def word_counts(self, words: Sequence[str]) -> Mapping[str, int]: ...
    def similar_words(self, words: Sequence[str], *, most: int) -> Mapping[str, Sequence[str]]: ...
    def lexical(self, match: str, *, top_k: int, scope: Scope | None = None) -> list[tuple[int, float]]: ...
    def unspaced(
        self, text: str, *, top_k: int, scope: Scope | None = None, needs_all: bool = False
    ) -> list[tuple[int, float]]: ...
    def dense(
        self, query: str, *, top_k: int, scope: Scope | None = None
    ) -> tuple[Vectors, list[tuple[int, float]]]: ...
    def similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]: ...
    def window_similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]: ...
    def chunks(self, chunk_ids: Sequence[int]) -> list[StoredChunk]: ...
    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that may answer."""

    chunk: StoredChunk
    score: float
    features: Mapping[str, float]
    similarity: float
    """Cosine of question and chunk."""

    lexical: float
    """BM25 score; 0 where no word was found."""

    by_text: tuple[Mapping[str, float], ...] = ()
    """What both retrievers know of it for each text, where the question was put in two ways."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, once the index was asked which words it holds."""

    query: Query
    words: tuple[WordTrace, ...]
    match: str
    """What the full-text index is asked; empty for nothing."""

    full: float
    """BM25 score of an average chunk that holds the rarest words."""

    @property
    def embedded(self) -> str:
        """What the embedder gets: the question, with misspelt words as they were meant."""
        text = self.query.embedded
        for word in self.words:
            if word.instead:
                text = re.sub(
                    rf"(?<![^\W_]){re.escape(word.word)}(?![^\W_])",
                    word.instead[0],
                    text,
                    flags=re.IGNORECASE,
                )
        return text

    @property
    def asked(self) -> dict[str, float]:
        """The words of the question in the order typed, misspelt ones as they were meant, by rarity."""
        return {(*word.instead, word.word)[0]: word.rarity for word in self.words}

    @property
    def weights(self) -> dict[str, float]:
        """The words that are looked for, each with its rarity."""
        return {form: word.rarity for word in self.words for form in (word.word, *word.instead)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one text finds."""

    sought: Sought
    vector: Vectors
    """Its own, as the embedder made it."""

    lexical: Mapping[int, float]
    """BM25 scores by chunk id, best first."""

    similarity: Mapping[int, float]
    """Cosines by chunk id, of as many as are known, best first."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was found, best first."""

    sought: Sought
    depth: int
    lexical: tuple[int, ...]
    """Chunk ids by words, best first."""

    dense: tuple[int, ...]
    """Chunk ids by meaning, best first."""

    candidates: tuple[Candidate, ...]
    floor: float
    """Score above which a chunk speaks for its file."""

    is_all: bool
    """Whether there is nothing else to be found."""


def gather(
    index: SearchIndex,
    query: Query,
    *,
    beside: Query | None = None,
    depth: int,
    total: int,
    scope: Scope | None,
    common_chunks: int,
    clock: Clock,
) -> Gathered:
    """Ask both retrievers, and rank what they find by one score.

    Args:
        index: Where to look.
        query: The question.
        beside: The same question in other words, which has half a say; `None` for none.
        depth: Chunks asked of each retriever, and ranked in the end.
        total: Chunks in the index.
        scope: The files to stay in; `None` for everywhere.
        common_chunks: See `indexer.search.search`.
        clock: Told how long each stage takes.
    """
    queries = [query] if beside is None else [query, beside]
    reach = depth if beside is None else FURTHER * depth
    seen = [
        _see(
            index,
            each,
            depth=depth,
            reach=reach,
            total=total,
            scope=scope,
            common_chunks=common_chunks,
            clock=clock,
        )
        for each in queries
    ]
    first = [list(itertools.islice(each.lexical, depth)) for each in seen]
    found = {chunk_id for ids in first for chunk_id in ids}
    if not query.is_exact:
        found.update(*(each.similarity for each in seen))
    candidates, floor = clock.timed("scores", rank, index, seen, sorted(found), most=len(queries) * depth)
    return Gathered(
        sought=seen[0].sought,
        depth=depth,
        lexical=tuple(first[0]),
        dense=tuple(seen[0].similarity),
        candidates=candidates,
        floor=floor,
        is_all=all(
            len(ids) < depth and (each.is_exact or len(one.similarity) < depth)
            for each, ids, one in zip(queries, first, seen, strict=True)
        )
        and len(found) <= depth,
    )


def _see(
    index: SearchIndex,
    query: Query,
    *,
    depth: int,
    reach: int,
    total: int,
    scope: Scope | None,
    common_chunks: int,
    clock: Clock,
) -> Seen:
    """Ask both retrievers for one text: so many chunks by meaning, and as many as `reach` by words."""
    # first of all: of a question with a misspelt word the embedder gets the word that was meant.
    sought = clock.timed("words", seek, index, query, total=total, common_chunks=common_chunks)
    pending = _beside.submit(clock.timed, "dense", index.dense, sought.embedded, top_k=depth, scope=scope)
    try:
        ranked = clock.timed("lexical", by_words, index, sought, depth=reach, scope=scope)
    finally:
        wait([pending])
    vector, nearest = pending.result()
    return Seen(sought, vector, dict(ranked), dict(nearest))


def seek(index: SearchIndex, query: Query, *, total: int, common_chunks: int) -> Sought:
    """Decide which words to look for, and how."""
    counts = dict(index.word_counts(query.words))
    kept = rarest(query.words, counts)
    meant = {} if query.is_exact else _corrected(index, [word for word in kept if not counts.get(word)])
    for word, instead in meant.items():
        counts.update(index.word_counts(instead))
        counts[word] = max(counts[other] for other in instead)
    common = max(common_chunks, total // 2)
    words = tuple(
        WordTrace(
            word=word,
            chunks=0 if word in meant else counts.get(word, 0),
            rarity=rarity(counts.get(word, 0), total),
            use=_use_of(
                word,
                counts.get(word, 0),
                is_kept=word in kept,
                is_corrected=word in meant,
                common=common,
            ),
            instead=tuple(meant.get(word, ())),
        )
        for word in query.words
    )
    if query.is_exact:
        match = exact_expression(query.phrases)
    else:
        searched = [each.word for each in words if each.use is WordUse.SEARCHED]
        searched += [other for each in words for other in each.instead if counts[other] <= common]
        match = match_expression(
            list(dict.fromkeys(searched)),
            beginnings=[each.word for each in words if each.use is WordUse.BEGINNING],
            phrases=query.phrases,
        )
    return Sought(query=query, words=words, match=match, full=full_score(kept, counts, total))


def by_words(
    index: SearchIndex, sought: Sought, *, depth: int, scope: Scope | None
) -> list[tuple[int, float]]:
    """Rank chunks by the words of a question, those that no spaces part included."""
    ranked = dict(index.lexical(sought.match, top_k=depth, scope=scope)) if sought.match else {}
    typed = " ".join(sought.query.words)
    for chunk_id, score in index.unspaced(typed, top_k=depth, scope=scope, needs_all=sought.query.is_exact):
        ranked[chunk_id] = ranked.get(chunk_id, 0.0) + score
    return sorted(ranked.items(), key=lambda pair: (-pair[1], pair[0]))[:depth]


def _corrected(index: SearchIndex, unknown: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return words of no chunk that may be misspelt, with those that were meant."""
    if not unknown:
        return {}
    longest = sorted(unknown, key=lambda word: (-len(word), word))[:MOST_CORRECTED]
    found = index.similar_words(longest, most=MOST_MEANT)
    return {word: meant for word, meant in found.items() if meant}


def rank(
    index: SearchIndex,
    seen: Sequence[Seen],
    chunk_ids: Sequence[int],
    *,
    most: int,
    floor: float | None = None,
) -> tuple[tuple[Candidate, ...], float]:
    """Return chunks with their scores, best first, equal ones in id order; and the floor of the question.

    Args:
        index: Where they stand.
        seen: What was found by the question, and by what stands beside it; each has the same say.
        chunk_ids: The chunks to score.
        most: How many to return; the texts of others are not read.
        floor: See `document_floor`; `None` to take that of these chunks.
    """
    measured = [_measure(index, each, chunk_ids) for each in seen]
    # what was found a moment ago may be gone by now.
    there = [chunk_id for chunk_id in chunk_ids if all(chunk_id in one for one in measured)]
    features = {chunk_id: _mean([one[chunk_id] for one in measured]) for chunk_id in there}
    worth = {chunk_id: score_of(known) for chunk_id, known in features.items()}
    best = sorted(worth, key=lambda chunk_id: (-worth[chunk_id], chunk_id))[:most]
    floor = document_floor(worth.values()) if floor is None else floor
    chunks = index.chunks(best)
    lent = document_evidence(
        [chunk.path for chunk in chunks], [worth[chunk.chunk_id] for chunk in chunks], floor=floor
    )
    readers = [Reader(each.sought.asked, each.sought.query.literals) for each in seen]
    candidates = []
    for chunk, document in zip(chunks, lent, strict=True):
        label = " ".join((chunk.title, chunk.path.stem, *chunk.locator.headings))
        known = {
            **features[chunk.chunk_id],
            **_mean([reader.read(chunk.text, label).as_features() for reader in readers]),
            "document": document,
        }
        candidates.append(
            Candidate(
                chunk=chunk,
                score=score_of(known),
                features=known,
                similarity=known["cosine"],
                lexical=sum(each.lexical.get(chunk.chunk_id, 0.0) for each in seen) / len(seen),
                by_text=tuple(one[chunk.chunk_id] for one in measured) if len(seen) > 1 else (),
            )
        )
    return tuple(sorted(candidates, key=lambda each: (-each.score, each.chunk.chunk_id))), floor


def _measure(index: SearchIndex, seen: Seen, chunk_ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """Return what both retrievers know of chunks for one text, those that are gone left out."""
    missing = [chunk_id for chunk_id in chunk_ids if chunk_id not in seen.similarity]
    similarity = {**seen.similarity, **index.similarities(seen.vector, missing)}
    windows = index.window_similarities(seen.vector, chunk_ids)
    return {
        chunk_id: features_of(
            cosine=similarity[chunk_id],
            window=windows.get(chunk_id, similarity[chunk_id]),
            bm25=seen.lexical.get(chunk_id, 0.0),
            full=seen.sought.full,
        )
        for chunk_id in chunk_ids
        if chunk_id in similarity
    }


def _mean(features: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return features half-way between those of several texts."""
    return {name: sum(each[name] for each in features) / len(features) for name in features[0]}


def _use_of(word: str, count: int, *, is_kept: bool, is_corrected: bool, common: int) -> WordUse:
    if is_corrected:
        return WordUse.CORRECTED
    if not is_kept:
        return WordUse.SURPLUS
    if count > common:
        return WordUse.COMMON
    if count:
        return WordUse.SEARCHED
    return WordUse.BEGINNING if len(word) >= LEAST_BEGINNING_CHARS else WordUse.UNKNOWN
