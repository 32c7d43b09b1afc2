"""The chat-completions dialect: requests read and checked, answers written; pure.

What a request asks for and the engine cannot do is refused by name, not passed over.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from assistant.engine.types import Delta, Finished, Sampling
from assistant.errors import PromptTooLongError
from assistant.types import Message
from indexer.errors import KbError, UsageError

IDENTITY_HEADER = "x-kb-engine"
"""Names the model and settings that a client expects; another engine answers 409, a loading one 503."""

DONE = b"data: [DONE]\n\n"
HEARTBEAT = b": still working\n\n"
"""A comment line, so that a client can tell a long prompt from a dead engine."""

_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_UNSUPPORTED = ("tools", "functions", "response_format", "stop", "logit_bias", "logprobs", "audio")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A checked request for an answer."""

    messages: tuple[Message, ...]
    max_tokens: int | None
    """`None` for as many as the context holds."""

    sampling: Sampling
    is_stream: bool
    template_options: Mapping[str, Any] = field(default_factory=dict)
    """What the model's chat template may ask for, such as `enable_thinking`."""


def read_request(body: Any) -> ChatRequest:
    """Check the body of a request.

    Raises:
        UsageError: Naming the first thing that is wrong.
    """
    if not isinstance(body, dict):
        raise UsageError("the request is not a JSON object")
    for name in _UNSUPPORTED:
        if body.get(name):
            raise UsageError(f"the engine does not support {name}")
    if body.get("n", 1) != 1:
        raise UsageError("the engine writes one answer at a time; n must be 1")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise UsageError("messages must be a list of at least one message")
    options = body.get("chat_template_kwargs") or {}
    if not isinstance(options, dict):
        raise UsageError("chat_template_kwargs must be an object")
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return ChatRequest(
        messages=tuple(map(_read_message, messages)),
        max_tokens=None if limit is None else int(_number(limit, "max_tokens", 1, 1 << 31)),
        sampling=_read_sampling(body),
        is_stream=bool(body.get("stream", False)),
        template_options=options,
    )


def _read_message(message: Any) -> Message:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise UsageError(f"the role of a message must be one of {', '.join(_ROLES)}")
    content = message.get("content")
    if isinstance(content, list):
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content):
            raise UsageError("the content of a message must be text")
        content = "".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise UsageError("the content of a message must be text")
    return Message(_ROLES[message["role"]], content)


def _read_sampling(body: Mapping[str, Any]) -> Sampling:
    standard = Sampling()
    seed = body.get("seed")
    return Sampling(
        temperature=_number(_given(body, "temperature", standard.temperature), "temperature", 0, 10),
        top_p=_number(_given(body, "top_p", standard.top_p), "top_p", 0, 1),
        top_k=int(_number(_given(body, "top_k", standard.top_k), "top_k", 0, 1 << 31)),
        min_p=_number(_given(body, "min_p", standard.min_p), "min_p", 0, 1),
        seed=None if seed is None else int(_number(seed, "seed", -(1 << 63), 1 << 64)),
    )


def _given(body: Mapping[str, Any], name: str, standard: float) -> Any:
    value = body.get(name)
    return standard if value is None else value


def _number(value: Any, name: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UsageError(f"{name} must be a number from {least} to {most}, not {value!r}")
    return value


def write_chunk(
    identifier: str, model: str, deltas: Sequence[Delta], finished: Finished | None = None
) -> bytes:
    """Write one server-sent event; without deltas and end, the one that opens an answer."""
    delta: dict[str, Any] = {} if deltas or finished else {"role": "assistant", "content": ""}
    for piece in deltas:
        if piece.kind == "retract":
            delta["retract"] = True
        else:
            key = "content" if piece.kind == "text" else "reasoning_content"
            delta[key] = delta.get(key, "") + piece.text
    choice = {"index": 0, "delta": delta, "finish_reason": finished.reason if finished else None}
    chunk = {
        "id": identifier,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
    }
    if finished:
        chunk |= {"usage": finished.usage.to_json(), "timings": finished.timings_ms}
    return write_event(chunk)


def write_event(value: Mapping[str, Any]) -> bytes:
    """Write a JSON object as one server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


def write_completion(
    identifier: str, model: str, deltas: Sequence[Delta], finished: Finished
) -> dict[str, Any]:
    """Write the whole answer as one object."""
    texts = {"text": "", "thinking": ""}
    for delta in deltas:
        if delta.kind == "retract":
            texts = {"text": "", "thinking": texts["thinking"] + texts["text"]}
        else:
            texts[delta.kind] += delta.text
    message = {"role": "assistant", "content": texts["text"]}
    if texts["thinking"]:
        message["reasoning_content"] = texts["thinking"]
    return {
        "id": identifier,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finished.reason}],
        "usage": finished.usage.to_json(),
        "timings": finished.timings_ms,
    }


def write_error(error: KbError) -> dict[str, Any]:
    """Write an error for our own client (`kind`) and for others (`type`)."""
    kind = type(error).__name__
    is_theirs = isinstance(error, UsageError | PromptTooLongError)
    return {
        "error": {
            "kind": kind,
            "message": error.message,
            "hint": error.hint,
            "type": "invalid_request_error" if is_theirs else "server_error",
            "code": http_status(error),
        }
    }


def http_status(error: KbError) -> int:
    """Choose the status of an answer that is an error."""
    return 400 if isinstance(error, UsageError | PromptTooLongError) else 500
