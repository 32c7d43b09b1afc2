"""What has the index changed, and how far that is: folders, sweeps, pauses, progress, the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from indexer.api.answers import Endpoint, described, json_answer, json_line
from indexer.api.current import Current
from indexer.api.requests import absolute, absolutes, body_of
from indexer.api.threads import Threads
from indexer.errors import DaemonError, KbError, UsageError
from indexer.pipeline import Pipeline
from indexer.types import Progress

PROGRESS_PAUSE_S = 0.2
HEARTBEAT_S = 5.0
"""An unchanged progress is sent again after so long, so that the client knows that we live."""

LONGEST_PAUSE_S = 366 * 86_400


class WorkRoutes:
    """Adding and removing folders, sweeps, pauses, and the progress of the work.

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
            ("POST", "/v1/retry", self._retry),
            ("GET", "/v1/progress", self._progress),
            ("POST", "/v1/fresh", self._fresh),
            ("POST", "/v1/pause", self._pause),
            ("POST", "/v1/resume", self._resume),
            ("POST", "/v1/prune", self._prune),
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

    async def _retry(self, request: Request) -> Response:
        under = absolutes((await body_of(request)).get("under", []))
        return json_answer({"files": await self._threads.run(self._pipeline.retry_now, under)})

    async def _pause(self, request: Request) -> Response:
        seconds = (await body_of(request)).get("seconds")
        if seconds is not None and not (
            isinstance(seconds, int | float) and 0 < seconds <= LONGEST_PAUSE_S and seconds is not True
        ):
            raise UsageError(f"a pause lasts from 1 to {LONGEST_PAUSE_S:,} seconds, not {seconds!r}")
        await self._threads.run(self._pipeline.pause, seconds)
        return json_answer({})

    async def _resume(self, _: Request) -> Response:
        await self._threads.run(self._pipeline.resume)
        return json_answer({})

    async def _prune(self, _: Request) -> Response:
        return json_answer({"forgotten": await self._threads.run(self._pipeline.prune)})

    async def _stop(self, _: Request) -> Response:
        self._is_stopping = True
        self._stop_daemon()
        return json_answer({})

    async def _progress(self, _: Request) -> Response:
        return _stream(self._lines(self._progress_now))

    def _progress_now(self) -> Progress:
        return self._pipeline.progress()

    async def _fresh(self, request: Request) -> Response:
        under = absolutes((await body_of(request)).get("under", []))
        return _stream(self._fresh_lines(under))

    async def _fresh_lines(self, under: Sequence[Path]) -> AsyncIterator[bytes]:
        while True:
            pipeline = self._pipeline
            ticket = await self._threads.run(pipeline.begin_wait, under)
            try:
                async for line in self._lines(lambda: pipeline.progress(ticket), pipeline):  # noqa: B023
                    yield line
            finally:
                pipeline.end_wait(ticket)
            if pipeline is self._pipeline:
                return
            # meanwhile another index answers, and that one is to be current.

    async def _lines(
        self, look: Callable[[], Progress], pipeline: Pipeline | None = None
    ) -> AsyncIterator[bytes]:
        """Send the progress whenever it moves, until all is done or it cannot go on.

        Args:
            look: Returns the progress.
            pipeline: Whose progress it is: when another one answers, the lines end. `None` for whichever.
        """
        sent: dict[str, Any] = {}
        sent_at = 0.0
        while pipeline is None or pipeline is self._pipeline:
            progress = look()
            # asked after the progress: an error empties the queue, which alone would look like success.
            error = self._standstill(progress)
            if error is not None:
                yield json_line(described(error))
                return
            value = progress.to_json()
            if value != sent or time.monotonic() - sent_at > HEARTBEAT_S:
                yield json_line(value)
                sent, sent_at = value, time.monotonic()
            if progress.is_idle:
                return
            await asyncio.sleep(PROGRESS_PAUSE_S)

    def _standstill(self, progress: Progress) -> KbError | None:
        """Return why it makes no sense to wait any longer, if it does not."""
        if (fault := self._pipeline.fault) is not None:
            return fault
        if self._is_stopping:
            return DaemonError("the indexer was stopped", hint="run `kb index` to go on")
        return None if progress.is_idle else self._pipeline.standstill()


def _stream(lines: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(lines, media_type="application/x-ndjson")
