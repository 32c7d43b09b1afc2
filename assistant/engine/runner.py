"""The one thread that owns the model: it loads it, then works off one answer after another.

The event loop of the server submits jobs and receives their events; nothing
native ever runs on the loop's own thread.
"""

import asyncio
import codecs
import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Protocol

from assistant.engine.reasoning import Splitter
from assistant.engine.types import (
    Delta,
    Finished,
    FinishReason,
    Interrupted,
    ModelFacts,
    Piece,
    Sampling,
    Usage,
)
from indexer.errors import EngineError, KbError

logger = logging.getLogger(__name__)

GATHER_S = 0.015
"""Shortest time between two batches of events of one answer.

Faster than anyone reads; sending every token of a fast model by itself would take the interpreter's lock from
the model so often that it slows it down.
"""

JobEvent = Delta | Finished | KbError | None
"""What a job yields; the last is `Finished`, an error, or `None` when it was cancelled."""


class LoadedModel(Protocol):
    """What the runner needs of a model; `assistant.engine.llama.Model` is the real one."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model."""

    def tokenize(self, pieces: Sequence[Piece]) -> list[int]:
        """Turn a prompt into tokens; from any thread."""

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text; from any thread."""

    def read(self, prompt: Sequence[int]) -> int:
        """Evaluate a prompt and return how many of its tokens were still in the cache."""

    def write(
        self, sampling: Sampling, *, max_tokens: int
    ) -> Generator[tuple[bytes, bool], None, FinishReason]:
        """Generate what follows."""

    def interrupt(self) -> None:
        """Make the work at hand end early; from any thread."""

    def clear_interrupt(self) -> None:
        """Take back `interrupt`."""

    def close(self) -> None:
        """Free the model."""


class Job:
    """One answer to be written; made and read on the event loop."""

    def __init__(
        self,
        prompt: Sequence[int],
        *,
        sampling: Sampling,
        max_tokens: int,
        splitter: Splitter,
        marks: Sequence[str],
    ) -> None:
        self.prompt = prompt
        self.sampling = sampling
        self.max_tokens = max_tokens
        self.splitter = splitter
        self.marks = marks
        """Marks of the model's dialect; control tokens that are no part of one are left out."""

        self.submitted = time.perf_counter()
        self.is_cancelled = False
        self._loop = asyncio.get_running_loop()
        self._events: deque[JobEvent] = deque()
        self._has_news = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._taken_at = 0.0
        self._is_signalled = False

    def push(self, event: JobEvent) -> None:
        """Hand an event over to the event loop; from any thread."""
        self._events.append(event)
        is_last = not isinstance(event, Delta)
        # one signal for all that comes before the loop looks, because a signal takes the loop's time.
        if is_last or not self._is_signalled:
            self._is_signalled = True
            # the loop may be gone already when the engine is stopped.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._signal, is_last)

    def _signal(self, is_last: bool) -> None:
        self._has_news.set()
        if is_last:
            self._has_ended.set()

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


class Runner:
    """Loads a model and answers with it; `load` runs on the runner's own thread.

    Args:
        load: Loads the model; is given a function that takes the loaded share, 0 to 1, and says whether to
            go on.
    """

    def __init__(self, load: Callable[[Callable[[float], bool]], LoadedModel]) -> None:
        self._load = load
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._current: Job | None = None
        self._waiting: list[Job] = []
        self._loop = asyncio.get_running_loop()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="model")
        self.settled = asyncio.Event()
        """Set once the model is loaded or has failed to."""

        self.model: LoadedModel | None = None
        self.failure: KbError | None = None
        """Why the model did not load."""

        self.progress = 0.0
        """Loaded share of the model, 0 to 1."""

        self.load_s = 0.0
        self.answers = 0
        """Jobs finished so far, cancelled ones too."""

        self.last_used = time.monotonic()

    def start(self) -> None:
        """Begin to load the model."""
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being written or waits."""
        with self._lock:
            return self._current is not None or bool(self._waiting)

    @property
    def queued(self) -> int:
        """Answers that wait for the one being written."""
        with self._lock:
            return len(self._waiting)

    def submit(self, job: Job) -> None:
        """Put a job in the queue."""
        with self._lock:
            self._waiting.append(job)
        self._jobs.put(job)

    def cancel(self, job: Job) -> None:
        """Give up a job, whether it waits or is being worked on; a finished one is left alone."""
        with self._lock:
            job.is_cancelled = True
            if job is self._current and self.model is not None:
                self.model.interrupt()

    def give_up(self) -> None:
        """Cancel every job, those that wait too."""
        with self._lock:
            jobs = [*self._waiting, *([self._current] if self._current else [])]
        for job in jobs:
            self.cancel(job)

    def stop(self) -> None:
        """Give up every job, free the model and end the thread; returns when it has ended."""
        self._is_stopping = True
        self.give_up()
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        started = time.perf_counter()
        try:
            self.model = self._load(self._note_progress)
        except KbError as error:
            logger.error("model.failed reason=%s", error.message)
            self.failure = error
        # whatever else goes wrong in loading must reach the person who waits for it.
        except Exception as error:
            logger.exception("model.failed")
            self.failure = EngineError(f"the model could not be loaded: {type(error).__name__}: {error}")
        self.load_s = time.perf_counter() - started
        self.last_used = time.monotonic()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.settled.set)
        if self.model is None:
            return
        logger.info("model.ready load_s=%.2f", self.load_s)
        while (job := self._jobs.get()) is not None:
            self._work(job, self.model)
        self.model.close()

    def _note_progress(self, share: float) -> bool:
        self.progress = share
        return not self._is_stopping

    def _work(self, job: Job, model: LoadedModel) -> None:
        with self._lock:
            self._waiting.remove(job)
            self._current = job
            model.clear_interrupt()
        last: JobEvent = None
        try:
            if not job.is_cancelled:
                last = self._answer(job, model)
        except Interrupted:
            pass
        except EngineError as error:
            logger.error("answer.failed reason=%s", error.message)
            last = error
        # the thread must outlive whatever one job does to it.
        except Exception as error:
            logger.exception("answer.failed")
            last = EngineError(f"the engine failed: {type(error).__name__}")
        with self._lock:
            self._current = None
            self.answers += 1
            self.last_used = time.monotonic()
        job.push(last)

    def _answer(self, job: Job, model: LoadedModel) -> Finished:
        began = time.perf_counter()
        cached = model.read(job.prompt)
        read = time.perf_counter()
        written = 0
        decoder = codecs.getincrementaldecoder("utf-8")("replace")

        def feed(data: bytes, *, is_last: bool = False) -> None:
            for delta in job.splitter.feed(decoder.decode(data, is_last)):
                job.push(delta)

        tokens = model.write(job.sampling, max_tokens=job.max_tokens)
        while True:
            try:
                data, is_control = next(tokens)
            except StopIteration as end:
                reason: FinishReason = end.value
                break
            written += 1
            if is_control:
                # a control token ends a character that was left unfinished, and is nothing to read by itself.
                feed(b"", is_last=True)
                if not any(data.decode("utf-8", "replace") in mark for mark in job.marks):
                    continue
            feed(data)
        feed(b"", is_last=True)
        for delta in job.splitter.finish():
            job.push(delta)
        ended = time.perf_counter()
        return Finished(
            reason=reason,
            usage=Usage(prompt_tokens=len(job.prompt), cached_tokens=cached, completion_tokens=written),
            timings_ms={
                "queue": (began - job.submitted) * 1000,
                "prompt": (read - began) * 1000,
                "generation": (ended - read) * 1000,
            },
        )
