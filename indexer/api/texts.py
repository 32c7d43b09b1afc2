"""Files by their names, and their text: `POST /v1/resolve`, `GET /v1/text`, `POST /v1/sample`."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from indexer.api.answers import Endpoint, json_answer
from indexer.api.current import Current
from indexer.api.requests import absolute, body_of, filters_of, number, parameters_of
from indexer.api.threads import Threads
from indexer.errors import UsageError
from indexer.index import StoredChunk
from indexer.types import Filters, Passage

MOST_NAMES = 20
MOST_PASSAGES = 1_000
"""Passages of one answer; a text may be longer."""

MOST_SAMPLED = 500
"""Passages of one sample."""


class TextRoutes:
    """Reading what is indexed of a file, without searching.

    Args:
        current: What is read.
        threads: Where blocking calls run.
    """

    def __init__(self, current: Current, threads: Threads) -> None:
        self._current = current
        self._threads = threads

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """List (method, path, endpoint)."""
        return [
            ("POST", "/v1/resolve", self._resolve),
            ("GET", "/v1/text", self._text),
            ("POST", "/v1/sample", self._sample),
        ]

    async def _resolve(self, request: Request) -> Response:
        names = (await body_of(request)).get("names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError("`names` must be a list of names")
        if len(names) > MOST_NAMES:
            raise UsageError(f"at most {MOST_NAMES} names are looked up at a time")
        found = await self._threads.run(self._current.index.named_files, names)
        return json_answer({"files": [[file.to_json() for file in files] for files in found]})

    async def _text(self, request: Request) -> Response:
        asked = parameters_of(request)
        path = absolute(asked.get("path", [""])[0])
        limit = min(number(asked, "limit", MOST_PASSAGES), MOST_PASSAGES)
        offset = number(asked, "offset", 0)
        chunks, total = await self._threads.run(self._read, path, limit, offset)
        return json_answer({"passages": [_passage(chunk).to_json() for chunk in chunks], "total": total})

    async def _sample(self, request: Request) -> Response:
        body = await body_of(request)
        count, seed = body.get("count"), body.get("seed", 0)
        if not isinstance(count, int) or count is True or not 1 <= count <= MOST_SAMPLED:
            raise UsageError(f"the number of passages must be from 1 to {MOST_SAMPLED}, not {count!r}")
        if not isinstance(seed, int):
            raise UsageError(f"a seed is a whole number, not {seed!r}")
        filters = filters_of(body.get("filters", {}))
        chunks = await self._threads.run(self._draw, count, seed, filters)
        return json_answer({"passages": [_passage(chunk).to_json() for chunk in chunks]})

    def _draw(self, count: int, seed: int, filters: Filters) -> list[StoredChunk]:
        return self._current.index.sample(count=count, seed=seed, filters=filters)

    def _read(self, path: Path, limit: int, offset: int) -> tuple[list[StoredChunk], int]:
        return self._current.index.chunks_of(path, limit=limit, offset=offset)


def _passage(chunk: StoredChunk) -> Passage:
    return Passage(
        chunk_id=chunk.chunk_id,
        path=chunk.path,
        root=chunk.root,
        title=chunk.title,
        text=chunk.text,
        locator=chunk.locator,
        score=0.0,
        similarity=0.0,
        lexical=0.0,
        dated=chunk.dated,
    )
