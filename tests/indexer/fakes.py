"""Small real classes that stand in for the children of the indexer: the worker and the reader of files."""

import hashlib
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from indexer.errors import KbError, PermanentError, StoreError, TransientError, WorkerError
from indexer.extract.sandbox import Extracted
from indexer.types import Chunk, Embeddings, Locator, Vectors
from indexer.worker import WorkerInfo


class InMemoryWorker:
    """Stands for the worker child: vectors are made of the words of a text and kept in a dictionary.

    Args:
        gate: Embedding waits until it is set, where one is given.
        deadly: Texts that hold this kill the worker; empty for none.
    """

    dim = 16

    def __init__(self, *, gate: threading.Event | None = None, deadly: str = "") -> None:
        self._gate = gate
        self._deadly = deadly
        self.vectors: dict[str, Vectors] = {}
        self.embedded: list[str] = []
        self.beside: dict[str, Vectors] | None = None
        self.beside_name = ""
        self.switches = 0
        self.removed: list[str] = []
        self.crash: Callable[[], None] = lambda: None
        self.reranker = ""
        self.error: KbError | None = None
        """Raised by everything that embeds, where one is set."""

    def describe(self) -> WorkerInfo:
        """Return made-up facts."""
        return WorkerInfo(
            model="in-memory",
            fingerprint="in-memory-1",
            dim=self.dim,
            capacity_tokens=254,
            tokenizer_file=Path("/nowhere/tokenizer.json"),
            device="cpu",
            dtype="float32",
            pid=0,
            memory_bytes=0,
            store_error="",
        )

    def tell_of_crashes(self, listener: Callable[[], None]) -> None:
        """Keep the listener, for tests to call."""
        self.crash = listener

    def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:  # noqa: ARG002
        """Embed."""
        if self._gate is not None:
            self._gate.wait()
        if self.error is not None:
            raise self.error
        if self._deadly and any(self._deadly in text for text in texts):
            raise WorkerError("the embedding worker died twice over one request")
        vectors = np.stack([self.embed_query(text) for text in texts])
        self.embedded += texts
        return Embeddings(vectors)

    def store(
        self,
        ids: Sequence[str],
        vectors: Vectors,
        *,
        is_beside: bool = False,
        is_urgent: bool = True,  # noqa: ARG002
    ) -> None:
        """Keep vectors."""
        self._store(is_beside=is_beside).update(zip(ids, vectors, strict=True))

    def delete(self, ids: Sequence[str], *, is_beside: bool = False) -> None:
        """Forget vectors."""
        for vector_id in ids:
            self._store(is_beside=is_beside).pop(vector_id, None)

    def _store(self, *, is_beside: bool) -> dict[str, Vectors]:
        if not is_beside:
            return self.vectors
        if self.beside is None:
            raise StoreError("no vector store is being built beside the present one")
        return self.beside

    def open_beside(self, name: str) -> None:
        """Begin an empty store."""
        self.beside = {}
        self.beside_name = name

    def switch(self, name: str) -> None:
        """Answer from it."""
        if self.beside is None or self.beside_name != name:
            raise StoreError("no vector store is being built beside the present one")
        self.vectors, self.beside = self.beside, None
        self.switches += 1

    def remove_store(self, name: str) -> None:
        """Keep which directories would go."""
        self.removed.append(name)

    def ids(self) -> list[str]:
        """List what is kept."""
        return list(self.vectors)

    def probe(self, ids: Sequence[str], vectors: "Vectors | None" = None) -> None:
        """Find nothing wrong."""

    def embed_query(self, text: str) -> Vectors:
        """Count words into buckets; the same text always gets the same unit vector."""
        vector = np.full(self.dim, 0.01, np.float32)
        for word in text.lower().split():
            vector[zlib.crc32(word.encode("utf-8", "surrogatepass")) % self.dim] += 1.0
        return vector / np.linalg.norm(vector)

    def search(self, text: str, top_k: int) -> tuple[Vectors, list[tuple[str, float]]]:
        """Compare with everything that is kept."""
        query = self.embed_query(text)
        ranked = sorted(
            ((each, float(vector @ query)) for each, vector in self.vectors.items()),
            key=lambda pair: -pair[1],
        )
        return query, ranked[:top_k]

    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]:  # noqa: ARG002
        """Rerank nothing."""
        return [], "no reranker is configured"

    def reset_store(self) -> None:
        """Forget everything."""
        self.vectors.clear()

    def close(self) -> bool:
        """End well."""
        return True


class ParagraphReader:
    """Stands for the sandbox: a paragraph is a chunk, and some first words make a file fail.

    One that begins with "SCAN" has no text on its pages 2 and 5.
    """

    def __init__(self) -> None:
        self.read: list[Path] = []
        self.is_closed = False

    def extract(self, path: Path) -> Extracted:
        """Read a text file.

        Raises:
            PermanentError: If it begins with "DAMAGED".
            TransientError: If it begins with "LOCKED", or cannot be opened.
            ZeroDivisionError: If it begins with "BUG".
        """
        self.read.append(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TransientError(f"cannot be read: {error.strerror}") from error
        text = data.decode()
        if text.startswith("DAMAGED"):
            raise PermanentError("the file is damaged")
        if text.startswith("LOCKED"):
            raise TransientError("the file is locked")
        if text.startswith("BUG"):
            raise ZeroDivisionError(text)
        chunks: list[Chunk] = []
        start = 0
        for ordinal, paragraph in enumerate(text.split("\n\n") if text else []):
            end = start + len(paragraph)
            chunks.append(Chunk(ordinal=ordinal, start=start, end=end, text=paragraph, locator=Locator()))
            start = end + 2
        return Extracted(
            title=path.stem,
            metadata={},
            chunks=tuple(chunks),
            pages_without_text=(2, 5) if text.startswith("SCAN") else (),
            notes=(),
            content_hash=hashlib.blake2b(data, digest_size=16).hexdigest(),
        )

    def close(self) -> None:
        """End."""
        self.is_closed = True
