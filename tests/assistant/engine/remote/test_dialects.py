"""Ollama, LM Studio, llama-server and vLLM, as their streams and lists really look."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.remote import RemoteClient, describe_server
from assistant.engine.remote.dialects import choose_model, estimate_tokens, seems_cut
from assistant.engine.remote.exchange import Patience
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.types import Message
from tests.assistant.engine.remote.servers import OtherServer, as_json, as_stream, chunk

QUICK = Patience(asking_s=5, loading_s=5, silence_s=5, look_s=0.01)
OPTIONS = ChatOptions(max_tokens=64)
QUESTION = [Message("system", "Be brief."), Message("user", "Why?")]
SCHEMA = {"type": "object"}

MODELS: dict[str, Any] = {
    "ollama": {"object": "list", "data": [{"id": "qwen3:8b", "object": "model", "owned_by": "library"}]},
    "lm_studio": {
        "object": "list",
        "data": [
            {"id": "nomic-v1.5", "object": "model", "owned_by": "organization_owner"},
            {"id": "qwen/qwen3-8b", "object": "model", "owned_by": "organization_owner"},
        ],
    },
    "llama_server": {
        "object": "list",
        "data": [
            {
                "id": "qwen3-8b.gguf",
                "object": "model",
                "owned_by": "llamacpp",
                "meta": {"vocab_type": 2, "n_vocab": 151936, "n_ctx": 8192, "n_ctx_train": 40960},
            }
        ],
    },
    "vllm": {
        "object": "list",
        "data": [
            {
                "id": "Qwen/Qwen3-8B",
                "object": "model",
                "owned_by": "vllm",
                "max_model_len": 16384,
                "root": "/m",
            }
        ],
    },
}


def be_ollama(server: OtherServer, *, loaded: bool = True, context: int = 4096) -> None:
    """Make a server answer as Ollama does."""
    running = {"models": [{"name": "qwen3:8b", "model": "qwen3:8b", "context_length": context}]}
    server.on("/v1/models", as_json(MODELS["ollama"]))
    server.on("/api/version", as_json({"version": "0.12.3"}))
    server.on("/api/ps", *([] if loaded else [as_json({"models": []})]), as_json(running))
    server.on(
        "/api/show",
        as_json(
            {
                "parameters": 'stop          "<|im_end|>"\ntemperature   0.6\ntop_p         0.95',
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
            }
        ),
    )
    server.on("/api/generate", as_json({"model": "qwen3:8b", "done": True, "done_reason": "load"}))


def be_lm_studio(server: OtherServer, *, loaded: bool = True) -> None:
    """Make a server answer as LM Studio does, which answers 200 to whatever path it does not know."""
    server.on("/v1/models", as_json(MODELS["lm_studio"]))
    server.on("/api/version", as_json({"error": "Unexpected endpoint or method. (GET /api/version)"}))

    def listed(state: str, **more: int) -> Any:
        embedder = {"id": "nomic-v1.5", "type": "embeddings", "state": "loaded", "max_context_length": 2048}
        chatting = {"id": "qwen/qwen3-8b", "type": "llm", "state": state, "max_context_length": 32768, **more}
        return as_json({"object": "list", "data": [embedder, chatting]})

    after = listed("loaded", loaded_context_length=6144)
    # who answers is asked first, then what it holds.
    server.on("/api/v0/models", *([after] if loaded else [listed("not-loaded"), listed("not-loaded"), after]))


def be(kind: str, server: OtherServer) -> None:
    """Make a server answer as one of the known ones does."""
    if kind == "ollama":
        be_ollama(server)
    elif kind == "lm_studio":
        be_lm_studio(server)
    else:
        server.on("/v1/models", as_json(MODELS[kind]))


def client_of(server: OtherServer, **more: Any) -> RemoteClient:
    """Make a client that does not wait long."""
    return RemoteClient(server.settings(**more), patience=QUICK)


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


@pytest.mark.parametrize(
    ("kind", "model", "context"),
    [
        ("ollama", "qwen3:8b", 4096),
        ("lm_studio", "qwen/qwen3-8b", 6144),
        ("llama_server", "qwen3-8b.gguf", 8192),
        ("vllm", "Qwen/Qwen3-8B", 16384),
    ],
)
def test_each_server_tells_its_context(server: OtherServer, kind: str, model: str, context: int) -> None:
    """Every one has its own place for it, and embedders are not taken for the first model."""
    be(kind, server)
    status = client_of(server).wait_ready()
    assert (status["model"], status["context_tokens"], status["notices"]) == (model, context, ())


def test_llama_server_tells_its_context_in_its_properties(server: OtherServer) -> None:
    """Releases whose list does not hold it have it elsewhere."""
    server.on("/v1/models", as_json({"data": [{"id": "m", "owned_by": "llamacpp", "meta": None}]}))
    server.on("/props", as_json({"default_generation_settings": {"n_ctx": 12288}, "chat_template": ""}))
    assert client_of(server).wait_ready()["context_tokens"] == 12288


def test_a_configured_context_is_an_upper_limit(server: OtherServer) -> None:
    """What the server gives is never exceeded, and may be left unused."""
    be_ollama(server)
    assert client_of(server, context_tokens=2000).wait_ready()["context_tokens"] == 2000
    assert client_of(server, context_tokens=9999).wait_ready()["context_tokens"] == 4096


def test_ollama_loads_a_model_before_it_is_asked(server: OtherServer) -> None:
    """Only a loaded model has a context, and the person is told what is waited for."""
    be_ollama(server, loaded=False)
    said: list[str] = []
    client = RemoteClient(server.settings(), say=said.append, patience=QUICK)
    assert client.wait_ready()["context_tokens"] == 4096
    assert server.bodies("/api/generate") == [{"model": "qwen3:8b", "stream": False}]
    assert said == ["waiting until Ollama 0.12.3 has loaded qwen3:8b…"]


def test_lm_studio_loads_a_model_before_it_is_asked(server: OtherServer) -> None:
    """The shortest request makes it load, after which it tells the context."""
    be_lm_studio(server, loaded=False)
    server.on("/v1/chat/completions", as_json({"choices": [{"message": {"content": "."}}]}))
    assert client_of(server).wait_ready()["context_tokens"] == 6144
    assert server.bodies("/v1/chat/completions")[0]["max_tokens"] == 1


def test_llama_server_is_waited_for_while_it_loads(server: OtherServer) -> None:
    """It answers 503 to everything until its model is there."""
    loading = as_json({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, 503)
    server.on("/v1/models", loading, loading, as_json(MODELS["llama_server"]))
    assert client_of(server).wait_ready()["context_tokens"] == 8192


def test_the_path_may_stand_with_or_without_its_version(server: OtherServer) -> None:
    """Both ways of writing a URL lead to the same place, and so does one behind another path."""
    be_ollama(server)
    for end in ("", "/", "/v1", "/v1/"):
        assert client_of(server, url=server.url + end).wait_ready()["model"] == "qwen3:8b"
    server.on("/llm/v1/models", as_json(MODELS["vllm"]))
    assert client_of(server, url=f"{server.url}/llm").wait_ready()["model"] == "Qwen/Qwen3-8B"


STREAMS: dict[str, list[Any]] = {
    "ollama": [
        chunk(role="assistant", content="", reasoning="It is"),
        chunk(role="assistant", content="", reasoning=" clear."),
        chunk(role="assistant", content="Be"),
        chunk(role="assistant", content="cause."),
        chunk("stop", role="assistant", content=""),
    ],
    "llama_server": [
        chunk(role="assistant", content=None),
        chunk(reasoning_content="It is clear."),
        chunk(content="Because."),
        chunk("stop"),
    ],
    "vllm": [
        chunk(role="assistant", content="", reasoning_content=None),
        b": ping\n\n",
        chunk(reasoning="It is clear."),
        chunk(content="Because."),
        chunk("stop", content=""),
    ],
    "lm_studio": [
        chunk(role="assistant", reasoning_content="It is clear."),
        chunk(role="assistant", content="Because."),
        chunk("stop"),
    ],
}
USAGE = {"prompt_tokens": 20, "completion_tokens": 6, "prompt_tokens_details": {"cached_tokens": 8}}


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


@pytest.mark.parametrize(
    ("kind", "path", "body", "reply"),
    [
        ("llama_server", "/tokenize", {"content": "a b"}, {"tokens": [1, 2, 3]}),
        (
            "vllm",
            "/tokenize",
            {"prompt": "a b", "add_special_tokens": False},
            {"count": 3, "max_model_len": 9},
        ),
    ],
)
def test_tokens_are_counted_where_a_server_counts(
    server: OtherServer, kind: str, path: str, body: dict[str, Any], reply: dict[str, Any]
) -> None:
    """Each has its own request for it."""
    be(kind, server)
    server.on(path, as_json(reply))
    assert client_of(server).count_tokens("a b") == 3
    assert body.items() <= server.bodies(path)[0].items()


def test_tokens_are_estimated_where_nobody_counts(server: OtherServer) -> None:
    """A server that has no tokenizer, or an older one without it, is asked once at most."""
    server.on("/v1/models", as_json(MODELS["vllm"]))
    client = client_of(server)
    assert (
        client.count_tokens("two words") == estimate_tokens("two words") == client.count_tokens("two words")
    )
    assert len(server.bodies("/tokenize")) == 1


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


def test_a_server_is_described_without_loading_anything(server: OtherServer) -> None:
    """`kb doctor` must not make a server load gigabytes."""
    be_ollama(server, loaded=False)
    assert describe_server(server.settings()) == f"Ollama 0.12.3 at {server.url}, model qwen3:8b"
    assert server.bodies("/api/generate") == []


def test_names_of_models_are_taken_generously() -> None:
    """A tag that is not written is the latest one, and the case does not matter."""
    models = ["nomic-embed-text:latest", "Qwen3:latest", "llama3:8b"]
    assert choose_model(models, "qwen3") == "Qwen3:latest"
    assert choose_model(models, "LLAMA3:8b") == "llama3:8b"
    assert choose_model(models, "llama3") is None
    assert choose_model(models, "") == "Qwen3:latest"


@given(st.text())
def test_an_estimate_is_never_taken_for_a_cut_prompt(text: str) -> None:
    """Whoever read as much as was estimated has not cut anything."""
    assert not seems_cut(text, estimate_tokens(text))


@given(st.text(), st.text())
def test_an_estimate_grows_with_the_text(one: str, other: str) -> None:
    """Two texts together take at most a token less than apart, where a word is put together."""
    assert estimate_tokens(one + other) >= max(estimate_tokens(one), estimate_tokens(other)) - 1
