"""What can be asked of the catalog about words: how many chunks hold one, and what stands in for one."""

import sqlite3

from indexer.catalog.scoping import Scope
from indexer.catalog.spelling import similar_words
from indexer.catalog.unspaced import is_unspaced, pairs_of, rank_unspaced


class WordReads:
    """Questions about words, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def word_count(self, word: str) -> int:
        """Count the chunks that hold a word, in any of its forms; `word` is letters and digits only."""
        statement = "SELECT count(*) FROM chunk_text WHERE chunk_text MATCH ?"
        return int(self._connection.execute(statement, (f'"{word}"',)).fetchone()[0])

    def similar_words(self, word: str, *, most: int) -> list[str]:
        """Return words that a word of no chunk may have been meant for, the likeliest first."""
        return [] if pairs_of(word) else similar_words(self._connection, word, most=most)

    def unspaced(
        self, text: str, *, top_k: int, scope: Scope | None, needs_all: bool
    ) -> list[tuple[int, float]]:
        """Rank chunks by the letters of a text whose script puts no spaces between words.

        Args:
            text: A question; one in other scripts ranks nothing, and costs nothing.
            top_k: How many at most.
            scope: The files to stay in; `None` for everywhere.
            needs_all: Whether a chunk must hold all of it; then nothing but such letters is looked for.

        Returns:
            (chunk id, score > 0), best first.
        """
        if needs_all and not is_unspaced(text):
            return []
        files = None if scope is None else scope.files
        return rank_unspaced(self._connection, pairs_of(text), top_k=top_k, files=files, needs_all=needs_all)
