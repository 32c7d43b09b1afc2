"""What each model server does in its own way; pure.

The chat-completions dialect says nothing of contexts, tokens or thinking, so
every server has its own place for them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from assistant.engine.types import ChatOptions
from assistant.messages import Message

Kind = Literal["ollama", "lm_studio", "llama_server", "vllm", "llama_cpp_python", "other"]

NAMES: Mapping[Kind, str] = {
    "ollama": "Ollama",
    "lm_studio": "LM Studio",
    "llama_server": "llama-server",
    "vllm": "vLLM",
    "llama_cpp_python": "llama-cpp-python's server",
    "other": "the model server",
}

UNTOLD_CONTEXTS: Mapping[Kind, int] = {"llama_cpp_python": 2048}
"""What a server holds that does not say so, unless it was told otherwise."""

UNTOLD_CONTEXT = 4096

_NOT_FOR_CHAT = re.compile(r"embed|rerank|whisper|\bbge-|\bclip\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A model server, as far as it has told of itself."""

    kind: Kind
    base: str
    """The path under which it speaks the chat-completions dialect: "/v1"."""

    entries: tuple[Mapping[str, Any], ...]
    """Its models, as it lists them."""

    version: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """The machines that compute those of its models which it only passes on."""

    @property
    def name(self) -> str:
        """Return how people call it."""
        return f"{NAMES[self.kind]} {self.version}".rstrip()

    @property
    def root(self) -> str:
        """The path under which it has what is its own."""
        return re.sub(r"/v\d+$", "", self.base)

    @property
    def models(self) -> list[str]:
        """The names of its models."""
        return [str(entry["id"]) for entry in self.entries]

    @property
    def own_models(self) -> list[str]:
        """The names of the models that it computes by itself."""
        return [model for model in self.models if not self.host_of(model)]

    def host_of(self, model: str) -> str:
        """Return the machine that computes a model in the server's place; empty if none does."""
        is_cloud = self.kind == "ollama" and re.search(r"[:-]cloud$", model)
        return self.hosts.get(model) or ("ollama.com" if is_cloud else "")

    def entry(self, model: str) -> Mapping[str, Any]:
        """Return what it says of a model in its list."""
        return next((entry for entry in self.entries if entry["id"] == model), {})


@dataclass(slots=True, kw_only=True)
class ModelState:
    """What a server says of one model."""

    context_tokens: int = 0
    """0 where it does not say."""

    trained_tokens: int = 0
    is_loaded: bool = True
    host: str = ""
    """The machine that computes it in the server's place; empty if none does."""

    sampling: Mapping[str, float] = field(default_factory=dict)
    """What the model's makers recommend, where the server does not use it by itself."""


def read_entries(value: Any) -> tuple[Mapping[str, Any], ...] | None:
    """Read the list of models; `None` if it is none."""
    found = dig(value, "data")
    if found is None and isinstance(value, dict) and value.get("object") == "list":
        # Ollama without any model.
        return ()
    if not isinstance(found, list):
        return None
    return tuple(entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("id"), str))


def recognise(entries: Sequence[Mapping[str, Any]]) -> Kind | None:
    """Tell a server by its list of models; `None` if that is not enough."""
    for entry in entries:
        if entry.get("owned_by") == "llamacpp":
            return "llama_server"
        if entry.get("owned_by") == "vllm" or "max_model_len" in entry:
            return "vllm"
        if entry.get("owned_by") == "me" and "permissions" in entry:
            return "llama_cpp_python"
    return None


def choose_model(models: Sequence[str], wanted: str) -> str | None:
    """Find the model that is wanted by its name, or the first that can chat; `None` if there is none."""
    if not wanted:
        return next((model for model in models if not _NOT_FOR_CHAT.search(model)), None)
    for candidate in (wanted, f"{wanted}:latest"):
        for model in models:
            if model.casefold() == candidate.casefold():
                return model
    return None


def context_of_entry(entry: Mapping[str, Any]) -> int:
    """Return the context that stands in the list of models; 0 if none does."""
    return as_count(dig(entry, "meta", "n_ctx")) or as_count(entry.get("max_model_len"))


def read_ollama_state(shown: Any, running: Any, model: str) -> ModelState:
    """Read what Ollama says of a model by `/api/show` and `/api/ps`."""
    state = ModelState(is_loaded=False)
    for entry in dig(running, "models") or ():
        if model in {dig(entry, "name"), dig(entry, "model")}:
            state.is_loaded = True
            state.context_tokens = as_count(dig(entry, "context_length"))
    text = dig(shown, "parameters")
    settings = dict(re.findall(r"^(\w+)\s+(\S+)", text, re.MULTILINE)) if isinstance(text, str) else {}
    if not state.context_tokens and settings.get("num_ctx", "").isdigit():
        state.context_tokens = int(settings["num_ctx"])
    # asked in this dialect, Ollama takes 1.0 for both unless told.
    state.sampling = {
        name: float(settings[name])
        for name in ("temperature", "top_p")
        if re.fullmatch(r"\d+(\.\d+)?", settings.get(name, ""))
    }
    state.host = _host(shown)
    facts = dig(shown, "model_info")
    if isinstance(facts, dict):
        state.trained_tokens = max(
            (as_count(value) for key, value in facts.items() if key.endswith(".context_length")), default=0
        )
    if state.host:
        state.is_loaded = True
        state.context_tokens = state.context_tokens or state.trained_tokens
    return state


def read_ollama_hosts(tags: Any) -> dict[str, str]:
    """Read by `/api/tags` which models Ollama only passes on, and to which machines."""
    entries = dig(tags, "models") or ()
    return {str(dig(entry, "name")): host for entry in entries if (host := _host(entry))}


def _host(entry: Any) -> str:
    place, name = dig(entry, "remote_host"), dig(entry, "remote_model")
    if isinstance(place, str) and place:
        return urlsplit(place).hostname or place
    return "ollama.com" if name else ""


def read_lm_studio_state(listed: Any, model: str) -> ModelState:
    """Read what LM Studio says of a model by `/api/v0/models`."""
    for entry in dig(listed, "data") or ():
        if dig(entry, "id") == model:
            return ModelState(
                is_loaded=dig(entry, "state") == "loaded",
                context_tokens=as_count(dig(entry, "loaded_context_length")),
                trained_tokens=as_count(dig(entry, "max_context_length")),
            )
    return ModelState()


def token_request(server: Server, model: str, text: str) -> tuple[str, dict[str, Any]] | None:
    """Return the path and the body that ask for the number of tokens; `None` where nobody can be asked."""
    match server.kind:
        case "llama_server":
            return f"{server.root}/tokenize", {"content": text, "model": model}
        case "vllm":
            return f"{server.root}/tokenize", {"model": model, "prompt": text, "add_special_tokens": False}
        case "llama_cpp_python":
            return f"{server.root}/extras/tokenize/count", {"model": model, "input": text}
    return None


def read_token_count(value: Any) -> int | None:
    """Read the answer to `token_request`; `None` if it is none."""
    tokens = dig(value, "tokens")
    return as_count(dig(value, "count")) or (len(tokens) if isinstance(tokens, list) else None)


def chat_body(kind: Kind, model: str, messages: Sequence[Message], options: ChatOptions) -> dict[str, Any]:
    """Write the part of a request that every server understands."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "max_tokens": options.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if kind == "llama_server":
        body["return_progress"] = True
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.seed is not None:
        body["seed"] = options.seed
    if options.schema is not None:
        named = {"name": "answer", "schema": options.schema, "strict": True}
        body["response_format"] = (
            {"type": "json_object", "schema": options.schema}
            if kind == "llama_cpp_python"
            else {"type": "json_schema", "json_schema": named}
        )
    return body


def thinking_fields(kind: Kind, options: ChatOptions) -> dict[str, Any]:
    """Write the fields that switch thinking on or off and limit it; a model may refuse them."""
    wanted = "off" if options.schema is not None else options.thinking
    fields: dict[str, Any] = {}
    if wanted != "auto":
        is_on = wanted == "on"
        if kind in {"llama_server", "vllm", "other"}:
            # templates do not agree on the name; one that knows neither passes over both.
            fields["chat_template_kwargs"] = {"enable_thinking": is_on, "thinking": is_on}
        elif kind in {"ollama", "lm_studio"}:
            fields["reasoning_effort"] = "medium" if is_on else "none"
    if options.thinking_tokens and wanted != "off":
        if kind == "llama_server":
            fields["thinking_budget_tokens"] = options.thinking_tokens
        elif kind == "vllm":
            fields["thinking_token_budget"] = options.thinking_tokens
    return fields


def untaken_settings(server: Server, options: ChatOptions) -> list[str]:
    """Say which wishes a server has no field for."""
    remarks = []
    if options.thinking != "auto" and options.schema is None and server.kind == "llama_cpp_python":
        remarks.append(f"{server.name} has no setting for thinking; [answer] thinking is not followed")
    if options.thinking_tokens and options.thinking != "off" and server.kind not in {"llama_server", "vllm"}:
        remarks.append(f"{server.name} takes no limit for thinking; [answer] thinking_tokens is not followed")
    return remarks


_WORDS = re.compile(r"[A-Za-z]+|\d|\s+|[^\sA-Za-z\d]")


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a text has at most, for any usual vocabulary."""
    count = 0
    for word in _WORDS.findall(text):
        if word[0].isspace():
            count += word != " "
        elif word.isascii():
            count += 1 + (len(word) - 1) // 5
        else:
            count += 1 + (len(word.encode("utf-8", "replace")) > 3)
    return count


def seems_cut(sent: str, prompt_tokens: int) -> bool:
    """Tell whether a server read so few tokens that it cannot have been the whole text.

    Args:
        sent: All that was sent.
        prompt_tokens: What it says that it read; 0 if it does not say.
    """
    # plain prose has 4 to 6 characters to a token; a margin for vocabularies that are better still.
    fewest = len(re.sub(r"\s+", " ", sent)) / 8
    return 0 < prompt_tokens < fewest


def dig(value: Any, *path: str | int) -> Any:
    """Return what stands at a place in JSON; `None` if nothing does."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def as_count(value: Any) -> int:
    """Return a number from JSON that is a count; 0 for whatever else stands there."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
