"""`kb ask` with a model server in place of a model file."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb, start_kb
from tests.assistant.engine.remote.servers import OtherServer, Reply, as_json, as_stream, chunk, other_server

QUESTION = "How much is the rent of the cabin?"


@pytest.fixture
def config(home: Home) -> Iterator[Path]:
    """Return the home's config file, which is gone afterwards."""
    file = home.path / "config.toml"
    yield file
    file.unlink(missing_ok=True)


@pytest.fixture
def server(config: Path) -> Iterator[OtherServer]:
    """Return a server that the home's config names."""
    with other_server() as server:
        entry = {"id": "reader", "object": "model", "owned_by": "llamacpp", "meta": {"n_ctx": 4096}}
        server.on("/v1/models", as_json({"object": "list", "data": [entry]}))
        server.on("/tokenize", as_json({"tokens": [1] * 500}))
        config.write_text(f"[model]\nurl = '{server.url}'\n", encoding="utf-8")
        yield server


def test_the_server_writes_the_answer(home: Home, server: OtherServer) -> None:
    """Its words are shown with the places they come from, and it was sent the passages."""
    server.on(
        "/v1/chat/completions",
        as_stream(chunk(content="It is 4,200 kr"), chunk(content=" [1]."), chunk("stop")),
    )
    run = kb(home.path, "ask", QUESTION)
    assert (run.code, run.err) == (0, "")
    assert run.out == f"It is 4,200 kr [1].\n\n[1] {home.vault}/cabin.md, line 7\n"
    body = server.bodies("/v1/chat/completions")[0]
    assert "The rent is 4,200 kr a month." in body["messages"][-1]["content"]


def test_a_model_named_on_the_command_line_goes_before(home: Home, server: OtherServer) -> None:
    """`--model` names a file, whatever the config says."""
    run = kb(home.path, "ask", "--model", str(home.answering), QUESTION)
    assert run.code == 0
    assert server.asked == []


def test_a_server_that_is_not_there_is_an_error_of_the_model(home: Home, config: Path) -> None:
    """Exit code 4, one sentence and what to do."""
    config.write_text("[model]\nurl = 'unix:/tmp/kb-no-such.sock'\n", encoding="utf-8")
    run = kb(home.path, "ask", QUESTION)
    assert (run.code, run.out) == (4, "")
    assert run.err.startswith("kb: error: there is no socket /tmp/kb-no-such.sock\n")


def test_another_machine_is_refused_as_a_setting(home: Home, config: Path) -> None:
    """Exit code 2, and nothing was sent."""
    config.write_text("[model]\nurl = 'http://192.0.2.1:11434'\n", encoding="utf-8")
    run = kb(home.path, "ask", QUESTION)
    assert (run.code, run.out) == (2, "")
    assert "[model] url leads to 192.0.2.1, which is not this machine" in run.err


def test_ctrl_c_closes_the_connection(home: Home, server: OtherServer) -> None:
    """The server notices at once that nobody reads any more."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield b'data: {"choices": [{"delta": {"content": "again and "}}]}\n\n'

    server.on("/v1/chat/completions", Reply(pieces(), 200, {"content-type": "text/event-stream"}))
    process = start_kb(home.path, "ask", QUESTION)
    assert process.stdout is not None
    assert process.stdout.read(9) == b"again and"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert b"stopped; the answer is not complete" in err
    assert server.left.wait(20)


def test_what_a_server_does_not_tell_is_said(home: Home, server: OtherServer) -> None:
    """A guessed context stands on stderr, beside the answer."""
    server.on("/v1/models", as_json({"object": "list", "data": [{"id": "reader", "object": "model"}]}))
    server.on("/v1/chat/completions", as_stream(chunk(content="It is 4,200 kr [1]."), chunk("stop")))
    run = kb(home.path, "ask", QUESTION)
    assert run.code == 0
    assert "does not say how much reader can read at once; 4,096 tokens are assumed" in run.err
