"""One worker process as its parent sees it: requests go in, answers come back as futures."""

import contextlib
import itertools
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, BinaryIO, cast

from indexer import errors
from indexer.children import spawn_child
from indexer.config import Section
from indexer.errors import ConfigError, KbError, StoreError, WorkerError
from indexer.frames import read_frame, write_frame
from indexer.paths import Places

EXIT_S = 4.0
"""How long a child may take to end after its standard input was closed."""

CLOSING_S = 1.0
"""How long a process may live on after its standard output was closed."""

Answer = tuple[dict[str, Any], bytes]
"""A message and its trailing bytes."""


class ChildDiedError(Exception):
    """The child ended while a request was under way."""


class Child:
    """One process, with the requests that wait for its answers."""

    def __init__(
        self, module: str, sections: Sequence[Section], places: Places, store_dir: Path | None, nice: int
    ) -> None:
        told = [section.model_dump_json() for section in sections]
        arguments = [*told, str(places.home), str(store_dir or ""), str(nice)]
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


def _error_of(value: dict[str, str]) -> KbError:
    """Return the error that a child described, as the same class."""
    kind = getattr(errors, value["kind"], WorkerError)
    if kind not in (ConfigError, StoreError, WorkerError):
        kind = WorkerError
    error: KbError = kind(value["message"], hint=value["hint"])
    return error
