"""The passages that an answer is made from."""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from assistant.types import Question
from indexer.types import EVERYTHING, FileText, Filters, Grounds, NamedFile, Passage, SearchResult

_EXTRA_QUERY_CHARS = 400

BLENDED = 80
"""Passages of either search that a follow-up is looked for by; 40 rank a little worse."""


class Searcher(Protocol):
    """Whatever finds passages; the indexer's client is one."""

    def search(self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING) -> SearchResult:
        """Return the passages nearest to a query, best first."""
        ...


@runtime_checkable
class Library(Protocol):
    """A searcher that knows files by their names, and holds their text; the indexer's client is one."""

    def resolve(self, names: Sequence[str]) -> list[list[NamedFile]]:
        """Return for each name of a file, as a person would write it, the files that may be meant."""
        ...

    def passages_of(self, path: Path) -> FileText:
        """Return the text of a file as it is indexed."""
        ...


def find(searcher: Searcher, text: str, question: Question, *, top_k: int) -> SearchResult:
    """Search for a question, and for what was given with it, each having a say in turn.

    Args:
        searcher: Finds the passages.
        text: The question as it stands by itself.
        question: What was asked, with the text that came with it.
        top_k: How many passages at most.
    """
    found = _search(searcher, text, question, top_k=top_k)
    extra = question.extra.strip()
    if not extra:
        return found
    if not found.passages and found.filters != question.filters:
        return found
    # it is read where the question is; "in:" and the like are no filters in it.
    plain = extra[:_EXTRA_QUERY_CHARS].replace(":", " ")
    beside = searcher.search(plain, top_k=top_k, filters=found.filters)
    mixed: dict[int, Passage] = {}
    for pair in itertools.zip_longest(found.passages, beside.passages):
        for passage in pair:
            if passage is not None:
                mixed.setdefault(passage.chunk_id, passage)
    return SearchResult(
        passages=tuple(mixed.values())[:top_k],
        as_of=min(found.as_of, beside.as_of),
        pending=max(found.pending, beside.pending),
        took_ms=found.took_ms + beside.took_ms,
        question=found.question,
        filters=found.filters,
        remarks=found.remarks,
        grounds=found.grounds,
    )


def _search(searcher: Searcher, text: str, question: Question, *, top_k: int) -> SearchResult:
    """Search for a question; for a rewritten one by what was typed as well, each having half a say.

    The words that were added tell what the question is about, and those that were typed what is
    asked of it: by the former alone one finds what was answered before.
    """
    typed = question.text.strip()
    if text == typed:
        return searcher.search(text, top_k=top_k, filters=question.filters)
    depth = max(BLENDED, top_k)
    found = searcher.search(text, top_k=depth, filters=question.filters)
    beside = searcher.search(typed, top_k=depth, filters=question.filters)
    return replace(
        found,
        passages=blend(found.passages, beside.passages)[:top_k],
        as_of=min(found.as_of, beside.as_of),
        pending=max(found.pending, beside.pending),
        took_ms=found.took_ms + beside.took_ms,
        grounds=_mean(found.grounds, beside.grounds),
    )


def _mean(first: Grounds | None, second: Grounds | None) -> Grounds | None:
    """Return the evidence half-way between that of two searches."""
    if first is None or second is None:
        return first or second
    has_lead = first.lead is not None and second.lead is not None
    return Grounds(
        closeness=(first.closeness + second.closeness) / 2,
        lexical=(first.lexical + second.lexical) / 2,
        lead=((first.lead or 0.0) + (second.lead or 0.0)) / 2 if has_lead else None,
    )


def blend(first: Sequence[Passage], second: Sequence[Passage]) -> tuple[Passage, ...]:
    """Rank passages of two searches by the mean of their scores, best first.

    One that a search did not find counts there as its last did; of one that both found the
    highlights are those of the first.
    """
    scores: defaultdict[int, float] = defaultdict(float)
    by_id = {passage.chunk_id: passage for passage in (*second, *first)}
    for passages in (first, second):
        known = {passage.chunk_id: passage.score for passage in passages}
        least = min(known.values(), default=0.0)
        for chunk_id in by_id:
            scores[chunk_id] += known.get(chunk_id, least) / 2
    ranked = sorted(by_id, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return tuple(replace(by_id[chunk_id], score=scores[chunk_id]) for chunk_id in ranked)
