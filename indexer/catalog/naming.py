"""Which files a person may mean by a name, and the chunks of one of them.

Nothing is looked up in an index of names: whoever names a file asks for all of
it, which takes so long that walking over all rows does not count.
"""

import os
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from indexer.types import FileStatus, NamedFile

MOST_NAMESAKES = 20
"""Files returned for one name."""

_JOINTS = re.compile(r"[\s._-]+")

_EXACT, _FOLDED, _STEM, _TITLE = range(4)
"""How well a name fits, best first: path, path but for capitals, file name without its ending, title."""


def named_files(connection: sqlite3.Connection, names: Sequence[str]) -> list[list[NamedFile]]:
    """Return for each name the files it fits best, in path order.

    A name is a path or the end of one ("plan.md", "notes/plan.md"), a file's name without its
    ending, or a title; capitals and what joins words ("-", "_", " ") count only where several
    files would do otherwise.
    """
    wanted = [_Name(name) for name in names]
    found: list[dict[int, list[NamedFile]]] = [{} for _ in names]
    rows = connection.execute(
        "SELECT files.path, roots.path, title, status, reason, chunks FROM files"
        " JOIN roots ON roots.id = files.root ORDER BY files.path"
    )
    for path, root, title, status, reason, chunks in rows:
        shown = os.fsdecode(path)
        for name, fits in zip(wanted, found, strict=True):
            fit = name.fit(shown, title)
            if fit is None or len(same := fits.setdefault(fit, [])) == MOST_NAMESAKES:
                continue
            same.append(
                NamedFile(
                    path=Path(shown),
                    root=Path(os.fsdecode(root)),
                    title=title,
                    status=FileStatus(status),
                    reason=reason,
                    chunks=chunks,
                )
            )
    return [fits[min(fits)] if fits else [] for fits in found]


def chunk_ids_of(connection: sqlite3.Connection, path: Path, *, limit: int, offset: int) -> list[int]:
    """Return the chunks of a file in reading order."""
    rows = connection.execute(
        "SELECT chunks.id FROM chunks JOIN files ON files.id = chunks.file WHERE files.path = ?"
        " ORDER BY chunks.ordinal LIMIT ? OFFSET ?",
        (os.fsencode(path), limit, offset),
    )
    return [chunk_id for (chunk_id,) in rows]


class _Name:
    """One name, taken apart once for all rows."""

    def __init__(self, name: str) -> None:
        bare = name.strip().removeprefix("~")
        while bare.startswith("./"):
            bare = bare[2:]
        self._end = "/" + bare.strip("/") if bare.strip("/") else ""
        self._folded_end = self._end.casefold()
        self._words = "" if "/" in bare else _words(bare)

    def fit(self, path: str, title: str) -> int | None:
        """Tell how well the name fits a file; `None` for not at all."""
        if not self._end:
            return None
        if path.endswith(self._end):
            return _EXACT
        if path.casefold().endswith(self._folded_end):
            return _FOLDED
        if self._words:
            if _words(os.path.splitext(path.rpartition("/")[2])[0]) == self._words:  # noqa: PTH122 - 100,000 times
                return _STEM
            if title and _words(title) == self._words:
                return _TITLE
        return None


def _words(text: str) -> str:
    return _JOINTS.sub(" ", text).strip().casefold()
