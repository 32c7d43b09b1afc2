"""One answer to be written: what is asked for, and its events on their way to the event loop."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.engine.reasoning import Splitter
from assistant.engine.types import Delta, Finished, Progress, Sampling
from indexer.errors import KbError

GATHER_S = 0.015
"""Shortest time between two batches of events of one answer.

Faster than anyone reads; sending every token of a fast model by itself would take the interpreter's lock from
the model so often that it slows it down.
"""

JobEvent = Delta | Progress | Finished | KbError | None
"""What a job yields; the last is `Finished`, an error, or `None` when it was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What ends a thought whose tokens are used up."""

    text: str
    tokens: Sequence[int] = field(repr=False)


class Job:
    """One answer to be written; made and read on the event loop.

    Args:
        prompt: Tokens of the prompt.
        sampling: How tokens are chosen.
        max_tokens: Longest output, thinking included.
        splitter: Tells thinking from text.
        marks: Marks of the model's dialect; control tokens that are no part of one are left out.
        thinking_tokens: Longest thought; 0 for no limit of its own.
        closing: What ends a longer one; without it, it goes on.
        time_limit_s: Longest time from the first token of the prompt to the last of the answer; 0 for no
            limit.
        schema: JSON schema that the output follows from its first token.
        is_private: Whether nothing of it may be written to the disk.
    """

    def __init__(
        self,
        prompt: Sequence[int],
        *,
        sampling: Sampling,
        max_tokens: int,
        splitter: Splitter,
        marks: Sequence[str],
        thinking_tokens: int = 0,
        closing: Closing | None = None,
        time_limit_s: float = 0,
        schema: Mapping[str, Any] | None = None,
        is_private: bool = False,
    ) -> None:
        self.prompt = prompt
        self.sampling = sampling
        self.max_tokens = max_tokens
        self.splitter = splitter
        self.marks = marks
        self.thinking_tokens = thinking_tokens
        self.closing = closing
        self.time_limit_s = time_limit_s
        self.is_private = is_private
        self.schema = schema
        self.submitted = time.perf_counter()
        self.is_cancelled = False
        self.is_late = False
        """Whether its time is up."""

        self._loop = asyncio.get_running_loop()
        self._events: deque[JobEvent] = deque()
        self._has_news = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._taken_at = 0.0
        self._is_signalled = False
        self._told = Progress(queued=0, read_share=0.0)
        self._timer: asyncio.TimerHandle | None = None

    def push(self, event: JobEvent) -> None:
        """Hand an event over to the event loop; from any thread."""
        self._events.append(event)
        is_last = not isinstance(event, Delta | Progress)
        # one signal for all that comes before the loop looks, because a signal takes the loop's time.
        if is_last or not self._is_signalled:
            self._is_signalled = True
            # the loop may be gone already when the engine is stopped.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._signal, is_last)

    def tell(self, progress: Progress) -> None:
        """Hand over what goes on before the first token, unless that is known; from any thread."""
        if progress != self._told:
            self._told = progress
            self.push(progress)

    def start_timer(self, timer: asyncio.TimerHandle) -> None:
        """Keep what happens when the time is up; an end before that calls it off. On the event loop."""
        self._timer = timer
        if self._has_ended.is_set():
            timer.cancel()

    def _signal(self, is_last: bool) -> None:
        self._has_news.set()
        if is_last:
            self._has_ended.set()
            if self._timer is not None:
                self._timer.cancel()

    async def take(self, timeout_s: float) -> list[JobEvent]:
        """Wait for events; an empty list after `timeout_s` seconds without one.

        Batches are at least `GATHER_S` apart, the first and the last aside.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._has_news.wait()
        if (due := self._taken_at + GATHER_S) > self._loop.time() and self._events:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._has_ended.wait()
        self._taken_at = self._loop.time()
        self._has_news.clear()
        self._is_signalled = False
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events
