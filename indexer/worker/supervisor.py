"""The parent's side of the worker: sends requests, starts a dead child again.

A request that was under way when the child died is sent once more to the next
child (every request may be repeated without harm); if that one dies too, the
request is what kills it, and its caller gets a `WorkerError`.
"""

import contextlib
import itertools
import logging
import shutil
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import numpy as np

from indexer import errors
from indexer.children import spawn_child
from indexer.config import EmbeddingSettings
from indexer.errors import ConfigError, KbError, StoreError, WorkerError
from indexer.frames import read_frame, write_frame
from indexer.paths import Places
from indexer.types import Embeddings, Vectors

logger = logging.getLogger(__name__)

EXIT_S = 10.0
"""How long a child may take to end after its standard input was closed."""

CLOSING_S = 1.0
"""How long a process may live on after its standard output was closed."""

Answer = tuple[dict[str, Any], bytes]


class ChildDiedError(Exception):
    """The child ended while a request was under way."""


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


class Worker:
    """A child that embeds and stores. Thread-safe; starts again by itself after a crash.

    Args:
        settings: The `[embedding]` section.
        places: Where the store is.
        module: What the child runs.
    """

    def __init__(
        self, settings: EmbeddingSettings, places: Places, *, module: str = "indexer.worker"
    ) -> None:
        self._settings = settings
        self._places = places
        self._module = module
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False
        self._skips_store = False
        self._has_crashed = False

    @classmethod
    def start(cls, settings: EmbeddingSettings, places: Places, *, module: str = "indexer.worker") -> Self:
        """Start the child and return at once; the first request waits until it is ready.

        Raises:
            WorkerError: If no process can be started.
        """
        worker = cls(settings, places, module=module)
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

    def embed_and_store(self, ids: Sequence[str], texts: Sequence[str]) -> Embeddings:
        """Embed texts and store the vectors under their ids.

        Returns:
            What the model made of the texts, in their order.

        Raises:
            WorkerError: If the child dies twice over it.
            StoreError: If the vectors cannot be stored.
        """
        message = {"op": "embed_and_store", "ids": list(ids), "texts": list(texts)}
        answer, payload = self._request(message)
        return _embeddings(payload, answer["windows_bytes"])

    def store(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Store vectors that are known already; raises as `embed_and_store`."""
        payload = np.ascontiguousarray(vectors, np.float32).tobytes()
        self._request({"op": "store", "ids": list(ids)}, payload)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete vectors; raises as `embed_and_store`."""
        self._request({"op": "delete", "ids": list(ids)})

    def ids(self) -> list[str]:
        """Return the ids of all stored vectors; raises as `embed_and_store`."""
        return list(self._request({"op": "ids"})[0]["ids"])

    def probe(self, ids: Sequence[str]) -> None:
        """Read vectors back; raises as `embed_and_store`, `StoreError` if one is lost."""
        self._request({"op": "probe", "ids": list(ids)})

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
            try:
                if self._places.chroma_dir.exists():
                    shutil.rmtree(self._places.chroma_dir)
            except OSError as error:
                raise StoreError(f"cannot remove {self._places.chroma_dir}: {error.strerror}") from error
            self._skips_store = False

    def close(self) -> bool:
        """End the child; tell whether it, and every one before it, ended with everything written."""
        with self._lock:
            self._is_closed = True
            child, self._child = self._child, None
            has_crashed = self._has_crashed
        ended_well = True if child is None else child.close()
        return ended_well and not has_crashed

    def _request(self, message: dict[str, Any], payload: bytes = b"") -> Answer:
        for is_last in (False, True):
            child = self._running_child()
            try:
                child.hello.result()
                return child.send(message, payload).result()
            except ChildDiedError as error:
                logger.warning("worker_died pid=%d op=%s", child.pid, message["op"])
                with self._lock:
                    if self._child is child:
                        self._child = None
                        # one that close() or reset_store() ended has been taken out of its place before.
                        self._has_crashed = True
                    # damaged files can end the process inside Chroma; the next child must not open them.
                    self._skips_store = self._skips_store or child.died_opening_store
                if is_last:
                    raise WorkerError("the embedding worker died", hint="see the daemon's log") from error
        raise AssertionError("unreachable")

    def _running_child(self) -> "_Child":
        with self._lock:
            if self._is_closed:
                raise WorkerError("the embedding worker was stopped")
            if self._child is None:
                store_dir = None if self._skips_store else self._places.chroma_dir
                self._child = _Child(self._module, self._settings, self._places, store_dir)
            return self._child


class _Child:
    """One process, with the requests that wait for its answers."""

    def __init__(
        self, module: str, settings: EmbeddingSettings, places: Places, store_dir: Path | None
    ) -> None:
        arguments = [settings.model_dump_json(), str(places.home), str(store_dir or "")]
        try:
            self._process = spawn_child(module, arguments, work_dir=places.work_dir)
        except OSError as error:
            raise WorkerError(f"cannot start the embedding worker: {error.strerror}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: BinaryIO = cast("BinaryIO", self._process.stdin)
        self._answers: BinaryIO = cast("BinaryIO", self._process.stdout)
        self.pid = self._process.pid
        self.hello: Future[dict[str, Any]] = Future()
        """Resolves to the child's facts when it is ready."""

        self.died_opening_store = False
        """Whether the model was loaded and then the process ended."""

        self._numbers = itertools.count()
        self._waiting: dict[int, Future[Answer]] = {}
        self._waiting_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._is_dead = False
        self._reader = threading.Thread(target=self._read, name="worker-answers", daemon=True)
        self._reader.start()

    def send(self, message: dict[str, Any], payload: bytes) -> "Future[Answer]":
        """Send a request; the future raises `ChildDiedError` if the child dies first."""
        future: Future[Answer] = Future()
        number = next(self._numbers)
        with self._waiting_lock:
            if self._is_dead:
                future.set_exception(ChildDiedError())
                return future
            self._waiting[number] = future
        # an error of the pipe means that the child is dying; the reading thread then fails the future.
        with self._write_lock, contextlib.suppress(OSError, ValueError):
            write_frame(self._requests, {**message, "id": number}, payload)
        return future

    def close(self) -> bool:
        """End the process; tell whether it ended by itself."""
        with self._write_lock, contextlib.suppress(OSError):
            self._requests.close()
        try:
            code = self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._reader.join()
        return code == 0

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._reader.join()

    def _read(self) -> None:
        # whatever breaks the stream means the same: this child is of no more use.
        with self._answers as stream, contextlib.suppress(EOFError, OSError, ValueError):
            self._greet(stream)
            while True:
                message, payload = read_frame(stream)
                with self._waiting_lock:
                    future = self._waiting.pop(message["id"])
                if "error" in message:
                    future.set_exception(_error_of(message["error"]))
                else:
                    future.set_result((message, payload))
        self._reap()
        with self._waiting_lock:
            self._is_dead = True
            waiting, self._waiting = list(self._waiting.values()), {}
        if not self.hello.done():
            self.hello.set_exception(ChildDiedError())
        for future in waiting:
            future.set_exception(ChildDiedError())

    def _reap(self) -> None:
        """See the process to its end, which has come, or comes now."""
        # a pipe closes a moment before its process is gone, and an end of its own is told from ours.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSING_S)
        self._process.kill()
        self._process.wait()
        with self._write_lock, contextlib.suppress(OSError):
            self._requests.close()

    def _greet(self, stream: BinaryIO) -> None:
        """Read the two frames that a child begins with."""
        facts, _ = read_frame(stream)
        if "error" in facts:
            self.hello.set_exception(_error_of(facts["error"]))
            return
        try:
            rest, _ = read_frame(stream)
        except EOFError:
            self.died_opening_store = True
            raise
        self.hello.set_result({**facts, **rest})


def _vectors(payload: bytes, count: int) -> Vectors:
    vectors: Vectors = np.frombuffer(payload, np.float32).reshape(count, -1)
    return vectors


def _embeddings(payload: bytes, windows_bytes: Sequence[int]) -> Embeddings:
    """Take vectors and windows apart."""
    ends = list(itertools.accumulate(windows_bytes, initial=len(payload) - sum(windows_bytes)))
    windows = tuple(payload[start:end] for start, end in itertools.pairwise(ends))
    return Embeddings(_vectors(payload[: ends[0]], len(windows_bytes)), windows if any(windows) else ())


def _error_of(value: dict[str, str]) -> KbError:
    """Return the error that a child described, as the same class."""
    kind = getattr(errors, value["kind"], WorkerError)
    if kind not in (ConfigError, StoreError, WorkerError):
        kind = WorkerError
    error: KbError = kind(value["message"], hint=value["hint"])
    return error
