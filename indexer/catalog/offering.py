"""What the files offer to filters: their tags, endings and places, each with how many files it leaves."""

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Mapping

from indexer.catalog.scoping import spellings, tail_of

_SURROGATE = re.compile("[\ud800-\udfff]")

MOST_ROOTS = 5
"""With more roots, what stands in them is not offered before one is named."""

MOST_INSIDE = 500
"""Names looked at of what stands right in a root."""

AFTER_SLASH = b"0"
"""What follows the slash in ASCII: every path in a folder is less than its name and this."""


class FilterReads:
    """Questions about what could be filtered by, inside one transaction."""

    _connection: sqlite3.Connection

    def tag_counts(self, beginning: str, *, limit: int) -> dict[str, int]:
        """Count the files of the tags that begin so, the most frequent first."""
        rows = self._connection.execute(
            "SELECT tag, count(*) AS n FROM tags JOIN files ON files.id = tags.file"
            " WHERE chunks > 0 AND substr(tag, 1, ?) = ? GROUP BY tag ORDER BY n DESC, tag LIMIT ?",
            (len(beginning), beginning, limit),
        )
        return dict(rows.fetchall())

    def ending_counts(self) -> dict[str, int]:
        """Count the files of each ending, the most frequent first."""
        rows = self._connection.execute(
            "SELECT ending, count(*) AS n FROM files WHERE chunks > 0 GROUP BY ending ORDER BY n DESC, ending"
        )
        return dict(rows.fetchall())

    def place_counts(self, typed: str, *, limit: int) -> dict[str, int]:
        """Count the files of the folders and files that a beginning may stand for, the largest first.

        Args:
            typed: The beginning of the name of a folder or file, with the folders above it or without,
                or of an absolute path. Case does not count.
            limit: How many at most.

        Returns:
            Each continued to the end of the name that it breaks off in, "/" behind a folder; with
            an empty beginning the roots, and what stands right in them.
        """
        roots = dict(self._connection.execute("SELECT id, path FROM roots").fetchall())
        if not roots or _SURROGATE.search(typed):
            # what is no text cannot be compared as such.
            return {}
        counts: Counter[bytes] = Counter()
        if typed:
            for spelling in spellings(typed):
                counts.update(self._continued(spelling.encode(), roots))
        else:
            counts.update(self._roots_and_inside(roots))
        found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return {os.fsdecode(name): count for name, count in found}

    def _roots_and_inside(self, roots: Mapping[int, bytes]) -> Counter[bytes]:
        """Count the files of the roots and, where those are few, of what stands right in them."""
        counts: Counter[bytes] = Counter()
        sizes = self._connection.execute("SELECT root, count(*) FROM files WHERE chunks > 0 GROUP BY root")
        for root, files in sizes.fetchall():
            counts[roots[root].rstrip(b"/").rpartition(b"/")[2] + b"/"] += files
        if len(counts) <= MOST_ROOTS:
            for path in roots.values():
                counts.update(self._inside(path.rstrip(b"/") + b"/"))
        return counts

    def _inside(self, folder: bytes) -> Counter[bytes]:
        """Count the files of what stands right in a folder, going from one name to the next."""
        counts: Counter[bytes] = Counter()
        at, end = folder, folder[:-1] + AFTER_SLASH
        while len(counts) < MOST_INSIDE:
            row = self._connection.execute(
                "SELECT path FROM files WHERE path > ? AND path < ? AND chunks > 0 ORDER BY path LIMIT 1",
                (at, end),
            ).fetchone()
            if row is None:
                break
            name, slash, _ = row[0][len(folder) :].partition(b"/")
            at = row[0]
            counts[name + slash] = 1
            if slash:
                begin, at = folder + name + slash, folder + name + AFTER_SLASH
                (counts[name + slash],) = self._connection.execute(
                    "SELECT count(*) FROM files WHERE path > ? AND path < ? AND chunks > 0", (begin, at)
                ).fetchone()
        return counts

    def _continued(self, typed: bytes, roots: Mapping[int, bytes]) -> Counter[bytes]:
        """Continue a beginning in one spelling, whose ASCII letters are small."""
        # a path that is absolute begins so, or not at all; else any of its names may.
        is_absolute = typed.startswith(b"/")
        tail = "path" if is_absolute else tail_of(roots)
        sought = typed if is_absolute else b"/" + typed
        rows = self._connection.execute(
            f"SELECT {tail} FROM files WHERE chunks > 0 AND instr(lower({tail}), CAST(? AS TEXT))"
            f" {'= 1' if is_absolute else '> 0'}",
            (sought,),
        )
        counts: Counter[bytes] = Counter()
        for (path,) in rows:
            begin = path.lower().find(sought) + (not is_absolute)
            end = path.find(b"/", begin + len(typed)) + 1
            counts[path[begin:end] if end else path[begin:]] += 1
        return counts
