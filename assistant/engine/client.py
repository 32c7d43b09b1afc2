"""The thin client of the engine: finds or starts it, and streams its answers.

Standard library only, so that a face does not pay for what the engine imports.
The engine is started when something is asked of it, and started again after a
crash or when another model or other settings are wanted.
"""

import contextlib
import http.client
import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.engine.gguf import check_magic
from assistant.engine.launch import Launch, is_listening
from assistant.engine.models import find_model, list_shelves
from assistant.engine.protocol import IDENTITY_HEADER, read_chunk, read_error
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.errors import EngineCrashedError, EngineUnavailableError
from assistant.types import Message
from indexer.children import spawn_detached
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import ModelSettings

SILENCE_S = 60.0
"""An engine that says nothing for so long is taken for hung; it sends a sign of life every 5 s."""

_HANDOVER_S = 600.0
"""How long an engine that is leaving may still write the answers it has begun."""

_LOG_TAIL_BYTES = 32_768
_ATTEMPTS = 4
"""Start, restart for another model, and once more for an engine that left just then."""

_LOST = (ConnectionError, FileNotFoundError, http.client.HTTPException)
"""What a connection to an engine that went away ends with."""


def open_engine(places: Places, settings: "ModelSettings", *, model: str | None = None) -> "EngineClient":
    """Find the model and make sure that its engine is on its way; does not wait until it is loaded.

    Args:
        places: Where kb lives.
        settings: `[model]` of the config.
        model: A name or path that stands in for the configured one.

    Raises:
        ModelNotFoundError: If there is no such model, or none is configured.
        ModelFileError: If the file is no GGUF.
        EngineUnavailableError: If the engine does not start.
    """
    file = find_model(settings.path if model is None else model, list_shelves(places, settings))
    check_magic(file)
    client = EngineClient(
        places,
        launch=Launch(
            model=file,
            context_tokens=settings.context_tokens,
            gpu_layers=settings.gpu_layers,
            threads=settings.threads,
            keep_alive_s=settings.keep_alive_s,
        ),
    )
    client.start()
    return client


class EngineClient:
    """Talks to the engine of one home.

    Args:
        places: Where kb lives.
        launch: The model to ask, and its settings; without it an engine that
            runs is taken as it is, and none is ever started.
    """

    def __init__(self, places: Places, *, launch: Launch | None = None) -> None:
        self.places = places
        self._launch = launch

    @property
    def model_name(self) -> str:
        """The file name of the model asked for; empty for whatever the engine holds."""
        return self._launch.model.name if self._launch else ""

    def start(self) -> None:
        """Start an engine if none answers; returns as soon as it can be talked to.

        Raises:
            EngineUnavailableError: If it ends at once or never answers.
        """
        if is_listening(self.places.engine_socket):
            return
        if self._launch is None:
            raise EngineUnavailableError("no engine is running")
        self.places.create()
        log = self.places.log_dir / "engine.log"
        arguments = self._launch.arguments(self.places)
        try:
            pid = spawn_detached("assistant.engine", arguments, work_dir=self.places.work_dir, log_file=log)
        except OSError as error:
            raise EngineUnavailableError(f"cannot start the engine: {error.strerror}") from error
        end = time.monotonic() + _HANDOVER_S
        while not is_listening(self.places.engine_socket):
            if _has_ended(pid) and not is_listening(self.places.engine_socket):
                raise EngineUnavailableError("the engine ended as it started", hint=f"its log is {log}")
            if time.monotonic() > end:
                raise EngineUnavailableError("the engine does not answer", hint=f"its log is {log}")
            time.sleep(0.01)

    def wait_ready(self) -> dict[str, Any]:
        """Start the engine if need be, wait until its model is loaded, and return its status.

        Raises:
            ModelFileError: Why it cannot be loaded.
            EngineUnavailableError: If the engine ended while it loaded.
        """
        for _ in range(_ATTEMPTS):
            self.start()
            while True:
                try:
                    status = self._call("GET", "/health?wait_s=20")
                except TimeoutError as error:
                    raise self._hung() from error
                except _LOST as error:
                    what = f"the engine ended while it loaded {self.model_name}".rstrip()
                    raise EngineUnavailableError(
                        what + self._crash_reason(), hint=self._log_hint()
                    ) from error
                if self._is_other(status):
                    self._replace()
                    break
                if status["state"] == "ready":
                    return status
                if "error" in status:
                    raise read_error(status)
        raise EngineUnavailableError("the engine is wanted with different models at the same time")

    def chat(
        self,
        messages: Sequence[Message],
        options: ChatOptions,
    ) -> Iterator[Delta | Progress | Finished]:
        """Ask for an answer and stream it; the last event is `Finished`.

        Nothing is sent before the first event is asked for. Closing the iterator
        makes the engine stop at once.

        Raises:
            PromptTooLongError: If the messages do not fit the context.
            ModelFileError: If the model cannot be loaded.
            EngineCrashedError: If the engine dies before or while it answers; the next call starts it again.
            EngineUnavailableError: If it does not start, or was stopped.
        """
        body: dict[str, Any] = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": options.max_tokens,
            "stream": True,
        }
        if options.temperature is not None:
            body["temperature"] = options.temperature
        if options.seed is not None:
            body["seed"] = options.seed
        with self._ask(body) as response:
            yield from self._read_stream(response)

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text, as the model reads it; waits until the model is loaded.

        Raises:
            ModelFileError: Why the model cannot be loaded.
            EngineUnavailableError: If the engine ends again and again, or does not answer.
        """
        for _ in range(_ATTEMPTS):
            self.wait_ready()
            try:
                return int(self._call("POST", "/tokenize", {"content": text})["tokens"])
            except TimeoutError as error:
                raise self._hung() from error
            except _LOST:
                # it may have left just then, being idle.
                continue
        raise EngineCrashedError(
            f"the engine ended before it answered{self._crash_reason()}", hint=self._log_hint()
        )

    def status(self) -> dict[str, Any]:
        """Return what the engine says of itself; never starts one.

        Raises:
            EngineUnavailableError: If none runs.
        """
        try:
            return self._call("GET", "/health")
        except (OSError, *_LOST) as error:
            raise EngineUnavailableError("no engine is running") from error

    def stop(self) -> bool:
        """End the engine, also in the middle of an answer; returns whether one was running."""
        try:
            self._call("POST", "/v1/stop", {"now": True})
        except (OSError, *_LOST):
            return False
        return True

    @contextlib.contextmanager
    def _ask(self, body: dict[str, Any]) -> Iterator[http.client.HTTPResponse]:
        """Get a response that has begun, from an engine that holds the right model."""
        for _ in range(_ATTEMPTS):
            connection = _Connection(self.places.engine_socket)
            with contextlib.closing(connection):
                try:
                    response = self._send(connection, "POST", "/v1/chat/completions", body)
                except (FileNotFoundError, ConnectionRefusedError):
                    self.wait_ready()
                    continue
                except TimeoutError as error:
                    raise self._hung() from error
                except _LOST:
                    # it may have left just then, being idle; if it died of this prompt, it will again.
                    continue
                with contextlib.closing(response):
                    if response.status == 200:
                        yield response
                        return
                    status, failure = response.status, json.loads(response.read())
            if status == 409 and self._launch:
                self._replace()
            elif status == 503:
                self.wait_ready()
            else:
                raise read_error(failure)
        raise EngineCrashedError(
            f"the engine ended before it answered{self._crash_reason()}", hint=self._log_hint()
        )

    def _read_stream(self, response: http.client.HTTPResponse) -> Iterator[Delta | Progress | Finished]:
        try:
            for line in response:
                if not line.startswith(b"data: {"):
                    continue
                chunk = json.loads(line[6:])
                for event in read_chunk(chunk):
                    yield event
                    if isinstance(event, Finished):
                        return
        except TimeoutError as error:
            raise self._hung() from error
        except _LOST as error:
            raise self._crashed() from error
        raise self._crashed()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with contextlib.closing(_Connection(self.places.engine_socket)) as connection:
            response = self._send(connection, method, path, body)
            value: dict[str, Any] = json.loads(response.read())
            if response.status != 200:
                raise read_error(value)
            return value

    def _send(
        self, connection: "_Connection", method: str, path: str, body: dict[str, Any] | None
    ) -> http.client.HTTPResponse:
        headers = {"content-type": "application/json"}
        if self._launch:
            headers[IDENTITY_HEADER] = self._launch.identity()
        # "replace": file text may hold lone surrogates.
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        connection.request(method, path, data, headers)
        return connection.getresponse()

    def _is_other(self, status: Mapping[str, Any]) -> bool:
        return self._launch is not None and (
            status["identity"] != self._launch.identity() or status["state"] == "stopping"
        )

    def _replace(self) -> None:
        """Send away an engine that holds another model, once it has written what it has begun."""
        with contextlib.suppress(OSError, *_LOST):
            self._call("POST", "/v1/stop", {"now": False})
        end = time.monotonic() + SILENCE_S
        while is_listening(self.places.engine_socket) and time.monotonic() < end:
            time.sleep(0.01)

    def _crashed(self) -> EngineCrashedError:
        what = f"the engine ended in the middle of the answer{self._crash_reason()}"
        return EngineCrashedError(what, hint=f"ask again, which starts it anew; {self._log_hint()}")

    def _hung(self) -> EngineUnavailableError:
        return EngineUnavailableError(
            f"the engine has not answered for {SILENCE_S:.0f} s", hint="run `kb engine stop` and ask again"
        )

    def _log_hint(self) -> str:
        return f"its log is {self.places.log_dir / 'engine.log'}"

    def _crash_reason(self) -> str:
        """Find in the log what ended the last engine; empty if it left no word, as when it was killed."""
        try:
            with (self.places.log_dir / "engine.log").open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
                tail = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        last_run = tail.rpartition("engine.started")[2]
        found = re.search(r"GGML_ASSERT\(.*\) failed", last_run) or re.search(
            r"Fatal Python error: (.+)", last_run
        )
        return f": {found[found.lastindex or 0]}" if found else ""


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=SILENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _has_ended(pid: int) -> bool:
    """Say whether a process is gone; one of our own children is also reaped."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        with contextlib.suppress(PermissionError):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
    return False
