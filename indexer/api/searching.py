"""Searching, and telling how: `POST /v1/search`, `POST /v1/explain`."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from indexer.api.answers import Endpoint, json_answer
from indexer.api.current import Current
from indexer.api.requests import absolute, body_of, filters_of
from indexer.api.threads import Threads
from indexer.api.why import Explainer
from indexer.errors import StoreError, UsageError
from indexer.search import Found, while_wanted
from indexer.types import FileOutcome, Filters, SearchResult, SearchTrace

MAX_TOP_K = 1000


class Explain(Protocol):
    """Searches, and tells every stage of it; see `indexer.search.explain`."""

    def __call__(self, query: str, top_k: int, filters: Filters, file: Path | None) -> SearchTrace:
        """Explain one search."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    query: str
    top_k: int
    filters: Filters
    beside: str = ""

    @classmethod
    def of(cls, body: dict[str, Any]) -> "Asked":
        """Read the body of a request.

        Raises:
            UsageError: If it asks for nothing that could be looked for.
        """
        query, top_k = body.get("query"), body.get("top_k", 8)
        if not isinstance(query, str) or not query.strip():
            raise UsageError("the query is empty")
        if not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
            raise UsageError(f"the number of passages must be from 1 to {MAX_TOP_K}, not {top_k}")
        beside = body.get("beside", "")
        if not isinstance(beside, str):
            raise UsageError("what stands beside the query is no text")
        return cls(query, top_k, filters_of(body.get("filters", {})), beside)


class SearchRoutes:
    """The way of a question through the API.

    Args:
        current: Says how fresh the index is, and whether it can be read.
        search: Finds passages: query, how many, where to look, and the same question in other words.
        explain: Does the same and tells how, also of one file.
        threads: Where blocking calls run.
    """

    def __init__(
        self,
        current: Current,
        search: Callable[[str, int, Filters, str], Found],
        explain: Explain,
        threads: Threads,
    ) -> None:
        self._current = current
        self._search_index = search
        self._explain_search = explain
        self._threads = threads

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """List (method, path, endpoint)."""
        return [("POST", "/v1/search", self._search), ("POST", "/v1/explain", self._explain)]

    async def _search(self, request: Request) -> Response:
        asked = Asked.of(await body_of(request))
        started = time.perf_counter()
        as_of, pending = await self._freshness()
        found = await self._find(asked)
        result = SearchResult(
            passages=found.passages,
            as_of=as_of,
            pending=pending,
            took_ms=(time.perf_counter() - started) * 1000,
            question=found.question,
            filters=found.filters,
            remarks=found.remarks,
            grounds=found.grounds,
        )
        return json_answer(result.to_json())

    async def _find(self, asked: Asked) -> Found:
        """Search; where the client goes away meanwhile, as one who types on does, end early."""
        is_gone = threading.Event()
        try:
            # the thread takes the context along.
            with while_wanted(lambda: not is_gone.is_set()):
                return await self._threads.run(
                    self._search_index, asked.query, asked.top_k, asked.filters, asked.beside
                )
        except asyncio.CancelledError:
            is_gone.set()
            raise

    async def _explain(self, request: Request) -> Response:
        body = await body_of(request)
        asked = Asked.of(body)
        file = None if body.get("file") is None else absolute(body["file"])
        as_of, pending = await self._freshness()
        trace = await self._threads.run(self._explain_now, asked, file)
        result = replace(trace.result, as_of=as_of, pending=pending)
        return json_answer(replace(trace, result=result).to_json())

    def _explain_now(self, asked: Asked, file: Path | None) -> SearchTrace:
        """Explain a search; of a file that is asked about, also what the ledger says."""
        if file is None:
            return self._explain_search(asked.query, asked.top_k, asked.filters, None)
        why = Explainer(self._current.index, self._current.pipeline).explain(file)
        meant = Path(why.leads_to or _real(file))
        trace = self._explain_search(asked.query, asked.top_k, asked.filters, meant)
        assert trace.file is not None
        verdict = trace.file.verdict
        if trace.file.outcome is FileOutcome.NOT_INDEXED and why.reason:
            verdict = f"{verdict}: {why.reason}"
        told = replace(trace.file, path=file, verdict=verdict, why=why.to_json())
        return replace(trace, file=told)

    async def _freshness(self) -> tuple[float, int]:
        """Return of which moment the index is and how many files wait, before the search that may miss them.

        Raises:
            StoreError: If the index cannot be used, and nothing is in it.
        """
        pipeline = self._current.pipeline
        fault = pipeline.fault
        # what is indexed can be found on a full disk too; where nothing is, the reason is the answer.
        if isinstance(fault, StoreError) and not await self._threads.run(self._current.index.chunk_count):
            raise fault
        return await self._threads.run(lambda: (pipeline.as_of, pipeline.pending_count))


def _real(path: Path) -> Path:
    """Return a path as the ledger knows it: without links above it."""
    try:
        return path.parent.resolve() / path.name
    except (OSError, RuntimeError):
        return path
