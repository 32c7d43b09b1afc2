"""HTTP connections to clients that may do anything: who is let in, how long asking and reading may take.

What one client costs is bounded, however it behaves. Unix sockets are for this
user and for root; whoever else got hold of one is hung up on.
"""

import asyncio
import functools
import logging
import os
import socket
import struct
import sys
from typing import Any, cast

import h11
from starlette.types import ASGIApp, Receive

from indexer.standins import stand_in_for

# uvicorn would bring its command line, and what restarts servers whose files change: a tenth of a second.
_uvicorn = stand_in_for("uvicorn")

from uvicorn.config import Config  # noqa: E402
from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: E402
from uvicorn.server import Server  # noqa: E402

# its own modules ask it for this one.
_uvicorn.Config = Config  # type: ignore[attr-defined]

__all__ = [
    "ASKING_S",
    "UNREAD_S",
    "Config",
    "Connection",
    "Server",
    "make_config",
    "peer_uid",
    "wait_for_disconnect",
]

logger = logging.getLogger(__name__)

ASKING_S = 20.0
"""How long a client may take to say what it wants."""

UNREAD_S = 60.0
"""How long a client may leave an answer unread."""

_XUCRED = "2I"
"""What macOS says of the other end, as far as we read it: version, user."""


class Connection(H11Protocol):
    """One client; whoever takes too long is hung up on.

    Args:
        arguments: As uvicorn gives them.
        asking_s: How long it may take to ask.
        unread_s: How long it may leave an answer unread.
        named: As uvicorn gives them.
    """

    def __init__(
        self, *arguments: Any, asking_s: float = ASKING_S, unread_s: float = UNREAD_S, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._asking_s = asking_s
        self._unread_s = unread_s
        self._asking: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it at once."""
        super().connection_made(transport)
        # whatever is not read at once is waited for by a clock, also the last bytes of an answer.
        transport.set_write_buffer_limits(0)
        uid = peer_uid(transport.get_extra_info("socket"))
        if uid not in {None, 0, os.getuid()}:
            logger.warning("stranger.refused uid=%s", uid)
            transport.abort()
        else:
            self._watch_asking()
            self.admitted()

    def admitted(self) -> None:
        """Be told that the client was let in; does nothing here."""

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request."""
        super().data_received(data)
        self._watch_asking()

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._unread_s, self.hang_up, "unread")

    def resume_writing(self) -> None:
        """Note that the client has read everything so far."""
        super().resume_writing()
        _end(self._unread)
        self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        super().connection_lost(exc)
        _end(self._asking)
        _end(self._unread)

    @property
    def is_asking(self) -> bool:
        """Whether no request has been made in full that is not yet answered."""
        return self.conn.their_state in {h11.IDLE, h11.SEND_BODY}

    def hang_up(self, reason: str) -> None:
        """End the connection, whatever is still to be sent."""
        logger.info("client.hung_up_on reason=%s", reason)
        self.transport.abort()

    def _watch_asking(self) -> None:
        """Let the clock run for as long as a request is incomplete."""
        if not self.is_asking:
            _end(self._asking)
            self._asking = None
        elif self._asking is None:
            self._asking = self.loop.call_later(self._asking_s, self.hang_up, "request_unfinished")


def make_config(app: ASGIApp, connection: type[Connection], limits: Any = None, **more: Any) -> Config:
    """Configure uvicorn for `app`: these connections, one process, nothing logged, nothing told of ourselves.

    Args:
        app: What answers.
        connection: What a client is met by.
        limits: Named arguments of `connection`.
        more: Further settings of uvicorn.
    """
    return Config(
        app,
        http=cast("type[asyncio.Protocol]", functools.partial(connection, **(limits or {}))),
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        **more,
    )


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client is gone; whatever else it sends is passed over."""
    while (await receive())["type"] != "http.disconnect":
        pass


def peer_uid(connection: socket.socket) -> int | None:
    """Return the user at the other end of a Unix socket; `None` where the system does not say."""
    if connection.family != socket.AF_UNIX:
        return None
    if hasattr(socket, "SO_PEERCRED"):
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", data)[1])
    return _peer_uid_of_bsd(connection) if sys.platform == "darwin" else None


def _peer_uid_of_bsd(connection: socket.socket) -> int:
    # SOL_LOCAL and LOCAL_PEERCRED, which Python does not name.
    data = connection.getsockopt(0, 1, 76)
    return int(struct.unpack_from(_XUCRED, data)[1])


def _end(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
