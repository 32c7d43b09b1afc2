"""What the worker child does with a request.

Three threads: one answers questions, one does what others wait for, and one
what nobody does, which stands back behind them wherever the system knows
priorities of threads. So neither a question nor a file that was just saved
waits for a batch to end. Chroma is used by one thread at a time.
"""

import contextlib
import ctypes
import fcntl
import functools
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import psutil

from indexer.config import EmbeddingSettings
from indexer.embedding import Embedder
from indexer.errors import KbError, StoreError
from indexer.frames import write_frame
from indexer.types import Vectors
from indexer.vectors import VectorStore
from indexer.worker.inbox import Inbox, Request, Urgency

LOCK_WAIT_S = 30.0
"""How long the worker of a daemon that was killed may take to notice."""

SWITCH_S = 0.001
"""How long a thread may keep the interpreter that another one waits for."""

QUESTIONS_KEPT = 64
"""Questions whose vectors are kept: a search may ask again for more of the same."""

GIVE_WAY_S = 0.05
"""How long a write to Chroma waits at most for questions that need Chroma."""

Answer = tuple[dict[str, Any], bytes]
"""A message and its trailing bytes."""

ItemT = TypeVar("ItemT")


class StoreBusyError(StoreError):
    """The store cannot be had, and may be quite sound."""


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
        has_question: Tells whether a question waits.
    """

    def __init__(
        self,
        embedder: Embedder,
        store: VectorStore | None,
        store_error: str,
        *,
        store_dir: Path = Path(),
        has_question: Callable[[], bool] = lambda: False,
    ) -> None:
        self._embedder = embedder
        self._current = store
        self._store_error = store_error
        self._store_dir = store_dir
        self._beside: VectorStore | None = None
        self._beside_dir = Path()
        self._has_question = has_question
        self._store_lock = threading.Lock()
        self._asked: OrderedDict[str, Vectors] = OrderedDict()
        self._steps: dict[str, Callable[[Request], Iterator[Answer | None]]] = {
            "describe": self._describe,
            "embed_query": self._embed_query,
            "search": self._search,
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
            # a lock alone is unfair: whoever gives it back and takes it at once never lets go.
            deadline = time.monotonic() + GIVE_WAY_S
            while self._has_question() and time.monotonic() < deadline:
                time.sleep(0.001)
            with self._store_lock:
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
        with self._store_lock:
            found = self._store.query(vector, request.message["top_k"])
        message = {
            "ids": [vector_id for vector_id, _ in found],
            "similarities": [score for _, score in found],
        }
        yield message, to_bytes(vector)

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
        yield from self._locked(self._store.probing(request.message["ids"]))
        yield {}, b""

    def _open_beside(self, request: Request) -> Iterator[Answer]:
        directory = Path(request.message["dir"])
        with self._store_lock:
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
        with self._store_lock:
            if self._store_dir != directory:
                if self._beside is None or self._beside_dir != directory:
                    raise StoreError("no vector store is being built beside the present one")
                former, self._current = self._current, self._beside
                self._store_dir, self._beside = directory, None
                if former is not None:
                    former.close()
        yield {}, b""


def serve(
    requests: BinaryIO,
    answers: BinaryIO,
    *,
    settings_json: str,
    cache_dir: Path,
    store_dir: Path | None,
    store_is_touched: threading.Event,
    nice: int = 0,
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
        nice: How far the thread that indexes stands back behind the one that answers questions.
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
    service = Service(
        embedder,
        store,
        store_error,
        store_dir=store_dir or Path(),
        has_question=lambda: inbox.has_question,
    )
    answering = Answering(service, inbox, answers, nice=nice)
    # shorter than the default, since a question needs the interpreter some dozen times.
    sys.setswitchinterval(SWITCH_S)
    # threads of their own also because the threads that torch starts for one inherit its priority.
    threads = [
        threading.Thread(target=answering.answer, args=(urgency,), name=urgency.name.lower())
        for urgency in (Urgency.COMMIT, Urgency.BULK)
    ]
    for thread in threads:
        thread.start()
    answering.answer(Urgency.QUESTION)
    for thread in threads:
        thread.join()


class Answering:
    """A loop over the inbox for each urgency; answers leave one at a time."""

    def __init__(self, service: Service, inbox: Inbox, answers: BinaryIO, *, nice: int = 0) -> None:
        self._service = service
        self._nice = nice
        self._inbox = inbox
        self._answers = answers
        self._answers_lock = threading.Lock()

    def answer(self, urgency: Urgency) -> None:
        """Work on the requests of one urgency until the parent goes away.

        What nobody waits for stands back behind the rest.
        """
        if urgency is Urgency.BULK and sys.platform == "linux" and self._nice:
            # of this thread alone, and of those that it starts.
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(19, os.nice(0) + self._nice))
        with self._until_the_end():
            while (request := self._inbox.next(urgency)) is not None:
                for _ in self._answering(request):
                    if self._inbox.is_closed:
                        return

    @contextlib.contextmanager
    def _until_the_end(self) -> Iterator[None]:
        """Close the inbox when a loop ends, so that the other one ends as well."""
        try:
            with contextlib.suppress(BrokenPipeError):
                yield
        finally:
            self._inbox.close()

    def _answering(self, request: Request) -> Iterator[None]:
        """Work on a request step by step and send its answer, or what went wrong."""
        number = request.message["id"]
        try:
            for answer in self._service.steps(request):
                if answer is None:
                    yield
                else:
                    message, payload = answer
                    self._send({"id": number, **message}, payload)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - the parent decides what a failed request means
            self._send({"id": number, "error": described(error)})

    def _send(self, message: dict[str, Any], payload: bytes = b"") -> None:
        with self._answers_lock:
            write_frame(self._answers, message, payload)


def _lock(store_dir: Path) -> None:
    """Wait until no other process has the store open, and keep it so until this one ends.

    Two processes on one Chroma directory lose each other's vectors without a word, and the
    child of a daemon that was killed may still be writing.

    Raises:
        StoreBusyError: If the other process does not end, or nothing can be locked.
    """
    try:
        # one for all stores that stand beside each other: only one of them is in use.
        descriptor = os.open(store_dir.with_name("chroma.lock"), os.O_RDWR | os.O_CREAT, 0o600)
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
