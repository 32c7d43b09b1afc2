"""Words of scripts that put no spaces between them, found by the pairs of their letters.

The full-text index takes a whole run of Chinese or Japanese for one word, so that
only the same run would be found again. Such runs are cut into overlapping pairs,
and the texts themselves are searched for them: half a millisecond for each
thousand chunks and pair, which only questions in these scripts pay.
"""

import itertools
import math
import re
import sqlite3
from collections.abc import Container, Sequence

MOST_PAIRS = 16
"""Pairs of a question that are looked for, in the order typed."""

_LETTER = "[\u0e00-\u0e7f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
_RUN = re.compile(f"{_LETTER}+")


def pairs_of(text: str) -> list[str]:
    """Return the pairs of letters in a text that belong to such scripts; a letter alone is one by itself."""
    found: dict[str, None] = {}
    for run in _RUN.findall(text):
        found.update(dict.fromkeys(map("".join, itertools.pairwise(run)) if len(run) > 1 else [run]))
    return list(found)[:MOST_PAIRS]


def is_unspaced(text: str) -> bool:
    """Tell whether a text holds nothing but letters of such scripts, and spaces."""
    return not _RUN.sub("", text).strip()


def rank_unspaced(
    connection: sqlite3.Connection,
    pairs: Sequence[str],
    *,
    top_k: int,
    files: Container[int] | None,
    needs_all: bool = False,
) -> list[tuple[int, float]]:
    """Rank chunks by the pairs that their text, or the name of their file, holds.

    Args:
        connection: The catalog.
        pairs: What `pairs_of` returned for a question.
        top_k: How many at most.
        files: Ids of the files to stay in; `None` for everywhere.
        needs_all: Whether a chunk must hold every pair.

    Returns:
        (chunk id, score > 0), best first: the share of the pairs by their rarity, on the scale
        of BM25, where all of them are worth a word that no chunk holds.
    """
    if not pairs:
        return []
    held = [f"(instr(text, ?{at}) > 0 OR instr(name, ?{at}) > 0)" for at in range(1, len(pairs) + 1)]
    bits = " + ".join(f"({one} << {at})" for at, one in enumerate(held))
    rows = connection.execute(
        f"SELECT chunks.id, chunks.file, {bits} AS held FROM chunk_text"
        " JOIN chunks ON chunks.id = chunk_text.rowid WHERE held > 0",
        pairs,
    ).fetchall()
    (total,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
    counts = [sum(mask >> at & 1 for *_, mask in rows) for at in range(len(pairs))]
    rarities = [math.log((total + 1) / (count + 0.5)) for count in counts]
    highest = math.log(2 * total + 1) / sum(rarities)
    scores = [
        (chunk_id, highest * sum(each for at, each in enumerate(rarities) if mask >> at & 1))
        for chunk_id, file_id, mask in rows
        if (files is None or file_id in files) and (not needs_all or mask + 1 == 1 << len(pairs))
    ]
    return sorted(scores, key=lambda pair: (-pair[1], pair[0]))[:top_k]
