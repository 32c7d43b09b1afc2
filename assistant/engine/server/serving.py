"""Serving on the engine's socket: who is let in, how long they may take, and an end that comes.

What one client costs is bounded, however it behaves; above all, an engine that
is to leave does so, with its lock and the memory of the GPU.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import cast

from starlette.types import ASGIApp

from indexer import connections
from indexer.connections import Connection, make_config

UNREAD_S = 30.0
"""How long a client may leave what it asked for unread; the model waits for nobody."""


class Server(connections.Server):
    """Uvicorn that leaves signals to us, does not look ten times a second whether it is to end, and ends.

    Args:
        app: What answers.
        unread_s: How long a client may leave an answer unread.
    """

    def __init__(self, app: ASGIApp, *, unread_s: float = UNREAD_S) -> None:
        super().__init__(make_config(app, Connection, {"unread_s": unread_s}))
        self._ended = asyncio.Event()
        self._breaking_off: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing; uvicorn's own would end the process before the model is freed."""
        yield

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self._ended.wait()

    def end(self, *, within_s: float) -> None:
        """Let what has begun be finished, for so long at most; of several calls the soonest counts."""
        self._ended.set()
        loop = asyncio.get_running_loop()
        due = loop.time() + within_s
        if self._breaking_off is None or self._breaking_off.when() > due:
            if self._breaking_off is not None:
                self._breaking_off.cancel()
            self._breaking_off = loop.call_at(due, self._break_off)

    def _break_off(self) -> None:
        for connection in list(self.server_state.connections):
            cast("Connection", connection).hang_up("leaving")
        self.force_exit = True
