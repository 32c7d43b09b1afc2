"""What a request asks for, checked and of a bounded size."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

from indexer.errors import UsageError
from indexer.types import Filters

MAX_BODY_BYTES = 1_000_000
"""A question of 100,000 characters fits, each escaped; every client that waits may hold so much of us."""

_LISTS = ("within", "exclude", "types", "tags")
_MOMENTS = ("since", "before")
_LAST_MOMENT = 1e12


async def body_of(request: Request) -> dict[str, Any]:
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


def parameters_of(request: Request) -> dict[str, list[str]]:
    """Return what stands behind the question mark; names of files may be any bytes."""
    return parse_qs(request.scope["query_string"].decode("ascii"), errors="surrogateescape")


def filters_of(value: object) -> Filters:
    """Return the filters that were asked for.

    Raises:
        UsageError: If they are no filters; nothing is passed over in silence.
    """
    if not isinstance(value, dict):
        raise UsageError("`filters` must be an object")
    if unknown := sorted(value.keys() - {*_LISTS, *_MOMENTS}):
        raise UsageError(f"there is no filter {unknown[0]!r}; allowed: {', '.join((*_LISTS, *_MOMENTS))}")
    for name in _LISTS:
        given = value.get(name, [])
        if not isinstance(given, list) or not all(isinstance(one, str) and one.strip() for one in given):
            raise UsageError(f"the filter `{name}` must be a list of words")
        if any("\0" in one for one in given):
            raise UsageError(f"the filter `{name}` holds a character that no name has")
    for name in _MOMENTS:
        given = value.get(name, 0)
        # written so that it holds for what is no number either, as JSON may be in Python.
        if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= _LAST_MOMENT:
            raise UsageError(f"the filter `{name}` must be a number of seconds since the epoch")
    return Filters.from_json(value)


def absolute(path: object) -> Path:
    """Return an absolute path that was asked for."""
    if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
        raise UsageError(f"an absolute path is needed, not {path!r}")
    return Path(path)


def absolutes(paths: object) -> list[Path]:
    """Return the absolute paths that were asked for under the name `under`."""
    if not isinstance(paths, list):
        raise UsageError("`under` must be a list of paths")
    return [absolute(path) for path in paths]


def number(asked: Mapping[str, Sequence[str]], name: str, default: int) -> int:
    """Return a whole number that was asked for."""
    value = asked.get(name, [str(default)])[0]
    if not value.isascii() or not value.isdigit():
        raise UsageError(f"{name} must be a whole number, not {value!r}")
    return int(value)
