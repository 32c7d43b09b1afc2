"""Tests of the chat-completions dialect."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.protocol import (
    read_chunk,
    read_error,
    read_request,
    write_chunk,
    write_completion,
    write_error,
    write_progress,
)
from assistant.engine.types import Delta, Finished, Progress, Sampling, Usage
from assistant.errors import EngineCrashedError, PromptTooLongError
from assistant.types import Message
from indexer.errors import UsageError

ASKED = {"messages": [{"role": "user", "content": "hi"}]}
FINISHED = Finished(
    reason="stop",
    usage=Usage(
        prompt_tokens=5,
        cached_tokens=2,
        completion_tokens=3,
        thinking_tokens=1,
        drafted_tokens=3,
        accepted_tokens=2,
    ),
    timings_ms={"prompt": 1.0},
)


def test_a_plain_request_takes_the_defaults() -> None:
    """What is left out, or null, is as usual."""
    request = read_request({**ASKED, "temperature": None})
    assert request.messages == (Message("user", "hi"),)
    assert request.choose_sampling(Sampling(top_k=7)) == Sampling(top_k=7)
    assert (request.thinking, request.thinking_tokens, request.time_limit_s) == ("auto", 0, 0)
    assert not request.is_private
    assert request.schema is None
    assert request.max_tokens is None
    assert not request.is_stream


def test_everything_that_can_be_asked_is_read() -> None:
    """Sampling, limits, template options, and messages in parts."""
    request = read_request(
        {
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            ],
            "max_completion_tokens": 9,
            "temperature": 0,
            "top_p": 0.5,
            "top_k": 3,
            "min_p": 0.1,
            "seed": 7,
            "stream": True,
            "progress": True,
            "thinking": "on",
            "thinking_tokens": 5,
            "private": True,
            "time_limit_s": 1.5,
            "chat_template_kwargs": {"enable_thinking": False},
        }
    )
    assert request.messages == (Message("system", "Be brief."), Message("user", "ab"))
    assert request.max_tokens == 9
    chosen = Sampling(temperature=0, top_p=0.5, top_k=3, min_p=0.1, seed=7)
    assert request.choose_sampling(Sampling(temperature=0.6)) == chosen
    assert request.is_stream
    assert request.wants_progress
    assert (request.thinking, request.thinking_tokens, request.time_limit_s) == ("on", 5, 1.5)
    assert request.is_private
    assert request.template_options == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the request is not a JSON object"),
        ({}, "messages must be a list of at least one message"),
        ({"messages": []}, "messages must be a list of at least one message"),
        (
            {"messages": [{"role": "tool", "content": "x"}]},
            "the role of a message must be one of system, developer, user, assistant",
        ),
        ({"messages": [{"role": "user", "content": 5}]}, "the content of a message must be text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "the content of a message must be text",
        ),
        ({**ASKED, "temperature": -1}, "temperature must be a number from 0 to 10, not -1"),
        ({**ASKED, "top_p": "x"}, "top_p must be a number from 0 to 1, not 'x'"),
        ({**ASKED, "max_tokens": True}, "max_tokens must be a number from 1 to 2147483648, not True"),
        ({**ASKED, "n": 2}, "the engine writes one answer at a time; n must be 1"),
        ({**ASKED, "tools": [{}]}, "the engine does not support tools"),
        ({**ASKED, "stop": "x"}, "the engine does not support stop"),
        ({**ASKED, "chat_template_kwargs": 3}, "chat_template_kwargs must be an object"),
        ({**ASKED, "thinking": "much"}, "thinking must be one of auto, on, off, not 'much'"),
        (
            {**ASKED, "thinking_tokens": -1},
            "thinking_tokens must be a number from 0 to 2147483648, not -1",
        ),
        (
            {**ASKED, "response_format": {"type": "xml"}},
            "response_format must be text, json_object or json_schema, not 'xml'",
        ),
        (
            {**ASKED, "response_format": {"type": "json_schema", "json_schema": {"schema": "{}"}}},
            "response_format must hold an object json_schema.schema",
        ),
    ],
)
def test_what_is_wrong_or_unsupported_is_named(body: Any, message: str) -> None:
    """A request is never half understood."""
    with pytest.raises(UsageError) as caught:
        read_request(body)
    assert caught.value.message == message


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("wanted", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": SCHEMA}}, SCHEMA),
    ],
)
def test_the_form_of_an_answer_can_be_asked_for(wanted: Any, schema: Any) -> None:
    """Free text, any object, or what a schema describes."""
    assert read_request({**ASKED, "response_format": wanted}).schema == schema


def read_event(chunk: bytes) -> Any:
    """Read one server-sent event."""
    assert chunk.startswith(b"data: ")
    assert chunk.endswith(b"\n\n")
    return json.loads(chunk[6:])


def test_chunks_carry_thinking_apart_from_text() -> None:
    """As the rest of the world has it: `reasoning_content` and `content`."""
    opening = read_event(write_chunk("id", "m.gguf", ()))
    assert opening["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    thinking = read_event(write_chunk("id", "m.gguf", [Delta("thinking", "a"), Delta("thinking", "b")]))
    assert thinking["choices"][0] == {"index": 0, "delta": {"reasoning_content": "ab"}, "finish_reason": None}
    text = read_event(write_chunk("id", "m.gguf", [Delta("text", "é\n")]))
    assert text["choices"][0]["delta"] == {"content": "é\n"}
    assert text["object"] == "chat.completion.chunk"


def test_the_last_chunk_carries_usage_and_timings() -> None:
    """Whoever counts tokens finds them there."""
    last = read_event(write_chunk("id", "m.gguf", (), FINISHED))
    assert last["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop"}
    assert last["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {
            "reasoning_tokens": 1,
            "accepted_prediction_tokens": 2,
            "rejected_prediction_tokens": 1,
        },
    }
    assert last["timings"] == {"prompt": 1.0}


def test_time_that_is_up_is_a_length_to_others() -> None:
    """Foreign clients know few reasons; ours stands beside it, and comes back."""
    last = read_event(write_chunk("id", "m.gguf", (), replace(FINISHED, reason="time")))
    assert (last["choices"][0]["finish_reason"], last["ended_by"]) == ("length", "time")
    assert list(read_chunk(last)) == [replace(FINISHED, reason="time")]


def test_what_others_leave_out_is_nothing() -> None:
    """A server that tells no usage and reasons of its own is understood all the same."""
    chunk = {"choices": [{"delta": {"content": "a"}, "finish_reason": "eos"}]}
    nothing = Usage(prompt_tokens=0, cached_tokens=0, completion_tokens=0)
    assert list(read_chunk(chunk)) == [Delta("text", "a"), Finished(reason="stop", usage=nothing)]


@given(
    pieces=st.lists(st.tuples(st.sampled_from(["text", "thinking"]), st.text(min_size=1)), max_size=5),
    progress=st.builds(Progress, queued=st.integers(0, 9), read_share=st.sampled_from([0.0, 0.25, 1.0])),
)
def test_what_is_written_is_read_again(pieces: list[tuple[Any, str]], progress: Progress) -> None:
    """Our client sees the events that the runner made, whatever text they carry."""
    for kind, text in pieces:
        chunk = read_event(write_chunk("id", "m.gguf", [Delta(kind, text)]))
        sent = text.encode("utf-8", "replace").decode()
        assert list(read_chunk(chunk)) == [Delta(kind, sent)]
    assert list(read_chunk(read_event(write_chunk("id", "m", [Delta("retract", "")])))) == [
        Delta("retract", "")
    ]
    assert list(read_chunk(read_event(write_progress("id", "m.gguf", progress)))) == [progress]


def test_a_whole_answer_counts_retracted_text_as_thinking() -> None:
    """What a lone closing mark takes back is not part of the answer."""
    deltas = [Delta("text", "Hm."), Delta("retract", ""), Delta("text", "Yes.")]
    message = write_completion("id", "m.gguf", deltas, FINISHED)["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}


def test_errors_carry_kind_and_status() -> None:
    """Our client reads the kind, others the type."""
    ours = write_error(EngineCrashedError("it fell", hint="ask again"))["error"]
    assert ours == {
        "kind": "EngineCrashedError",
        "message": "it fell",
        "hint": "ask again",
        "type": "server_error",
        "code": 500,
    }
    again = read_error(write_error(EngineCrashedError("it fell", hint="ask again")))
    assert (type(again), again.message, again.hint) == (EngineCrashedError, "it fell", "ask again")
    theirs = write_error(PromptTooLongError("too long"))["error"]
    assert (theirs["type"], theirs["code"]) == ("invalid_request_error", 400)
