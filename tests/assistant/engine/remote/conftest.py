"""Servers of other makers, real and scripted."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.assistant.engine.remote.servers import OtherServer, other_server
from tests.models.wired_gguf import write_random_model


@pytest.fixture
def server() -> Iterator[OtherServer]:
    """Return a scripted server on loopback."""
    with other_server() as server:
        yield server


@dataclass(frozen=True, slots=True)
class RealServer:
    """llama-cpp-python's own server, as a process on a port of loopback."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def real_server(scripted_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """Return a server with a model that never ends by itself, and one that thinks before it answers."""
    with _start_server(tmp_path_factory.mktemp("other"), scripted_model) as server:
        yield server


@pytest.fixture
def mortal_server(scripted_model: Path, tmp_path: Path) -> Iterator[RealServer]:
    """Return a server like the other one that a test may kill."""
    with _start_server(tmp_path, scripted_model) as server:
        yield server


@contextlib.contextmanager
def _start_server(folder: Path, thinker: Path) -> Iterator[RealServer]:
    babbler = write_random_model(folder / "babbler.gguf", layers=4)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    models = [
        {"model": str(file), "model_alias": alias, "n_ctx": 2048, "n_threads": 1}
        for alias, file in (("babbler", babbler), ("thinker", thinker))
    ]
    config = folder / "config.json"
    config.write_text(json.dumps({"host": "127.0.0.1", "port": port, "models": models}), encoding="utf-8")
    command = [sys.executable, "-m", "llama_cpp.server", "--config_file", str(config)]
    log = folder / "server.log"
    with _Running(command, {}, log, ("127.0.0.1", port)) as process:
        yield RealServer(f"http://127.0.0.1:{port}", log, process)


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
                command,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> subprocess.Popen[bytes]:
        family = socket.AF_UNIX if isinstance(self._place, str) else socket.AF_INET
        while True:
            assert self._process.poll() is None, self._log.read_text()
            with socket.socket(family) as trial:
                if trial.connect_ex(self._place) == 0:
                    return self._process
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
