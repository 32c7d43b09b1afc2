"""Clients that mean harm, or are broken: web pages, guessers, floods and dawdlers."""

import socket
from collections.abc import Iterator

import pytest

from assistant.serving import Limits
from tests.assistant.serving.clients import TOKEN, FakeWriter, PatientWriter, Served, served
from tests.fakes import make_passage

LIMITS = Limits(connections=4, body_bytes=10_000, asking_s=0.3, unread_s=0.3)


@pytest.fixture
def server() -> Iterator[Served]:
    """Return a server with little patience."""
    with served([FakeWriter(["Yes [1]."])], [make_passage("Yes.")], limits=LIMITS) as server:
        yield server


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xff",
    ],
)
def test_without_the_token_nothing_is_answered(server: Served, authorization: str) -> None:
    """Not even which paths there are."""
    for path in ("/v1/models", "/v1/nothing"):
        status, headers, value = server.request("GET", path, headers={"authorization": authorization})
        assert status == 401
        assert value["error"]["code"] == "invalid_api_key"
        assert headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil:{port}"]
)
def test_a_name_that_was_made_to_lead_here_is_refused(server: Served, host: str) -> None:
    """The answer to DNS rebinding, token or not."""
    status, _, value = server.request(
        "GET", "/v1/models", headers=server.headers(host=host.format(port=server.port))
    )
    assert (status, value["error"]["code"]) == (403, "host_not_allowed")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_the_names_of_this_machine_are_taken(server: Served, host: str) -> None:
    """However a client spells it."""
    headers = server.headers(host=host.format(port=server.port))
    assert server.request("GET", "/v1/models", headers=headers)[0] == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "https://localhost:{port}", "file://", ""],
)
def test_a_web_page_is_refused(server: Served, origin: str) -> None:
    """Also one that somehow came by the token, and also when it only asks whether it may."""
    headers = server.headers(origin=origin.format(port=server.port))
    for method in ("GET", "POST", "OPTIONS"):
        status, answered, value = server.request(method, "/v1/models", headers=headers)
        assert (status, value["error"]["code"]) == (403, "origin_not_allowed")
        assert not any(name.startswith("access-control") for name in answered)


def test_our_own_origin_is_no_stranger(server: Served) -> None:
    """Some clients send where they talk to."""
    headers = server.headers(origin=f"http://127.0.0.1:{server.port}")
    status, answered, _ = server.request("GET", "/v1/models", headers=headers)
    assert status == 200
    assert not any(name.startswith("access-control") for name in answered)


def test_paths_and_methods_that_there_are_not(server: Served) -> None:
    """They are errors in the same form as all others."""
    assert server.request("GET", "/v1/secrets")[2]["error"]["message"] == "there is no such path here"
    assert server.request("GET", "/v1/chat/completions")[0] == 405


def test_a_huge_body_is_refused_before_it_is_read(server: Served) -> None:
    """By what it says of its length."""
    with server.wire() as wire:
        wire.sendall(_head(server, b"content-length: 100000000"))
        assert b"413" in wire.recv(4096).split(b"\r\n")[0]


def test_a_huge_body_without_a_length_is_not_read_to_its_end(server: Served) -> None:
    """Chunks are counted as they come."""
    with server.wire() as wire:
        wire.sendall(_head(server, b"transfer-encoding: chunked"))
        chunk = b"fa0\r\n" + b"x" * 4000 + b"\r\n"
        wire.sendall(chunk * 4)
        assert b"413" in wire.recv(4096).split(b"\r\n")[0]


def test_huge_headers_are_refused(server: Served) -> None:
    """A line that never ends is not kept."""
    with server.wire() as wire:
        wire.sendall(b"GET /v1/models HTTP/1.1\r\nx: " + b"x" * 200_000)
        assert wire.recv(4096).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("piece", [b"", b"POST /v1/chat", "head"])
def test_a_client_that_does_not_finish_asking_is_hung_up_on(server: Served, piece: bytes | str) -> None:
    """Whether it says nothing, half a line, or leaves its body out."""
    with server.wire() as wire:
        wire.sendall(piece if isinstance(piece, bytes) else _head(server, b"content-length: 100") + b"{")
        assert _ends(wire)


def test_a_client_that_does_not_read_its_answer_is_hung_up_on() -> None:
    """What is written for it is not kept for ever, and the model is stopped."""
    writer = PatientWriter(["never " * 2_000_000, "again"])
    with served([writer], [make_passage("Yes.")], limits=LIMITS) as server, server.wire() as wire:
        body = b'{"stream": true, "messages": [{"role": "user", "content": "Why?"}]}'
        wire.sendall(_head(server, b"content-length: " + str(len(body)).encode()) + body)
        assert writer.was_interrupted.wait(20)


def test_one_connection_too_many_is_closed(server: Served) -> None:
    """The others are answered all the same, and a place that is free again is given."""
    wires = [server.wire() for _ in range(4)]
    with server.wire() as extra:
        assert _ends(extra)
    for wire in wires:
        wire.close()
    while True:
        try:
            assert server.request("GET", "/v1/models")[0] == 200
            break
        except ConnectionError:
            continue


def test_a_client_that_closes_its_half_is_still_answered_or_dropped(server: Served) -> None:
    """It must not keep a connection for ever."""
    with server.wire() as wire:
        wire.sendall(_head(server, b"content-length: 100") + b"{")
        wire.shutdown(socket.SHUT_WR)
        assert _ends(wire)
    assert server.request("GET", "/v1/models")[0] == 200


def test_nonsense_is_no_request(server: Served) -> None:
    """Bytes of another protocol get an error and the end."""
    with server.wire() as wire:
        wire.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert wire.recv(4096).startswith(b"HTTP/1.1 400")


def test_it_listens_on_loopback_alone(server: Served) -> None:
    """Nobody else in the network can connect."""
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in own - {"127.0.0.1"}:
        if str(address).startswith("127."):
            continue
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((str(address), server.port), timeout=5)
    assert server.request("GET", "/v1/models")[0] == 200


def _head(server: Served, *lines: bytes) -> bytes:
    own = [
        b"POST /v1/chat/completions HTTP/1.1",
        f"host: 127.0.0.1:{server.port}".encode(),
        f"authorization: Bearer {TOKEN}".encode(),
        *lines,
    ]
    return b"\r\n".join(own) + b"\r\n\r\n"


def _ends(wire: socket.socket) -> bool:
    """Read until the other side closes."""
    try:
        while wire.recv(4096):
            pass
    except ConnectionError:
        pass
    return True
