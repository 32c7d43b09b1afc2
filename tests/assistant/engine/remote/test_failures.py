"""What goes wrong with a model server, each as one clear sentence."""

import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.config import ModelSettings
from assistant.engine.remote import Patience, RemoteClient
from assistant.engine.remote.address import find_targets, is_loopback, read_address
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.errors import (
    EngineCrashedError,
    EngineUnavailableError,
    ModelNotFoundError,
    PromptTooLongError,
)
from indexer.errors import ConfigError, EngineError, KbError
from tests.assistant.engine.remote.known import MODELS, OPTIONS, QUESTION, STREAMS, be, client_of
from tests.assistant.engine.remote.servers import OtherServer, Reply, as_json, as_stream, chunk, other_server


def failure_of(client: RemoteClient) -> KbError:
    """Ask, and return what went wrong."""
    with pytest.raises(KbError) as caught:
        list(client.chat(QUESTION, OPTIONS))
    return caught.value


def fall_silent(server: OtherServer) -> threading.Event:
    """Let a server say one word and then nothing until the event is set."""
    be("vllm", server)
    is_over = threading.Event()

    def pieces() -> Any:
        yield b'data: {"choices": [{"delta": {"content": "Be"}}]}\n\n'
        is_over.wait()

    server.on("/v1/chat/completions", Reply(pieces(), 200, {"content-type": "text/event-stream"}))
    return is_over


def test_nobody_listening_is_told() -> None:
    """The sentence names the place, the hint how to start the commonest server."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure_of(RemoteClient(ModelSettings(url=f"http://127.0.0.1:{port}")))
    assert error.message == f"no model server listens at http://127.0.0.1:{port}"


def test_a_socket_that_is_missing_is_told(tmp_path: Path) -> None:
    """The path is named."""
    error = failure_of(RemoteClient(ModelSettings(url=f"unix:{tmp_path}/no.sock")))
    assert error.message == f"there is no socket {tmp_path}/no.sock"


@pytest.mark.parametrize(
    ("reply", "kind", "message"),
    [
        (
            as_json({"error": {"message": "Invalid API Key", "type": "authentication_error"}}, 401),
            EngineUnavailableError,
            "vLLM at {url} wants an API key",
        ),
        (
            as_json({"error": {"message": "The model `x` does not exist.", "type": "NotFoundError"}}, 404),
            ModelNotFoundError,
            "vLLM has no model 'Qwen/Qwen3-8B': The model `x` does not exist.",
        ),
        (
            as_json(
                {
                    "error": {
                        "code": 400,
                        "message": "request (9000 tokens) exceeds the available context size (8192 tokens)",
                        "type": "exceed_context_size_error",
                    }
                },
                400,
            ),
            PromptTooLongError,
            "the prompt does not fit the context of Qwen/Qwen3-8B: request (9000 tokens) exceeds the"
            " available context size (8192 tokens)",
        ),
        (as_json({"error": "CUDA out of memory"}, 500), EngineError, "vLLM failed: CUDA out of memory"),
        (Reply(b"Bad gateway", 502), EngineError, "vLLM failed with status 502"),
        (as_json({"detail": [{"msg": "bad seed"}]}, 422), EngineError, "vLLM refused the request: bad seed"),
        (
            as_json({"error": {"message": "slow down"}}, 429),
            EngineError,
            "vLLM has too much to do: slow down",
        ),
        (
            Reply(b"<html>hello</html>", 200, {"content-type": "text/html"}),
            EngineUnavailableError,
            "what answers at {url} is not an OpenAI-style model server",
        ),
        (
            as_stream(chunk(content="Be"), b"data: {nonsense\n\n"),
            EngineError,
            "vLLM sent something that is not JSON in the middle of the answer",
        ),
        (
            as_stream(chunk(content="Be"), b"data: [1]\n\n"),
            EngineError,
            "vLLM sent something that is not JSON in the middle of the answer",
        ),
        (
            as_stream(chunk(content="Be"), b"data: " + b"x" * (1 << 20)),
            EngineError,
            "vLLM sent an event of more than 1 MB",
        ),
        (
            as_stream(chunk(content="Be"), ends=False),
            EngineCrashedError,
            "vLLM at {url} ended in the middle of the answer",
        ),
        (
            as_stream(chunk(content="Be"), {"error": {"message": "the GPU is gone"}}),
            EngineError,
            "vLLM failed: the GPU is gone",
        ),
        (
            as_stream(b'event: error\ndata: {"message": "Model unloaded."}\n\n'),
            EngineError,
            "vLLM failed: Model unloaded.",
        ),
        (as_json({"error": {"message": "Engine died"}}), EngineError, "vLLM failed: Engine died"),
    ],
)
def test_each_failure_is_one_sentence(
    server: OtherServer, reply: Reply, kind: type[EngineError], message: str
) -> None:
    """Whatever a server does in place of an answer has a name."""
    be("vllm", server)
    server.on("/v1/chat/completions", reply)
    error = failure_of(client_of(server))
    assert isinstance(error, kind)
    assert error.message == message.replace("{url}", server.url)


def test_a_wrong_key_is_told_apart_from_none(server: OtherServer) -> None:
    """The key goes as a bearer token, and never stands in a message."""
    server.on("/v1/models", as_json({"error": {"message": "no"}}, 401))
    error = failure_of(client_of(server, api_key="sesame"))
    assert "another API key than [model] api_key" in error.message
    assert "sesame" not in error.message + error.hint
    assert server.headers[0]["authorization"] == "Bearer sesame"


@pytest.mark.parametrize("key", ["two words", "ke\ny", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused(key: str) -> None:
    """Without showing it."""
    with pytest.raises(ConfigError) as caught:
        RemoteClient(ModelSettings(url="http://127.0.0.1", api_key=key))
    assert key not in caught.value.message


def test_a_web_page_is_no_model_server(server: OtherServer) -> None:
    """Whatever else listens on the port is told apart."""
    server.on("/v1/models", Reply(b"<html>", 200, {"content-type": "text/html"}))
    assert failure_of(client_of(server)).message.endswith("is not an OpenAI-style model server")


def test_something_that_does_not_speak_http_is_no_model_server() -> None:
    """An SSH server, say, answers at once and in its own way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            wire, _ = listener.accept()
            with wire:
                wire.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                wire.recv(4096)

        thread = threading.Thread(target=speak)
        thread.start()
        client = RemoteClient(ModelSettings(url=f"http://127.0.0.1:{listener.getsockname()[1]}"))
        assert failure_of(client).message.endswith("is not an OpenAI-style model server")
        thread.join()


def test_no_redirect_is_followed(server: OtherServer) -> None:
    """A server could send questions to another machine that way."""
    with other_server() as elsewhere:
        elsewhere.on("/v1/models", as_json(MODELS["vllm"]))
        target = f"{elsewhere.url}/v1/models"
        server.on("/v1/models", Reply(b"", 307, {"location": target}))
        assert failure_of(client_of(server)).message.endswith("to http://127.0.0.1, which kb does not follow")
        assert elsewhere.asked == []


def test_the_time_of_an_answer_is_limited(server: OtherServer) -> None:
    """Also while the server says nothing; what came until then is the answer."""
    is_over = fall_silent(server)
    text, finished = client_of(server).chat(QUESTION, ChatOptions(max_tokens=9, time_limit_s=0.3))
    is_over.set()
    assert text == Delta("text", "Be")
    assert isinstance(finished, Finished)
    assert finished.reason == "time"


def test_a_server_that_falls_silent_is_told(server: OtherServer) -> None:
    """It is waited for, but not for ever."""
    is_over = fall_silent(server)
    client = RemoteClient(server.settings(), patience=Patience(silence_s=0.2))
    error = failure_of(client)
    is_over.set()
    assert error.message == f"vLLM at {server.url} has said nothing for 0 s"


def test_a_server_without_encryption_is_told(server: OtherServer) -> None:
    """Its URL says https, and it speaks http."""
    url = server.url.replace("http:", "https:")
    assert failure_of(RemoteClient(ModelSettings(url=url))).message.startswith(
        f"the model server at {url} cannot be spoken to securely: "
    )


def test_closing_an_answer_closes_its_connection(server: OtherServer) -> None:
    """The server sees the client gone while it writes, which is when it stops."""
    be("vllm", server)

    def pieces() -> Any:
        while True:
            yield b'data: {"choices": [{"delta": {"content": "again "}}]}\n\n'

    server.on("/v1/chat/completions", Reply(pieces(), 200, {"content-type": "text/event-stream"}))
    with closing(client_of(server).chat(QUESTION, OPTIONS)) as answer:
        assert next(answer) == Delta("text", "again ")
    assert server.left.wait(20)


def test_an_answer_is_broken_off_from_another_thread(server: OtherServer) -> None:
    """Whoever waits in a read is woken at once."""
    is_over = fall_silent(server)
    client = client_of(server)
    answer = client.chat(QUESTION, OPTIONS)
    next(answer)
    threading.Timer(0.1, client.interrupt).start()
    with pytest.raises(EngineCrashedError):
        list(answer)
    is_over.set()


def test_a_stream_without_a_word_is_no_answer(server: OtherServer) -> None:
    """LM Studio says why only to those who want no stream."""
    be("lm_studio", server)
    why = as_json({"error": "Trying to keep the first 9000 tokens when context overflows."}, 400)
    server.on("/v1/chat/completions", as_stream(chunk("stop")), why)
    assert isinstance(failure_of(client_of(server)), PromptTooLongError)
    server.on("/v1/chat/completions", as_stream(chunk("stop")), as_json({"choices": [{"message": {}}]}))
    assert failure_of(client_of(server)).message == "LM Studio answered with nothing"


def test_an_answer_that_is_no_stream_is_read_all_the_same(server: OtherServer) -> None:
    """Some servers do not stream."""
    be("vllm", server)
    message = {"role": "assistant", "content": "Because."}
    server.on("/v1/chat/completions", as_json({"choices": [{"message": message, "finish_reason": "stop"}]}))
    assert Delta("text", "Because.") in list(client_of(server).chat(QUESTION, OPTIONS))


def test_servers_without_models_say_so(server: OtherServer) -> None:
    """An empty list, and one of embedders alone."""
    server.on("/v1/models", as_json({"object": "list", "data": None}))
    assert failure_of(client_of(server)).message == "the model server has no model"
    server.on("/v1/models", as_json({"object": "list", "data": [{"id": "nomic-embed-text"}]}))
    assert failure_of(client_of(server)).message == "the model server has no model that can chat"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ollama", "is not the URL of a server"),
        ("ftp://127.0.0.1", "is not the URL of a server"),
        ("http://127.0.0.1:99999", "is not a URL"),
        ("http://me:secret@127.0.0.1", "holds a password"),
        ("http://127.0.0.1/v1?key=1", "has something behind its path"),
        ("http://127.0.0.1/a b", "is not the URL of a server"),
        ("unix:", "names no socket"),
        ("unix:run/llama.sock", "names no socket"),
    ],
)
def test_urls_that_lead_nowhere_are_refused(url: str, what: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigError) as caught:
        read_address(url)
    assert what in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("192.168.1.4", False),
        ("fe80::1%eth0", False),
    ],
)
def test_loopback_is_this_machine_alone(address: str, *, is_ours: bool) -> None:
    """Also in the spellings of IPv6."""
    assert is_loopback(address) is is_ours


@pytest.mark.parametrize("url", ["http://192.0.2.7:8080/v1", "http://[2001:db8::1]:80", "https://0.0.0.0"])
def test_another_machine_is_refused(url: str) -> None:
    """By one sentence that names it, before anything is sent."""
    with pytest.raises(ConfigError, match="is not this machine") as caught:
        RemoteClient(ModelSettings(url=url))
    assert "allow_remote = true" in caught.value.hint


def test_another_machine_is_marked_where_it_is_allowed() -> None:
    """Each of its answers carries the notice; loopback carries none even then."""
    client = RemoteClient(ModelSettings(url="http://192.0.2.7:8080/v1", allow_remote=True))
    assert client.remote_host == "192.0.2.7"
    assert not RemoteClient(ModelSettings(url="http://127.0.0.1:1", allow_remote=True)).remote_host


def test_a_name_is_good_if_every_address_of_it_is_ours() -> None:
    """`localhost` has two of them on many machines."""
    targets = find_targets(read_address("http://localhost:80"), allow_remote=False)
    assert targets
    assert not any(target.is_remote for target in targets)


def test_proxies_of_the_environment_have_no_say(server: OtherServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question goes where the settings say."""
    be("vllm", server)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        assert client_of(server).wait_ready()["context_tokens"] == 16384


def test_a_unix_socket_is_spoken_to_like_a_port() -> None:
    """The path stands in place of host and port."""
    path = Path(f"/tmp/kb-scripted-{threading.get_native_id()}.sock")
    try:
        with other_server(path) as server:
            be("llama_server", server)
            server.on("/v1/chat/completions", as_stream(*STREAMS["llama_server"]))
            assert Delta("text", "Because.") in list(client_of(server).chat(QUESTION, OPTIONS))
            assert server.headers[0]["host"] == "localhost"
    finally:
        path.unlink(missing_ok=True)
