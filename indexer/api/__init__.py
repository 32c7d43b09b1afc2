"""The daemon's HTTP API: thin, every blocking call in a thread, every error in one shape.

Answers are ASCII JSON, because file names that are not UTF-8 are lone
surrogates in Python and only survive escaped.
"""

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from indexer.errors import (
    ConfigError,
    DaemonError,
    IndexerError,
    KbError,
    StoreError,
    UsageError,
)
from indexer.index import Index
from indexer.pipeline import Pipeline
from indexer.pipeline.writer import log_bug
from indexer.types import FileEntry, FileStatus, Passage, SearchResult

MAX_BODY_BYTES = 4_000_000
"""A question of 100,000 characters fits, escaped, six times over."""

MAX_TOP_K = 1000

MAX_FILES = 10_000
"""Files listed in one answer at most."""

THREADS = 8
"""Requests worked on at a time."""

PROGRESS_PAUSE_S = 0.2
HEARTBEAT_S = 5.0
"""An unchanged progress is sent again after so long, so that the client knows that we live."""

ResultT = TypeVar("ResultT")


class Api:
    """The routes over one index and its pipeline.

    Args:
        index: What is listed.
        pipeline: What brings the index up to date.
        search: Finds passages: query, how many, and where to look.
        describe: Facts that only the daemon knows: version, pid, embedding, memory.
        is_ready: Whether the embedding model is loaded.
        stop: Asks the daemon to end.
    """

    def __init__(
        self,
        *,
        index: Index,
        pipeline: Pipeline,
        search: Callable[[str, int, Sequence[Path]], tuple[Passage, ...]],
        describe: Callable[[], dict[str, Any]],
        is_ready: Callable[[], bool],
        stop: Callable[[], None],
        unwatched: Callable[[], Mapping[Path, str]] = dict,
    ) -> None:
        self._index = index
        self._pipeline = pipeline
        self._search_index = search
        self._describe = describe
        self._is_ready = is_ready
        self._stop_daemon = stop
        self._unwatched = unwatched
        self._is_stopping = False
        self._limiter: anyio.CapacityLimiter | None = None

    def app(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            ("GET", "/v1/status", self._status),
            ("POST", "/v1/search", self._search),
            ("GET", "/v1/roots", self._roots),
            ("POST", "/v1/roots", self._add_root),
            ("DELETE", "/v1/roots", self._remove_root),
            ("POST", "/v1/sweep", self._sweep),
            ("GET", "/v1/files", self._files),
            ("GET", "/v1/progress", self._progress),
            ("POST", "/v1/stop", self._stop),
        ]
        return Starlette(
            routes=[Route(path, _answering(endpoint), methods=[method]) for method, path, endpoint in routes],
            exception_handlers={
                404: _not_found,
                405: _not_found,
            },
        )

    async def _status(self, _: Request) -> Response:
        return _json(await self._in_thread(self._status_now))

    async def _search(self, request: Request) -> Response:
        body = await _body_of(request)
        query, top_k, under = body.get("query"), body.get("top_k", 8), body.get("under", [])
        if not isinstance(query, str) or not query.strip():
            raise UsageError("the query is empty")
        if not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
            raise UsageError(f"the number of passages must be from 1 to {MAX_TOP_K}, not {top_k}")
        if not isinstance(under, list):
            raise UsageError("`under` must be a list of paths")
        folders = [_absolute(path) for path in under]
        started = time.perf_counter()
        fault = self._pipeline.fault
        if isinstance(fault, StoreError):
            raise fault
        passages = await self._in_thread(self._search_index, query, top_k, folders)
        result = SearchResult(
            passages=tuple(passages),
            as_of=self._pipeline.as_of,
            pending=self._pipeline.pending_count,
            took_ms=(time.perf_counter() - started) * 1000,
        )
        return _json(result.to_json())

    async def _roots(self, _: Request) -> Response:
        return _json({"roots": await self._in_thread(self._list_roots)})

    async def _add_root(self, request: Request) -> Response:
        path = _absolute((await _body_of(request)).get("path"))
        return _json({"notice": await self._in_thread(self._pipeline.add_root, path)})

    async def _remove_root(self, request: Request) -> Response:
        path = _absolute((await _body_of(request)).get("path"))
        return _json({"forgotten": await self._in_thread(self._pipeline.remove_root, path)})

    async def _sweep(self, _: Request) -> Response:
        await self._in_thread(self._pipeline.sweep)
        return _json({})

    async def _files(self, request: Request) -> Response:
        asked = parse_qs(request.scope["query_string"].decode("ascii"), errors="surrogateescape")
        status = _choice(asked)
        under = _absolute(asked["under"][0]) if "under" in asked else None
        limit = min(_number(asked, "limit", MAX_FILES), MAX_FILES)
        offset = _number(asked, "offset", 0)
        return _json(
            {
                "files": [
                    each.to_json()
                    for each in await self._in_thread(self._list_files, status, under, limit, offset)
                ]
            }
        )

    async def _progress(self, _: Request) -> Response:
        return StreamingResponse(self._progress_lines(), media_type="application/x-ndjson")

    async def _stop(self, _: Request) -> Response:
        self._is_stopping = True
        self._stop_daemon()
        return _json({})

    async def _progress_lines(self) -> AsyncIterator[bytes]:
        sent: dict[str, Any] = {}
        sent_at = 0.0
        while True:
            progress = self._pipeline.progress()
            # asked after the progress: an error empties the queue, which alone would look like success.
            fault = self._pipeline.fault
            if fault is None and self._is_stopping:
                fault = DaemonError("the indexer was stopped", hint="run `kb index` to go on")
            if fault is not None:
                yield _line(_described(fault))
                return
            value = progress.to_json()
            if value != sent or time.monotonic() - sent_at > HEARTBEAT_S:
                yield _line(value)
                sent, sent_at = value, time.monotonic()
            if progress.is_idle:
                return
            await asyncio.sleep(PROGRESS_PAUSE_S)

    def _status_now(self) -> dict[str, Any]:
        progress = self._pipeline.progress()
        fault = self._pipeline.fault
        counts = {status.value: count for status, count in self._index.counts().items()}
        pending = self._pipeline.pending_count
        if fault is not None:
            state = "stopped"
        elif not self._is_ready():
            state = "starting"
        else:
            state = "idle" if progress.is_idle else "indexing"
        return {
            "state": state,
            **self._describe(),
            "roots": self._list_roots(),
            "files": {**counts, FileStatus.PENDING.value: pending},
            "chunks": self._index.chunk_count(),
            "embedded_total": self._index.embedded_total,
            "queue": pending,
            "as_of": self._pipeline.as_of,
            "progress": progress.to_json(),
            "fault": None if fault is None else _described(fault)["error"],
            "last_errors": self._pipeline.last_errors,
        }

    def _list_roots(self) -> list[dict[str, Any]]:
        counts = self._index.root_counts()
        away, unwatched = self._pipeline.away, self._unwatched()
        return [
            {
                "path": str(root),
                "files": counts.get(root, 0),
                "is_away": root in away,
                "not_watched": unwatched.get(root, ""),
            }
            for root in self._index.roots()
        ]

    def _list_files(
        self, status: FileStatus | None, under: Path | None, limit: int, offset: int
    ) -> list[FileEntry]:
        """List the ledger, or, where it knows nothing yet, what waits to be entered."""
        if status is not FileStatus.PENDING:
            entries = self._index.files(status=status, under=under, limit=limit, offset=offset)
            if entries or offset or status is not None:
                return entries
        pending = self._pipeline.pending()
        if under is not None:
            pending = [entry for entry in pending if under == entry.path or under in entry.path.parents]
        return pending[offset : offset + limit]

    async def _in_thread(self, function: Callable[..., ResultT], *arguments: Any) -> ResultT:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(functools.partial(function, *arguments), limiter=self._limiter)


Endpoint = Callable[[Request], Awaitable[Response]]


def _answering(endpoint: Endpoint) -> Endpoint:
    """Turn what an endpoint raises into an answer."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except KbError as error:
            return _json(_described(error), status=_http_status(error))
        except ClientDisconnect:
            return Response(status_code=400)
        # a bug answers too, without its message: it may hold text of a document.
        except Exception as error:  # noqa: BLE001
            log_bug("request_failed", error)
            bug = IndexerError(f"the indexer failed on an internal error ({type(error).__name__})")
            return _json(_described(bug), status=500)

    return answer


async def _not_found(request: Request, _: Exception) -> Response:
    error = UsageError(f"the indexer has no {request.method} {request.url.path}")
    return _json(_described(error), status=404)


def _described(error: KbError) -> dict[str, Any]:
    return {"error": {"kind": type(error).__name__, "message": error.message, "hint": error.hint}}


def _http_status(error: KbError) -> int:
    if isinstance(error, UsageError):
        return 400
    return 500 if isinstance(error, ConfigError) else 503


def _json(value: Mapping[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(value).encode("ascii"), status_code=status, media_type="application/json")


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"


async def _body_of(request: Request) -> dict[str, Any]:
    """Read a JSON object of a bounded size."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise UsageError(f"the request is larger than {MAX_BODY_BYTES // 1_000_000} MB")
        pieces.append(piece)
    try:
        value = json.loads(b"".join(pieces) or b"{}")
    except ValueError as error:
        raise UsageError("the request is not JSON") from error
    if not isinstance(value, dict):
        raise UsageError("the request is not a JSON object")
    return value


def _absolute(path: object) -> Path:
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        raise UsageError(f"an absolute path is needed, not {path!r}")
    return Path(path)


def _choice(asked: Mapping[str, Sequence[str]]) -> FileStatus | None:
    if "status" not in asked:
        return None
    try:
        return FileStatus(asked["status"][0])
    except ValueError:
        allowed = ", ".join(status.value for status in FileStatus)
        raise UsageError(f"there is no status {asked['status'][0]!r}; allowed: {allowed}") from None


def _number(asked: Mapping[str, Sequence[str]], name: str, default: int) -> int:
    value = asked.get(name, [str(default)])[0]
    if not value.isascii() or not value.isdigit():
        raise UsageError(f"{name} must be a whole number, not {value!r}")
    return int(value)
