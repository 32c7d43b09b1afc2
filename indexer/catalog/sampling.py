"""Some chunks, drawn at random and spread over files and kinds of files."""

import itertools
import os
import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from indexer.catalog.scoping import Scope


def sample_chunk_ids(
    connection: sqlite3.Connection, *, count: int, seed: int, scope: Scope | None
) -> list[int]:
    """Draw chunks; the same ones for the same seed, as long as nothing is indexed or forgotten.

    Args:
        connection: The catalog.
        count: How many at most.
        seed: Of the drawing.
        scope: The files to draw from; `None` for all of them.
    """
    rows = connection.execute("SELECT id, path, chunks FROM files WHERE chunks > 0 ORDER BY path")
    files: dict[str, dict[int, int]] = defaultdict(dict)
    for file_id, path, chunks in rows:
        if scope is None or file_id in scope.files:
            files[PurePath(os.fsdecode(path)).suffix.casefold()][file_id] = chunks
    drawn = itertools.islice(spread(list(files.values()), seed=seed), count)
    found = (
        connection.execute(
            "SELECT id FROM chunks WHERE file = ? ORDER BY ordinal LIMIT 1 OFFSET ?", place
        ).fetchone()
        for place in drawn
    )
    return [row[0] for row in found if row is not None]


def spread(kinds: Sequence[Mapping[int, int]], *, seed: int) -> Iterator[tuple[int, int]]:
    """Yield every chunk once, as (file, which of its chunks); kinds take turns, and in each its files.

    So the first hundred are of a hundred files, unless there are fewer, and a rare kind of file
    is not lost among the others.

    Args:
        kinds: For each kind the number of chunks by file.
        seed: Of the order.
    """
    order = random.Random(seed)
    return _taking_turns([_of_kind(kind, order) for kind in kinds], order)


def _of_kind(chunks_of: Mapping[int, int], order: random.Random) -> Iterator[tuple[int, int]]:
    return _taking_turns([_shuffled(file, chunks, order) for file, chunks in chunks_of.items()], order)


def _shuffled(file: int, chunks: int, order: random.Random) -> Iterator[tuple[int, int]]:
    places = list(range(chunks))
    order.shuffle(places)
    return ((file, place) for place in places)


def _taking_turns(
    lines: Sequence[Iterator[tuple[int, int]]], order: random.Random
) -> Iterator[tuple[int, int]]:
    """Yield one of each line in turn, until all are empty."""
    waiting = list(lines)
    order.shuffle(waiting)
    while waiting:
        left = []
        for line in waiting:
            if (taken := next(line, None)) is not None:
                yield taken
                left.append(line)
        waiting = left
