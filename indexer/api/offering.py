"""What a filter that is being typed may become: `POST /v1/offers`."""

import time

from starlette.requests import Request
from starlette.responses import Response

from indexer.api.answers import Endpoint, json_answer
from indexer.api.current import Current
from indexer.api.requests import body_of
from indexer.api.threads import Threads
from indexer.errors import UsageError
from indexer.search import offer
from indexer.types import Offer

MOST_OFFERS = 200
LONGEST_CHARS = 1_000
"""Of what is typed; no name of a file is longer."""


class OfferRoutes:
    """Completion of filters.

    Args:
        current: Whose files they leave.
        threads: Where blocking calls run.
    """

    def __init__(self, current: Current, threads: Threads) -> None:
        self._current = current
        self._threads = threads

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """List (method, path, endpoint)."""
        return [("POST", "/v1/offers", self._offers)]

    async def _offers(self, request: Request) -> Response:
        body = await body_of(request)
        name, typed, limit = body.get("filter"), body.get("typed", ""), body.get("limit", 20)
        if not isinstance(name, str) or not isinstance(typed, str):
            raise UsageError("`filter` and `typed` must be text")
        if len(typed) > LONGEST_CHARS or "\0" in typed:
            raise UsageError("what is typed is no name of anything")
        if not isinstance(limit, int) or limit is True or not 1 <= limit <= MOST_OFFERS:
            raise UsageError(f"the number of offers must be from 1 to {MOST_OFFERS}, not {limit!r}")
        found = await self._threads.run(self._find, name, typed, limit)
        return json_answer({"offers": [each.to_json() for each in found]})

    def _find(self, name: str, typed: str, limit: int) -> list[Offer]:
        return offer(self._current.index, name, typed, limit=limit, now=time.time())
