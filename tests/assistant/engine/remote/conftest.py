"""Servers of other makers, real and scripted."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.engine.remote.servers import OtherServer, other_server
from tests.models.wired_gguf import write_random_model


@pytest.fixture
def server() -> Iterator[OtherServer]:
    """Return a scripted server on loopback."""
    with other_server() as server:
        yield server


@pytest.fixture(scope="session")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that never ends an answer by itself."""
    return write_random_model(tmp_path_factory.mktemp("other") / "babbler.gguf", layers=4)


@pytest.fixture(scope="session")
def real_url(babbler: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of llama-cpp-python's own server, on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = ["-m", "llama_cpp.server", "--model", str(babbler), "--port", str(port), "--n_ctx", "2048"]
    log = tmp_path_factory.mktemp("log") / "server.log"
    with _Running([sys.executable, *command, "--n_threads", "1"], {}, log, ("127.0.0.1", port)):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def real_socket(tiny_reader_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the Unix socket of llama-cpp-python's own server, which holds the tiny reader."""
    folder = tmp_path_factory.mktemp("unix")
    path = Path(f"/tmp/kb-other-{os.getpid()}.sock")
    command = ["-m", "uvicorn", "--factory", "llama_cpp.server.app:create_app", "--uds", str(path)]
    environment = {"MODEL": str(tiny_reader_gguf), "N_CTX": "2048", "N_THREADS": "1", "MODEL_ALIAS": "reader"}
    try:
        with _Running([sys.executable, *command], environment, folder / "server.log", str(path)):
            yield path
    finally:
        path.unlink(missing_ok=True)


class _Running:
    """A server as a process of its own, for as long as a block runs."""

    def __init__(
        self, command: list[str], environment: dict[str, str], log: Path, place: str | tuple[str, int]
    ) -> None:
        self._place = place
        self._log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> None:
        family = socket.AF_UNIX if isinstance(self._place, str) else socket.AF_INET
        while True:
            assert self._process.poll() is None, self._log.read_text()
            with socket.socket(family) as trial:
                if trial.connect_ex(self._place) == 0:
                    return
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
