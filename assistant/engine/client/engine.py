"""The client of one home's engine."""

import contextlib
import http.client
import json
import os
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from assistant.engine.client.connection import ABSENT, LOST, Connection, end_process
from assistant.engine.client.endings import Ending, find_ending, memory_watch
from assistant.engine.client.starting import has_ended, start_engine
from assistant.engine.gguf import read_head
from assistant.engine.launch import Launch, is_listening, is_same_engine
from assistant.engine.protocol import IDENTITY_HEADER, read_chunk, read_error
from assistant.engine.types import ChatOptions, Delta, Finished, Progress
from assistant.errors import EngineCrashedError, EngineUnavailableError
from assistant.messages import Message
from indexer.errors import EngineError, KbError
from indexer.paths import Places

SILENCE_S = 60.0
"""An engine that says nothing for so long is taken for hung; it sends a sign of life every 5 s."""

STOP_S = 10.0
"""An engine that is told to stop, and says nothing for so long, is ended."""

_LEAVING_S = 45.0
"""How long an engine may take to stop, which it does within 33 s by itself."""

_LOADING_S = 20
"""For how long an engine is asked to wait before it says that it still loads."""

_SHOWN_S = 0.2
"""How often it is asked where a person looks on."""

_ATTEMPTS = 4
"""Start, restart for another model, and once more for an engine that left just then."""


class EngineClient:
    """Talks to the engine of one home.

    Args:
        places: Where kb lives.
        launch: The model to ask, and its settings; without it an engine that
            runs is taken as it is, and none is ever started.
        model_name: What the model is called, where that is not the name of its file.
        silence_s: How long an engine may say nothing before it is ended.
        is_private: Whether the engine may write nothing of what it is asked to the disk.
    """

    def __init__(
        self,
        places: Places,
        *,
        launch: Launch | None = None,
        model_name: str = "",
        silence_s: float = SILENCE_S,
        is_private: bool = False,
    ) -> None:
        self.places = places
        self._model_name = model_name
        self._launch = launch
        self._silence_s = silence_s
        self._is_private = is_private
        self._pid = 0
        """The engine that was spoken to last."""

        self._connection: Connection | None = None
        self._is_interrupted = False
        self._was_memory_short = memory_watch()

    @property
    def model_name(self) -> str:
        """The name of the model asked for, its file's as a rule; empty for whatever the engine holds."""
        return self._model_name or (self._launch.model.name if self._launch else "")

    def start(self) -> None:
        """Start an engine if none answers; returns as soon as it can be talked to.

        Raises:
            EngineUnavailableError: If it ends at once or never answers.
        """
        if is_listening(self.places.engine_socket):
            return
        if self._launch is None:
            raise EngineUnavailableError("no engine is running")
        start_engine(self.places, self._launch)

    def loading(self) -> Iterator[float]:
        """Start the engine if need be, and yield the loaded share, 0 to 1, until its model is loaded.

        Raises:
            ModelFileError: Why it cannot be loaded.
            EngineUnavailableError: If the engine ended while it loaded.
        """
        yield from self._load(_SHOWN_S)

    def wait_ready(self) -> dict[str, Any]:
        """Start the engine if need be, wait until its model is loaded, and return its status.

        Raises:
            ModelFileError: Why it cannot be loaded.
            EngineUnavailableError: If the engine ended while it loaded.
        """
        waiting = self._load(_LOADING_S)
        while True:
            try:
                next(waiting)
            except StopIteration as end:
                status: dict[str, Any] = end.value
                return status

    def chat(
        self,
        messages: Sequence[Message],
        options: ChatOptions,
    ) -> Iterator[Delta | Progress | Finished]:
        """Ask for an answer and stream it; the last event is `Finished`.

        Nothing is sent before the first event is asked for. Closing the iterator
        makes the engine stop at once. An engine that dies before it has written anything
        is started again and asked once more: it may not have died of this question, and
        plans anew what fits.

        Raises:
            PromptTooLongError: If the messages do not fit the context.
            ModelFileError: If the model cannot be loaded.
            EngineCrashedError: If the engine dies while it answers, or twice before; the next call starts it
                again.
            EngineUnavailableError: If it does not start, does not answer, or was stopped.
        """
        body = _body(messages, options) | {"private": self._is_private}
        for is_last in (False, True):
            has_begun = False
            try:
                with self._ask(body) as response:
                    for event in self._read_stream(response):
                        has_begun = has_begun or isinstance(event, Delta)
                        yield event
            except EngineCrashedError:
                if has_begun or is_last or self._launch is None:
                    raise
            else:
                return

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text, as the model reads it; waits until the model is loaded.

        Raises:
            ModelFileError: Why the model cannot be loaded.
            EngineUnavailableError: If the engine ends again and again, or does not answer.
        """
        return self._count({"content": text})

    def count_prompt(self, messages: Sequence[Message]) -> int:
        """Count the tokens of messages in the model's own template; otherwise as `count_tokens`."""
        return self._count({"messages": _written(messages)})

    def _count(self, body: dict[str, Any]) -> int:
        for _ in range(_ATTEMPTS):
            self.wait_ready()
            try:
                return int(self._call("POST", "/tokenize", body)["tokens"])
            except LOST:
                # it may have left just then, being idle.
                continue
        raise self._crashed("the engine ended before it answered")

    def interrupt(self) -> None:
        """Break off whatever is waited for, and refuse every later call; from any thread."""
        self._is_interrupted = True
        if self._connection is not None:
            self._connection.interrupt()

    def status(self) -> dict[str, Any]:
        """Return what the engine says of itself; never starts one, nor ends one.

        Raises:
            EngineUnavailableError: If none runs, or it does not answer.
        """
        try:
            return self._request("GET", "/health", None, silence_s=STOP_S)
        except TimeoutError as error:
            raise EngineUnavailableError(
                f"the engine does not answer, pid {self._pid}", hint="`kb engine stop` ends it"
            ) from error
        except (OSError, *LOST) as error:
            raise EngineUnavailableError("no engine is running") from error

    def stop(self) -> bool:
        """End the engine, also in the middle of an answer, and wait until its memory is free.

        Returns:
            Whether one was running.
        """
        try:
            self._request("POST", "/v1/stop", {"now": True}, silence_s=min(STOP_S, self._silence_s))
        except TimeoutError:
            return end_process(self._pid)
        except (OSError, *LOST):
            return False
        end = time.monotonic() + _LEAVING_S
        while self._pid > 1 and self._pid != os.getpid() and not has_ended(self._pid):
            if time.monotonic() > end:
                return end_process(self._pid)
            time.sleep(0.01)
        return True

    def _load(self, wait_s: float) -> Generator[float, None, dict[str, Any]]:
        """Yield the loaded share every so many seconds; returns the engine's status."""
        self._was_memory_short = memory_watch()
        what = f"the engine ended while it loaded {self.model_name}".rstrip()
        reason: EngineError = EngineUnavailableError(
            "the engine is wanted with different models at the same time"
        )
        wait_s = min(wait_s, self._silence_s / 2)
        for _ in range(_ATTEMPTS):
            self.start()
            while True:
                try:
                    status = self._call("GET", f"/health?wait_s={wait_s}")
                except LOST as error:
                    ending = self._ending()
                    reason = EngineUnavailableError(ending.after(what), hint=self._log_hint())
                    if not (ending.is_orderly or isinstance(error, ABSENT)):
                        raise reason from error
                    # it left between two questions, being idle or for another model.
                    break
                if self._is_other(status):
                    self._replace()
                    break
                if status["state"] == "ready":
                    return status
                if "error" in status:
                    raise read_error(status)
                yield status["progress"]
        raise reason

    @contextlib.contextmanager
    def _ask(self, body: dict[str, Any]) -> Iterator[http.client.HTTPResponse]:
        """Get a response that has begun, from an engine that holds the right model."""
        crashes = 0
        for _ in range(_ATTEMPTS):
            self._was_memory_short = memory_watch()
            connection = self._connect(self._silence_s)
            with contextlib.closing(connection):
                try:
                    response = self._send(connection, "POST", "/v1/chat/completions", body)
                except ABSENT:
                    self.wait_ready()
                    continue
                except TimeoutError as error:
                    raise self._hung() from error
                except LOST as error:
                    # it may have left just then, being idle; if it died of this prompt, it will again.
                    crashes += not self._ending().is_orderly
                    if crashes > 1:
                        raise self._crashed("the engine ended before it answered") from error
                    continue
                with contextlib.closing(response):
                    if response.status == 200:
                        yield response
                        return
                    status, failure = response.status, _read_object(response)
            if status == 409 and self._launch:
                self._replace()
            elif status == 503:
                self.wait_ready()
            else:
                raise read_error(failure)
        raise self._crashed("the engine ended before it answered")

    def _read_stream(self, response: http.client.HTTPResponse) -> Iterator[Delta | Progress | Finished]:
        what = "the engine ended in the middle of the answer"
        try:
            for line in response:
                if not line.startswith(b"data: {"):
                    continue
                for event in read_chunk(json.loads(line[6:])):
                    yield event
                    if isinstance(event, Finished):
                        return
        except TimeoutError as error:
            raise self._hung() from error
        except LOST as error:
            raise self._crashed(what) from error
        raise self._crashed(what)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Get an answer that is one object; an engine that does not answer is ended."""
        try:
            return self._request(method, path, body, silence_s=self._silence_s)
        except TimeoutError as error:
            raise self._hung() from error

    def _request(
        self, method: str, path: str, body: dict[str, Any] | None, *, silence_s: float
    ) -> dict[str, Any]:
        with contextlib.closing(self._connect(silence_s)) as connection:
            response = self._send(connection, method, path, body)
            value = _read_object(response)
            if response.status != 200:
                raise read_error(value)
            return value

    def _connect(self, silence_s: float) -> Connection:
        self._connection = Connection(self.places.engine_socket, silence_s=silence_s)
        return self._connection

    def _send(
        self, connection: Connection, method: str, path: str, body: dict[str, Any] | None
    ) -> http.client.HTTPResponse:
        headers = {"content-type": "application/json"}
        if self._launch:
            headers[IDENTITY_HEADER] = self._launch.identity()
        # "replace": file text may hold lone surrogates.
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            connection.request(method, path, data, headers)
            if self._is_interrupted:
                raise EngineUnavailableError("the answer was given up")
            return connection.getresponse()
        finally:
            self._pid = connection.pid or self._pid

    def _is_other(self, status: Mapping[str, Any]) -> bool:
        return self._launch is not None and (
            not is_same_engine(self._launch.identity(), status["identity"]) or status["state"] == "stopping"
        )

    def _replace(self) -> None:
        """Send away an engine that holds another model, once it has written what it has begun."""
        # one that does not answer was ended.
        with contextlib.suppress(OSError, EngineUnavailableError, *LOST):
            self._call("POST", "/v1/stop", {"now": False})
        end = time.monotonic() + self._silence_s
        while is_listening(self.places.engine_socket) and time.monotonic() < end:
            time.sleep(0.01)

    def _ending(self) -> Ending:
        log = self.places.log_dir / "engine.log"
        return find_ending(log, self._pid, was_memory_short=self._was_memory_short())

    def _crashed(self, what: str) -> EngineCrashedError:
        ending = self._ending()
        message = ending.after(what)
        if self._launch and "Bus error" in ending.reason:
            try:
                # a file that is shortened while it is read kills whoever reads it.
                read_head(self._launch.model)
            except KbError as error:
                message += f"; {error.message}"
        return EngineCrashedError(message, hint=f"{ending.hint}; {self._log_hint()}")

    def _hung(self) -> EngineUnavailableError:
        what = f"the engine has not answered for {self._silence_s:.0f} s"
        if end_process(self._pid):
            return EngineUnavailableError(f"{what} and was ended", hint="ask again, which starts it anew")
        return EngineUnavailableError(what, hint="run `kb engine stop` and ask again")

    def _log_hint(self) -> str:
        return f"its log is {self.places.log_dir / 'engine.log'}"


def _read_object(response: http.client.HTTPResponse) -> dict[str, Any]:
    """Read an answer that is one object; whatever else it is counts as a failure without words."""
    try:
        value = json.loads(response.read())
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _written(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _body(messages: Sequence[Message], options: ChatOptions) -> dict[str, Any]:
    """Write a request; what is left to the engine is left out."""
    body: dict[str, Any] = {
        "messages": _written(messages),
        "max_tokens": options.max_tokens,
        "stream": True,
        "progress": True,
        "thinking": options.thinking,
        "thinking_tokens": options.thinking_tokens,
        "time_limit_s": options.time_limit_s,
    }
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.seed is not None:
        body["seed"] = options.seed
    if options.schema is not None:
        described = {"name": "answer", "schema": options.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": described}
    return body
