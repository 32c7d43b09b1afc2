"""From what was typed, and the filters given with it, to passages and what was understood."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from indexer.catalog import Scope
from indexer.dates import in_words
from indexer.errors import UsageError
from indexer.search.asking import both, checked, describe, read_filters
from indexer.search.background import grounds_of
from indexer.search.candidates import SearchIndex
from indexer.search.retrieve import run, search
from indexer.search.timing import Timing, newest_first, newest_words, those_first, timing_of, with_more
from indexer.types import EVERYTHING, Filters, Grounds, Passage

QUESTION_CHARS = 500
"""Longer text is no question that speaks of its own time."""

DEEPER, LEAST_DEPTH = 3, 24
"""How many more passages are looked through for newer ones."""


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
    grounds: Grounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a question is after, and where: all that has to be known before one looks."""

    question: str
    """What to look for."""

    scope: Scope | None
    """Where to look; `None` for everywhere."""

    filters: Filters
    remarks: tuple[str, ...] = ()
    preferred: Scope | None = None
    """Files that come first, by a little; `None` for none."""

    newest: str = ""
    """The words that ask for what is newest; empty for none."""


def find(
    index: FilteredIndex,
    query: str,
    *,
    top_k: int,
    filters: Filters = EVERYTHING,
    beside: str = "",
    now: float,
) -> Found:
    """Find the passages that answer a question best, where the filters say.

    Args:
        index: Where to look.
        query: What the person typed.
        top_k: How many passages at most.
        filters: What to look in, besides what is typed.
        beside: The same question in other words, which has half a say in the order; empty for none.
            Filters in it are left out, and do not count.
        now: Seconds since the epoch.

    Raises:
        UsageError: If the query is empty, or a filter that was given makes no sense.
        IndexerError: If the index cannot serve.
    """
    aim = take_aim(index, query, filters, now)
    remarks = aim.remarks
    beside = read_filters(beside, now).question
    first = run(index, aim.question, top_k=top_k, scope=aim.scope, beside=beside)
    passages: Sequence[Passage] = first.passages if first else ()
    if aim.preferred is not None:
        earlier = search(index, aim.question, top_k=top_k, scope=aim.preferred, beside=beside)
        passages = those_first(passages, earlier)
    if aim.newest and passages:
        # with some of those behind them, which may be newer and nearly as good.
        depth = max(DEEPER * top_k, LEAST_DEPTH)
        more = search(index, aim.question, top_k=depth, scope=aim.scope, beside=beside)
        ordered = newest_first(with_more(passages, more))
        if [each.chunk_id for each in ordered[:top_k]] != [each.chunk_id for each in passages[:top_k]]:
            remarks = (*remarks, f"newer files first: “{aim.newest}”")
        passages = ordered
    return Found(
        passages=tuple(passages[:top_k]),
        question=aim.question,
        filters=aim.filters,
        remarks=remarks,
        grounds=grounds_of(first.gathered.candidates) if first else None,
    )


def take_aim(index: FilteredIndex, query: str, given: Filters, now: float) -> Aim:
    """Find out what a question is after: its filters, its time, and the files they leave.

    Raises:
        UsageError: If nothing is left to search for, or a filter that was given makes no sense.
    """
    given = checked(given)
    scope = index.scope(given)
    if scope is not None and (wrong := [name for name in scope.unknown if name in given.within]):
        raise UsageError(
            f"no indexed file or folder is called “{wrong[0]}”",
            hint="`kb roots` lists the indexed folders; a pattern such as *report* finds parts of names",
        )
    asked = read_filters(query.strip(), now)
    if query.strip() and not asked.question:
        raise UsageError(
            "there are only filters, and nothing to search for", hint='as in: kb search "rent in:work"'
        )
    filters = both(given, asked.filters)
    remarks = list(asked.remarks)
    if asked.filters != EVERYTHING:
        typed = index.scope(asked.filters)
        scope = typed if scope is None or typed is None else scope & typed
    if scope is not None:
        remarks.extend(_said(index, scope, filters, asked.filters))
    aim = Aim(question=asked.question, scope=scope, filters=filters, remarks=tuple(remarks))
    is_question = len(aim.question) <= QUESTION_CHARS
    if not is_question or (scope is not None and not scope.files):
        return aim
    if (filters.since, filters.before) == (None, None) and (timing := timing_of(aim.question, now)):
        return _timed(index, aim, timing)
    return replace(aim, newest=newest_words(aim.question))


def _timed(index: FilteredIndex, aim: Aim, timing: Timing) -> Aim:
    """Confine a search to the time that its question speaks of, or prefer that time."""
    filters = replace(aim.filters, since=timing.since, before=timing.before)
    scope = index.scope(Filters(since=timing.since, before=timing.before))
    if scope is not None and aim.scope is not None:
        scope = scope & aim.scope
    days = in_words(timing.since, timing.before)
    if scope is None or not scope.files:
        if not timing.is_certain:
            return aim
        remark = f"no file is dated {days} (“{timing.words}”), so all were searched"
        return replace(aim, remarks=(*aim.remarks, remark))
    if timing.is_certain:
        remark = f"only files dated {days}: “{timing.words}”"
        question = timing.rest or aim.question
        return Aim(question=question, scope=scope, filters=filters, remarks=(*aim.remarks, remark))
    everything = index.chunk_count() if aim.scope is None else aim.scope.chunks
    if scope.chunks >= everything:
        return aim
    remark = f"files dated {days} first: “{timing.words}”"
    return replace(aim, preferred=scope, remarks=(*aim.remarks, remark))


def _said(index: FilteredIndex, scope: Scope, filters: Filters, typed: Filters) -> list[str]:
    """Return what a person should know of filters: what was typed, which dates are meant, what is missing."""
    said = [f"nothing indexed is called “{name}”" for name in scope.unknown if name in filters.exclude]
    missing = [name for name in scope.unknown if name in typed.within]
    if missing:
        name = missing[0]
        said.append(
            f'no indexed file or folder is called “{name}”; to search for the words, write "in:{name}"'
        )
    elif not scope.files and filters != Filters(within=filters.within if typed == EVERYTHING else ()):
        lacking = [tag for tag in filters.tags if not _files(index, Filters(tags=(tag,)))]
        said.append(
            f"no file has the tag #{lacking[0]}" if lacking else f"there is no file {describe(filters)}"
        )
    elif typed != EVERYTHING or (filters.since, filters.before) != (None, None):
        said.append(f"only files {describe(filters)}")
    return said


def _files(index: FilteredIndex, filters: Filters) -> frozenset[int]:
    scope = index.scope(filters)
    return frozenset() if scope is None else scope.files
