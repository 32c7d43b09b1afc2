"""Listening on loopback, and what one client may cost us: connections, time to ask, time to read."""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from indexer import connections
from indexer.connections import ASKING_S, UNREAD_S, Connection, make_config
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
    asking_s: float = ASKING_S
    unread_s: float = UNREAD_S


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


class _Connection(Connection):
    """One of so many; one more is closed at once."""

    def __init__(self, *arguments: Any, most: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most = most

    def admitted(self) -> None:
        """Close it if there are too many."""
        if len(self.connections) > self._most:
            self.hang_up("too_many")


class Server(connections.Server):
    """A server that ends at once when it is told to, without waiting for anybody.

    Args:
        app: What answers.
        limits: What clients may take of us.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        times = {"asking_s": limits.asking_s, "unread_s": limits.unread_s}
        super().__init__(
            make_config(app, _Connection, {"most": limits.connections, **times}, timeout_keep_alive=30)
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
