"""Searching while somebody types: one request at a time, each of which ends the one before."""

from collections.abc import Callable
from typing import Protocol

from assistant.tui.threads import in_thread
from indexer.client import Breaker, BrokenOffError
from indexer.errors import DaemonError
from indexer.types import SearchResult


class Searches(Protocol):
    """What is needed of `indexer.client.IndexerClient`, which documents it."""

    def search(self, query: str, *, top_k: int, breaker: Breaker) -> SearchResult: ...


class LiveSearch:
    """Asks the daemon; used from the event loop.

    Args:
        open_client: Finds the daemon, or starts one; called in a thread.
    """

    def __init__(self, open_client: Callable[[], Searches]) -> None:
        self._open_client = open_client
        self._client: Searches | None = None
        self._breaker = Breaker()

    async def find(self, text: str, *, top_k: int) -> SearchResult | None:
        """Search, and break off what was searched for before.

        Returns:
            `None` where another search came meanwhile, or `stop`.

        Raises:
            KbError: As `IndexerClient.search`, and as `open_client`.
        """
        self._breaker.break_off()
        breaker = self._breaker = Breaker()
        try:
            found = await in_thread(self._search, text, top_k, breaker)
        except BrokenOffError:
            return None
        finally:
            # whoever waited may have been cancelled; nobody else wants the answer.
            breaker.break_off()
        return found if breaker is self._breaker else None

    def stop(self) -> None:
        """Break off the search that is under way, if any."""
        self._breaker.break_off()

    def _search(self, text: str, top_k: int, breaker: Breaker) -> SearchResult:
        client = self._client
        if client is None:
            client = self._client = self._open_client()
        try:
            return client.search(text, top_k=top_k, breaker=breaker)
        except BrokenOffError:
            raise
        except DaemonError:
            # it may have been replaced; the next search looks for it anew.
            self._client = None
            raise
