"""What the worker child does with a request.

Questions overtake: indexing is worked in steps of about a fifth of a second,
and between two steps every question that waits is answered. All work happens
on the main thread; a second thread only reads requests.
"""

import contextlib
import ctypes
import fcntl
import functools
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import psutil

from indexer.config import EmbeddingSettings
from indexer.embedding import Embedder
from indexer.errors import KbError, StoreError
from indexer.frames import read_frame, write_frame
from indexer.types import Vectors
from indexer.vectors import VectorStore

LOCK_WAIT_S = 30.0
"""How long the worker of a daemon that was killed may take to notice."""

Answer = tuple[dict[str, Any], bytes]
"""A message and its trailing bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """One frame of the parent's."""

    message: dict[str, Any]
    payload: bytes

    @property
    def is_question(self) -> bool:
        """Whether a person waits for the answer."""
        return self.message["op"] in {"describe", "embed_query", "search"}


class StoreBusyError(StoreError):
    """The store cannot be had, and may be quite sound."""


class Inbox:
    """Requests in the order they came, questions apart from work."""

    def __init__(self) -> None:
        self._questions: deque[Request] = deque()
        self._work: deque[Request] = deque()
        self._is_closed = False
        self._changed = threading.Condition()

    def fill_from(self, stream: BinaryIO) -> None:
        """Read frames until the parent is gone, then close the inbox."""
        with contextlib.suppress(EOFError, OSError, ValueError):
            while True:
                request = Request(*read_frame(stream))
                with self._changed:
                    (self._questions if request.is_question else self._work).append(request)
                    self._changed.notify()
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def next(self) -> Request | None:
        """Wait for a request, questions first; `None` when the parent is gone."""
        with self._changed:
            while not (self._questions or self._work or self._is_closed):
                self._changed.wait()
            if self._is_closed:
                return None
            return self._questions.popleft() if self._questions else self._work.popleft()

    def next_question(self) -> Request | None:
        """Return a waiting question, or `None` at once."""
        with self._changed:
            return self._questions.popleft() if self._questions else None

    @property
    def is_closed(self) -> bool:
        """Whether the parent is gone."""
        return self._is_closed


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
    """Answers requests with an embedder and a vector store.

    Args:
        embedder: The model.
        store: The store; `None` if it cannot be opened.
        store_error: Why it cannot; whatever needs the store fails with this.
    """

    def __init__(self, embedder: Embedder, store: VectorStore | None, store_error: str) -> None:
        self._embedder = embedder
        self._maybe_store = store
        self._store_error = store_error
        self._steps: dict[str, Callable[[Request], Iterator[Answer | None]]] = {
            "describe": self._describe,
            "embed_query": self._embed_query,
            "search": self._search,
            "embed_and_store": self._embed_and_store,
            "store": self._store_vectors,
            "delete": self._delete,
            "ids": self._ids,
            "probe": self._probe,
        }

    def steps(self, request: Request) -> Iterator[Answer | None]:
        """Work on a request; yields `None` after each step, and the answer last."""
        return self._steps[request.message["op"]](request)

    @property
    def _store(self) -> VectorStore:
        if self._maybe_store is None:
            raise StoreError(self._store_error)
        return self._maybe_store

    def _describe(self, request: Request) -> Iterator[Answer]:  # noqa: ARG002
        yield {"memory_bytes": psutil.Process().memory_info().rss}, b""

    def _embed_query(self, request: Request) -> Iterator[Answer]:
        yield {}, to_bytes(self._embedder.embed_query(request.message["text"]))

    def _search(self, request: Request) -> Iterator[Answer]:
        vector = self._embedder.embed_query(request.message["text"])
        found = self._store.query(vector, request.message["top_k"])
        message = {
            "ids": [vector_id for vector_id, _ in found],
            "similarities": [score for _, score in found],
        }
        yield message, to_bytes(vector)

    def _embed_and_store(self, request: Request) -> Iterator[Answer | None]:
        ids, texts = request.message["ids"], request.message["texts"]
        vectors = np.empty((len(texts), self._embedder.dim), np.float32)
        windows = [b""] * len(texts)
        for positions, part in self._embedder.embedding_documents(texts):
            vectors[positions] = part.vectors
            for position, packed in zip(positions, part.windows, strict=False):
                windows[position] = packed
            yield None
        _return_memory()
        for _ in self._store.upserting(ids, vectors):
            yield None
        yield {"windows_bytes": list(map(len, windows))}, to_bytes(vectors) + b"".join(windows)

    def _store_vectors(self, request: Request) -> Iterator[Answer | None]:
        vectors = np.frombuffer(request.payload, np.float32).reshape(-1, self._embedder.dim)
        for _ in self._store.upserting(request.message["ids"], vectors):
            yield None
        yield {}, b""

    def _delete(self, request: Request) -> Iterator[Answer | None]:
        for _ in self._store.deleting(request.message["ids"]):
            yield None
        yield {}, b""

    def _ids(self, request: Request) -> Iterator[Answer | None]:  # noqa: ARG002
        ids: list[str] = []
        for page in self._store.id_pages():
            ids += page
            yield None
        yield {"ids": ids}, b""

    def _probe(self, request: Request) -> Iterator[Answer | None]:
        for _ in self._store.probing(request.message["ids"]):
            yield None
        yield {}, b""


def serve(
    requests: BinaryIO,
    answers: BinaryIO,
    *,
    settings_json: str,
    cache_dir: Path,
    store_dir: Path | None,
    store_is_touched: threading.Event,
) -> None:
    """Load the model, open the store, and answer until the parent goes away.

    Two frames come first: one when the model is loaded (or why it is not), one when the store is
    open (or why not). A store that ends the process while it opens is so told from a model that does.

    Args:
        requests: Frames of the parent.
        answers: Where answers go.
        settings_json: The `[embedding]` section.
        cache_dir: Where a tokenizer may be written.
        store_dir: Chroma's directory; `None` when an earlier child died of opening it.
        store_is_touched: Set before the store is opened; until then this process may end anywhere.
    """
    inbox = Inbox()
    threading.Thread(target=inbox.fill_from, args=(requests,), daemon=True).start()
    try:
        embedder = Embedder.load(EmbeddingSettings.model_validate_json(settings_json), cache_dir=cache_dir)
    except KbError as error:
        write_frame(answers, {"error": described(error)})
        return
    write_frame(
        answers,
        {
            "model": embedder.name,
            "fingerprint": embedder.fingerprint,
            "dim": embedder.dim,
            "capacity_tokens": embedder.capacity_tokens,
            "tokenizer_file": str(embedder.tokenizer_file),
            "device": embedder.device,
            "dtype": embedder.dtype,
        },
    )
    store, store_error, is_busy = None, "", False
    store_is_touched.set()
    try:
        if store_dir is None:
            raise StoreError("the vector store cannot be opened")
        _lock(store_dir)
        store = VectorStore.open(store_dir, dim=embedder.dim, fingerprint=embedder.fingerprint)
    except StoreError as error:
        store_error, is_busy = error.message, isinstance(error, StoreBusyError)
    write_frame(answers, {"store_error": store_error, "store_is_busy": is_busy})
    service = Service(embedder, store, store_error)
    with contextlib.suppress(BrokenPipeError):
        while (request := inbox.next()) is not None:
            for _ in _answering(service, request, answers):
                if inbox.is_closed:
                    return
                while (question := inbox.next_question()) is not None:
                    for _ in _answering(service, question, answers):
                        pass


def _lock(store_dir: Path) -> None:
    """Wait until no other process has the store open, and keep it so until this one ends.

    Two processes on one Chroma directory lose each other's vectors without a word, and the
    child of a daemon that was killed may still be writing.

    Raises:
        StoreBusyError: If the other process does not end, or nothing can be locked.
    """
    try:
        descriptor = os.open(store_dir.with_name(store_dir.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreBusyError(f"the vector store {store_dir} cannot be locked: {error.strerror}") from error
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StoreBusyError(f"another process has the vector store {store_dir} open") from None
            time.sleep(0.05)
        else:
            return


def _answering(service: Service, request: Request, answers: BinaryIO) -> Iterator[None]:
    """Work on a request step by step and send its answer, or what went wrong."""
    number = request.message["id"]
    try:
        for answer in service.steps(request):
            if answer is None:
                yield
            else:
                message, payload = answer
                write_frame(answers, {"id": number, **message}, payload)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the parent decides what a failed request means
        write_frame(answers, {"id": number, "error": described(error)})


def described(error: Exception) -> dict[str, str]:
    """Return an error as the frames carry it."""
    if isinstance(error, KbError):
        return {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    # no text of foreign errors: they may quote what was being embedded.
    return {
        "kind": "WorkerError",
        "message": f"the embedding worker failed with {type(error).__name__}",
        "hint": "",
    }


def to_bytes(vectors: Vectors) -> bytes:
    """Return vectors as the frames carry them."""
    return np.ascontiguousarray(vectors, np.float32).tobytes()
