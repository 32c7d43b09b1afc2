"""Answers of one shape: JSON in ASCII, every error described alike.

ASCII, because file names that are not UTF-8 are lone surrogates in Python and
only survive escaped.
"""

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from indexer.errors import ConfigError, IndexerError, KbError, UsageError
from indexer.pipeline.writer import log_bug

Endpoint = Callable[[Request], Awaitable[Response]]


def answering(endpoint: Endpoint) -> Endpoint:
    """Turn what an endpoint raises into an answer."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except KbError as error:
            return json_answer(described(error), status=_http_status(error))
        except ClientDisconnect:
            return Response(status_code=400)
        # a bug answers too, without its message: it may hold text of a document.
        except Exception as error:  # noqa: BLE001
            log_bug("request_failed", error)
            bug = IndexerError(f"the indexer failed on an internal error ({type(error).__name__})")
            return json_answer(described(bug), status=500)

    return answer


async def not_found(request: Request, _: Exception) -> Response:
    """Say that there is no such address."""
    error = UsageError(f"the indexer has no {request.method} {request.url.path}")
    return json_answer(described(error), status=404)


def described(error: KbError) -> dict[str, Any]:
    """Return an error as the client reads it."""
    return {"error": {"kind": type(error).__name__, "message": error.message, "hint": error.hint}}


def json_answer(value: Mapping[str, Any], *, status: int = 200) -> Response:
    """Return an answer of one JSON object."""
    return Response(json.dumps(value).encode("ascii"), status_code=status, media_type="application/json")


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return one line of a stream of JSON objects."""
    return json.dumps(value).encode("ascii") + b"\n"


def _http_status(error: KbError) -> int:
    if isinstance(error, UsageError):
        return 400
    return 500 if isinstance(error, ConfigError) else 503
