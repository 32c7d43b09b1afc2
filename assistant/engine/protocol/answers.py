"""An answer as the chat-completions dialect writes it: as a stream of events, or as one object."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.engine.types import Delta, Finished, Progress
from assistant.errors import PromptTooLongError
from indexer.errors import KbError, UsageError

DONE = b"data: [DONE]\n\n"
HEARTBEAT = b": still working\n\n"
"""A comment line, so that a client can tell a long prompt from a dead engine."""


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
    choice = {"index": 0, "delta": delta, "finish_reason": _finish_reason(finished)}
    chunk = _begin("chat.completion.chunk", identifier, model) | {"choices": [choice]}
    if finished:
        chunk |= _end(finished)
    return write_event(chunk)


def write_progress(identifier: str, model: str, progress: Progress) -> bytes:
    """Write what goes on before the first token as one server-sent event."""
    said = {"queued": progress.queued, "read_share": round(progress.read_share, 3)}
    return write_event(_begin("chat.completion.chunk", identifier, model) | {"choices": [], "progress": said})


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
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(finished)}
    return _begin("chat.completion", identifier, model) | {"choices": [choice]} | _end(finished)


def _begin(kind: str, identifier: str, model: str) -> dict[str, Any]:
    return {"id": identifier, "object": kind, "created": int(time.time()), "model": model}


def _finish_reason(finished: Finished | None) -> str | None:
    """Say why it ended in words that every client knows; those of our own stand in `ended_by`."""
    if finished is None:
        return None
    return "length" if finished.reason == "time" else finished.reason


def _end(finished: Finished) -> dict[str, Any]:
    return {
        "ended_by": finished.reason,
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
