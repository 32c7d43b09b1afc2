"""Ollama, LM Studio, llama-server and vLLM, as their lists and streams really look."""

from typing import Any

from assistant.engine.remote import RemoteClient
from assistant.engine.remote.exchange import Patience
from assistant.engine.types import ChatOptions
from assistant.types import Message
from tests.assistant.engine.remote.servers import OtherServer, as_json, chunk

QUICK = Patience(asking_s=5, loading_s=5, silence_s=5, look_s=0.01)
OPTIONS = ChatOptions(max_tokens=64)
QUESTION = [Message("system", "Be brief."), Message("user", "Why?")]

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
