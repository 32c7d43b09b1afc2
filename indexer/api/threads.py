"""Blocking calls in threads of their own, so many at a time; first come, first served."""

import functools
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
        """Call a function in a thread and wait for its result."""
        if self._limiter is None:
            # not before: a limiter belongs to the event loop that it is made in.
            self._limiter = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(functools.partial(function, *arguments), limiter=self._limiter)
