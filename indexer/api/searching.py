"""Searching: `POST /v1/search`."""

import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from indexer.api.answers import Endpoint, json_answer
from indexer.api.current import Current
from indexer.api.requests import body_of, filters_of
from indexer.api.threads import Threads
from indexer.errors import StoreError, UsageError
from indexer.search import Found
from indexer.types import Filters, SearchResult

MAX_TOP_K = 1000


class SearchRoutes:
    """The way of a question through the API.

    Args:
        current: Says how fresh the index is, and whether it can be read.
        search: Finds passages: query, how many, and where to look.
        threads: Where blocking calls run.
    """

    def __init__(
        self,
        current: Current,
        search: Callable[[str, int, Filters], Found],
        threads: Threads,
    ) -> None:
        self._current = current
        self._search_index = search
        self._threads = threads

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """List (method, path, endpoint)."""
        return [("POST", "/v1/search", self._search)]

    async def _search(self, request: Request) -> Response:
        body = await body_of(request)
        query, top_k = body.get("query"), body.get("top_k", 8)
        if not isinstance(query, str) or not query.strip():
            raise UsageError("the query is empty")
        if not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
            raise UsageError(f"the number of passages must be from 1 to {MAX_TOP_K}, not {top_k}")
        filters = filters_of(body.get("filters", {}))
        started = time.perf_counter()
        pipeline = self._current.pipeline
        fault = pipeline.fault
        # what is indexed can be found on a full disk too; where nothing is, the reason is the answer.
        if isinstance(fault, StoreError) and not await self._threads.run(self._current.index.chunk_count):
            raise fault
        # before the search: it may miss what becomes searchable meanwhile.
        as_of, pending = await self._threads.run(lambda: (pipeline.as_of, pipeline.pending_count))
        found = await self._threads.run(self._search_index, query, top_k, filters)
        result = SearchResult(
            passages=found.passages,
            as_of=as_of,
            pending=pending,
            took_ms=(time.perf_counter() - started) * 1000,
            question=found.question,
            filters=found.filters,
            remarks=found.remarks,
        )
        return json_answer(result.to_json())
