"""What is asked of each server, and how what it sends is read."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.remote import RemoteClient
from assistant.engine.remote.stream import AnswerReader, read_events
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.types import Message
from indexer.errors import EngineError
from tests.assistant.engine.remote.known import OPTIONS, QUESTION, STREAMS, USAGE, be, be_ollama, client_of
from tests.assistant.engine.remote.servers import OtherServer, as_json, as_stream, chunk

SCHEMA = {"type": "object"}
NAMES = [
    "choices",
    "delta",
    "message",
    "content",
    "reasoning",
    "reasoning_content",
    "usage",
    "prompt_tokens",
    "finish_reason",
]


def answer(client: RemoteClient, options: ChatOptions = OPTIONS) -> tuple[str, str, Finished]:
    """Return the thinking, the text and the end of an answer."""
    thinking = text = ""
    for event in client.chat(QUESTION, options):
        if isinstance(event, Finished):
            return thinking, text, event
        assert isinstance(event, Delta)
        if event.kind == "retract":
            thinking, text = thinking + text, ""
        elif event.kind == "thinking":
            thinking += event.text
        else:
            text += event.text
    raise AssertionError("an answer ends with Finished")


@pytest.mark.parametrize("kind", list(STREAMS))
def test_thinking_and_text_of_each_server_are_told_apart(server: OtherServer, kind: str) -> None:
    """Whatever the field is called, and with the usage in an event without choices."""
    be(kind, server)
    server.on("/v1/chat/completions", as_stream(*STREAMS[kind], {"choices": [], "usage": USAGE}))
    thinking, text, finished = answer(client_of(server))
    assert (thinking, text, finished.reason) == ("It is clear.", "Because.", "stop")
    usage = finished.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (20, 6, 8)


@pytest.mark.parametrize(
    ("pieces", "thinking", "text"),
    [
        (["<th", "ink>It is", " clear.</th", "ink>\n\nBecause."], "It is clear.", "Because."),
        (["It is clear.", "</think>", "Because."], "It is clear.", "Because."),
        (["[THINK]It is clear.[/THINK]", "Because."], "It is clear.", "Because."),
        (["<", " 3 is less."], "", "< 3 is less."),
        (["<thi"], "", "<thi"),
    ],
)
def test_marks_in_the_text_are_understood(
    server: OtherServer, pieces: list[str], thinking: str, text: str
) -> None:
    """A server that knows nothing of thinking leaves the model's marks where they are."""
    server.on("/v1/models", as_json({"object": "list", "data": [{"id": "m", "object": "model"}]}))
    server.on("/v1/chat/completions", as_stream(*(chunk(content=piece) for piece in pieces), chunk("stop")))
    assert answer(client_of(server))[:2] == (thinking, text)


@pytest.mark.parametrize(
    ("kind", "off", "on"),
    [
        ("ollama", {"reasoning_effort": "none"}, {"reasoning_effort": "medium"}),
        (
            "llama_server",
            {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
            {
                "chat_template_kwargs": {"enable_thinking": True, "thinking": True},
                "thinking_budget_tokens": 50,
            },
        ),
        (
            "vllm",
            {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}},
            {
                "chat_template_kwargs": {"enable_thinking": True, "thinking": True},
                "thinking_token_budget": 50,
            },
        ),
    ],
)
def test_thinking_is_switched_as_each_server_takes_it(
    server: OtherServer, kind: str, off: dict[str, Any], on: dict[str, Any]
) -> None:
    """Nothing is sent by default; a limit that a server does not take is said."""
    be(kind, server)
    server.on("/v1/chat/completions", as_stream(*STREAMS[kind]))
    client = client_of(server)
    fields = {"reasoning_effort", "chat_template_kwargs", "thinking_budget_tokens", "thinking_token_budget"}
    for options, wanted in [
        (OPTIONS, {}),
        (ChatOptions(max_tokens=64, thinking="off", thinking_tokens=50), off),
        (ChatOptions(max_tokens=64, thinking="on", thinking_tokens=50), on),
    ]:
        remarks = answer(client, options)[2].remarks
        body = server.bodies("/v1/chat/completions")[-1]
        assert {name: body[name] for name in fields & body.keys()} == wanted
    assert bool(remarks) == (kind == "ollama")


def test_a_model_that_cannot_think_is_asked_without_the_wish(server: OtherServer) -> None:
    """Ollama refuses the field for such a model; the answer comes all the same, with a remark."""
    be_ollama(server)
    refusal = as_json(
        {"error": {"message": '"qwen3:8b" does not support thinking', "type": "api_error"}}, 400
    )
    server.on("/v1/chat/completions", refusal, as_stream(*STREAMS["ollama"]))
    _, text, finished = answer(client_of(server), ChatOptions(max_tokens=64, thinking="on"))
    assert text == "Because."
    assert finished.remarks == ("Ollama 0.12.3 does not take the settings for thinking of qwen3:8b",)


def test_ollama_gets_the_sampling_that_its_model_recommends(server: OtherServer) -> None:
    """Asked in this dialect it would take 1.0 for both; what the person set goes before."""
    be_ollama(server)
    server.on("/v1/chat/completions", as_stream(*STREAMS["ollama"]))
    client = client_of(server)
    answer(client)
    answer(client, ChatOptions(max_tokens=64, temperature=0))
    bodies = server.bodies("/v1/chat/completions")
    assert [(body["temperature"], body["top_p"]) for body in bodies] == [(0.6, 0.95), (0, 0.95)]


def test_a_schema_is_sent_in_the_form_that_servers_read(server: OtherServer) -> None:
    """The model does not think then, because a thought is not of that form."""
    be("vllm", server)
    server.on("/v1/chat/completions", as_stream(*STREAMS["vllm"]))
    answer(client_of(server), ChatOptions(max_tokens=64, schema=SCHEMA))
    body = server.bodies("/v1/chat/completions")[0]
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["chat_template_kwargs"]["enable_thinking"] is False


def test_a_prompt_that_ollama_cut_is_told(server: OtherServer) -> None:
    """It cuts in silence; only the number of tokens that it read shows it."""
    be_ollama(server)
    usage = {"choices": [], "usage": {"prompt_tokens": 2050, "completion_tokens": 3}}
    server.on("/v1/chat/completions", as_stream(*STREAMS["ollama"], usage))
    client = client_of(server)
    messages = [Message("user", "The rent of the cabin is due in May. " * 1000)]
    finished = list(client.chat(messages, OPTIONS))[-1]
    assert isinstance(finished, Finished)
    assert "has cut the prompt: it read 2,050 tokens" in finished.remarks[0]


def test_reading_of_the_prompt_is_shown(server: OtherServer) -> None:
    """llama-server tells how far it is."""
    be("llama_server", server)
    reading = {**chunk(), "prompt_progress": {"total": 400, "cache": 0, "processed": 100, "time_ms": 9}}
    server.on("/v1/chat/completions", as_stream(reading, *STREAMS["llama_server"]))
    assert next(client_of(server).chat(QUESTION, OPTIONS)) == Progress(queued=0, read_share=0.25)
    assert server.bodies("/v1/chat/completions")[0]["return_progress"] is True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4), max_size=5))
def test_whatever_stands_in_an_event_is_survived(events: list[dict[str, Any]]) -> None:
    """A field of another kind than expected is passed over."""
    reader = AnswerReader()
    deltas = [delta for event in events for delta in reader.feed(event)] + reader.finish()
    assert all(isinstance(delta.text, str) for delta in deltas)
    assert reader.prompt_tokens >= 0


@given(st.lists(st.binary(max_size=40).map(lambda line: line + b"\n"), max_size=6))
def test_whatever_stands_in_a_line_is_an_event_or_one_clear_error(lines: list[bytes]) -> None:
    """Also bytes of no encoding, and JSON that is no object."""
    try:
        found = list(read_events([*lines, b"data: [DONE]\n"], "vLLM"))
    except EngineError as error:
        assert error.message.startswith("vLLM sent ")  # noqa: PT017 - most inputs are no error
    else:
        assert found[-1] is None


@given(st.text(st.sampled_from("ab </think>[]|\n")), st.data())
def test_it_does_not_matter_where_a_text_is_cut(text: str, data: st.DataObject) -> None:
    """Servers send pieces of any length."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    assert read_pieces(pieces) == read_pieces([text])


def read_pieces(pieces: list[str]) -> tuple[str, str]:
    """Return the thinking and the text of pieces."""
    reader = AnswerReader()
    parts = {"thinking": "", "text": ""}
    for delta in [each for piece in pieces for each in reader.feed(chunk(content=piece))] + reader.finish():
        if delta.kind == "retract":
            parts = {"thinking": parts["thinking"] + parts["text"], "text": ""}
        else:
            parts[delta.kind] += delta.text
    return parts["thinking"], parts["text"]
