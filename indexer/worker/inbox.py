"""Requests that wait in the worker child, and which of them goes first."""

import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, BinaryIO

from indexer.frames import read_frame


class Urgency(IntEnum):
    """Who waits for a request; each has a thread of its own."""

    QUESTION = 0
    """A person, for an answer."""

    COMMIT = 1
    """A write that others wait for, or a file that somebody just saved."""

    BULK = 2
    """Nobody in particular."""


_QUESTIONS = {"describe", "embed_query", "search", "rerank"}


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

    def next(self, urgency: Urgency) -> Request | None:
        """Wait for a request of this urgency; `None` when the inbox is closed."""
        with self._changed:
            while not self._is_closed:
                if self._waiting[urgency]:
                    return self._waiting[urgency].popleft()
                self._changed.wait()
            return None

    @property
    def is_closed(self) -> bool:
        """Whether the parent is gone."""
        return self._is_closed
