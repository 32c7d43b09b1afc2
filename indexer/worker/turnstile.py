"""Whose turn it is at Chroma: questions first."""

import contextlib
import threading
from collections.abc import Iterator


class StoreTurns:
    """A lock that a question never has to compete for. Thread-safe.

    A plain lock is unfair: whoever gives it back and takes it at once again, as
    a long write does step by step, never lets anybody else have it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._questions = 0

    @contextlib.contextmanager
    def question(self) -> Iterator[None]:
        """Hold the lock; waits for the one step that is under way at most."""
        with self._changed:
            self._questions += 1
            while self._is_taken:
                self._changed.wait()
            self._questions -= 1
            self._is_taken = True
        with self._giving_back():
            yield

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """Hold the lock for a step that no question waits for."""
        with self._changed:
            while self._is_taken or self._questions:
                self._changed.wait()
            self._is_taken = True
        with self._giving_back():
            yield

    @contextlib.contextmanager
    def _giving_back(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()
