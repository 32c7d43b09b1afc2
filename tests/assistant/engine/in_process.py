"""The engine's server in a thread of the test, for what no real process does on demand."""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from starlette.types import ASGIApp

from assistant.engine.runner import LoadedModel, Runner
from assistant.engine.server.api import Api
from assistant.engine.server.door import Door
from assistant.engine.server.serving import Server
from indexer.paths import Places
from tests.waiting import PATIENCE_S

Load = Callable[[Callable[[float], bool]], LoadedModel]


class Served:
    """A server that runs in a thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_ready = threading.Event()
        self.server: Server | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None

    def end(self, *, within_s: float) -> None:
        """End it, as the engine's process does."""
        assert self.loop is not None
        assert self.server is not None
        server = self.server
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(lambda: server.end(within_s=within_s))

    def has_ended(self, timeout_s: float) -> bool:
        """Wait for its end, and say whether it came."""
        assert self.thread is not None
        self.thread.join(timeout_s)
        return not self.thread.is_alive()


@contextlib.contextmanager
def serving(places: Places, app: ASGIApp, *, unread_s: float = 30.0) -> Iterator[Served]:
    """Serve an application at the engine's door."""

    async def begin() -> Server:
        return Server(app, unread_s=unread_s)

    with _running(places, begin) as served:
        yield served


@contextlib.contextmanager
def serving_api(places: Places, load: Load) -> Iterator[Served]:
    """Serve the engine's API with a model of the test's own."""
    runners: list[Runner] = []

    async def begin() -> Server:
        runner = Runner(load)
        runners.append(runner)
        runner.start()
        api = Api(
            runner,
            model_file=Path("/models/m.gguf"),
            identity="settings-file",
            leave=lambda within_s: server.end(within_s=within_s),
        )
        server = Server(api.app)
        return server

    with _running(places, begin) as served:
        yield served
    runners[0].stop()


@contextlib.contextmanager
def _running(places: Places, begin: Callable[[], Awaitable[Server]]) -> Iterator[Served]:
    door = Door(places.engine_socket)
    served = Served(places.engine_socket)

    async def serve() -> None:
        served.loop = asyncio.get_running_loop()
        served.server = await begin()
        served.is_ready.set()
        await served.server.serve(sockets=[door.listener])

    served.thread = threading.Thread(target=lambda: asyncio.run(serve()))
    served.thread.start()
    served.is_ready.wait()
    try:
        yield served
    finally:
        served.end(within_s=0)
        served.thread.join()
        door.take_away()


def connect(path: Path) -> socket.socket:
    """Open a bare connection."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(os.fspath(path))
    connection.settimeout(PATIENCE_S)
    return connection
