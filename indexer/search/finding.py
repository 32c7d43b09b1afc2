"""From what was typed, and the filters given with it, to passages and what was understood."""

from dataclasses import dataclass
from typing import Protocol

from indexer.catalog import Scope
from indexer.search.candidates import SearchIndex
from indexer.search.retrieve import search
from indexer.types import EVERYTHING, Filters, Passage


class FilteredIndex(SearchIndex, Protocol):
    """What finding needs of `indexer.index.Index`, which documents each method."""

    # ruff: noqa: D102
    def scope(self, filters: Filters) -> Scope | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a question came to; the fields are those of `SearchResult`."""

    passages: tuple[Passage, ...]
    question: str
    filters: Filters = EVERYTHING
    remarks: tuple[str, ...] = ()


def find(index: FilteredIndex, query: str, *, top_k: int, filters: Filters = EVERYTHING) -> Found:
    """Find the passages that answer a question best, where the filters say.

    Args:
        index: Where to look.
        query: What the person typed.
        top_k: How many passages at most.
        filters: What to look in.

    Raises:
        UsageError: If the query is empty.
        IndexerError: If the index cannot serve.
    """
    passages = search(index, query, top_k=top_k, scope=index.scope(filters))
    return Found(passages=passages, question=query.strip(), filters=filters)
