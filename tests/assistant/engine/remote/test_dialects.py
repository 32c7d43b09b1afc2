"""Which server answers, which of its models, and how much that can read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.remote import RemoteClient, describe_server
from assistant.engine.remote.dialects import choose_model, estimate_tokens, seems_cut
from indexer.errors import ConfigError
from tests.assistant.engine.remote.known import MODELS, QUICK, be, be_lm_studio, be_ollama, client_of
from tests.assistant.engine.remote.servers import OtherServer, as_json


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


def test_a_model_that_ollama_passes_on_is_refused(server: OtherServer) -> None:
    """Ollama listens on this machine, and yet sends what it is asked of such a model to another one."""
    be_ollama(server)
    cloud = {"name": "gpt-oss:120b", "remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com:443"}
    entries = [{"id": name, "owned_by": "library"} for name in ("gpt-oss:120b", "glm-5:cloud", "qwen3:8b")]
    server.on("/v1/models", as_json({"object": "list", "data": entries}))
    server.on("/api/tags", as_json({"models": [cloud, {"name": "qwen3:8b"}]}))
    assert client_of(server).wait_ready()["model"] == "qwen3:8b"
    for model in ("gpt-oss:120b", "glm-5:cloud"):
        with pytest.raises(ConfigError, match=r"sends everything to ollama\.com") as caught:
            client_of(server, url_model=model).wait_ready()
        assert "allow_remote" in caught.value.hint


def test_a_model_that_ollama_passes_on_is_refused_by_its_own_words(server: OtherServer) -> None:
    """What `/api/show` says holds where the list does not say it."""
    be_ollama(server)
    server.on("/api/show", as_json({"remote_host": "https://ollama.com:443", "remote_model": "qwen3:8b"}))
    with pytest.raises(ConfigError, match=r"sends everything to ollama\.com"):
        client_of(server).wait_ready()
    assert server.bodies("/api/generate") == []


def test_answers_of_another_machine_are_marked(server: OtherServer) -> None:
    """Where it is allowed, each answer says so."""
    be_ollama(server)
    shown = {"remote_host": "https://ollama.com:443", "model_info": {"gptoss.context_length": 131072}}
    server.on("/api/show", as_json(shown))
    client = client_of(server, allow_remote=True)
    status = client.wait_ready()
    assert status["notices"] == ("REMOTE MODEL: question and passages go to ollama.com",)
    assert client.describe().startswith("REMOTE MODEL: Ollama 0.12.3 at ")


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
