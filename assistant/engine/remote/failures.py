"""What a model server answers when it does not answer, as one clear sentence each; pure."""

import re
from typing import Any
from urllib.parse import urlsplit

from assistant.engine.remote.address import Address
from assistant.engine.remote.stream import error_text
from assistant.errors import (
    EngineCrashedError,
    EngineUnavailableError,
    ModelNotFoundError,
    PromptTooLongError,
)
from indexer.errors import ConfigError, EngineError

LOOK_AT_URL = "look at [model] url (`kb config edit`)"

_TOO_LONG = re.compile(
    r"exceed_context|context_length_exceeded|context (?:length|window|size)|context overflow"
    r"|exceeds? the (?:available )?context|(?:prompt|input) is too long",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"(?:context (?:length|window|size)\D{0,40}|only )(\d{3,8})", re.IGNORECASE)
_NO_MODEL = re.compile(r"model.{0,120}?(?:not found|does not exist|not exist)|model_not_found", re.IGNORECASE)
_STARTERS = {11434: "`ollama serve` starts Ollama", 1234: "`lms server start` starts LM Studio's"}


def unreachable(address: Address, error: OSError) -> EngineUnavailableError:
    """Say that a server cannot be connected to."""
    hint = f"start it, or {LOOK_AT_URL}"
    if starter := _STARTERS.get(address.port):
        hint = f"{starter}; or {LOOK_AT_URL}"
    if isinstance(error, FileNotFoundError):
        what = f"there is no socket {address.socket_path}"
    elif isinstance(error, ConnectionRefusedError):
        what = f"no model server listens at {address.shown}"
    elif reason := getattr(error, "verify_message", "") or getattr(error, "reason", ""):
        # OpenSSL's own words.
        what = f"the model server at {address.shown} cannot be spoken to securely: {str(reason).lower()}"
    elif isinstance(error, TimeoutError):
        what = f"the model server at {address.shown} takes no connection"
    else:
        what = f"cannot reach the model server at {address.shown}: {error.strerror or error}"
    return EngineUnavailableError(what, hint=hint)


def not_a_server(address: Address) -> EngineUnavailableError:
    """Say that something else answers there."""
    return EngineUnavailableError(
        f"what answers at {address.shown} is not an OpenAI-style model server", hint=LOOK_AT_URL
    )


def died(server: str, address: Address, *, is_begun: bool) -> EngineError:
    """Say that a connection ended too early."""
    when = "in the middle of the answer" if is_begun else "before it answered"
    return EngineCrashedError(
        f"{server} at {address.shown} ended {when}", hint="its own log says why; start it and ask again"
    )


def silent(server: str, address: Address, seconds: float) -> EngineUnavailableError:
    """Say that nothing came for too long."""
    return EngineUnavailableError(
        f"{server} at {address.shown} has said nothing for {seconds:.0f} s",
        hint="look whether it still works",
    )


def unknown_model(server: str, wanted: str, models: list[str]) -> ModelNotFoundError:
    """Say that there is no such model, and which there are."""
    if not models:
        return ModelNotFoundError(f"{server} has no model", hint="give it one, or take [model] url away")
    shown = ", ".join(models[:20]) + (f" and {len(models) - 20} more" if len(models) > 20 else "")
    if not wanted:
        return ModelNotFoundError(
            f"{server} has no model that can chat", hint=f"name one under [model] url_model; it has: {shown}"
        )
    return ModelNotFoundError(
        f"{server} has no model {wanted!r}", hint=f"set [model] url_model to one of: {shown}"
    )


def passed_on(server: str, model: str, host: str) -> ConfigError:
    """Say that a server on this machine would send everything on to another one."""
    return ConfigError(
        f"{server} does not compute {model} itself but sends everything to {host}, which is not this machine",
        hint="your questions and passages would leave it; [model] allow_remote = true allows that",
    )


def is_loading(status: int, value: Any) -> bool:
    """Tell whether a server is still loading its model."""
    return status == 503 and "loading" in error_text(value).casefold()


def is_too_long(value: Any) -> bool:
    """Tell whether an error is about a prompt that does not fit."""
    return bool(_TOO_LONG.search(str(value)))


def refused(
    status: int, value: Any, *, server: str, address: Address, model: str, has_key: bool, location: str = ""
) -> EngineError:
    """Make the error that a status and a body stand for.

    Args:
        status: The HTTP status; 200 for an error in the middle of a stream.
        value: The body, as JSON; `None` if it is none.
        server: How the server is called.
        address: Where it stands.
        model: The model that was asked for.
        has_key: Whether an API key was sent.
        location: Where a redirect would lead.
    """
    if 300 <= status < 400:
        where = urlsplit(location)
        to = f" to {where.scheme}://{where.hostname}" if where.hostname else ""
        what = f"{address.shown} sends elsewhere{to}, which kb does not follow"
        return EngineUnavailableError(what, hint=LOOK_AT_URL)
    if status in {401, 403}:
        which = "another API key than [model] api_key" if has_key else "an API key"
        return EngineUnavailableError(
            f"{server} at {address.shown} wants {which}",
            hint="put it under [model] api_key (`kb config edit`)",
        )
    if is_too_long(value):
        return _too_long(error_text(value), model)
    if value is None and status < 500:
        return not_a_server(address)
    return _failed(status, value, server, model)


def _too_long(said: str, model: str) -> PromptTooLongError:
    limit = _LIMIT.search(said)
    hint = (
        f"set [model] context_tokens = {limit[1]}, so that kb sends no more"
        if limit
        else "ask with fewer passages, or set [model] context_tokens to what it holds"
    )
    return PromptTooLongError(f"the prompt does not fit the context of {model}: {said}", hint=hint)


def _failed(status: int, value: Any, server: str, model: str) -> EngineError:
    said = error_text(value)
    because = f": {said}" if said else f" with status {status}"
    if status in {400, 404} and _NO_MODEL.search(str(value)):
        return ModelNotFoundError(
            f"{server} has no model {model!r}{because}", hint="look at [model] url_model"
        )
    if status == 429:
        return EngineUnavailableError(f"{server} has too much to do{because}", hint="ask again soon")
    if status >= 500 or status == 200:
        return EngineError(f"{server} failed{because}", hint="its own log may say why")
    return EngineError(f"{server} refused the request{because}")
