"""Ranking by BM25 over the full-text table, in bounded time.

FTS5 scores every chunk that holds any of the words, at about a microsecond
each, so that one common word in a question about 100,000 chunks costs a tenth
of a second. Where the words of a question occur too often, chunks must hold one
of the rare ones; common words then still add to a chunk's score, but no longer
bring chunks in. Below `ROWS_BUDGET` occurrences nothing is left out.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Sequence
from itertools import islice

ROWS_BUDGET = 4_000
"""Chunks that may be scored for one question; about 5 ms."""

FEW_FILES = 1_000
"""Files whose chunks are listed first, so that no others are scored."""

_IN_FEW = (
    "FROM chunk_text WHERE chunk_text MATCH ?"
    " AND +rowid IN (SELECT id FROM chunks WHERE file IN (SELECT value FROM json_each(?)))"
)
_RANKED = "FROM chunk_text WHERE chunk_text MATCH ? AND rank MATCH ? ORDER BY rank"
_FILE = "(SELECT file FROM chunks WHERE chunks.id = chunk_text.rowid)"

_WORD = r'"(?:[^"]|"")*"'
_ALTERNATIVES = re.compile(rf"\s*{_WORD}(?:\s+OR\s+{_WORD})+\s*")


def rank_chunks(
    connection: sqlite3.Connection,
    match: str,
    *,
    top_k: int,
    files: Collection[int] | None,
    weights: tuple[float, float, float],
) -> list[tuple[int, float]]:
    """Rank chunks for an FTS5 expression.

    Args:
        connection: The catalog.
        match: The expression; quoted words joined by OR are ranked in bounded time.
        top_k: How many at most.
        files: Ids of the files to stay in; `None` for everywhere.
        weights: What a word counts in text, headings and file name.

    Returns:
        (chunk id, score >= 0), best first; equal scores by id.
    """
    factors = ", ".join(str(float(weight)) for weight in weights)

    def ranked(expression: str) -> dict[int, float]:
        if files is None:
            rows = connection.execute(
                f"SELECT rowid, rank {_RANKED} LIMIT ?", (expression, f"bm25({factors})", top_k)
            )
            return {chunk_id: max(0.0, -rank) for chunk_id, rank in rows}
        if len(files) <= FEW_FILES:
            # only what stands in them is scored, which is what takes long.
            rows = connection.execute(
                f"SELECT rowid, bm25(chunk_text, {factors}) {_IN_FEW}", (expression, json.dumps([*files]))
            )
            best = sorted(rows, key=lambda row: (row[1], row[0]))[:top_k]
            return {chunk_id: max(0.0, -rank) for chunk_id, rank in best}
        # looked up as they leave the ranking, best first, until there are enough.
        found = connection.execute(f"SELECT rowid, rank, {_FILE} {_RANKED}", (expression, f"bm25({factors})"))
        inside = ((chunk_id, rank) for chunk_id, rank, file_id in found if file_id in files)
        return {chunk_id: max(0.0, -rank) for chunk_id, rank in islice(inside, top_k)}

    def count(expression: str) -> int:
        row = connection.execute("SELECT count(*) FROM chunk_text WHERE chunk_text MATCH ?", (expression,))
        return int(row.fetchone()[0])

    gates = [(match, "")]
    if _ALTERNATIVES.fullmatch(match):
        words = sorted(set(re.findall(_WORD, match)))
        occurrences = sorted((count(word), word) for word in words)
        if sum(number for number, _ in occurrences) > ROWS_BUDGET:
            gates = choose_gates([pair for pair in occurrences if pair[0]], count, at_least=top_k)
    scores: dict[int, float] = {}
    for required, optional in gates:
        for expression in (required, f"({required}) AND ({optional})") if optional else (required,):
            for chunk_id, score in ranked(expression).items():
                # each expression counts some of the words; the one that counts most of them is right.
                scores[chunk_id] = max(score, scores.get(chunk_id, 0.0))
    if files is not None and len(scores) < top_k and gates != [(match, "")]:
        # the rare words stand elsewhere: here the common ones must do.
        scores = ranked(match)
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:top_k]


def choose_gates(
    occurrences: Sequence[tuple[int, str]], count: Callable[[str], int], *, at_least: int
) -> list[tuple[str, str]]:
    """Choose what a chunk must match to be scored, so that few enough do.

    Args:
        occurrences: (number of chunks, word), rarest first; no number is 0.
        count: Counts the chunks that match an expression.
        at_least: How many chunks to let through where there are so many.

    Returns:
        Pairs of an expression that is required, and one that only adds to the score or is empty.
    """
    words = [word for _, word in occurrences]
    taken, rows = 0, 0
    for number, _ in occurrences:
        if rows + number > ROWS_BUDGET:
            break
        taken, rows = taken + 1, rows + number
    rare, common = words[:taken], words[taken:]
    gates = [(" OR ".join(rare), " OR ".join(common))] if rare else []
    if rows < at_least and common:
        # too few hold a rare word: add those that hold several of the common ones.
        together = common[:1]
        for word in common[1:]:
            if count(" AND ".join(together)) <= ROWS_BUDGET:
                break
            if count(" AND ".join([*together, word])) < at_least:
                break
            together.append(word)
        others = [word for word in words if word not in together]
        gates.append((" AND ".join(together), " OR ".join(others)))
    return gates
