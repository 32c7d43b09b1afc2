"""Requests to the hub, and what it answers in place of what was asked for.

A failure either may pass, and is worth another attempt, or is final and has a
sentence for the person.
"""

import http.client
import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from email.message import Message
from typing import IO, Any
from urllib.parse import urlsplit

from assistant.errors import DownloadError

TIMEOUT_S = 30.0
"""A connection that is silent for so long is given up."""

PAUSES_S = (1.0, 3.0)
"""How long to wait before each further attempt at a question."""

LONGEST_PAUSE_S = 120.0
"""A server that asks for more patience than this is not waited for."""

_MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_ANSWER_BYTES = 64_000_000


class PassingError(Exception):
    """What failed may work soon.

    Args:
        reason: Why, in words that follow "huggingface.co …".
        wait_s: How long the server asks to wait.
    """

    def __init__(self, reason: str, *, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class Web:
    """Sends requests, following redirects.

    Args:
        token: What the hub knows the person by; empty for nobody.
        token_origin: The address that the token is for; no other ever sees it.
        timeout_s: Longest silence.
        pause: Waits so many seconds.
    """

    def __init__(
        self,
        *,
        token: str = "",
        token_origin: str = "",
        timeout_s: float = TIMEOUT_S,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.has_token = bool(token)
        self.pause = pause
        self._token = token
        self._token_origin = _origin(token_origin) if token else None
        self._timeout_s = timeout_s
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.UnknownHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
            urllib.request.HTTPDefaultErrorHandler(),
            _Redirects(self._authorise),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def open(self, url: str, *, start: int = 0) -> http.client.HTTPResponse:
        """Begin to receive what stands at an address, from a byte on.

        Raises:
            PassingError: If another attempt may succeed.
            AnswerError: If the server refuses.
            DownloadError: If it cannot be talked to at all.
        """
        # identity: a position counts bytes of the file itself.
        headers = {"User-Agent": "kb", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(url, headers=headers)
        self._authorise(request)
        host = urlsplit(url).netloc
        try:
            response = self._opener.open(request, timeout=self._timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error, host) from error
        except urllib.error.URLError as error:
            raise _unreachable(error.reason, host) from error
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(error, host) from error
        assert isinstance(response, http.client.HTTPResponse)
        return response

    def ask(self, url: str, *, pauses_s: Sequence[float] = PAUSES_S) -> tuple[Any, Message]:
        """Fetch a JSON value, with its headers.

        Raises:
            AnswerError: If the server refuses.
            DownloadError: If it does not answer, or not with JSON.
        """
        host = urlsplit(url).netloc
        for wait_s in (*pauses_s, None):
            try:
                with self.open(url) as response:
                    body = response.read(_MAX_ANSWER_BYTES)
                    headers = response.headers
            except (PassingError, OSError, http.client.HTTPException) as error:
                passing = error if isinstance(error, PassingError) else PassingError(_words(error))
                if wait_s is None or passing.wait_s > LONGEST_PAUSE_S:
                    raise DownloadError(
                        f"{host} {passing.reason}", hint="try again later; nothing is lost"
                    ) from error
                self.pause(max(wait_s, passing.wait_s))
                continue
            try:
                return json.loads(body), headers
            except ValueError as error:
                raise DownloadError(
                    f"{host} answers with something else than the hub would",
                    hint="a network that wants a login first may answer in its place",
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _authorise(self, request: urllib.request.Request) -> None:
        request.remove_header("Authorization")
        if self._token_origin and _origin(request.full_url) == self._token_origin:
            request.add_header("Authorization", f"Bearer {self._token}")


class AnswerError(DownloadError):
    """The server refused for good.

    Args:
        message: As in `KbError`.
        status: The number of its answer.
        code: The hub's own word for the reason: "GatedRepo", "RepoNotFound".
    """

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, as to the hub's storage, without handing over the token."""

    def __init__(self, authorise: Callable[[urllib.request.Request], None]) -> None:
        self._authorise = authorise

    def redirect_request(  # noqa: PLR0917 - urllib's signature
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError("redirects from https to an address that is not encrypted")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            self._authorise(request)
        return request


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _refused(error: urllib.error.HTTPError, host: str) -> Exception:
    if error.code in _MAY_PASS:
        reason = "asks for fewer requests" if error.code == 429 else f"is out of order (status {error.code})"
        return PassingError(reason, wait_s=_seconds(error.headers.get("Retry-After", "")))
    return AnswerError(
        f"{host} answers with status {error.code}",
        status=error.code,
        code=error.headers.get("X-Error-Code", ""),
    )


def _unreachable(reason: str | BaseException, host: str) -> Exception:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DownloadError(
            f"{host} cannot prove who it is: {reason.verify_message}",
            hint="a proxy that looks into traffic needs its certificate named in SSL_CERT_FILE",
        )
    if isinstance(reason, str):
        return DownloadError(f"{host} {reason}")
    if isinstance(reason, socket.gaierror):
        return PassingError("cannot be found; is there a network?")
    return PassingError(_words(reason))


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be reached: {error.strerror.lower()}"
    return "broke off in the middle of its answer"


def _seconds(value: str) -> float:
    """Read how long a server asks to wait; a date counts as nothing."""
    return float(value) if value.isascii() and value.isdigit() else 0.0
