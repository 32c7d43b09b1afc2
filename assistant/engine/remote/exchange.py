"""Requests to a model server and what becomes of them: a response, or one clear sentence."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.engine.remote import failures
from assistant.engine.remote.address import Address, Connection
from assistant.engine.remote.stream import MOST_LINE_BYTES
from indexer.errors import EngineError

_MOST_BODY_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server may take, in seconds."""

    asking_s: float = 20.0
    """For what it says of itself."""

    loading_s: float = 600.0
    """For loading its model and reading a prompt: until the first word of an answer."""

    silence_s: float = 120.0
    """Between two words."""

    look_s: float = 0.5
    """Between two looks whether a model is loaded."""


class TimeUp(Exception):  # noqa: N818 - what a person set is no error
    """The time that an answer may take is over."""


class Exchange:
    """Sends requests to one server, each over a connection of its own.

    Args:
        address: Where it stands.
        allow_remote: Whether that may be another machine.
        api_key: Sent as a bearer token unless empty.
        patience: How long the server may take.
        say: Told what is waited for, in a few words.
    """

    def __init__(
        self,
        address: Address,
        *,
        allow_remote: bool,
        api_key: str,
        patience: Patience,
        say: Callable[[str], None],
    ) -> None:
        self.address = address
        self.patience = patience
        self.say = say
        self.server = "the model server"
        """How the server is called in what a person is told."""

        self.model = ""
        self._allow_remote = allow_remote
        self._api_key = api_key
        self._wire: socket.socket | None = None
        self._is_interrupted = False

    def interrupt(self) -> None:
        """Break off the request at hand, and refuse every later one; from any thread."""
        self._is_interrupted = True
        if (wire := self._wire) is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, limit_s: float = 0
    ) -> tuple[int, Any]:
        """Ask something small; returns the status and the body, which is `None` unless it is JSON.

        Raises:
            EngineError: If there is no answer, or none that can be meant for us.
        """
        with contextlib.ExitStack() as stack:
            response = self.send(stack, method, path, body, limit_s=limit_s or self.patience.asking_s)
            if 300 <= response.status < 400 or response.status in {401, 403}:
                raise self.refused_response(response)
            return response.status, self.read_body(response)

    def call_loaded(self, path: str) -> tuple[int, Any]:
        """Ask something of a server that may still be loading its model."""
        end = time.monotonic() + self.patience.loading_s
        while True:
            status, value = self.call("GET", path)
            if not failures.is_loading(status, value):
                return status, value
            if time.monotonic() > end:
                raise failures.silent(self.server, self.address, self.patience.loading_s)
            self.say(f"waiting until {self.server} has loaded its model…")
            time.sleep(self.patience.look_s)

    def ask(
        self, stack: contextlib.ExitStack, path: str, body: Mapping[str, Any], deadline: float | None
    ) -> http.client.HTTPResponse:
        """Ask for an answer, and wait until it begins.

        Raises:
            TimeUp: If it does not begin before `deadline`, by the monotonic clock.
            EngineError: If it never does.
        """
        while True:
            limit_s = _left(self.patience.loading_s, deadline)
            response = self.send(stack, "POST", path, body, limit_s=limit_s, deadline=deadline)
            if response.status != 503:
                return response
            value = self.read_body(response)
            if not failures.is_loading(503, value):
                raise self.refused(503, value)
            stack.close()
            self.say(f"waiting until {self.server} has loaded {self.model}…")
            time.sleep(self.patience.look_s)

    def send(
        self,
        stack: contextlib.ExitStack,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        limit_s: float,
        deadline: float | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request and wait for the beginning of the response; the stack closes both."""
        connection = Connection(self.address, allow_remote=self._allow_remote)
        stack.callback(connection.close)
        try:
            connection.connect()
        except OSError as error:
            raise failures.unreachable(self.address, error) from error
        self._wire = connection.sock
        assert self._wire is not None
        headers = {"accept": "application/json, text/event-stream", "connection": "close"}
        if self._api_key:
            headers["authorization"] = f"Bearer {self._api_key}"
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            # "replace": file text may hold lone surrogates.
            data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            if self._is_interrupted:
                raise ConnectionAbortedError
            self._wire.settimeout(limit_s)
            connection.request(method, path, data, headers)
            response = connection.getresponse()
        except TimeoutError as error:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeUp from None
            raise failures.silent(self.server, self.address, limit_s) from error
        except (OSError, http.client.RemoteDisconnected) as error:
            raise self.died(is_begun=False) from error
        except http.client.HTTPException as error:
            raise failures.not_a_server(self.address) from error
        stack.callback(response.close)
        return response

    def lines(self, response: http.client.HTTPResponse, deadline: float | None) -> Iterator[bytes]:
        """Yield the lines of a stream as they come.

        Raises:
            TimeUp: At `deadline`, by the monotonic clock.
            EngineError: If nothing comes for too long, or the connection breaks.
        """
        assert self._wire is not None
        limit_s = self.patience.loading_s
        try:
            while True:
                self._wire.settimeout(_left(limit_s, deadline))
                line = response.readline(MOST_LINE_BYTES)
                if not line:
                    return
                yield line
                if line.startswith(b"data:"):
                    limit_s = self.patience.silence_s
        except TimeoutError as error:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeUp from None
            raise failures.silent(self.server, self.address, limit_s) from error
        except (OSError, http.client.HTTPException) as error:
            raise self.died(is_begun=True) from error

    def read_body(self, response: http.client.HTTPResponse) -> Any:
        """Read a body, and return it as JSON; `None` if it is not."""
        try:
            return json.loads(response.read(_MOST_BODY_BYTES))
        except (ValueError, RecursionError):
            return None
        except (OSError, http.client.HTTPException) as error:
            raise self.died(is_begun=False) from error

    def died(self, *, is_begun: bool) -> EngineError:
        """Make the error that a connection ended too early."""
        return failures.died(self.server, self.address, is_begun=is_begun)

    def refused_response(self, response: http.client.HTTPResponse) -> EngineError:
        """Make the error that a response stands for."""
        location = response.headers.get("location", "")
        return self.refused(response.status, self.read_body(response), location=location)

    def refused(self, status: int, value: Any, *, location: str = "") -> EngineError:
        """Make the error that a status and a body stand for."""
        return failures.refused(
            status,
            value,
            server=self.server,
            address=self.address,
            model=self.model or "the model",
            has_key=bool(self._api_key),
            location=location,
        )


def _left(limit_s: float, deadline: float | None) -> float:
    """Return how long may be waited.

    Raises:
        TimeUp: If the deadline has passed.
    """
    if deadline is None:
        return limit_s
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeUp
    return min(limit_s, left_s)
