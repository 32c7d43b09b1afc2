"""`kb engine serve` with the real daemon and the real engine behind it."""

import contextlib
import http.client
import json
import os
import pty
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.engine.client import EngineClient
from indexer.paths import Places
from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import environment, kb, start_kb
from tests.waiting import wait_until

QUESTION = {"messages": [{"role": "user", "content": "How much is the rent of the cabin?"}]}


@dataclass(frozen=True, slots=True)
class Serving:
    """A running `kb engine serve`."""

    process: subprocess.Popen[bytes]
    port: int
    token: str

    def post(self, body: dict[str, Any]) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Ask, and return the response as soon as it begins."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=100)
        headers = {"authorization": f"Bearer {self.token}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        return connection, connection.getresponse()


@contextlib.contextmanager
def serving(home: Home, model: Path | None) -> Iterator[Serving]:
    """Serve on a free port with a model, or none."""
    config = home.path / "config.toml"
    config.write_text(f'[model]\npath = "{model or ""}"\n', encoding="utf-8")
    process = start_kb(home.path, "engine", "serve", "--port", "0", "--json")
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        port = int(said["url"].rpartition(":")[2].removesuffix("/v1"))
        yield Serving(process, port, Path(said["token_file"]).read_text(encoding="ascii").strip())
    finally:
        process.kill()
        process.communicate()
        config.unlink()


def test_other_programs_get_cited_answers(home: Home) -> None:
    """From the real index, by the real model, with the line that says so."""
    with serving(home, home.answering) as served:
        connection, response = served.post(QUESTION)
        value = json.loads(response.read())
        connection.close()
    assert value["choices"][0]["message"]["content"].startswith("The rent is 4,200 kr a month [1].")
    assert value["citations"][0]["path"] == f"{home.vault}/cabin.md"
    assert value["citations"][0]["locator"]["line_start"] == 7
    assert value["answered_by"] == "answering.gguf"


def test_without_a_model_the_files_answer(home: Home) -> None:
    """In their own words, as from `kb ask`."""
    with serving(home, None) as served:
        connection, response = served.post(QUESTION)
        value = json.loads(response.read())
        connection.close()
    assert "4,200 kr" in value["choices"][0]["message"]["content"]


def test_a_client_that_leaves_frees_the_engine(home: Home) -> None:
    """Before a word was read of an answer that would never end."""
    with serving(home, home.endless) as served:
        connection, response = served.post({**QUESTION, "stream": True, "max_tokens": 30_000})
        while b'"content": "and' not in response.readline():
            pass
        assert engine_status(home)["busy"]
        response.close()
        connection.close()
        wait_until_idle(home)


def test_clients_wait_in_the_engines_queue(home: Home) -> None:
    """The one that waits is answered when the first one leaves, and may leave itself."""
    with serving(home, home.endless) as served:
        first = served.post({**QUESTION, "stream": True, "max_tokens": 30_000})
        while b'"content": "and' not in first[1].readline():
            pass
        second = served.post({**QUESTION, "stream": True, "max_tokens": 16})
        third = served.post({**QUESTION, "stream": True, "max_tokens": 16})
        wait_until(lambda: engine_status(home)["queued"] == 2, what="both wait")
        close(third)
        wait_until(lambda: engine_status(home)["queued"] == 1, what="one has left")
        close(first)
        assert second[1].read().endswith(b"data: [DONE]\n\n")
        close(second)


def test_ctrl_c_ends_it_in_the_middle_of_an_answer(home: Home) -> None:
    """At once, with its exit code, and the engine is free afterwards."""
    with serving(home, home.endless) as served:
        answer = served.post({**QUESTION, "stream": True, "max_tokens": 30_000})
        while b'"content": "and' not in answer[1].readline():
            pass
        served.process.send_signal(signal.SIGINT)
        _, err = served.process.communicate()
        assert served.process.returncode == 130
        assert err.decode().endswith("kb: no longer serving\n")
        close(answer)
        wait_until_idle(home)


def test_nothing_that_is_asked_reaches_the_log(home: Home) -> None:
    """Nor does the token, nor what is answered."""
    with serving(home, home.answering) as served:
        connection, response = served.post(
            {"messages": [{"role": "user", "content": "Where is the zanzibar teapot?"}]}
        )
        response.read()
        connection.close()
        log = (home.path / "log" / "serve.log").read_text(encoding="utf-8")
    assert "request.answered" in log
    assert "zanzibar" not in log
    assert "4,200" not in log
    assert served.token not in log


def test_a_port_that_is_taken_is_an_error(home: Home) -> None:
    """Named, with what to do."""
    with serving(home, None) as served:
        run = kb(home.path, "engine", "serve", "--port", str(served.port))
    assert run.code == 2
    assert run.err.startswith(f"kb: error: cannot listen on port {served.port}: address already in use\n")


def test_the_token_is_shown_on_a_terminal_alone(home: Home) -> None:
    """Elsewhere it could end up in a log; there its file is named."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "engine", "serve", "--port", "0"],
        stdin=child,
        stdout=child,
        stderr=child,
        env=environment(home.path, {"TERM": "xterm"}),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - takes no lock
    )
    os.close(child)
    shown = b""
    file = home.path / "serve.token"
    while b"token: " not in shown or not shown.endswith(b"\n"):
        shown += os.read(parent, 4096)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):
        while os.read(parent, 4096):
            pass
    os.close(parent)
    assert process.wait() == 130
    assert f"token: {file.read_text(encoding='ascii').strip()}" in shown.decode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    elsewhere = start_kb(home.path, "engine", "serve", "--port", "0")
    assert elsewhere.stdout is not None
    lines = [elsewhere.stdout.readline().decode() for _ in range(2)]
    elsewhere.kill()
    elsewhere.communicate()
    assert lines[1] == f"its token is in {file}\n"


def engine_status(home: Home) -> dict[str, Any]:
    """Return what the engine says of itself."""
    return EngineClient(Places.discover({"KB_HOME": str(home.path)})).status()


def wait_until_idle(home: Home) -> None:
    """Wait until the engine writes nothing any more."""
    wait_until(lambda: not engine_status(home)["busy"], what="the engine no longer writes for nobody")


def close(asked: tuple[http.client.HTTPConnection, http.client.HTTPResponse]) -> None:
    """Leave."""
    asked[1].close()
    asked[0].close()
