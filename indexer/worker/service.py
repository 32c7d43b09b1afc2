"""What the worker child does with a request.

Requests of different urgency are worked on by different threads; Chroma is used
by one of them at a time.
"""

import ctypes
import functools
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil

from indexer.embedding import Embedder
from indexer.errors import StoreError
from indexer.types import Vectors
from indexer.vectors import VectorStore
from indexer.worker.inbox import Request, Urgency
from indexer.worker.reranking import Reranking
from indexer.worker.turnstile import StoreTurns

QUESTIONS_KEPT = 64
"""Questions whose vectors are kept: a search may ask again for more of the same."""

Answer = tuple[dict[str, Any], bytes]
"""A message and its trailing bytes."""

ItemT = TypeVar("ItemT")


@functools.cache
def _trim() -> Callable[[int], int] | None:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def _return_memory() -> None:
    """Give back to the system what glibc keeps of freed memory; costs a hundredth of embedding.

    Passes of many shapes leave holes of many sizes behind, and a process that
    indexed for a minute would else hold three times what it needs for hours.
    """
    if sys.platform == "linux" and (trim := _trim()):
        trim(0)


class Service:
    """Answers requests with an embedder and a vector store; questions may come from another thread.

    Args:
        embedder: The model.
        store: The store; `None` if it cannot be opened.
        store_error: Why it cannot; whatever needs the store fails with this.
        store_dir: Where the store is.
        reranking: Reads passages again; `None` where no reranker is configured.
    """

    def __init__(
        self,
        embedder: Embedder,
        store: VectorStore | None,
        store_error: str,
        *,
        store_dir: Path = Path(),
        reranking: Reranking | None = None,
    ) -> None:
        self._embedder = embedder
        self._current = store
        self._store_error = store_error
        self._store_dir = store_dir
        self._reranking = reranking
        self._beside: VectorStore | None = None
        self._beside_dir = Path()
        self._store_turns = StoreTurns()
        self._asked: OrderedDict[str, Vectors] = OrderedDict()
        self._steps: dict[str, Callable[[Request], Iterator[Answer | None]]] = {
            "describe": self._describe,
            "embed_query": self._embed_query,
            "search": self._search,
            "rerank": self._rerank,
            "embed": self._embed,
            "store": self._store_vectors,
            "delete": self._delete,
            "ids": self._ids,
            "probe": self._probe,
            "open_beside": self._open_beside,
            "switch": self._switch,
        }

    def steps(self, request: Request) -> Iterator[Answer | None]:
        """Work on a request; yields `None` after each step, and the answer last."""
        return self._steps[request.message["op"]](request)

    @property
    def _store(self) -> VectorStore:
        if self._current is None:
            raise StoreError(self._store_error)
        if not self._current.is_in_place():
            raise StoreError("the files of the vector store were deleted")
        return self._current

    def _store_for(self, request: Request) -> VectorStore:
        """Return the store that a request is about."""
        if not request.message.get("is_beside"):
            return self._store
        if self._beside is None:
            raise StoreError("no vector store is being built beside the present one")
        return self._beside

    def _locked(self, steps: Iterator[ItemT]) -> Iterator[ItemT]:
        """Run steps that use Chroma, each while no question does."""
        while True:
            with self._store_turns.work():
                try:
                    item = next(steps)
                except StopIteration:
                    return
            yield item

    def _describe(self, request: Request) -> Iterator[Answer]:  # noqa: ARG002
        yield {"memory_bytes": psutil.Process().memory_info().rss}, b""

    def _vector_of(self, text: str) -> Vectors:
        """Embed a question, or remember what it was embedded as a moment ago."""
        if (vector := self._asked.pop(text, None)) is None:
            vector = self._embedder.embed_query(text)
        self._asked[text] = vector
        if len(self._asked) > QUESTIONS_KEPT:
            self._asked.popitem(last=False)
        return vector

    def _embed_query(self, request: Request) -> Iterator[Answer]:
        yield {}, to_bytes(self._vector_of(request.message["text"]))

    def _search(self, request: Request) -> Iterator[Answer]:
        vector = self._vector_of(request.message["text"])
        with self._store_turns.question():
            found = self._store.query(vector, request.message["top_k"])
        message = {
            "ids": [vector_id for vector_id, _ in found],
            "similarities": [score for _, score in found],
        }
        yield message, to_bytes(vector)

    def _rerank(self, request: Request) -> Iterator[Answer]:
        if self._reranking is None:
            yield {"scores": [], "remark": ""}, b""
            return
        yield self._reranking.answer(request.message["question"], request.message["texts"]), b""

    def _embed(self, request: Request) -> Iterator[Answer | None]:
        texts = request.message["texts"]
        vectors = np.empty((len(texts), self._embedder.dim), np.float32)
        windows = [b""] * len(texts)
        is_urgent = request.urgency is Urgency.COMMIT
        for positions, part in self._embedder.embedding_documents(texts, is_urgent=is_urgent):
            vectors[positions] = part.vectors
            for position, packed in zip(positions, part.windows, strict=False):
                windows[position] = packed
            yield None
        if not is_urgent:
            _return_memory()
        yield {"windows_bytes": list(map(len, windows))}, to_bytes(vectors) + b"".join(windows)
        if is_urgent:
            # what somebody just saved is answered first.
            _return_memory()

    def _store_vectors(self, request: Request) -> Iterator[Answer | None]:
        vectors = np.frombuffer(request.payload, np.float32).reshape(-1, self._embedder.dim)
        store = self._store_for(request)
        yield from self._locked(store.upserting(request.message["ids"], vectors))
        yield {}, b""

    def _delete(self, request: Request) -> Iterator[Answer | None]:
        yield from self._locked(self._store_for(request).deleting(request.message["ids"]))
        yield {}, b""

    def _ids(self, request: Request) -> Iterator[Answer | None]:  # noqa: ARG002
        ids: list[str] = []
        for page in self._locked(self._store.id_pages()):
            ids += page
            yield None
        yield {"ids": ids}, b""

    def _probe(self, request: Request) -> Iterator[Answer | None]:
        vectors = None
        if request.payload:
            vectors = np.frombuffer(request.payload, np.float32).reshape(-1, self._embedder.dim)
        yield from self._locked(self._store.probing(request.message["ids"], vectors))
        yield {}, b""

    def _open_beside(self, request: Request) -> Iterator[Answer]:
        directory = Path(request.message["dir"])
        with self._store_turns.work():
            if self._beside is not None:
                self._beside.close()
                self._beside = None
            self._beside = VectorStore.open(
                directory, dim=self._embedder.dim, fingerprint=self._embedder.fingerprint
            )
            self._beside_dir = directory
        yield {}, b""

    def _switch(self, request: Request) -> Iterator[Answer]:
        directory = Path(request.message["dir"])
        with self._store_turns.work():
            if self._store_dir != directory:
                if self._beside is None or self._beside_dir != directory:
                    raise StoreError("no vector store is being built beside the present one")
                former, self._current = self._current, self._beside
                self._store_dir, self._beside = directory, None
                if former is not None:
                    former.close()
        yield {}, b""


def to_bytes(vectors: Vectors) -> bytes:
    """Return vectors as the frames carry them."""
    return np.ascontiguousarray(vectors, np.float32).tobytes()
