"""Filters → the files they leave: resolved once for a search, then only looked up.

All that is asked stands in one index, which is walked as a whole at worst. Names are compared without
regard to case, beginning with the name of the root, so that the folders above it do not count.
"""

import json
import os
import re
import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.types import Filters

DATED = "coalesce(files.dated, files.mtime_ns / 1e9)"
"""When a file is from, in seconds since the epoch."""

PLACES_AT_ONCE = 200
"""Places that one statement asks for."""

_WILD = re.compile(r"[*?\[]")

Condition = tuple[str, Sequence[object]]
"""A condition on a row of `files`, and its values."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The files that a search is confined to, as they were at one moment."""

    files: frozenset[int]
    """Ids of the files."""

    chunks: int
    """Chunks of these files together."""

    unknown: tuple[str, ...] = ()
    """Names and patterns of `within` and `exclude` that no file bears or stands under."""

    def __and__(self, other: "Scope") -> "Scope":
        """Return the files of both; of their chunks only an upper bound is known."""
        return Scope(
            self.files & other.files, min(self.chunks, other.chunks), (*self.unknown, *other.unknown)
        )


def resolve(connection: sqlite3.Connection, filters: Filters) -> Scope:
    """Return the files that filters leave; their types must be endings."""
    roots = dict(connection.execute("SELECT id, path FROM roots").fetchall())
    places = {
        place: _place(connection, roots, place, number)
        for number, place in enumerate(dict.fromkeys((*filters.within, *filters.exclude)))
    }
    conditions: list[Condition] = [("chunks > 0", ()), *_others(filters)]

    def any_of(names: Sequence[str]) -> Condition:
        values = [value for name in names for value in places[name][1]]
        return f"({' OR '.join(places[name][0] for name in names)})", values

    found: set[int] = set()
    chunks = 0
    # in parts, because thousands joined by OR are more than SQLite takes.
    for within in _parts(filters.within) if filters.within else [()]:
        where = [*conditions, any_of(within)] if within else conditions
        for exclude in _parts(filters.exclude):
            denied, values = any_of(exclude)
            where = [*where, (f"NOT {denied}", values)]
        ids, count = _listed(connection, where)
        chunks += count
        found |= ids
    if len(filters.within) > PLACES_AT_ONCE:
        # what stands in two parts was counted twice.
        chunks = _listed(connection, [("id IN (SELECT value FROM json_each(?))", [json.dumps(list(found))])])[
            1
        ]
    return Scope(frozenset(found), chunks, _unknown(connection, places, filters, is_empty=not found))


def _listed(connection: sqlite3.Connection, conditions: Sequence[Condition]) -> tuple[set[int], int]:
    """Return the ids of the files that meet conditions, and how many chunks they have together."""
    # one row with all the ids comes over in half the time of a row for each.
    ids, chunks = connection.execute(
        "SELECT group_concat(id), coalesce(sum(chunks), 0) FROM files WHERE "
        + " AND ".join(sql for sql, _ in conditions),
        [value for _, values in conditions for value in values],
    ).fetchone()
    return set(map(int, ids.split(","))) if ids else set(), int(chunks)


def _unknown(
    connection: sqlite3.Connection, places: Mapping[str, Condition], filters: Filters, *, is_empty: bool
) -> tuple[str, ...]:
    """Return the names that no file bears or stands under; paths may be empty folders."""
    names = [place for place in places if not place.startswith("/")]
    if not is_empty and not filters.exclude and len(filters.within) == 1:
        return ()
    return tuple(
        name
        for name in names
        if connection.execute(
            f"SELECT 1 FROM files WHERE chunks > 0 AND {places[name][0]} LIMIT 1", places[name][1]
        ).fetchone()
        is None
    )


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + PLACES_AT_ONCE] for start in range(0, len(names), PLACES_AT_ONCE)]


def _others(filters: Filters) -> list[Condition]:
    """Return the conditions that do not name places."""
    conditions: list[Condition] = []
    if filters.types:
        marks = ", ".join("?" * len(filters.types))
        conditions.append((f"ending IN ({marks})", filters.types))
    # "0" follows "/" in ASCII, so the range is exactly what begins with the tag and a slash.
    conditions.extend(
        ("id IN (SELECT file FROM tags WHERE tag = ? OR (tag > ? AND tag < ?))", (tag, f"{tag}/", f"{tag}0"))
        for tag in filters.tags
    )
    if filters.since is not None:
        conditions.append((f"{DATED} >= ?", (filters.since,)))
    if filters.before is not None:
        conditions.append((f"{DATED} < ?", (filters.before,)))
    return conditions


def _place(connection: sqlite3.Connection, roots: Mapping[int, bytes], place: str, number: int) -> Condition:
    """Return the condition for a file, or all that is below a folder; `number` tells it from others."""
    if place.startswith("/"):
        name = os.fsencode(place)
        folder = name if name.endswith(b"/") else name + b"/"
        return "(path = ? OR (path > ? AND path < ?))", (name, folder, folder[:-1] + b"0")
    tail = f"lower({tail_of(roots)}) || '/'" if roots else "''"
    names = spellings(place.strip("/"))
    if not _WILD.search(place):
        return f"({' OR '.join([f'instr({tail}, ?)'] * len(names))})", [f"/{name}/" for name in names]
    if re.fullmatch(r"\*[^*?\[/]+", place):
        # "*.md" ends a name, as a part of a path that is followed by a slash.
        return f"({' OR '.join([f'instr({tail}, ?)'] * len(names))})", [f"{name[1:]}/" for name in names]
    pattern = _expression(names)
    connection.create_function(
        f"matches_{number}", 1, lambda text: pattern.search(text) is not None, deterministic=True
    )
    return f"matches_{number}({tail})", ()


def tail_of(roots: Mapping[int, bytes]) -> str:
    """Return the expression for a path from its root's own name on, with the slash before it.

    Args:
        roots: Paths by id; at least one.
    """
    starts = " ".join(f"WHEN {root} THEN {path.rstrip(b'/').rfind(b'/') + 1}" for root, path in roots.items())
    return f"substr(path, CASE root {starts} ELSE 1 END)"


def _expression(patterns: Sequence[str]) -> re.Pattern[str]:
    """Return what finds any of these patterns as whole parts of a path."""
    # names with brackets are as frequent as patterns with them, so each stands for itself too.
    literal = "|".join(f"/{re.escape(pattern)}/" for pattern in patterns)
    try:
        return re.compile("|".join([literal, *(f"/{_translated(each)}/" for each in patterns)]), re.DOTALL)
    except re.error:
        return re.compile(literal)


def _translated(pattern: str) -> str:
    """Return a pattern as a regular expression: `*` and `?` are no slash, `**` is anything."""
    first, *rest = re.split(r"(\*+)", pattern)
    written = _without_stars(first)
    for star, piece in zip(rest[::2], rest[1::2], strict=True):
        anything, fixed = "." if len(star) > 1 else "[^/]", _without_stars(piece)
        # the first place that fits is as good as any, which keeps many stars from taking for ever.
        written += f"{anything}*{fixed}" if piece is rest[-1] else f"(?>{anything}*?{fixed})"
    return written


def _without_stars(piece: str) -> str:
    escaped_dash = re.escape("-")
    parts = re.split(r"(\?)|(\[[^\]/\\^!]+\])", piece)
    plain, one, group = parts[::3], parts[1::3], parts[2::3]
    wild = [
        "[^/]" if mark else f"[{re.escape(letters[1:-1]).replace(escaped_dash, '-')}]"
        for mark, letters in zip(one, group, strict=True)
    ]
    return re.escape(plain[0]) + "".join(
        mark + re.escape(text) for mark, text in zip(wild, plain[1:], strict=True)
    )


def spellings(name: str) -> list[str]:
    """Return how a name may stand in a path after SQLite's `lower`, which knows ASCII alone."""
    lower = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    ways = [name, name.lower(), name.upper(), name.title()]
    forms = [unicodedata.normalize(form, way) for way in ways for form in ("NFC", "NFD")]
    return list(dict.fromkeys(form.translate(lower) for form in forms))
