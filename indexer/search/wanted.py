"""Whether anybody still waits for a search, looked at between its stages.

What tells it travels with the context of the thread that searches, so that no stage
has to hand it on to the next.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from indexer.errors import IndexerError

_is_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("is_wanted", default=None)


class UnwantedError(IndexerError):
    """Nobody waits for what is found any more."""


@contextlib.contextmanager
def while_wanted(is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Let searches that begin within end early, once `is_wanted` says no; it is called in their threads."""
    token = _is_wanted.set(is_wanted)
    try:
        yield
    finally:
        _is_wanted.reset(token)


def check_wanted() -> None:
    """Go on, if anybody waits.

    Raises:
        UnwantedError: If nobody does.
    """
    is_wanted = _is_wanted.get()
    if is_wanted is not None and not is_wanted():
        raise UnwantedError("the search is not waited for any more")
