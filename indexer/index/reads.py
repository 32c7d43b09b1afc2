"""What search asks of an index without its worker: words, chunks and their vectors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from indexer.catalog import Scope, StoredChunk
from indexer.extract.kinds import all_endings
from indexer.index.ledger import LedgerReads
from indexer.types import Filters, Vectors
from indexer.windows import best_windows

DEFAULT_WEIGHTS = (1.0, 1.0, 1.0)
"""What a word counts for BM25 in text, headings and file name."""


class IndexReads(LedgerReads):
    """Reads of the catalog; each is one transaction. Thread-safe."""

    def scope(self, filters: Filters) -> Scope | None:
        """Return the files that filters leave; `None` where that is all of them."""
        if filters.types:
            filters = replace(filters, types=all_endings(filters.types))
        with self._catalog.read() as catalog:
            return catalog.scope(filters)

    def lexical(
        self,
        match: str,
        *,
        top_k: int,
        scope: Scope | None = None,
        weights: tuple[float, float, float] = DEFAULT_WEIGHTS,
    ) -> list[tuple[int, float]]:
        """Rank chunks for an FTS5 expression by BM25.

        Args:
            match: The expression, over the columns text, headings and name.
            top_k: How many at most.
            scope: The files to stay in; `None` for everywhere.
            weights: What a word counts in text, headings and file name.

        Returns:
            (chunk id, score >= 0), best first.

        Raises:
            UsageError: If `match` is not an expression.
        """
        with self._catalog.read() as catalog:
            return catalog.lexical(match, top_k=top_k, scope=scope, weights=weights)

    def chunks_of(self, path: Path, *, limit: int, offset: int = 0) -> tuple[list[StoredChunk], int]:
        """Return some of a file's chunks in reading order, and how many it has."""
        with self._catalog.read() as catalog:
            chunks = catalog.chunks_of(path, limit=limit, offset=offset)
            return sorted(chunks, key=lambda chunk: chunk.ordinal), catalog.chunk_count(under=[path])

    def sample(self, *, count: int, seed: int, filters: Filters) -> list[StoredChunk]:
        """Return chunks drawn at random, spread over files and kinds of files, in the order drawn."""
        scope = self.scope(filters)
        with self._catalog.read() as catalog:
            drawn = catalog.sample(count=count, seed=seed, scope=scope)
            found = catalog.chunks(drawn)
        return [found[chunk_id] for chunk_id in drawn if chunk_id in found]

    def word_counts(self, words: Sequence[str]) -> dict[str, int]:
        """Count the chunks that hold each of some words; a word is letters and digits only."""
        with self._catalog.read() as catalog:
            return {word: catalog.word_count(word) for word in words}

    def unspaced(
        self, text: str, *, top_k: int, scope: Scope | None = None, needs_all: bool = False
    ) -> list[tuple[int, float]]:
        """Rank chunks by the letters of a text whose script puts no spaces between words.

        Args:
            text: A question; one in other scripts ranks nothing.
            top_k: How many at most.
            scope: The files to stay in; `None` for everywhere.
            needs_all: Whether a chunk must hold all of it; then nothing but such letters is looked for.

        Returns:
            (chunk id, score > 0) on the scale of BM25, best first.
        """
        with self._catalog.read() as catalog:
            return catalog.unspaced(text, top_k=top_k, scope=scope, needs_all=needs_all)

    def similar_words(self, words: Sequence[str], *, most: int) -> dict[str, list[str]]:
        """Return what each of some words of no chunk may have been meant for, the likeliest first.

        Words that are the beginning of one, or that nothing is spelt like, have none.
        """
        with self._catalog.read() as catalog:
            return {word: catalog.similar_words(word, most=most) for word in words}

    def similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Return the exact cosine similarity of chunks to a query; ids that are gone are left out."""
        with self._catalog.read() as catalog:
            ids, rows = catalog.embeddings(chunk_ids)
        if not ids:
            return {}
        return dict(zip(ids, map(float, rows.astype(np.float32) @ query_vector), strict=True))

    def window_similarities(self, query_vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine similarity of each chunk's best window to a query.

        Ids that are gone are left out, and so is every chunk where the embedding
        model has no windows.
        """
        with self._catalog.read() as catalog:
            packed = catalog.windows(chunk_ids)
        return dict(zip(packed, best_windows(list(packed.values()), query_vector), strict=True))

    def chunks(self, chunk_ids: Sequence[int]) -> list[StoredChunk]:
        """Return chunks in the order asked for; ids that are gone are left out."""
        with self._catalog.read() as catalog:
            found = catalog.chunks(chunk_ids)
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]
