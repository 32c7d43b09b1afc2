"""Tests of the engine's API as any other program would use it."""

import http.client
import itertools
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions, Finished
from assistant.types import Message
from indexer.paths import Places
from tests.assistant.engine.conftest import settings_for
from tests.models.wired_gguf import write_random_model, write_scripted_model
from tests.waiting import wait_until

ASKED = {"messages": [{"role": "user", "content": "What is 6 times 7?"}], "temperature": 0, "max_tokens": 100}


class Connection(http.client.HTTPConnection):
    """A connection to the engine's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))


def call(
    places: Places, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Send one request and return status and JSON."""
    connection = Connection(places.engine_socket)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, headers or {})
    response = connection.getresponse()
    value = json.loads(response.read())
    connection.close()
    return response.status, value


@pytest.fixture(scope="module")
def home(shared_engine: EngineClient) -> Places:
    """The home of a running engine."""
    return shared_engine.places


def test_a_plain_answer_is_one_object(home: Places) -> None:
    """Without `stream` everything comes at once, in the form that everybody knows."""
    status, answer = call(home, "POST", "/v1/chat/completions", ASKED)
    assert status == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "scripted.gguf"
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "It is 42 café.", "reasoning_content": "I guess"},
            "finish_reason": "stop",
        }
    ]
    assert answer["usage"]["completion_tokens"] == 13


def test_a_stream_is_server_sent_events(home: Places) -> None:
    """It opens with the role, ends with usage and `[DONE]`."""
    connection = Connection(home.engine_socket)
    connection.request("POST", "/v1/chat/completions", json.dumps({**ASKED, "stream": True}))
    response = connection.getresponse()
    assert response.getheader("content-type") == "text/event-stream; charset=utf-8"
    events = [line[6:] for line in response.read().decode().split("\n\n") if line]
    connection.close()
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "It is 42 café."
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[-2:]] == [None, "stop"]
    assert len({chunk["id"] for chunk in chunks}) == 1


def test_the_models_are_listed(home: Places) -> None:
    """There is one."""
    _, models = call(home, "GET", "/v1/models")
    assert [model["id"] for model in models["data"]] == ["scripted.gguf"]


def test_tokens_are_counted(home: Places) -> None:
    """Of text, not of anything else."""
    assert call(home, "POST", "/tokenize", {"content": "abc"}) == (200, {"tokens": 3})
    status, answer = call(home, "POST", "/tokenize", {"content": 3})
    assert (status, answer["error"]["message"]) == (400, "content must be text")


def test_a_request_that_is_no_json_is_refused(home: Places) -> None:
    """With a sentence, as every error."""
    status, answer = call(home, "POST", "/v1/chat/completions", b"{")
    assert (status, answer["error"]["message"]) == (400, "the request is not JSON")


def test_a_client_that_wants_another_model_is_told(home: Places) -> None:
    """Our client then replaces the engine; nobody is answered by the wrong model."""
    status, _ = call(home, "POST", "/v1/chat/completions", ASKED, {"x-kb-engine": "other"})
    assert status == 409


def test_a_disconnect_cancels_an_answer_that_does_not_stream(places: Places, endless_model: Path) -> None:
    """The model stops for clients that wait for the whole, too."""
    client = open_engine(places, settings_for(endless_model))
    client.wait_ready()
    connection = Connection(places.engine_socket)
    connection.request("POST", "/v1/chat/completions", json.dumps({**ASKED, "max_tokens": 8000}))
    wait_until(lambda: bool(client.status()["busy"]), what="it writes")
    connection.close()
    wait_until(lambda: not client.status()["busy"], what="it has stopped")
    assert client.status()["answers"] == 1
    _, answer = call(places, "POST", "/v1/chat/completions", {**ASKED, "max_tokens": 2})
    assert answer["choices"][0]["message"]["content"] == "0 1 "


def test_requests_wait_while_the_model_loads(places: Places, scripted_model: Path) -> None:
    """The socket is there before the model; who asks at once is answered once it is loaded."""
    open_engine(places, settings_for(scripted_model))
    results: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(call(places, "POST", "/v1/chat/completions", ASKED)[0])
        ),
        threading.Thread(target=lambda: results.append(call(places, "GET", "/health")[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200, 200]


@pytest.mark.parametrize("template", ["{% for %}", "{{ raise_exception('never') }}"])
def test_a_template_that_fails_is_replaced(places: Places, tmp_path: Path, template: str) -> None:
    """A model with a broken template answers in the commonest form, and the log says so."""
    model = write_scripted_model(tmp_path / "m.gguf", ["a", "b"], template=template)
    open_engine(places, settings_for(model))
    status, answer = call(places, "POST", "/v1/chat/completions", ASKED)
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "ab")
    log = (places.log_dir / "engine.log").read_text()
    assert re.search(r" WARNING pid=\d+ template\.", log)
    assert "never" not in log


def test_every_answer_begins_anew(places: Places, tmp_path: Path) -> None:
    """A model whose template opens a thought is read from inside it, every time."""
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n{# </think> #}"
    model = write_scripted_model(tmp_path / "m.gguf", ["Hm", "</thi", "nk>", "Yes"], template=template)
    open_engine(places, settings_for(model))
    for _ in range(2):
        _, answer = call(places, "POST", "/v1/chat/completions", ASKED)
        message = answer["choices"][0]["message"]
        assert (message["reasoning_content"], message["content"]) == ("Hm", "Yes")


def test_a_prompt_is_counted_as_it_will_be_read(places: Places, scripted_model: Path) -> None:
    """With what the template writes around each message, to the token."""
    engine = open_engine(places, settings_for(scripted_model))
    for texts in (("hi",), ("hi", "<|im_end|>", "how much?")):
        roles: Iterator[Literal["user", "assistant"]] = itertools.cycle(("user", "assistant"))
        messages = [Message(role, text) for role, text in zip(roles, texts, strict=False)]
        (*_, last) = engine.chat(messages, ChatOptions(max_tokens=1))
        assert isinstance(last, Finished)
        assert engine.count_prompt(messages) == last.usage.prompt_tokens > sum(map(len, texts))
    status, answer = call(places, "POST", "/tokenize", {"messages": "hi"})
    assert (status, answer["error"]["message"]) == (400, "messages must be a list of at least one message")


SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 99}, "ok": {"type": "boolean"}},
    "required": ["n", "ok"],
    "additionalProperties": False,
}


def test_an_answer_can_be_made_to_follow_a_schema(places: Places, random_model: Path) -> None:
    """A model that can only babble writes the object all the same; one that cannot be followed is refused."""
    open_engine(places, settings_for(random_model))
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
    asked = {**ASKED, "response_format": wanted, "temperature": 1, "seed": 3}
    for _ in range(2):
        _, answer = call(places, "POST", "/v1/chat/completions", asked)
        value = json.loads(answer["choices"][0]["message"]["content"])
        assert (type(value["n"]), type(value["ok"])) == (int, bool)
    _, answer = call(
        places, "POST", "/v1/chat/completions", {**asked, "response_format": {"type": "json_object"}}
    )
    assert answer["choices"][0]["message"]["content"].lstrip().startswith("{")
    nowhere = {"type": "json_schema", "json_schema": {"schema": {"$ref": "#/nowhere"}}}
    status, answer = call(places, "POST", "/v1/chat/completions", {**asked, "response_format": nowhere})
    assert (status, answer["error"]["kind"]) == (400, "UsageError")
    log = (places.log_dir / "engine.log").read_text()
    assert "answer.refused kind=UsageError" in log
    assert "nowhere" not in log


def test_a_schema_leaves_no_room_for_a_thought(places: Places, tmp_path: Path) -> None:
    """Where the template opens one it is closed in the prompt; where the model would, it cannot."""
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n{# </think> #}"
    model = write_random_model(tmp_path / "m.gguf", template=template)
    open_engine(places, settings_for(model))
    wanted = {"type": "json_schema", "json_schema": {"schema": SCHEMA}}
    _, answer = call(places, "POST", "/v1/chat/completions", {**ASKED, "response_format": wanted})
    message = answer["choices"][0]["message"]
    assert message.keys() == {"role", "content"}
    assert json.loads(message["content"]).keys() == {"n", "ok"}
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_a_thought_ends_when_its_tokens_are_used_up(places: Places, tmp_path: Path) -> None:
    """The model goes on behind the closing mark; what came before is counted as thinking."""
    script = [f"{number} " for number in range(50)]
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>\n{# </think> #}"
    model = write_scripted_model(tmp_path / "m.gguf", script, is_endless=True, template=template)
    open_engine(places, settings_for(model))
    asked = {**ASKED, "max_tokens": 12, "thinking_tokens": 5}
    _, answer = call(places, "POST", "/v1/chat/completions", asked)
    message = answer["choices"][0]["message"]
    assert message["reasoning_content"].startswith("0 1 2 3 4 ")
    assert message["content"]
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 5
    assert answer["usage"]["completion_tokens"] == 12


def test_an_answer_has_its_time(places: Places, endless_model: Path) -> None:
    """Foreign clients read that it was cut off, ours that its time was up."""
    open_engine(places, settings_for(endless_model))
    asked = {**ASKED, "max_tokens": 8000, "time_limit_s": 0.2}
    _, answer = call(places, "POST", "/v1/chat/completions", asked)
    assert (answer["choices"][0]["finish_reason"], answer["ended_by"]) == ("length", "time")
    assert answer["choices"][0]["message"]["content"].startswith("0 1 2 ")


def test_progress_is_told_to_those_who_ask_for_it(places: Places, endless_model: Path) -> None:
    """A client that knows nothing of it gets no event that it cannot read."""
    client = open_engine(places, settings_for(endless_model))
    writing = client.chat([Message("user", "count")], ChatOptions(max_tokens=8000, temperature=0))
    next(writing)
    results: dict[bool, bytes] = {}

    def ask(*, wants: bool) -> None:
        connection = Connection(places.engine_socket)
        asked = {**ASKED, "max_tokens": 2, "stream": True, "progress": wants}
        connection.request("POST", "/v1/chat/completions", json.dumps(asked))
        results[wants] = connection.getresponse().read()
        connection.close()

    threads = [threading.Thread(target=ask, kwargs={"wants": wants}) for wants in (True, False)]
    for thread in threads:
        thread.start()
    wait_until(lambda: client.status()["queued"] == 2, what="both wait")
    writing.close()  # type: ignore[attr-defined]
    for thread in threads:
        thread.join()
    assert b'"progress": {"queued": ' in results[True]
    assert b"progress" not in results[False]
