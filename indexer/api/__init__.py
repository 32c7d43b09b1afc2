"""The daemon's HTTP API: thin, every blocking call in a thread, every error in one shape."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from indexer.api.answers import answering, not_found
from indexer.api.current import Current
from indexer.api.ledger import LedgerRoutes
from indexer.api.offering import OfferRoutes
from indexer.api.searching import Explain, SearchRoutes
from indexer.api.texts import TextRoutes
from indexer.api.threads import Threads
from indexer.api.work import WorkRoutes
from indexer.search import Found
from indexer.types import Filters


class Api:
    """The routes over the index that answers, and its pipeline.

    Args:
        current: Which index and pipeline that are.
        search: Finds passages: query, how many, and where to look.
        explain: Does the same and tells how, also of one file.
        describe: Facts that only the daemon knows: version, pid, embedding, memory.
        is_ready: Whether the embedding model is loaded.
        stop: Asks the daemon to end.
        unwatched: Returns the roots that cannot be watched, each with the reason.
    """

    def __init__(
        self,
        *,
        current: Current,
        search: Callable[[str, int, Filters, str], Found],
        explain: Explain,
        describe: Callable[[], dict[str, Any]],
        is_ready: Callable[[], bool],
        stop: Callable[[], None],
        unwatched: Callable[[], Mapping[Path, str]] = dict,
    ) -> None:
        # a line for each: whoever asks how things are does not wait for fifty searches or a root's removal.
        self._groups = (
            SearchRoutes(current, search, explain, Threads()),
            LedgerRoutes(
                current=current,
                describe=describe,
                is_ready=is_ready,
                unwatched=unwatched,
                threads=Threads(),
            ),
            TextRoutes(current, Threads()),
            OfferRoutes(current, Threads()),
            WorkRoutes(current, stop, Threads()),
        )

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route(path, answering(endpoint), methods=[method])
                for group in self._groups
                for method, path, endpoint in group.routes()
            ],
            exception_handlers={
                404: not_found,
                405: not_found,
            },
        )
