"""A request for an answer, read and checked.

What a request asks for and the engine cannot do is refused by name, not passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from assistant.engine.types import Sampling, Thinking
from assistant.messages import Message
from indexer.errors import UsageError

_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_UNSUPPORTED = ("tools", "functions", "stop", "logit_bias", "logprobs", "audio")


_WHOLE = ("top_k", "seed")
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A checked request for an answer."""

    messages: tuple[Message, ...]
    max_tokens: int | None
    """`None` for as many as the context holds."""

    sampling: Mapping[str, float | int]
    """The fields of `Sampling` that were given; the model's makers recommend the others."""

    is_stream: bool
    wants_progress: bool = False
    """Whether the client reads events of what goes on before the first token."""

    thinking: Thinking = "auto"
    thinking_tokens: int = 0
    """Longest thought; 0 for no limit of its own."""

    time_limit_s: float = 0
    """0 for no limit."""

    schema: Mapping[str, Any] | None = None
    """JSON schema that the answer must follow."""

    is_private: bool = False
    """Whether nothing of it may be written to the disk."""

    template_options: Mapping[str, Any] = field(default_factory=dict)
    """What the model's chat template may ask for, such as `enable_thinking`."""

    def choose_sampling(self, recommended: Sampling) -> Sampling:
        """Put what was asked for in place of what is recommended."""
        return replace(recommended, **self.sampling)  # type: ignore[arg-type]


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
        wants_progress=bool(body.get("progress", False)),
        thinking=_read_thinking(body.get("thinking")),
        thinking_tokens=int(_number(body.get("thinking_tokens") or 0, "thinking_tokens", 0, 1 << 31)),
        time_limit_s=_number(body.get("time_limit_s") or 0, "time_limit_s", 0, 1 << 31),
        schema=_read_format(body.get("response_format")),
        is_private=bool(body.get("private", False)),
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


def _read_thinking(value: Any) -> Thinking:
    if value is None:
        return "auto"
    if value not in get_args(Thinking):
        raise UsageError(f"thinking must be one of {', '.join(get_args(Thinking))}, not {value!r}")
    return value  # type: ignore[no-any-return]


def _read_format(value: Any) -> Mapping[str, Any] | None:
    """Read `response_format`; `None` where the answer is free text."""
    kind = value.get("type") if isinstance(value, dict) else value
    if kind is None or kind == "text":
        return None
    if kind == "json_object":
        return _ANY_OBJECT
    if kind != "json_schema":
        raise UsageError(f"response_format must be text, json_object or json_schema, not {kind!r}")
    described = value.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    if not isinstance(schema, dict):
        raise UsageError("response_format must hold an object json_schema.schema")
    return schema


def _read_sampling(body: Mapping[str, Any]) -> dict[str, float | int]:
    """Read what is given of the sampling."""
    limits: dict[str, tuple[int, int]] = {
        "temperature": (0, 10),
        "top_p": (0, 1),
        "top_k": (0, 1 << 31),
        "min_p": (0, 1),
        "seed": (-(1 << 63), 1 << 64),
    }
    given = {
        name: _number(body[name], name, least, most)
        for name, (least, most) in limits.items()
        if body.get(name) is not None
    }
    return {name: int(value) if name in _WHOLE else value for name, value in given.items()}


def _number(value: Any, name: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UsageError(f"{name} must be a number from {least} to {most}, not {value!r}")
    return value
