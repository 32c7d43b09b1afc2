"""The one thread that owns the model: it loads it, then works off one answer after another.

The event loop of the server submits jobs and receives their events; nothing
native ever runs on the loop's own thread.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from assistant.engine.runner.jobs import Job, JobEvent
from assistant.engine.runner.model import LoadedModel
from assistant.engine.runner.writing import write_answer
from assistant.engine.types import Interrupted, Progress
from assistant.errors import PromptTooLongError
from indexer.errors import EngineError, KbError

logger = logging.getLogger(__name__)


class Runner:
    """Loads a model and answers with it; `load` runs on the runner's own thread.

    Args:
        load: Loads the model; is given a function that takes the loaded share, 0 to 1, and says whether to
            go on.
        began: When that was begun, by `time.perf_counter`; with this thread if left out.
    """

    def __init__(
        self, load: Callable[[Callable[[float], bool]], LoadedModel], *, began: float | None = None
    ) -> None:
        self._load = load
        self._began = began
        self._changed = threading.Condition()
        self._current: Job | None = None
        self._waiting: deque[Job] = deque()
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

        self.is_unfit = False
        """Whether the last answer failed in llama.cpp, as when another program took the GPU's memory."""

        self.last_used = time.monotonic()

    def start(self) -> None:
        """Begin to load the model."""
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being written or waits."""
        with self._changed:
            return self._current is not None or bool(self._waiting)

    @property
    def queued(self) -> int:
        """Answers that wait for the one being written."""
        with self._changed:
            return len(self._waiting)

    def submit(self, job: Job) -> None:
        """Put a job at the end of the queue."""
        with self._changed:
            self._waiting.append(job)
            self._tell_places()
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Give up a job, whether it waits or is being worked on; a finished one is left alone."""
        with self._changed:
            job.is_cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
                self._note_end()
                job.push(None)
                self._tell_places()
            else:
                self._interrupt(job)

    def give_up(self) -> None:
        """Cancel every job, those that wait too."""
        with self._changed:
            jobs = [*self._waiting, *([self._current] if self._current else [])]
        for job in jobs:
            self.cancel(job)

    def note_use(self) -> None:
        """Count what was asked as use, beside the answers."""
        with self._changed:
            self.last_used = time.monotonic()

    def stop(self) -> None:
        """Give up every job, free the model and end the thread; returns when it has ended."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self.give_up()
        self._thread.join()

    def _interrupt(self, job: Job) -> None:
        if job is self._current and self.model is not None:
            self.model.interrupt()

    def _run(self) -> None:
        began = time.perf_counter() if self._began is None else self._began
        try:
            self.model = self._load(self._note_progress)
        except KbError as error:
            logger.error("model.failed reason=%s", error.message)
            self.failure = error
        # whatever else goes wrong in loading must reach the person who waits for it.
        except Exception as error:
            logger.exception("model.failed")
            self.failure = EngineError(f"the model could not be loaded: {type(error).__name__}: {error}")
        self.load_s = time.perf_counter() - began
        self.note_use()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.settled.set)
        if self.model is None:
            return
        logger.info("model.ready load_s=%.2f", self.load_s)
        while (job := self._next_job(self.model)) is not None:
            self._work(job, self.model)
        self.model.close()

    def _note_progress(self, share: float) -> bool:
        self.progress = share
        return not self._is_stopping

    def _next_job(self, model: LoadedModel) -> Job | None:
        """Wait for a job and make it the current one; `None` when the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_stopping)
            if not self._waiting:
                return None
            job = self._current = self._waiting.popleft()
            model.clear_interrupt()
            job.tell(Progress(queued=0, read_share=0.0))
            self._tell_places()
        return job

    def _work(self, job: Job, model: LoadedModel) -> None:
        last: JobEvent = None
        if job.time_limit_s:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._limit, job)
        try:
            last = write_answer(job, model)
        except Interrupted:
            pass
        except EngineError as error:
            logger.error("answer.failed reason=%s", error.message)
            last = error
        except KbError as error:
            # its message may quote what was asked.
            logger.warning("answer.refused kind=%s", type(error).__name__)
            last = error
        # the thread must outlive whatever one job does to it.
        except Exception as error:
            logger.exception("answer.failed")
            last = EngineError(f"the engine failed: {type(error).__name__}")
        with self._changed:
            self._current = None
            if last is not None:
                self.is_unfit = isinstance(last, EngineError) and not isinstance(last, PromptTooLongError)
            self._note_end()
        job.push(last)
        if not self.queued:
            model.settle()

    def _limit(self, job: Job) -> None:
        """Begin to count the time of a job; on the event loop."""
        job.start_timer(self._loop.call_later(job.time_limit_s, self._end_late, job))

    def _end_late(self, job: Job) -> None:
        with self._changed:
            job.is_late = True
            self._interrupt(job)

    def _note_end(self) -> None:
        self.answers += 1
        self.last_used = time.monotonic()

    def _tell_places(self) -> None:
        """Tell every job that waits where it stands; with the lock held."""
        before = 0 if self._current is None else 1
        for place, job in enumerate(self._waiting, start=before):
            job.tell(Progress(queued=place, read_share=0.0))
