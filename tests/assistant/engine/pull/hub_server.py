"""A hub on loopback that can be told to fail as the real one and its storage do.

Pages are answered at `127.0.0.1`; files redirect to `localhost`, which is
another host to whoever follows, as the hub's storage is.
"""

import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "1" * 40


@dataclass
class Request:
    """What a client sent."""

    host: str
    path: str
    range: str
    token: str


@dataclass
class FakeHub:
    """What the hub holds, and how it behaves."""

    port: int = 0
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Repository to files, by path."""

    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    """Hashes that the hub claims in place of the true ones, by path."""

    behaviours: deque[Callable[["Answer"], None]] = field(default_factory=deque)
    """How the next requests for a file's bytes are answered; properly once there are none left."""

    page_behaviours: deque[Callable[["Answer"], None]] = field(default_factory=deque)
    """The same for pages."""

    page_size: int = 1000
    gated: set[str] = field(default_factory=set)
    has_ranges: bool = True
    requests: list[Request] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Return the hub's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """Return the address of the hub's storage."""
        return f"http://localhost:{self.port}"

    def add(self, repository: str, files: dict[str, bytes], **card: Any) -> None:
        """Publish a model."""
        self.files[repository] = files
        self.cards[repository] = card

    def byte_requests(self) -> list[Request]:
        """Return the requests that reached the storage."""
        return [request for request in self.requests if request.path.startswith("/storage/")]


class Answer(BaseHTTPRequestHandler):
    """Answers one request."""

    hub: FakeHub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.hub.requests.append(
            Request(self.headers.get("Host", ""), path, self.headers.get("Range", ""), token)
        )
        if path.startswith("/storage/"):
            (self.hub.behaviours.popleft() if self.hub.behaviours else Answer.send_file)(self)
        else:
            (self.hub.page_behaviours.popleft() if self.hub.page_behaviours else Answer.send_page)(self)

    def send_page(self) -> None:
        """Answer with what the hub says of a repository, or send on to the storage."""
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)", path):
            self._send_card(found[1])
        elif found := re.fullmatch(rf"/api/models/([^/]+/[^/]+)/tree/{COMMIT}", path):
            self._send_tree(found[1])
        elif found := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{COMMIT}/(.+)", path):
            if found[1] in self.hub.gated and not self.headers.get("Authorization"):
                self.refuse(401, code="GatedRepo")
                return
            self.send_response(302)
            self.send_header("Location", f"{self.hub.storage}/storage/{found[1]}/{found[2]}?signed=yes")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.refuse(404)

    def _send_card(self, repository: str) -> None:
        if repository not in self.hub.files:
            self.refuse(401, code="RepoNotFound")
            return
        card = self.hub.cards[repository]
        gated = "manual" if repository in self.hub.gated else False
        self.send_json({"id": repository, "sha": COMMIT, "gated": gated, "cardData": card})

    def _send_tree(self, repository: str) -> None:
        entries: list[dict[str, Any]] = [{"type": "directory", "path": "folder", "size": 0}]
        for path, data in self.hub.files[repository].items():
            digest = self.hub.hashes.get(path, hashlib.sha256(data).hexdigest())
            stored = {"oid": digest, "size": len(data)}
            entries.append({"type": "file", "path": path, "size": len(data), "lfs": stored})
        found = re.search(r"cursor=(\d+)", self.path)
        start = int(found[1]) if found else 0
        following = start + self.hub.page_size
        link = f'<{self.hub.endpoint}{self.path.partition("&")[0]}&cursor={following}>; rel="next"'
        self.send_json(entries[start:following], link if following < len(entries) else "")

    def send_json(self, value: Any, link: str = "") -> None:
        """Answer with JSON."""
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, *, at_most: int | None = None, until: threading.Event | None = None) -> None:
        """Answer with a file's bytes; with `at_most` the connection breaks after so many, at `until`."""
        owner, name, path = unquote(urlsplit(self.path).path).removeprefix("/storage/").split("/", 2)
        data = self.hub.files[f"{owner}/{name}"][path]
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if self.hub.has_ranges else None
        start = int(found[1]) if found else 0
        if found and start >= len(data):
            self.refuse(416)
            return
        self.send_response(206 if found else 200)
        if found:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.end_headers()
        self.wfile.write(data[start:][:at_most])
        self.wfile.flush()
        if at_most is not None:
            if until is not None:
                until.wait(60)
            self.close_connection = True
            self.connection.shutdown(2)

    def refuse(self, status: int, *, code: str = "", wait_s: int | None = None) -> None:
        """Answer with an error."""
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        if wait_s is not None:
            self.send_header("Retry-After", str(wait_s))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_login_page(self) -> None:
        """Answer as a network does that wants a login first."""
        body = b"<!DOCTYPE html><title>Welcome to our hotel</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def breaking_off(after: int) -> Callable[[Answer], None]:
    """Return a behaviour: the connection breaks after some bytes."""
    return lambda answer: answer.send_file(at_most=after)


def stalling(after: int, until: threading.Event) -> Callable[[Answer], None]:
    """Return a behaviour: after some bytes nothing comes until an event."""
    return lambda answer: answer.send_file(at_most=after, until=until)


def refusing(status: int, *, wait_s: int | None = None, code: str = "") -> Callable[[Answer], None]:
    """Return a behaviour: an error."""
    return lambda answer: answer.refuse(status, wait_s=wait_s, code=code)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away in the middle, which is what many tests are about."""


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """Serve a hub on a port of its own."""
    handler = type("HubAnswer", (Answer,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def model_bytes(size: int, *, seed: int = 1) -> bytes:
    """Return something that begins as a GGUF does."""
    numbers: Sequence[int] = [(seed * 131 + index * index) % 251 for index in range(997)]
    return (b"GGUF" + bytes(numbers) * (size // 997 + 1))[:size]
