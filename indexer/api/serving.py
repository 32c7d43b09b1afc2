"""Serving the API on a Unix socket that only its owner can open, to clients that may do anything.

Uvicorn is given our own socket: those it makes can be opened by everybody. What
one client costs is bounded, however it behaves: so many connections, so long to
ask, so long to read, and nothing is done any more for a client that has gone.
"""

import asyncio
import contextlib
import logging
import os
import resource
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer import connections
from indexer.api.answers import described, json_answer
from indexer.connections import ASKING_S, UNREAD_S, Connection, make_config
from indexer.errors import DaemonError

logger = logging.getLogger(__name__)

BACKLOG = 1024
"""Clients that may wait to be let in; past it their connection fails at once."""

LOOK_S = 0.05
"""In so long we have looked at what a new connection says."""

ACCEPTED_AT_ONCE = 32
"""Clients let in before their connections are counted, each a file descriptor."""

FILES_PER_CONNECTION = 3
"""Of the files this process may open, connections may take one in so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What clients may take of us."""

    connections: int = 256
    """Connections at a time; for one more, the oldest goes that asks nothing."""

    asking_s: float = ASKING_S
    unread_s: float = UNREAD_S

    def most_connections(self) -> int:
        """Return how many connections there may be where we may open but few files."""
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if allowed == resource.RLIM_INFINITY:
            return self.connections
        return max(1, min(self.connections, allowed // FILES_PER_CONNECTION))


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Listen on a Unix socket that only its owner can open, and remove it at the end.

    What stands at the path is taken away: who listens there must hold a lock.

    Raises:
        DaemonError: If the socket cannot be made.
    """
    path.unlink(missing_ok=True)
    ours: tuple[int, int] | None = None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            # not by the umask, which is the whole process's: the directory is closed to others meanwhile.
            listener.bind(os.fspath(path))
            ours = _identity(path)
            path.chmod(0o600)
            listener.listen(BACKLOG)
        except OSError as error:
            raise DaemonError(f"cannot listen on {path}: {error.strerror}") from error
        yield listener
    finally:
        # by now it may be another daemon's, whose door must stay.
        with contextlib.suppress(OSError):
            if _identity(path) == ours:
                path.unlink()
        listener.close()


def _identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from one that later got its name, and perhaps its inode."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


class RoomedConnection(Connection):
    """One of so many connections as there is room for: for one more, the oldest goes that asks nothing."""

    def __init__(self, *arguments: Any, most: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most = most
        self.came_at = self.loop.time()
        """When the connection was made, by the loop's clock."""

    def admitted(self) -> None:
        """Have the oldest connection go that asks nothing, where there are too many."""
        self.came_at = self.loop.time()
        excess = len(self.connections) - self._most
        if excess > self._most:
            self._make_room()
        elif excess > 0:
            # not at once: the oldest may have asked, and we not have looked yet.
            self.loop.call_later(LOOK_S, self._make_room)

    def _make_room(self) -> None:
        if len(self.connections) > self._most:
            asking = [
                each for each in self.connections if isinstance(each, RoomedConnection) and each.is_asking
            ]
            if asking:
                oldest = min(asking, key=lambda each: each.came_at)
                # not when its end is told: many may come at once, and each has to find another one.
                self.connections.discard(oldest)
                oldest.hang_up("room_needed")


class Attentive:
    """Breaks off what is done for a client that has gone; what waits in line is not begun.

    Args:
        app: What answers.
        most: How many requests are answered or wait in line; one more is refused.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._count >= self._most:
            logger.warning("request_refused waiting=%d", self._count)
            error = DaemonError("the indexer has too much to do for one more request", hint="try again soon")
            await json_answer(described(error), status=503)(scope, receive, send)
            return
        self._count += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._count -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read, is_gone = asyncio.Event(), asyncio.Event()
        if scope["method"] == "GET":
            # nobody may ever look at its body, which is none.
            is_read.set()

        async def receive_body() -> Message:
            if is_read.is_set():
                await is_gone.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            if message["type"] == "http.disconnect":
                is_gone.set()
            if not message.get("more_body"):
                is_read.set()
            return message

        async def watch() -> None:
            await is_read.wait()
            while not is_gone.is_set():
                if (await receive())["type"] == "http.disconnect":
                    is_gone.set()

        answering = asyncio.ensure_future(self._app(scope, receive_body, send))
        watching = asyncio.ensure_future(watch())
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            # a thread that is at work already ends by itself; see `indexer.api.threads`.
            if not answering.done():
                answering.cancel()
            await asyncio.wait({answering})
        if not answering.cancelled():
            answering.result()


class Server(connections.Server):
    """Uvicorn without its clock: the original looks ten times a second whether it is to end."""

    def __init__(self, config: connections.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.ready = threading.Event()
        self._ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for the end."""
        self._loop = asyncio.get_running_loop()
        # asyncio lets as many in at once as may wait, unless told anew how many may.
        self._listener.listen(BACKLOG)
        self.ready.set()
        await self._ended.wait()

    def end(self) -> None:
        """Let the server finish its answers and end; to be called from another thread."""
        self._loop.call_soon_threadsafe(self._ended.set)


@contextlib.contextmanager
def serving(app: ASGIApp, listener: socket.socket, *, limits: Limits | None = None) -> Iterator[None]:
    """Serve an application on a socket, in a thread, for as long as the block runs."""
    limits = limits or Limits()
    config = make_config(
        Attentive(app, limits.connections),
        RoomedConnection,
        {"most": limits.most_connections(), "asking_s": limits.asking_s, "unread_s": limits.unread_s},
        backlog=ACCEPTED_AT_ONCE,
        timeout_graceful_shutdown=2,
    )
    server = Server(config, listener)

    def serve() -> None:
        try:
            server.run([listener])
        finally:
            server.ready.set()

    thread = threading.Thread(target=serve, name="serving", daemon=True)
    thread.start()
    server.ready.wait()
    if not server.started:
        raise DaemonError("the local API does not start")
    try:
        yield
    finally:
        server.end()
        thread.join()
