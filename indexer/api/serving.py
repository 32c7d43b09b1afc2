"""Serving the API on a Unix socket that only its owner can open.

Uvicorn is given our own socket: those it makes can be opened by everybody.
"""

import asyncio
import contextlib
import logging
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from indexer.errors import DaemonError

logger = logging.getLogger(__name__)


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
            listener.listen(64)
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


class Protocol(H11Protocol):
    """HTTP for this user and for root; whoever else got hold of the socket is hung up on."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it at once."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if (peer := peer_uid(connection)) not in {None, 0, os.getuid()}:
            logger.warning("stranger_refused uid=%s", peer)
            transport.abort()


def peer_uid(connection: socket.socket) -> int | None:
    """Return the user at the other end; `None` where the system does not say."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return int(uid)


class Server(uvicorn.Server):
    """Uvicorn without its clock: the original looks ten times a second whether it is to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for the end."""
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._ended.wait()

    def end(self) -> None:
        """Let the server finish its answers and end; to be called from another thread."""
        self._loop.call_soon_threadsafe(self._ended.set)


@contextlib.contextmanager
def serving(app: Starlette, listener: socket.socket) -> Iterator[None]:
    """Serve an application on a socket, in a thread, for as long as the block runs."""
    server = Server(
        uvicorn.Config(
            app,
            http=Protocol,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=2,
        )
    )

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
