"""Requests that wait in the worker child, and which of them goes first."""

import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO

from indexer.frames import read_frame


class Urgency(IntEnum):
    """Who waits for a request; the lower, the sooner it is worked on."""

    QUESTION = 0
    """A person, for an answer."""

    COMMIT = 1
    """A write that others wait for, or a file that somebody just saved."""

    BULK = 2
    """Nobody in particular."""


_QUESTIONS = {"describe", "embed_query", "search"}


@dataclass(frozen=True, slots=True)
class Request:
    """One frame of the parent's."""

    message: dict[str, Any]
    payload: bytes

    @property
    def urgency(self) -> Urgency:
        """Who waits for it."""
        if self.message["op"] in _QUESTIONS:
            return Urgency.QUESTION
        return Urgency.COMMIT if self.message.get("is_urgent") else Urgency.BULK


class Inbox:
    """Requests, in the order they came within each urgency."""

    def __init__(self) -> None:
        self._waiting: dict[Urgency, deque[Request]] = {urgency: deque() for urgency in Urgency}
        self._is_closed = False
        self._changed = threading.Condition()

    def fill_from(self, stream: BinaryIO) -> None:
        """Read frames until the parent is gone, then close the inbox."""
        with contextlib.suppress(EOFError, OSError, ValueError):
            while True:
                self.put(Request(*read_frame(stream)))
        self.close()

    def put(self, request: Request) -> None:
        """Have a request wait."""
        with self._changed:
            self._waiting[request.urgency].append(request)
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out nothing any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def next_question(self) -> Request | None:
        """Wait for a question; `None` when the inbox is closed."""
        return self._next((Urgency.QUESTION,))

    def next_work(self) -> Request | None:
        """Wait for anything but a question, the most urgent first; `None` when the inbox is closed."""
        return self._next((Urgency.COMMIT, Urgency.BULK))

    def next_before(self, urgency: Urgency) -> Request | None:
        """Return a waiting request that is more urgent and no question, or `None` at once."""
        with self._changed:
            return self._take([each for each in Urgency if Urgency.QUESTION < each < urgency])

    @property
    def has_question(self) -> bool:
        """Whether a question waits that nobody works on."""
        return bool(self._waiting[Urgency.QUESTION])

    @property
    def is_closed(self) -> bool:
        """Whether the parent is gone."""
        return self._is_closed

    def _next(self, urgencies: tuple[Urgency, ...]) -> Request | None:
        with self._changed:
            while not self._is_closed:
                if (request := self._take(urgencies)) is not None:
                    return request
                self._changed.wait()
            return None

    def _take(self, urgencies: "tuple[Urgency, ...] | list[Urgency]") -> Request | None:
        for urgency in urgencies:
            if self._waiting[urgency]:
                return self._waiting[urgency].popleft()
        return None
