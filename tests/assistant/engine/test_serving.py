"""Tests of serving to clients that may do anything, and of an end that comes."""

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable

import pytest
from starlette.types import Receive, Scope, Send

from assistant.engine.client import EngineClient
from assistant.engine.server.door import Door
from assistant.engine.types import ChatOptions
from assistant.errors import ModelFileError
from assistant.types import Message
from indexer.errors import EngineError
from indexer.paths import Places
from tests.assistant.engine.in_process import connect, serving, serving_api
from tests.assistant.engine.test_runner import ToldModel
from tests.waiting import PATIENCE_S

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"x" * 4_000_000
"""More than the system keeps of an answer that nobody reads."""


async def large_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with more than the system keeps."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(4):
        await send({"type": "http.response.body", "body": LARGE, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def endless_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Never answer, until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def read_all(connection: socket.socket) -> bytes:
    """Read until the other end closes."""
    pieces = []
    try:
        while piece := connection.recv(1 << 20):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def ask(connection: socket.socket, method: str, path: str, body: bytes = b"") -> None:
    """Send a request and do not wait for the answer."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def answer_of(connection: socket.socket) -> dict[str, object]:
    """Read the object that is answered with."""
    value: dict[str, object] = json.loads(read_all(connection).partition(b"\r\n\r\n")[2])
    return value


def test_who_does_not_read_is_hung_up_on(places: Places) -> None:
    """After a limit nothing more is done for such a client; who reads gets everything."""
    is_given_up = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await large_app(scope, receive, send)
        is_given_up.set()

    with serving(places, app, unread_s=0.3) as served, connect(served.path) as deaf:
        deaf.sendall(ASKED)
        assert is_given_up.wait(PATIENCE_S)
        assert len(read_all(deaf)) < 4 * len(LARGE)
    with serving(places, app) as served, connect(served.path) as reading:
        ask(reading, "GET", "/")
        assert len(read_all(reading)) > 4 * len(LARGE)


@pytest.mark.parametrize("app", [large_app, endless_app])
def test_the_end_comes_whatever_clients_do(places: Places, app: Callable[..., object]) -> None:
    """Who does not read, or waits for ever, does not hold the server longer than it was told."""
    with serving(places, app) as served, connect(served.path) as client, connect(served.path) as half:  # type: ignore[arg-type]
        client.sendall(ASKED)
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        client.recv(1) if app is large_app else time.sleep(0.1)
        served.end(within_s=0.2)
        # sooner than who asks, or reads, too slowly is hung up on anyway.
        assert served.has_ended(15)


def test_the_soonest_end_counts(places: Places) -> None:
    """Who was told to leave at leisure may be told to leave at once, and not the other way round."""
    with serving(places, endless_app) as served, connect(served.path) as client:
        client.sendall(ASKED)
        time.sleep(0.1)
        served.end(within_s=100)
        served.end(within_s=0.1)
        served.end(within_s=100)
        assert served.has_ended(50)


def test_waiting_for_a_model_ends_when_the_engine_is_stopped(places: Places) -> None:
    """Neither a status nor a question holds up an engine that is told to leave while it loads."""
    is_loading = threading.Event()

    def load(on_progress: Callable[[float], bool]) -> ToldModel:
        while on_progress(0.5):
            is_loading.set()
            time.sleep(0.01)
        raise ModelFileError("called off")

    asked = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
    with serving_api(places, load) as served:
        is_loading.wait(PATIENCE_S)
        with connect(served.path) as status, connect(served.path) as question:
            ask(status, "GET", "/health?wait_s=60")
            ask(question, "POST", "/v1/chat/completions", asked)
            time.sleep(0.1)
            with connect(served.path) as stop:
                ask(stop, "POST", "/v1/stop")
                assert answer_of(stop) == {"stopping": True}
            began = time.monotonic()
            assert answer_of(status)["state"] == "stopping"
            error = answer_of(question)["error"]
        assert time.monotonic() - began < 30
        assert isinstance(error, dict)
        assert error["message"] == "the engine was stopped before it answered"
        assert served.has_ended(30)


def test_a_wrong_time_to_wait_is_refused(places: Places) -> None:
    """With a sentence."""
    with serving_api(places, lambda _: ToldModel()) as served, connect(served.path) as client:
        ask(client, "GET", "/health?wait_s=soon")
        error = answer_of(client)["error"]
    assert isinstance(error, dict)
    assert error["message"] == "wait_s must be a number of seconds"


def test_what_nobody_foresaw_is_told_without_its_words(places: Places) -> None:
    """As an error that our client understands; what went wrong may quote a question."""
    # it has no facts, which is a mistake of the test's model.
    with serving_api(places, lambda _: ToldModel()) as served:
        with connect(served.path) as client:
            ask(client, "POST", "/v1/chat/completions", b'{"messages": [{"role": "user", "content": "hi"}]}')
            error = answer_of(client)["error"]
        with pytest.raises(EngineError, match="the engine failed: AttributeError"):
            list(EngineClient(places).chat([Message("user", "hi")], ChatOptions(max_tokens=1)))
    assert isinstance(error, dict)
    assert error["message"] == "the engine failed: AttributeError"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can pass for somebody else")
def test_strangers_are_hung_up_on(places: Places) -> None:
    """Whoever gets at the socket by a directory that was opened is told nothing."""
    with serving(places, large_app) as served:
        for path in (places.home, places.run_dir, places.engine_socket):
            path.chmod(0o777)
        os.seteuid(65534)
        try:
            with connect(served.path) as stranger:
                # it may be over before that.
                with contextlib.suppress(ConnectionError):
                    stranger.sendall(ASKED)
                assert read_all(stranger) == b""
        finally:
            os.seteuid(0)


def test_the_door_of_a_successor_stays(places: Places) -> None:
    """Who leaves takes away its own socket and no other; one that is gone is noticed."""
    ours = Door(places.engine_socket)
    assert ours.is_there()
    assert places.engine_socket.stat().st_mode & 0o777 == 0o600
    places.engine_socket.unlink()
    assert not ours.is_there()
    theirs = Door(places.engine_socket)
    assert not ours.is_there()
    ours.take_away()
    assert theirs.is_there()
    for door in (ours, theirs):
        door.listener.close()
    theirs.take_away()
    assert not places.engine_socket.exists()
