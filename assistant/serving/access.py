"""Who may ask: the token, and what tells a program of the user from a web page.

A page that a browser shows may send requests to this machine. It cannot know
the token, it says where it comes from (`Origin`), and when a name of its own
was made to lead here, the name gives it away (`Host`).
"""

import hashlib
import hmac
import logging
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.errors import ConfigError
from indexer.paths import Places

logger = logging.getLogger(__name__)

TOKEN_FILE = "serve.token"

_TOKEN = re.compile(r"[\w-]{32,}")


def open_token(places: Places) -> str:
    """Return the token of this home; the first call makes it.

    Raises:
        ConfigError: If it cannot be read or kept, or others may read it.
    """
    file = places.home / TOKEN_FILE
    try:
        return _make(file)
    except FileExistsError:
        return _read(file)
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from error


def _make(file: Path) -> str:
    token = secrets.token_urlsafe(32)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(token + "\n")
    return token


def _read(file: Path) -> str:
    remedy = "delete it, and the next `kb engine serve` makes another"
    try:
        if file.stat().st_mode & 0o077:
            raise ConfigError(f"others may read the token in {file}", hint=remedy)
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {getattr(error, 'strerror', error)}") from error
    if not _TOKEN.fullmatch(token):
        raise ConfigError(f"{file} holds no token", hint=remedy)
    return token


def error_body(message: str, *, kind: str, code: str | None = None) -> dict[str, Any]:
    """Write an error as clients of this dialect read it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class Guard:
    """Lets requests through that may be answered, gives each a number, and logs how it ended.

    Args:
        app: What answers.
        token: What a client must bring.
        port: Where we listen.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = _digest(token)
        names = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        identifier = f"req-{secrets.token_hex(8)}"
        scope["state"] = {**scope.get("state", {}), "identifier": identifier}
        status = 0

        async def send_numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", identifier.encode())]
            await send(message)

        refusal = self._refuse(Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_numbered)
        else:
            await refusal(scope, receive, send_numbered)
        logger.info("request.answered id=%s status=%d", identifier, status)

    def _refuse(self, headers: Mapping[str, str]) -> JSONResponse | None:
        """Say why a request may not be answered; `None` if it may."""
        if headers.get("host", "").lower() not in self._hosts:
            return _refusal(403, "this server answers to 127.0.0.1 and localhost only", "host_not_allowed")
        origin = headers.get("origin")
        if origin is not None and origin.lower().removeprefix("http://") not in self._hosts:
            return _refusal(403, "web pages may not ask this server", "origin_not_allowed")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        is_known = hmac.compare_digest(_digest(given.strip()), self._token)
        if scheme.lower() != "bearer" or not is_known:
            return _refusal(401, "the bearer token is missing or wrong", "invalid_api_key")
        return None


def _digest(text: str) -> bytes:
    # of one length, so that comparing tells nothing of it.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _refusal(status: int, message: str, code: str) -> JSONResponse:
    kind = "authentication_error" if status == 401 else "permission_error"
    headers = {"connection": "close"} | ({"www-authenticate": "Bearer"} if status == 401 else {})
    return JSONResponse(error_body(message, kind=kind, code=code), status, headers)
