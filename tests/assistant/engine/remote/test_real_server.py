"""The client against llama-cpp-python's own server, over TCP and over a Unix socket."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from assistant.config import ModelSettings
from assistant.engine.remote import RemoteClient, describe_server
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.errors import ModelNotFoundError, PromptTooLongError
from assistant.types import Message

QUESTION = [Message("user", "What is the wifi password?")]


def client_of(url: str, **more: object) -> RemoteClient:
    """Make a client of a server."""
    return RemoteClient(ModelSettings.model_validate({"url": url, **more}))


def test_an_answer_is_streamed_over_tcp(real_url: str) -> None:
    """Pieces of text come one by one, and the end says why."""
    events = list(client_of(real_url).chat(QUESTION, ChatOptions(max_tokens=12, temperature=0)))
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


def test_closing_the_answer_frees_the_server(real_url: str) -> None:
    """The server writes one answer at a time, so the next one begins only if the first has ended."""
    client = client_of(real_url)
    whole = time.perf_counter()
    list(client.chat(QUESTION, ChatOptions(max_tokens=100, temperature=0)))
    a_hundred_s = time.perf_counter() - whole
    with closing(client.chat(QUESTION, ChatOptions(max_tokens=1900, temperature=0))) as answer:
        next(answer)
    left = time.perf_counter()
    again = client.chat(QUESTION, ChatOptions(max_tokens=100, temperature=0))
    assert isinstance(list(again)[-1], Finished)
    # nineteen times as long, had the first answer been written to its end.
    assert time.perf_counter() - left < 6 * a_hundred_s + 1


def test_tokens_are_counted_by_the_server(real_url: str) -> None:
    """The vocabulary of the model at hand has a token for each letter."""
    assert client_of(real_url).count_tokens("qwzx qwzx") == 9


def test_a_context_that_is_not_told_is_assumed_and_said(real_url: str) -> None:
    """This server says nowhere how much its model can read."""
    status = client_of(real_url).wait_ready()
    assert status["context_tokens"] == 2048
    assert "[model] context_tokens" in status["notices"][0]
    told = client_of(real_url, context_tokens=1024).wait_ready()
    assert told["context_tokens"] == 1024
    assert told["notices"] == ()


def test_a_prompt_that_does_not_fit_is_refused_in_words(real_url: str) -> None:
    """The server's own number of tokens becomes the hint."""
    messages = [Message("user", "word " * 2000)]
    with pytest.raises(PromptTooLongError, match="does not fit the context") as caught:
        list(client_of(real_url).chat(messages, ChatOptions(max_tokens=16)))
    assert "2048" in caught.value.hint


def test_a_model_that_the_server_lacks_is_named(real_url: str) -> None:
    """The sentence says which, the hint which there are."""
    with pytest.raises(ModelNotFoundError, match="has no model 'qwen3'") as caught:
        client_of(real_url, url_model="qwen3").wait_ready()
    assert "babbler.gguf" in caught.value.hint


def test_json_is_held_to_its_schema(real_socket: Path) -> None:
    """What comes is JSON of the wanted form, whatever the model would have written."""
    schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    answer = client_of(f"unix:{real_socket}").chat(
        QUESTION, ChatOptions(max_tokens=40, temperature=0, schema=schema)
    )
    text = "".join(event.text for event in answer if isinstance(event, Delta))
    assert text.replace(" ", "").startswith('{"yes":')


def test_the_server_is_described_in_one_line(real_url: str, babbler: Path) -> None:
    """`kb doctor` says who answers there."""
    settings = ModelSettings(url=real_url)
    assert describe_server(settings) == f"llama-cpp-python's server at {real_url}, model {babbler}"
