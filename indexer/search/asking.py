"""Filters that are typed in a question: `rent in:work since:2026-01 type:pdf tag:#home`; pure.

Only a known name, a colon and a value right behind it make a filter, outside of quotes, so
that addresses, times of day and code stay what they are. A value that makes no sense is
searched for as words, which is said.
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.dates import in_words, moment_of
from indexer.errors import UsageError
from indexer.extract.kinds import KINDS, endings_of
from indexer.tags import normal_tag
from indexer.types import EVERYTHING, Filters

_FILTER = re.compile(
    r"""
    "[^"]{0,300}" | `[^`]{0,300}` | [“„«][^”“»]{0,300}[”“»]
    | (?<!\S)(?P<name>-?in|type|tag|since|after|before|exclude):
      (?: "(?P<quoted>[^"\n]+)" | '(?P<single>[^'\n]+)' | (?P<bare>(?![:"'/]|//)\S+ | /(?!/)\S+) )
      (?P<after>[?!.,;)]*)(?!\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = "?!.,;)"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was typed, taken apart."""

    question: str
    """Without the filters; the text as it is where it holds none."""

    filters: Filters = EVERYTHING
    """Those that were typed."""

    remarks: tuple[str, ...] = ()
    """What was not understood, a sentence each."""


def read_filters(text: str, now: float) -> Asked:
    """Take the filters out of a question.

    Args:
        text: What the person typed.
        now: Seconds since the epoch; dates such as "yesterday" count from there.
    """
    if ":" not in text:
        return Asked(text)
    filters, remarks = EVERYTHING, list[str]()
    kept: list[str] = []
    done = 0
    for found in _FILTER.finditer(text):
        if found["name"] is None:
            continue
        value = found["quoted"] or found["single"] or found["bare"].rstrip(_ENDS) or found["bare"]
        try:
            filters = _with(filters, found["name"].lower(), value.strip(), now)
        except UsageError as error:
            remarks.append(f"{error.message}, so “{found[0]}” was searched for as words")
            continue
        kept.append(text[done : found.start()].rstrip())
        done = found.end()
    if filters == EVERYTHING:
        return Asked(text, remarks=tuple(remarks))
    kept.append(text[done:].strip())
    return Asked(" ".join(part for part in kept if part).strip(), filters, tuple(remarks))


def both(given: Filters, typed: Filters) -> Filters:
    """Return what is left by one and by the other; places are put side by side."""
    since = [at for at in (given.since, typed.since) if at is not None]
    before = [at for at in (given.before, typed.before) if at is not None]
    return Filters(
        within=given.within + typed.within,
        exclude=given.exclude + typed.exclude,
        types=given.types + typed.types,
        tags=given.tags + typed.tags,
        since=max(since, default=None),
        before=min(before, default=None),
    )


def checked(filters: Filters) -> Filters:
    """Return filters with their tags as they are kept.

    Raises:
        UsageError: If one of them makes no sense.
    """
    for kind in filters.types:
        _check_kind(kind)
    return replace(filters, tags=tuple(map(_tag, filters.tags)))


def describe(filters: Filters) -> str:
    """Say which files filters leave: "in “work”, of type pdf, dated since 1 January 2026"."""
    home = str(Path.home())

    def listed(names: tuple[str, ...], joint: str) -> str:
        shown = (f"~{name[len(home) :]}" if name.startswith(f"{home}/") else name for name in names)
        return f" {joint} ".join(f"“{name}”" for name in shown)

    parts = [
        filters.within and f"in {listed(filters.within, 'or')}",
        filters.exclude and f"not in {listed(filters.exclude, 'or')}",
        filters.types and f"of type {' or '.join(filters.types)}",
        filters.tags and f"tagged {' and '.join(f'#{tag}' for tag in filters.tags)}",
        (filters.since, filters.before) != (None, None)
        and f"dated {in_words(filters.since, filters.before)}",
    ]
    return ", ".join(part for part in parts if part)


def _with(filters: Filters, name: str, value: str, now: float) -> Filters:
    """Add one filter to others.

    Raises:
        UsageError: If its value makes no sense.
    """
    match name:
        case "in":
            return replace(filters, within=(*filters.within, _place(value)))
        case "exclude" | "-in":
            return replace(filters, exclude=(*filters.exclude, _place(value)))
        case "type":
            kinds = [_check_kind(kind) for kind in value.split(",") if kind.strip()]
            return replace(filters, types=(*filters.types, *kinds))
        case "tag":
            tags = [_tag(tag) for tag in value.split(",") if tag.strip()]
            return replace(filters, tags=(*filters.tags, *tags))
    moment = moment_of(value, now)
    if moment is None:
        raise UsageError(f"“{value}” is no date")
    typed = Filters(before=moment) if name == "before" else Filters(since=moment)
    return both(filters, typed)


def _place(value: str) -> str:
    if not value.strip("./*") or "\0" in value:
        raise UsageError(f"“{value}” is no name of a folder or file")
    if value.startswith("~/"):
        value = str(Path.home() / value[2:])
    # as the index knows it, without links.
    return os.path.realpath(value) if value.startswith("/") else value.removeprefix("./")


def _check_kind(kind: str) -> str:
    if endings_of(kind) is None:
        raise UsageError(
            f"there is no kind of file “{kind.strip()}”",
            hint=f"kinds are {', '.join(KINDS)}; an ending such as csv is one too",
        )
    return kind.strip().lower()


def _tag(tag: str) -> str:
    plain = normal_tag(tag)
    if not plain:
        raise UsageError(f"“{tag}” is no tag")
    return plain
