"""The passages that an answer is made from."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from assistant.types import Question
from indexer.types import EVERYTHING, FileText, Filters, NamedFile, Passage, SearchResult

_EXTRA_QUERY_CHARS = 400

_TYPED_CHARS = 20_000
"""Of a follow-up as it was typed; no more of a question is looked at."""


class Searcher(Protocol):
    """Whatever finds passages; the indexer's client is one."""

    def search(
        self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
    ) -> SearchResult:
        """Return the passages nearest to a query, best first; `beside` is the same in other words."""
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
    mixed = mix([found, beside])
    return replace(mixed, passages=mixed.passages[:top_k])


def mix(results: Sequence[SearchResult]) -> SearchResult:
    """Put the passages of several searches into one result, the best of each first; the first one leads.

    Args:
        results: At least one; question, filters and grounds are those of the first.
    """
    mixed: dict[int, Passage] = {}
    for rank in itertools.zip_longest(*(result.passages for result in results)):
        for passage in rank:
            if passage is not None:
                mixed.setdefault(passage.chunk_id, passage)
    return replace(
        results[0],
        passages=tuple(mixed.values()),
        as_of=min(result.as_of for result in results),
        pending=max(result.pending for result in results),
        took_ms=sum(result.took_ms for result in results),
    )


def _search(searcher: Searcher, text: str, question: Question, *, top_k: int) -> SearchResult:
    """Search for a question; for a rewritten one by what was typed as well, each having half a say.

    The words that were added tell what the question is about, and those that were typed what is
    asked of it: by the former alone one finds what was answered before.
    """
    typed = question.text.strip()
    beside = "" if text == typed else typed[:_TYPED_CHARS]
    return searcher.search(text, top_k=top_k, filters=question.filters, beside=beside)
