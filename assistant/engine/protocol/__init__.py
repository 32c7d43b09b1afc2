"""The chat-completions dialect: requests read and checked, answers written and read; pure."""

from assistant.engine.protocol.answers import (
    DONE,
    HEARTBEAT,
    http_status,
    write_chunk,
    write_completion,
    write_error,
    write_event,
    write_progress,
)
from assistant.engine.protocol.reading import read_chunk, read_deltas, read_error, read_finished
from assistant.engine.protocol.requests import ChatRequest, read_request

IDENTITY_HEADER = "x-kb-engine"
"""Names the model and settings that a client expects; another engine answers 409, a loading one 503."""

__all__ = [
    "DONE",
    "HEARTBEAT",
    "IDENTITY_HEADER",
    "ChatRequest",
    "http_status",
    "read_chunk",
    "read_deltas",
    "read_error",
    "read_finished",
    "read_request",
    "write_chunk",
    "write_completion",
    "write_error",
    "write_event",
    "write_progress",
]
