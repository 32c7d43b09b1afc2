"""A served application on a real socket, and clients of it that are made by hand."""

import http.client
import json
import socket
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assistant.config import AnswerSettings
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.serving import Limits, Server, listening, make_app
from assistant.types import Message
from indexer.types import Passage
from tests.fakes import FakeGenerator, FakeSearcher

TOKEN = "a-token-of-forty-three-characters-or-so-1234"
QUESTION = {"role": "user", "content": "How much is the rent?"}


class FakeWriter(FakeGenerator):
    """A generator that notes whether it was interrupted."""

    def __init__(self, pieces: Sequence[str | Delta] = (), **named: Any) -> None:
        super().__init__(pieces, **named)
        self.was_interrupted = threading.Event()

    def interrupt(self) -> None:
        """Note it."""
        self.was_interrupted.set()


class PatientWriter(FakeWriter):
    """Writes one word, and then waits until it is interrupted, or until `go_on`."""

    def __init__(self, pieces: Sequence[str | Delta] = ()) -> None:
        super().__init__(pieces)
        self.go_on = threading.Event()

    def interrupt(self) -> None:
        """Stop waiting."""
        super().interrupt()
        self.go_on.set()

    def chat(
        self, messages: Sequence[Message], options: ChatOptions
    ) -> Generator[Delta | Progress | Finished, None, None]:
        """Write the script, and wait behind its first piece."""
        pieces = super().chat(messages, options)
        yield next(pieces)
        self.go_on.wait()
        yield from pieces


@dataclass(frozen=True, slots=True)
class Served:
    """An application that is being served."""

    port: int
    server: Server

    def headers(self, **more: str) -> dict[str, str]:
        """Return what a client with the token sends."""
        own = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
        return own | {name.replace("_", "-"): value for name, value in more.items()}

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Ask, and return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        connection.request(method, path, data, headers if headers is not None else self.headers())
        response = connection.getresponse()
        raw = response.read()
        connection.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, json.loads(raw) if raw else None

    def ask(self, *messages: Mapping[str, str], **more: Any) -> tuple[int, Any]:
        """Ask for an answer as one object."""
        status, _, value = self.request(
            "POST", "/v1/chat/completions", {"model": "kb", "messages": messages or [QUESTION], **more}
        )
        return status, value

    def stream(
        self, *messages: Mapping[str, str], **more: Any
    ) -> Generator[dict[str, Any] | str, None, None]:
        """Ask for an answer as a stream, and yield its events; the last is "[DONE]"."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"model": "kb", "messages": messages or [QUESTION], "stream": True, **more})
        connection.request("POST", "/v1/chat/completions", body, self.headers())
        response = connection.getresponse()
        assert response.status == 200
        try:
            for line in response:
                if line.startswith(b"data: "):
                    data = line[6:].strip()
                    yield "[DONE]" if data == b"[DONE]" else json.loads(data)
        finally:
            response.close()
            connection.close()

    def wire(self) -> socket.socket:
        """Connect without saying anything."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


@contextmanager
def served(
    writers: Sequence[FakeWriter | None],
    passages: Sequence[Passage] = (),
    *,
    limits: Limits | None = None,
    searcher: FakeSearcher | None = None,
) -> Iterator[Served]:
    """Serve answers of fake writers, one for each question and the last one for all others."""
    left = list(writers)
    limits = limits or Limits()
    with listening(0) as listener:
        port = listener.getsockname()[1]
        app = make_app(
            open_searcher=lambda: searcher or FakeSearcher(passages),
            open_writer=lambda: left.pop(0) if len(left) > 1 else left[0],
            settings=AnswerSettings(),
            token=TOKEN,
            port=port,
            limits=limits,
        )
        server = Server(app, limits)
        thread = threading.Thread(target=server.run_on, args=[listener])
        thread.start()
        try:
            yield Served(port, server)
        finally:
            server.end()
            thread.join()
