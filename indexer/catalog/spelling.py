"""Words of the index that are spelt nearly like one that it does not hold.

The index keeps stems, so stems are compared: "enviroment" and "environment" are
one letter apart as "enviro" and "environ". Of the vocabulary only that part is read that
begins alike; what differs in the first two letters is asked for by itself, and
may differ there alone.
"""

import re
import sqlite3
import string
import threading
from collections.abc import Iterator

from indexer.words import word_root

TERMS = "CREATE VIRTUAL TABLE temp.chunk_terms USING fts5vocab (main, chunk_text, row)"
"""What a connection needs for its vocabulary to be read."""

LEAST_CHARS = 4
"""Length from which on a word is taken for a misspelt one."""

LONG_CHARS = 8
"""Length from which on two mistakes are forgiven instead of one."""

RARER = 4
"""In how many times fewer chunks than the likeliest a word may stand that was meant as likely."""

_PAST_ALL = "\U0010ffff"
_WORD = re.compile(r"[^\W_]+")


class _Stemmer:
    """Takes words to stems by the tokenizer of the full-text index itself. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute(
            "CREATE VIRTUAL TABLE words USING fts5"
            " (word, tokenize = 'porter unicode61 remove_diacritics 2', content = '')"
        )
        self._connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (words, instance)")

    def stem(self, word: str) -> str:
        """Return the stem of one word; empty for what is none."""
        with self._lock:
            self._connection.execute("INSERT INTO words (rowid, word) VALUES (1, ?)", (word,))
            row = self._connection.execute("SELECT term FROM terms").fetchone()
            self._connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
        return "" if row is None else str(row[0])


_stemmer = _Stemmer()


def similar_words(connection: sqlite3.Connection, word: str, *, most: int) -> list[str]:
    """Return words of the index that a word may have been meant for, the likeliest first.

    Args:
        connection: The catalog, in which `TERMS` was carried out.
        word: Letters and digits only.
        most: How many words at most.

    Returns:
        Words as they stand in a chunk, in lower case, all at the least distance that any is;
        none for a short word, for one with a digit, which is no misspelling of another, and for
        the beginning of a word.
    """
    if len(word) < LEAST_CHARS or not word.isalpha():
        return []
    begun = connection.execute(
        "SELECT 1 FROM chunk_terms WHERE term >= ? AND term < ? LIMIT 1", (word, word + _PAST_ALL)
    ).fetchone()
    if begun is not None:
        return []
    stem, root = _stemmer.stem(word), word_root(word)
    at_most = 2 if len(word) >= LONG_CHARS else 1
    near: list[tuple[int, int, str]] = []
    for term, count in _alike(connection, stem):
        # a mistake before an ending can lead the stemmer astray: "moring" becomes "more".
        distance = min(edit_distance(each, term, at_most=at_most) for each in {stem, root})
        if distance <= at_most and term.isalpha():
            near.append((distance, -count, term))
    near.sort()
    return [
        found
        for distance, minus_count, term in near[:most]
        # a typing mistake that somebody indexed is no word to look for.
        if distance == near[0][0]
        and minus_count * RARER <= near[0][1]
        and (found := _spelt_out(connection, term))
    ]


def edit_distance(one: str, other: str, *, at_most: int) -> int:
    """Count the letters that are put in, left out, changed or swapped with their neighbour.

    The optimal string alignment distance. Returns `at_most + 1` where it is larger than that.
    """
    if abs(len(one) - len(other)) > at_most:
        return at_most + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, facing in enumerate(other, start=1):
            cost = min(above[column] + 1, current[column - 1] + 1, above[column - 1] + (letter != facing))
            is_swapped = row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == facing
            current.append(min(cost, before[column - 2] + 1) if is_swapped else cost)
        if min(current) > at_most:
            return at_most + 1
        before, above = above, current
    return min(above[-1], at_most + 1)


def _alike(connection: sqlite3.Connection, stem: str) -> Iterator[tuple[str, int]]:
    """Yield (term, number of chunks) of what begins like a stem, or differs in how it begins."""
    if len(stem) < 3:
        return
    first, second, third = stem[0], stem[1], stem[2]
    beginnings = {first + second, second + first, first + third}
    for beginning in sorted(beginnings):
        yield from connection.execute(
            "SELECT term, doc FROM chunk_terms WHERE term >= ? AND term < ?",
            (beginning, beginning + _PAST_ALL),
        )
    for other in sorted(_begun_otherwise(stem)):
        if other[:2] not in beginnings:
            yield from connection.execute("SELECT term, doc FROM chunk_terms WHERE term = ?", (other,))


def _begun_otherwise(stem: str) -> set[str]:
    """Return what a stem may have been before one mistake in its first two letters."""
    others = {stem[1:]}
    for letter in string.ascii_lowercase:
        for kept, rest in (("", stem), ("", stem[1:]), (stem[0], stem[1:]), (stem[0], stem[2:])):
            others.add(kept + letter + rest)
    return others


def _spelt_out(connection: sqlite3.Connection, term: str) -> str:
    """Return a word of which this is the stem, as a chunk has it; empty if none is found."""
    row = connection.execute(
        "SELECT text, headings, name FROM chunk_text WHERE chunk_text MATCH ? LIMIT 1", (f'"{term}"',)
    ).fetchone()
    words = {word.lower() for column in row or () for word in _WORD.findall(column)}
    alike = sorted((word for word in words if word[:2] == term[:2]), key=lambda word: (len(word), word))
    return next((word for word in alike if _stemmer.stem(word) == term), "")
