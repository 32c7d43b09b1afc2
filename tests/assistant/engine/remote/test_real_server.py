"""The client against llama-cpp-python's own server, over TCP and over a Unix socket."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant.config import ModelSettings
from assistant.engine.remote import RemoteClient, describe_server
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.errors import (
    EngineCrashedError,
    EngineUnavailableError,
    ModelNotFoundError,
    PromptTooLongError,
)
from assistant.types import Message
from indexer.client import IndexerClient
from indexer.paths import Places
from tests.assistant.cli.kb import kb
from tests.assistant.engine.remote.conftest import RealServer

QUESTION = [Message("user", "What is the wifi password?")]


def client_of(url: str, **more: object) -> RemoteClient:
    """Make a client of a server."""
    return RemoteClient(ModelSettings.model_validate({"url": url, **more}))


def test_an_answer_is_streamed_over_tcp(real_server: RealServer) -> None:
    """Pieces of text come one by one, and the end says why."""
    events = list(client_of(real_server.url).chat(QUESTION, ChatOptions(max_tokens=12, temperature=0)))
    *pieces, last = events
    assert len(pieces) >= 12
    assert all(isinstance(piece, Delta) and piece.kind == "text" for piece in pieces)
    assert isinstance(last, Finished)
    assert last.reason == "length"


def test_an_answer_is_streamed_over_a_unix_socket(real_socket: Path) -> None:
    """The same words as over TCP go over a socket, and its model is known by its alias."""
    client = client_of(f"unix:{real_socket}")
    events = list(client.chat(QUESTION, ChatOptions(max_tokens=8, temperature=0)))
    assert client.model_name == "reader"
    assert isinstance(events[-1], Finished)
    assert "".join(event.text for event in events if isinstance(event, Delta))


def test_closing_the_answer_frees_the_server(real_server: RealServer) -> None:
    """It notices the closed connection, breaks the answer off, and writes the next one."""
    client = client_of(real_server.url)
    with closing(client.chat(QUESTION, ChatOptions(max_tokens=1900, temperature=0))) as answer:
        next(answer)
        assert "Disconnected from client" not in real_server.log.read_text(encoding="utf-8")
    again = list(client.chat(QUESTION, ChatOptions(max_tokens=8, temperature=0)))
    assert isinstance(again[-1], Finished)
    # it says so when it breaks an answer off, and not when it has written it to its end.
    while "Disconnected from client" not in real_server.log.read_text(encoding="utf-8"):
        time.sleep(0.02)


def test_thinking_of_a_model_that_the_server_knows_nothing_of(real_server: RealServer) -> None:
    """The marks come as text, over several events, and are taken out here."""
    client = client_of(real_server.url, url_model="thinker")
    events = list(client.chat(QUESTION, ChatOptions(max_tokens=40, temperature=0)))
    deltas = [event for event in events if isinstance(event, Delta)]
    assert "".join(delta.text for delta in deltas if delta.kind == "thinking").strip() == "I guess"
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == "It is 42 café."
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "stop"


def test_a_server_that_is_killed_in_the_middle_is_told(mortal_server: RealServer) -> None:
    """What came until then was passed on; the next question finds nobody."""
    answer = client_of(mortal_server.url).chat(QUESTION, ChatOptions(max_tokens=1900))
    assert isinstance(next(answer), Delta)
    mortal_server.process.kill()
    mortal_server.process.wait()
    with pytest.raises(EngineCrashedError, match="ended in the middle of the answer"):
        list(answer)
    with pytest.raises(EngineUnavailableError, match="no model server listens"):
        client_of(mortal_server.url).wait_ready()


def test_tokens_are_counted_by_the_server(real_server: RealServer) -> None:
    """The vocabulary of the model at hand has a token for each letter."""
    assert client_of(real_server.url).count_tokens("qwzx qwzx") == 9


def test_a_context_that_is_not_told_is_assumed_and_said(real_server: RealServer) -> None:
    """This server says nowhere how much its model can read."""
    status = client_of(real_server.url).wait_ready()
    assert status["context_tokens"] == 2048
    assert "[model] context_tokens" in status["notices"][0]
    told = client_of(real_server.url, context_tokens=1024).wait_ready()
    assert told["context_tokens"] == 1024
    assert told["notices"] == ()


def test_a_prompt_that_does_not_fit_is_refused_in_words(real_server: RealServer) -> None:
    """The server's own number of tokens becomes the hint."""
    messages = [Message("user", "word " * 2000)]
    with pytest.raises(PromptTooLongError, match="does not fit the context") as caught:
        list(client_of(real_server.url).chat(messages, ChatOptions(max_tokens=16)))
    assert "2048" in caught.value.hint


def test_a_model_that_the_server_lacks_is_named(real_server: RealServer) -> None:
    """The sentence says which, the hint which there are."""
    with pytest.raises(ModelNotFoundError, match="has no model 'qwen3'") as caught:
        client_of(real_server.url, url_model="qwen3").wait_ready()
    assert "babbler, thinker" in caught.value.hint


def test_json_is_held_to_its_schema(real_socket: Path) -> None:
    """What comes is JSON of the wanted form, whatever the model would have written."""
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    answer = client_of(f"unix:{real_socket}").chat(
        QUESTION, ChatOptions(max_tokens=40, temperature=0, schema=schema)
    )
    text = "".join(event.text for event in answer if isinstance(event, Delta))
    assert text.replace(" ", "").startswith('{"yes":')


def test_the_server_is_described_in_one_line(real_server: RealServer) -> None:
    """`kb doctor` says who answers there."""
    settings = ModelSettings(url=real_server.url)
    assert describe_server(settings) == f"llama-cpp-python's server at {real_server.url}, model babbler"


def test_kb_ask_is_answered_by_the_real_server(
    real_socket: Path, real_places: Places, real_daemon: IndexerClient, tmp_path: Path
) -> None:
    """From a note to a cited answer, with a model in somebody else's process behind a Unix socket."""
    note = tmp_path / "cabin.md"
    note.write_text("# Cabin\n\nThe wifi password of the cabin is heron-lake-42.\n", encoding="utf-8")
    real_daemon.add_root(tmp_path)
    list(real_daemon.fresh(under=[tmp_path]))
    real_places.config_file.write_text(
        f"[model]\nurl = 'unix:{real_socket}'\ncontext_tokens = 2048\n"
        "[answer]\npassages = 1\ntemperature = 0\n",
        encoding="utf-8",
    )
    try:
        run = kb(real_places.home, "ask", "--in", str(tmp_path), "What is the wifi password of the cabin?")
    finally:
        real_places.config_file.unlink()
        real_daemon.remove_root(tmp_path)
    assert (run.code, run.err) == (0, "")
    assert run.out == f"The wifi password of the cabin is heron-lake-42 [1].\n\n[1] {note}, line 3\n"
