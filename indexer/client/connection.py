"""One request to the daemon: HTTP/1.0 by hand, the end of the stream as the end of the body.

`http.client` would cost every `kb search` more time to import (45 ms, most of
it e-mail and TLS) than the search takes.
"""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

from indexer import errors
from indexer.errors import DaemonError, IndexerError, KbError
from indexer.paths import Places

AGAIN_S = 5.0
"""How long another daemon is waited for when the one that was there went away."""

MOST_TRIES = 3
"""A daemon that is leaving may be met once more before the next one is there."""


class GoneError(DaemonError):
    """The daemon that was there went away."""


class BrokenOffError(DaemonError):
    """Nobody waits for the answer any more; see `Breaker`."""


class Breaker:
    """Breaks off one request, from any thread: its connection is shut, and whoever waits is told at once."""

    def __init__(self) -> None:
        self.is_broken = False
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()

    def break_off(self) -> None:
        """End the request, whether it is under way or not yet begun; one that is answered is left alone."""
        with self._lock:
            self.is_broken = True
            if self._connection is not None:
                # it may have been answered and closed meanwhile.
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def hold(self, connection: socket.socket | None) -> None:
        """Be told of the connection that is used, or that none is any more.

        Raises:
            BrokenOffError: If the request was broken off before.
        """
        with self._lock:
            self._connection = connection
            if self.is_broken and connection is not None:
                raise BrokenOffError("the request was broken off")


class Connection:
    """The way to one home's daemon; safe to share between threads.

    Args:
        places: Where the daemon's socket is.
        timeout_s: How long one answer may take.
    """

    def __init__(self, places: Places, *, timeout_s: float) -> None:
        self._places = places
        self._timeout_s = timeout_s
        self._was_there = False

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        breaker: Breaker | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the object it is answered with.

        Raises:
            KbError: Whatever the daemon answers with.
            DaemonError: If no daemon runs, or it goes away.
            BrokenOffError: If `breaker` broke it off.
        """
        try:
            with self.open(method, path, body, breaker=breaker) as stream:
                return self.understand(self.read(stream.read))
        except GoneError as error:
            if breaker is not None and breaker.is_broken:
                raise BrokenOffError("the request was broken off") from error
            raise
        finally:
            if breaker is not None:
                breaker.hold(None)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        breaker: Breaker | None = None,
    ) -> dict[str, Any]:
        """Do as `call`, and again if the daemon goes away and another one comes.

        For requests that change nothing.

        Raises:
            KbError: As `call`.
        """
        deadline = time.monotonic() + AGAIN_S
        for _ in range(MOST_TRIES - 1):
            began = time.monotonic()
            try:
                return self.call(method, path, body, breaker=breaker)
            except GoneError:
                # what it had to do may have taken long; the wait begins where it went.
                deadline += time.monotonic() - began
                if not self._comes_back(deadline):
                    raise
        return self.call(method, path, body, breaker=breaker)

    def open(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        breaker: Breaker | None = None,
    ) -> BinaryIO:
        """Send a request and return the body of its answer, to be read and closed."""
        # ASCII: file names that are not UTF-8 travel as escaped surrogates.
        payload = b"" if body is None else json.dumps(body).encode("ascii")
        head = f"{method} {path} HTTP/1.0\r\nHost: kb\r\nContent-Length: {len(payload)}\r\n\r\n"
        try:
            connection = self._connect()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            kind = GoneError if self._was_there else DaemonError
            raise kind("the indexer is not running", hint="run `kb indexer start`") from error
        except OSError as error:
            reason = error.strerror or error
            raise DaemonError(
                f"cannot reach the indexer at {self._places.indexer_socket}: {reason}"
            ) from error
        with connection:
            if breaker is not None:
                breaker.hold(connection)
            stream = connection.makefile("rb")
            try:
                self.read(lambda: connection.sendall(head.encode("ascii") + payload))
                while self.read(stream.readline).strip():
                    pass
            except BaseException:
                stream.close()
                raise
            return stream

    def read(self, step: Any) -> Any:
        """Carry out one step on the connection, and say in a sentence what goes wrong with it."""
        try:
            return step()
        except TimeoutError as error:
            raise DaemonError(
                f"the indexer did not answer within {self._timeout_s:g} s", hint=f"see {self._log_file}"
            ) from error
        except OSError as error:
            raise self.gone() from error

    def understand(self, text: bytes) -> dict[str, Any]:
        """Return the object of an answer, or raise the error that it carries."""
        try:
            value = json.loads(text)
        except ValueError as error:
            # cut off in the middle.
            raise self.gone() from error
        _raise_if_error(value)
        return dict(value)

    def is_open(self) -> bool:
        """Tell whether a daemon listens; a socket left behind by a dead one does not count."""
        try:
            self._connect().close()
        except OSError:
            return False
        return True

    def gone(self) -> "GoneError":
        """Return the error of an answer that ends too early."""
        return GoneError("the indexer went away in the middle of a request", hint=f"see {self._log_file}")

    def _comes_back(self, deadline: float) -> bool:
        """Wait a little for another daemon: a newer kb may be replacing the one that was there."""
        while not (is_open := self.is_open()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return is_open

    @property
    def _log_file(self) -> object:
        return self._places.log_dir / "indexer.log"

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self._timeout_s)
            connection.connect(os.fspath(self._places.indexer_socket))
        except BaseException:
            connection.close()
            raise
        self._was_there = True
        return connection


def _raise_if_error(value: Mapping[str, Any]) -> None:
    """Raise the error that an answer carries, as the class it was raised with."""
    described = value.get("error")
    if described is None:
        return
    kind = getattr(errors, described["kind"], None)
    if not (isinstance(kind, type) and issubclass(kind, KbError)):
        kind = IndexerError
    # not through `__init__`: some classes make their message from other arguments.
    error = kind.__new__(kind)
    KbError.__init__(error, described["message"], hint=described["hint"])
    raise error
