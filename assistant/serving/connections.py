"""Listening on loopback, and what one client may cost us: connections, time to ask, time to read."""

import asyncio
import contextlib
import functools
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from indexer.errors import UsageError

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What clients may take of us."""

    connections: int = 64
    """One more is closed at once."""

    answers: int = 16
    """Answers that are written or wait; one more is refused."""

    body_bytes: int = 1 << 20
    asking_s: float = 20.0
    """How long a client may take to say what it wants."""

    reading_s: float = 60.0
    """How long a client may leave an answer unread."""


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Listen on a port of loopback; 0 for any that is free.

    Raises:
        UsageError: If it is taken or not for us.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # a port in the state after closing may be taken again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(128)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(
                f"cannot listen on port {port}: {reason}", hint="choose another one with --port"
            ) from error
        yield listener
    finally:
        listener.close()


class _Protocol(H11Protocol):
    """HTTP for clients that may do anything."""

    def __init__(self, *arguments: Any, limits: Limits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._asking: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it at once."""
        super().connection_made(transport)
        # whatever is not read at once is waited for by a clock.
        transport.set_write_buffer_limits(0)
        if len(self.connections) > self._limits.connections:
            self._hang_up("too_many")
        else:
            self._watch_asking()

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        super().data_received(data)
        self._watch_asking()

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        super().pause_writing()
        self._reading = self._reading or self.loop.call_later(
            self._limits.reading_s, self._hang_up, "answer_unread"
        )

    def resume_writing(self) -> None:
        """Note that the client has read everything so far."""
        super().resume_writing()
        _end(self._reading)
        self._reading = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        _end(self._asking)
        _end(self._reading)

    def _watch_asking(self) -> None:
        """Let the clock run for as long as a request is incomplete."""
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            _end(self._asking)
            self._asking = None
        elif self._asking is None:
            self._asking = self.loop.call_later(self._limits.asking_s, self._hang_up, "request_unfinished")

    def _hang_up(self, reason: str) -> None:
        logger.info("client_hung_up_on reason=%s", reason)
        self.transport.abort()


def _end(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


class Server(uvicorn.Server):
    """A server that ends at once when it is told to, without waiting for anybody.

    Args:
        app: What answers.
        limits: What clients may take of us.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", functools.partial(_Protocol, limits=limits)),
                loop="asyncio",
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
            )
        )

    def run_on(self, listener: socket.socket) -> None:
        """Serve until told to end; Ctrl-C and SIGTERM do that in the main thread."""
        asyncio.run(self.serve(sockets=[listener]))

    def end(self) -> None:
        """End; from any thread."""
        self.should_exit = self.force_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals in place of uvicorn, which would wait for answers."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        is_main = threading.current_thread() is threading.main_thread()
        loop = asyncio.get_running_loop()
        for number in numbers if is_main else ():
            loop.add_signal_handler(number, self.end)
        try:
            yield
        finally:
            for number in numbers if is_main else ():
                loop.remove_signal_handler(number)
