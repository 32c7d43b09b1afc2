"""Clients that speak to the API over bare sockets, so that they can misbehave."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

from indexer.paths import Places

PATIENCE_S = 30.0


def connected(places: Places) -> socket.socket:
    """Open a connection."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(os.fspath(places.indexer_socket))
    connection.settimeout(PATIENCE_S)
    return connection


def search_for(query: str) -> bytes:
    """Return a whole request, head and body."""
    return post("/v1/search", {"query": query})


def post(path: str, value: dict[str, Any]) -> bytes:
    """Return a whole request, head and body."""
    body = json.dumps(value).encode()
    return f"POST {path} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def asking(places: Places, request: bytes) -> socket.socket:
    """Send a request, or a part of one, and do not wait for an answer."""
    connection = connected(places)
    connection.sendall(request)
    return connection


def everything(connection: socket.socket) -> bytes:
    """Read until the other end closes; whatever arrived where it was cut off."""
    pieces: list[bytes] = []
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


def answer_of(connection: socket.socket) -> Any:
    """Read an answer to its end and return the object in it."""
    with connection:
        head, _, body = everything(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return json.loads(body)


@contextlib.contextmanager
def closing_all(connections: list[socket.socket]) -> Iterator[list[socket.socket]]:
    """Close every connection at the end."""
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()
