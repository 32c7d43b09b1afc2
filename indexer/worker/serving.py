"""The life of the worker child: load the model, open the store, answer until the parent goes away.

Three threads: one answers questions, one does what others wait for, and one
what nobody does, which stands back behind them wherever the system knows
priorities of threads. So neither a question nor a file that was just saved
waits for a batch to end.
"""

import contextlib
import fcntl
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from indexer.config import EmbeddingSettings, SearchSettings
from indexer.embedding import Embedder
from indexer.errors import KbError, StoreError
from indexer.frames import write_frame
from indexer.vectors import VectorStore
from indexer.worker.inbox import Inbox, Request, Urgency
from indexer.worker.reranking import Reranking
from indexer.worker.service import Service

LOCK_WAIT_S = 30.0
"""How long the worker of a daemon that was killed may take to notice."""

SWITCH_S = 0.001
"""How long a thread may keep the interpreter that another one waits for."""


class StoreBusyError(StoreError):
    """The store cannot be had, and may be quite sound."""


def serve(
    requests: BinaryIO,
    answers: BinaryIO,
    *,
    settings_json: str,
    search_json: str,
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
        search_json: The `[search]` section.
        cache_dir: Where a tokenizer may be written.
        store_dir: Chroma's directory; `None` when an earlier child died of opening it.
        store_is_touched: Set before the store is opened; until then this process may end anywhere.
        nice: How far the thread that indexes stands back behind the one that answers questions.
    """
    inbox = Inbox()
    threading.Thread(target=inbox.fill_from, args=(requests,), daemon=True).start()
    try:
        settings = EmbeddingSettings.model_validate_json(settings_json)
        embedder = Embedder.load(settings, cache_dir=cache_dir)
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
    search = SearchSettings.model_validate_json(search_json)
    service = Service(
        embedder,
        store,
        store_error,
        store_dir=store_dir or Path(),
        reranking=Reranking(search, settings) if search.reranker else None,
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
