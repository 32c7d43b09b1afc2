"""The parent's side of the worker: sends requests, starts a dead child again.

A request that was under way when the child died is sent once more to the next
child (every request may be repeated without harm); if that one dies too, the
request is what kills it, and its caller gets a `WorkerError`.
"""

import itertools
import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from indexer.config import EmbeddingSettings, SearchSettings
from indexer.errors import ConfigError, StoreError, WorkerError
from indexer.paths import Places
from indexer.types import Embeddings, Vectors
from indexer.worker.child import Answer, Child, ChildDiedError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """What a running worker says of itself."""

    model: str
    """Name of the model, for people."""

    fingerprint: str
    """Embedding model and chunker; vectors of different ones cannot be compared."""

    dim: int
    capacity_tokens: int
    """Tokens of a chunk at most, special tokens not counted."""

    tokenizer_file: Path
    device: str
    dtype: str
    pid: int
    memory_bytes: int
    store_error: str
    """Why the vector store cannot be opened; empty when it is open."""

    store_is_busy: bool = False
    """Whether it cannot because another process holds it, which says nothing of damage."""


NO_RERANKER = SearchSettings()

DEATHS = 2
"""After so many children that one request was the end of, it is the request's fault."""


class Worker:
    """A child that embeds and stores. Thread-safe; starts again by itself after a crash.

    Args:
        settings: The `[embedding]` section.
        places: Where the store is.
        store_name: The directory of the vector store, beside the catalog.
        nice: How far indexing stands back behind questions.
        search: The `[search]` section.
        module: What the child runs.
    """

    def __init__(
        self,
        settings: EmbeddingSettings,
        places: Places,
        *,
        store_name: str,
        nice: int,
        search: SearchSettings,
        module: str,
    ) -> None:
        self._sections = (settings, search)
        self._has_reranker = bool(search.reranker)
        self.reranker = "not asked yet" if search.reranker else ""
        """What the reranker did last, or why it does nothing; empty where none is configured."""

        self._nice = nice
        self._places = places
        self._store_dir = places.index_dir / store_name
        self._module = module
        self._fingerprint = ""
        self._on_crash: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._is_closed = False
        self._skips_store = False
        self._has_crashed = False

    @classmethod
    def start(
        cls,
        settings: EmbeddingSettings,
        places: Places,
        *,
        store_name: str = "chroma",
        nice: int = 10,
        search: SearchSettings = NO_RERANKER,
        module: str = "indexer.worker",
    ) -> Self:
        """Start the child and return at once; the first request waits until it is ready.

        Raises:
            WorkerError: If no process can be started.
        """
        worker = cls(settings, places, store_name=store_name, nice=nice, search=search, module=module)
        worker._running_child()
        return worker

    def describe(self) -> WorkerInfo:
        """Return the facts of the running child, waiting until it is ready.

        Raises:
            ConfigError: If the configured model cannot be loaded.
            WorkerError: If the child dies twice.
        """
        message, _ = self._request({"op": "describe"})
        with self._lock:
            child = self._child
        if child is None:
            raise WorkerError("the embedding worker was stopped")
        facts = child.hello.result()
        return WorkerInfo(
            model=facts["model"],
            fingerprint=facts["fingerprint"],
            dim=facts["dim"],
            capacity_tokens=facts["capacity_tokens"],
            tokenizer_file=Path(facts["tokenizer_file"]),
            device=facts["device"],
            dtype=facts["dtype"],
            pid=child.pid,
            memory_bytes=message["memory_bytes"],
            store_error=facts["store_error"],
            store_is_busy=facts["store_is_busy"],
        )

    def tell_of_crashes(self, listener: Callable[[], None]) -> None:
        """Have a function called whenever a child died that nobody ended; it must return at once."""
        self._on_crash = listener

    def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
        """Embed texts; nothing is stored.

        Args:
            texts: What to embed.
            is_urgent: Whether this goes before the next pass of what is not.

        Returns:
            What the model made of the texts, in their order.

        Raises:
            WorkerError: If the child dies twice over it.
        """
        message = {"op": "embed", "texts": list(texts), "is_urgent": is_urgent}
        answer, payload = self._request(message)
        return _embeddings(payload, answer["windows_bytes"])

    def store(
        self, ids: Sequence[str], vectors: Vectors, *, is_beside: bool = False, is_urgent: bool = True
    ) -> None:
        """Store vectors under their ids, in place of those that have the same one.

        Args:
            ids: What they are called.
            vectors: One row for each.
            is_beside: Whether the store meant is the one that `open_beside` opened.
            is_urgent: Whether this goes before the next pass of embedding that is not.

        Raises:
            WorkerError: If the child dies twice over it.
            StoreError: If the vectors cannot be stored, or there is no store beside.
        """
        payload = np.ascontiguousarray(vectors, np.float32).tobytes()
        message = {"op": "store", "ids": list(ids), "is_beside": is_beside, "is_urgent": is_urgent}
        self._write(message, payload)

    def delete(self, ids: Sequence[str], *, is_beside: bool = False) -> None:
        """Delete vectors; ids that are not there are passed over. Raises as `store`."""
        self._write({"op": "delete", "ids": list(ids), "is_beside": is_beside, "is_urgent": True})

    def ids(self) -> list[str]:
        """Return the ids of all stored vectors; raises as `store`."""
        return list(self._request({"op": "ids"})[0]["ids"])

    def probe(self, ids: Sequence[str], vectors: "Vectors | None" = None) -> None:
        """Read vectors back; raises as `store`, `StoreError` if one is lost, or is not the one given."""
        payload = b"" if vectors is None else np.ascontiguousarray(vectors, np.float32).tobytes()
        self._request({"op": "probe", "ids": list(ids)}, payload)

    def open_beside(self, name: str) -> None:
        """Make an empty store in a directory of this name, to be filled while the present one answers.

        A child that dies takes it along. Raises as `store`.
        """
        self.remove_store(name)
        directory = str(self._places.index_dir / name)
        self._request({"op": "open_beside", "dir": directory, "is_urgent": True})

    def switch(self, name: str) -> None:
        """Answer from the store that `open_beside` opened under this name, and from no other any more.

        Raises:
            WorkerError: If the child dies twice over it; the next one opens that store.
        """
        directory = self._places.index_dir / name
        with self._lock:
            self._store_dir = directory
            child = self._child
        try:
            self._request({"op": "switch", "dir": str(directory), "is_urgent": True})
        except StoreError:
            # a child that was started meanwhile opened the former one, or none.
            with self._lock:
                if self._child is child:
                    self._child = None
            if child is not None:
                child.kill()

    def remove_store(self, name: str) -> None:
        """Delete the directory of a store that is not in use; nothing happens if there is none.

        Raises:
            StoreError: If it cannot be deleted.
        """
        directory = self._places.index_dir / name
        try:
            if directory.exists():
                shutil.rmtree(directory)
        except OSError as error:
            raise StoreError(f"cannot remove {directory}: {error.strerror}") from error

    def embed_query(self, text: str) -> Vectors:
        """Embed a question, `(dim,)`; overtakes indexing."""
        vector: Vectors = _vectors(self._request({"op": "embed_query", "text": text})[1], 1)[0]
        return vector

    def search(self, text: str, top_k: int) -> tuple[Vectors, list[tuple[str, float]]]:
        """Embed a question and find the nearest vectors; overtakes indexing.

        Args:
            text: The question.
            top_k: How many at most.

        Returns:
            The question's vector, `(dim,)`, and (vector id, cosine similarity), best first.
        """
        message, payload = self._request({"op": "search", "text": text, "top_k": top_k})
        found = zip(message["ids"], message["similarities"], strict=True)
        return _vectors(payload, 1)[0], list(found)

    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]:
        """Have a cross-encoder read passages with the question, as many as time allows.

        Args:
            question: The question.
            texts: The passages, those that matter most first.

        Returns:
            Scores of the first ones, higher is better, none where there is no reranker; and a
            sentence that says what it did, or why it did nothing.
        """
        if not self._has_reranker:
            return [], "no reranker is configured"
        try:
            message, _ = self._request({"op": "rerank", "question": question, "texts": list(texts)})
        except WorkerError as error:
            # what kills the child is the reranker's fault: without it a search does not ask again.
            self._has_reranker = False
            message = {"scores": [], "remark": f"{error.message} while it reranked; it is not used any more"}
        if not message["scores"] and message["remark"] != self.reranker:
            logger.warning("reranker_unused reason=%r", message["remark"])
        self.reranker = message["remark"]
        return message["scores"], message["remark"]

    def reset_store(self) -> None:
        """Throw the vector store away and start over with an empty one, in a new child.

        Raises:
            StoreError: If its directory cannot be removed.
            WorkerError: If the worker was closed; nothing is removed then.
        """
        with self._lock:
            if self._is_closed:
                raise WorkerError("the embedding worker was stopped")
            child, self._child = self._child, None
            if child is not None:
                child.kill()
            self.remove_store(self._store_dir.name)
            self._skips_store = False

    def close(self) -> bool:
        """End the child; tell whether it, and every one before it, ended with everything written."""
        with self._lock:
            self._is_closed = True
            child, self._child = self._child, None
            has_crashed = self._has_crashed
        ended_well = True if child is None else child.close()
        return ended_well and not has_crashed

    def _write(self, message: dict[str, Any], payload: bytes = b"") -> None:
        """Send a request that writes to Chroma; if Chroma fails, the next request has a new child.

        On a full disk Chroma can leave its own database locked, and the next write would wait for
        it, also with room again, for as long as the process lives.
        """
        try:
            self._request(message, payload)
        except StoreError:
            with self._lock:
                child, self._child = self._child, None
                # what it left behind is to be looked at in full by the next start.
                self._has_crashed = True
            if child is not None:
                child.kill()
            raise

    def _request(self, message: dict[str, Any], payload: bytes = b"") -> Answer:
        deaths = 0
        while True:
            child = self._running_child()
            try:
                self._check_model(child)
                return child.send(message, payload).result()
            except ChildDiedError as error:
                logger.warning("worker_died pid=%d op=%s", child.pid, message["op"])
                with self._lock:
                    # one that close(), reset_store() or switch() ended was taken out of its place before.
                    has_crashed = self._child is child
                    if has_crashed:
                        self._child, self._has_crashed = None, True
                    # damaged files can end the process inside Chroma; the next child must not open them.
                    self._skips_store = self._skips_store or child.died_opening_store
                if has_crashed:
                    deaths += 1
                    self._on_crash()
                if deaths == DEATHS:
                    raise WorkerError("the embedding worker died", hint="see the daemon's log") from error

    def _check_model(self, child: Child) -> None:
        """Wait for a child's greeting, and refuse one that embeds with another model than the first did."""
        facts = child.hello.result()
        with self._lock:
            self._fingerprint = self._fingerprint or facts["fingerprint"]
            is_same = self._fingerprint == facts["fingerprint"]
        if not is_same:
            raise ConfigError(
                f"the embedding model {facts['model']} was changed while kb was running",
                hint="run `kb indexer restart`",
            )

    def _running_child(self) -> Child:
        with self._lock:
            if self._is_closed:
                raise WorkerError("the embedding worker was stopped")
            if self._child is None:
                store_dir = None if self._skips_store else self._store_dir
                self._child = Child(self._module, self._sections, self._places, store_dir, self._nice)
            return self._child


def _vectors(payload: bytes, count: int) -> Vectors:
    vectors: Vectors = np.frombuffer(payload, np.float32).reshape(count, -1)
    return vectors


def _embeddings(payload: bytes, windows_bytes: Sequence[int]) -> Embeddings:
    """Take vectors and windows apart."""
    ends = list(itertools.accumulate(windows_bytes, initial=len(payload) - sum(windows_bytes)))
    windows = tuple(payload[start:end] for start, end in itertools.pairwise(ends))
    return Embeddings(_vectors(payload[: ends[0]], len(windows_bytes)), windows if any(windows) else ())
