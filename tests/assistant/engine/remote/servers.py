"""Model servers for tests: real sockets, with answers as the well-known servers send them."""

import contextlib
import http.server
import json
import socketserver
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.config import ModelSettings


@dataclass(slots=True)
class Reply:
    """What a server answers."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(value: Any, status: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(value).encode(), status, {"content-type": "application/json"})


def as_stream(*events: Any, ends: bool = True) -> Reply:
    """Answer with server-sent events; bytes stand as they are."""
    pieces = [
        each if isinstance(each, bytes) else b"data: " + json.dumps(each).encode() + b"\n\n"
        for each in events
    ]
    if ends:
        pieces.append(b"data: [DONE]\n\n")
    return Reply(pieces, 200, {"content-type": "text/event-stream"})


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """Make one event of a stream."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


class OtherServer:
    """A server with fixed answers, which keeps what it was asked.

    An answer is taken from the list at its path; the last one stays.
    """

    def __init__(self, address: str) -> None:
        self.url = address
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, dict[str, Any] | None]] = []
        self.headers: list[dict[str, str]] = []
        self.left = threading.Event()
        """Set when a client was found gone in the middle of an answer."""

    def on(self, path: str, *replies: Reply) -> None:
        """Set the answers at a path."""
        self.replies[path] = list(replies)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """Return what was sent to a path."""
        return [body for asked, body in self.asked if asked == path and body is not None]

    def settings(self, **more: Any) -> ModelSettings:
        """Return the settings that lead here."""
        return ModelSettings.model_validate({"url": self.url, **more})


class _Requests(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    other: OtherServer

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers.get("content-length", 0)))))

    def _answer(self, body: dict[str, Any] | None) -> None:
        other = self.other
        path = self.path.partition("?")[0]
        other.asked.append((path, body))
        other.headers.append({name.lower(): value for name, value in self.headers.items()})
        replies = other.replies.get(path, [as_json({"error": {"message": "no such path"}}, 404)])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for piece in [reply.body] if isinstance(reply.body, bytes) else reply.body:
                self.wfile.write(piece)
                self.wfile.flush()
        except ConnectionError:
            other.left.set()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class _UnixRequests(_Requests):
    def address_string(self) -> str:
        return "unix"


@contextlib.contextmanager
def other_server(socket_path: Path | None = None) -> Iterator[OtherServer]:
    """Serve on a free port of loopback, or on a Unix socket."""
    server: socketserver.BaseServer
    if socket_path is None:
        kind: type[_Requests] = type("Requests", (_Requests,), {})
        tcp = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
        tcp.daemon_threads = True
        server, url = tcp, f"http://127.0.0.1:{tcp.server_address[1]}"
    else:
        kind = type("Requests", (_UnixRequests,), {})
        server, url = _UnixServer(str(socket_path), kind), f"unix:{socket_path}"
    kind.other = OtherServer(url)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kind.other
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
