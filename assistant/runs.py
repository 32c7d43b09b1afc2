"""One answer in a thread of its own, whose events are read on the event loop."""

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from assistant.answering import Searcher, TextGenerator, answer
from assistant.config import AnswerSettings
from assistant.engine.types import Finished
from assistant.generating import Watched
from assistant.types import AnswerEvent, Question
from indexer.errors import EngineError, KbError

logger = logging.getLogger(__name__)


class Writer(TextGenerator, Protocol):
    """Whatever writes text and can be stopped while it is waited for."""

    def interrupt(self) -> None:
        """Break off the answer at hand; from any thread."""
        ...


RunEvent = AnswerEvent | KbError | None
"""What a run yields; the last is an error, or `None`."""


class Run:
    """Answers one question; made and read on the event loop.

    Args:
        question: What is asked, and what was said before.
        open_searcher: Called in the thread; finds the passages.
        open_writer: Called in the thread; writes the answer, or `None` for the files' own words.
        settings: How the question is answered.
    """

    def __init__(
        self,
        question: Question,
        *,
        open_searcher: Callable[[], Searcher],
        open_writer: Callable[[], Writer | None],
        settings: AnswerSettings,
    ) -> None:
        self._question = question
        self._open_searcher = open_searcher
        self._open_writer = open_writer
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._events: deque[RunEvent] = deque()
        self._has_news = asyncio.Event()
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._finished: Finished | None = None
        self._is_cancelled = threading.Event()

    def start(self) -> None:
        """Begin."""
        # not waited for when the server ends: a thread may sit in a model that is being loaded.
        threading.Thread(target=self._run, name="answer", daemon=True).start()

    @property
    def finished(self) -> Finished | None:
        """How the model's answer ended, once it has."""
        return self._finished

    async def take(self, timeout_s: float) -> list[RunEvent]:
        """Wait for events; an empty list after `timeout_s` seconds without one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._has_news.wait()
        self._has_news.clear()
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def cancel(self) -> None:
        """Stop the answer at once; one that has ended is left alone."""
        with self._lock:
            self._is_cancelled.set()
            if self._writer is not None:
                self._writer.interrupt()

    def _run(self) -> None:
        last: KbError | None = None
        try:
            self._answer()
        except KbError as error:
            last = error
        # the client must hear of it whatever it is.
        except Exception as error:
            logger.exception("answer.failed")
            last = EngineError(f"kb failed: {type(error).__name__}")
        with self._lock:
            self._writer = None
        self._push(last)

    def _answer(self) -> None:
        writer = self._open_writer()
        with self._lock:
            self._writer = writer
            if self._is_cancelled.is_set():
                return
        events = answer(
            self._question,
            searcher=self._open_searcher(),
            generator=Watched(writer, self._note) if writer is not None else None,
            settings=self._settings,
        )
        with closing(events):
            for event in events:
                if self._is_cancelled.is_set():
                    return
                self._push(event)

    def _note(self, finished: Finished) -> None:
        self._finished = finished

    def _push(self, event: RunEvent) -> None:
        self._events.append(event)
        # the loop is gone when the server has ended.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._has_news.set)
