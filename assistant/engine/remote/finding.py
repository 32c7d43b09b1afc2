"""Finding out which server answers, which of its models to ask, and how much that can read."""

from typing import Any
from urllib.parse import quote

from assistant.engine.remote import failures
from assistant.engine.remote.dialects import (
    ModelState,
    Server,
    as_count,
    choose_model,
    context_of_entry,
    dig,
    read_entries,
    read_lm_studio_state,
    read_ollama_hosts,
    read_ollama_state,
    recognise,
)
from assistant.engine.remote.exchange import Exchange


def find_server(exchange: Exchange, wanted: str, *, allow_remote: bool) -> Server:
    """Find out who answers, and choose the model; the exchange knows both from then on.

    Args:
        exchange: Asks the server.
        wanted: The model's name; empty for the first one that can chat.
        allow_remote: Whether another machine may compute it in the server's place.

    Raises:
        ConfigError: If another machine does, and may not.
        ModelNotFoundError: If the server does not have the model.
        EngineError: If it cannot be reached, or is no model server.
    """
    server = _recognise(exchange, *_list_models(exchange))
    exchange.server = server.name
    # what leaves this machine is never the choice of a default.
    model = choose_model(server.models if wanted else server.own_models, wanted)
    if model is None:
        raise failures.unknown_model(server.name, wanted, server.models)
    if (host := server.host_of(model)) and not allow_remote:
        raise failures.passed_on(server.name, model, host)
    exchange.model = model
    return server


def _list_models(exchange: Exchange) -> tuple[str, tuple[Any, ...]]:
    """Find the path of the dialect, with or without "/v1", and the models there."""
    path = exchange.address.path
    last = path.rpartition("/")[2]
    is_whole = last[:1] == "v" and last[1:].isdigit()
    for base in [path] if is_whole else [f"{path}/v1", path]:
        status, value = exchange.call_loaded(f"{base}/models")
        entries = read_entries(value) if status == 200 else None
        if entries is not None:
            return base, entries
        if status not in {200, 404, 405}:
            raise exchange.refused(status, value)
    raise failures.not_a_server(exchange.address)


def _recognise(exchange: Exchange, base: str, entries: tuple[Any, ...]) -> Server:
    if kind := recognise(entries):
        return Server(kind=kind, base=base, entries=entries)
    server = Server(kind="other", base=base, entries=entries)
    status, value = exchange.call("GET", f"{server.root}/api/version")
    if status == 200 and isinstance(version := dig(value, "version"), str):
        _, tags = exchange.call("GET", f"{server.root}/api/tags")
        hosts = read_ollama_hosts(tags)
        return Server(kind="ollama", base=base, entries=entries, version=version[:20], hosts=hosts)
    status, value = exchange.call("GET", f"{server.root}/api/v0/models")
    if status == 200 and isinstance(found := dig(value, "data"), list):
        unfit = {dig(entry, "id") for entry in found if dig(entry, "type") == "embeddings"}
        chatting = tuple(entry for entry in entries if entry["id"] not in unfit)
        return Server(kind="lm_studio", base=base, entries=chatting)
    return server


def find_state(exchange: Exchange, server: Server, *, allow_remote: bool) -> ModelState:
    """Find out what the server gives the model; has it loaded where it tells only then.

    Raises:
        ConfigError: If another machine computes it in the server's place, and may not.
        EngineError: If the server goes away, or the model does not load.
    """
    model = exchange.model
    if context := context_of_entry(server.entry(model)):
        return ModelState(context_tokens=context)
    if server.kind == "llama_server":
        _, value = exchange.call_loaded(f"{server.root}/props?model={quote(model, safe='')}")
        return ModelState(context_tokens=as_count(dig(value, "default_generation_settings", "n_ctx")))
    if server.kind not in {"ollama", "lm_studio"}:
        return ModelState()
    state = _read_state(exchange, server)
    if state.host and not allow_remote:
        raise failures.passed_on(server.name, model, state.host)
    if not state.is_loaded:
        exchange.say(f"waiting until {server.name} has loaded {model}…")
        _load(exchange, server)
        state = _read_state(exchange, server)
    return state


def _load(exchange: Exchange, server: Server) -> None:
    """Have a model loaded: by a request without a prompt, or the shortest there is."""
    body: dict[str, Any] = {"model": exchange.model, "stream": False}
    path = f"{server.root}/api/generate"
    if server.kind == "lm_studio":
        path = f"{server.base}/chat/completions"
        body |= {"messages": [{"role": "user", "content": "."}], "max_tokens": 1}
    status, value = exchange.call("POST", path, body, limit_s=exchange.patience.loading_s)
    if status != 200:
        raise exchange.refused(status, value)


def _read_state(exchange: Exchange, server: Server) -> ModelState:
    if server.kind == "lm_studio":
        return read_lm_studio_state(exchange.call("GET", f"{server.root}/api/v0/models")[1], exchange.model)
    _, shown = exchange.call("POST", f"{server.root}/api/show", {"model": exchange.model})
    _, running = exchange.call("GET", f"{server.root}/api/ps")
    return read_ollama_state(shown, running, exchange.model)
