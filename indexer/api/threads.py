"""Blocking calls in threads of their own, so many at a time; first come, first served."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread

THREADS = 8
"""Requests worked on at a time."""

ResultT = TypeVar("ResultT")


class Threads:
    """Runs blocking functions beside the event loop, at most `THREADS` at a time, in the order they came."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, function: Callable[..., ResultT], *arguments: Any) -> ResultT:
        """Call a function in a thread and wait for its result.

        Whoever does not wait any longer takes it out of the line; what has begun keeps its place in
        the line until it ends.
        """
        if self._limiter is None:
            # not before: a limiter belongs to the event loop that it is made in.
            self._limiter = anyio.CapacityLimiter(THREADS)
        call = _Call(function, arguments)
        running = asyncio.ensure_future(anyio.to_thread.run_sync(call, limiter=self._limiter))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if call.has_begun:
                # nobody hears how it ends.
                running.add_done_callback(_forget)
            else:
                running.cancel()
            raise


class _Call:
    """One call, and whether its thread has begun with it."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self.has_begun = False

    def __call__(self) -> Any:
        self.has_begun = True
        return self._function(*self._arguments)


def _forget(running: "asyncio.Future[Any]") -> None:
    if not running.cancelled():
        running.exception()
