"""What has the index changed, and how far that is: folders, sweeps, progress, the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from indexer.api.answers import Endpoint, described, json_answer, json_line
from indexer.api.current import Current
from indexer.api.requests import absolute, body_of
from indexer.api.threads import Threads
from indexer.errors import DaemonError
from indexer.pipeline import Pipeline

PROGRESS_PAUSE_S = 0.2
HEARTBEAT_S = 5.0
"""An unchanged progress is sent again after so long, so that the client knows that we live."""


class WorkRoutes:
    """Adding and removing folders, sweeps, and the progress of the work.

    Args:
        current: What brings the index up to date.
        stop: Asks the daemon to end.
        threads: Where blocking calls run.
    """

    def __init__(self, current: Current, stop: Callable[[], None], threads: Threads) -> None:
        self._current = current
        self._stop_daemon = stop
        self._threads = threads
        self._is_stopping = False

    @property
    def _pipeline(self) -> Pipeline:
        return self._current.pipeline

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """List (method, path, endpoint)."""
        return [
            ("POST", "/v1/roots", self._add_root),
            ("DELETE", "/v1/roots", self._remove_root),
            ("POST", "/v1/sweep", self._sweep),
            ("GET", "/v1/progress", self._progress),
            ("POST", "/v1/stop", self._stop),
        ]

    async def _add_root(self, request: Request) -> Response:
        path = absolute((await body_of(request)).get("path"))
        return json_answer({"notice": await self._threads.run(self._pipeline.add_root, path)})

    async def _remove_root(self, request: Request) -> Response:
        path = absolute((await body_of(request)).get("path"))
        return json_answer({"forgotten": await self._threads.run(self._pipeline.remove_root, path)})

    async def _sweep(self, _: Request) -> Response:
        await self._threads.run(self._pipeline.sweep)
        return json_answer({})

    async def _progress(self, _: Request) -> Response:
        return StreamingResponse(self._progress_lines(), media_type="application/x-ndjson")

    async def _stop(self, _: Request) -> Response:
        self._is_stopping = True
        self._stop_daemon()
        return json_answer({})

    async def _progress_lines(self) -> AsyncIterator[bytes]:
        sent: dict[str, Any] = {}
        sent_at = 0.0
        while True:
            progress = self._pipeline.progress()
            # asked after the progress: an error empties the queue, which alone would look like success.
            fault = self._pipeline.fault
            if fault is None and self._is_stopping:
                fault = DaemonError("the indexer was stopped", hint="run `kb index` to go on")
            if fault is not None:
                yield json_line(described(fault))
                return
            value = progress.to_json()
            if value != sent or time.monotonic() - sent_at > HEARTBEAT_S:
                yield json_line(value)
                sent, sent_at = value, time.monotonic()
            if progress.is_idle:
                return
            await asyncio.sleep(PROGRESS_PAUSE_S)
