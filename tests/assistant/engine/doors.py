"""Something that answers at the engine's door as it is told, for what no real engine does on demand."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from indexer.paths import Places

Behaviour = Literal["hang_up", "say_nothing"] | Mapping[str, Any]


@contextlib.contextmanager
def answering_at(places: Places, behaviours: Mapping[str, Behaviour]) -> Iterator[list[str]]:
    """Answer at the engine's socket.

    Args:
        places: The home.
        behaviours: What is done by path, arguments aside: a JSON object to answer with, or what else.

    Yields:
        The paths that were asked for so far.
    """
    asked: list[str] = []
    silent: list[socket.socket] = []
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(places.engine_socket))
    listener.listen(8)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            head = connection.recv(65536).split()
            if not head:
                connection.close()
                continue
            path = head[1].decode().partition("?")[0]
            asked.append(path)
            behaviour = behaviours[path]
            if behaviour == "say_nothing":
                silent.append(connection)
                continue
            if not isinstance(behaviour, str):
                body = json.dumps(behaviour).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield asked
    finally:
        # wakes the thread that waits.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in silent:
            connection.close()
        places.engine_socket.unlink()
