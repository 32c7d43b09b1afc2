"""The routes: chat completions over the user's files, and the list of the one model that does it."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.answering import Searcher
from assistant.config import AnswerSettings
from assistant.engine import protocol
from assistant.engine.protocol import ChatRequest
from assistant.errors import EngineUnavailableError
from assistant.prompting import NOT_FOUND, is_refusal
from assistant.runs import Run, RunEvent, Writer
from assistant.serving.access import Guard, error_body
from assistant.serving.connections import Limits
from assistant.types import (
    Answer,
    AnswerFinished,
    AnswerText,
    Message,
    Notice,
    Question,
    Retracted,
    Thinking,
    Turn,
    Understood,
)
from indexer.connections import wait_for_disconnect
from indexer.errors import IndexerError, KbError, UsageError

MODEL = "kb"
"""The name under which other programs ask."""

HEARTBEAT_S = 5.0
"""Longest silence on a stream."""

_BOUNDS = {"max_tokens": (16, 32_768)}


def make_app(
    *,
    open_searcher: Callable[[], Searcher],
    open_writer: Callable[[], Writer | None],
    settings: AnswerSettings,
    token: str,
    port: int,
    limits: Limits,
) -> ASGIApp:
    """Make the application.

    Args:
        open_searcher: Makes what finds passages; called in a thread for every question.
        open_writer: Makes what writes the answer, or `None` for the files' own words; likewise.
        settings: How questions are answered where the client does not say.
        token: What a client must bring.
        port: Where we listen.
        limits: What clients may take of us.
    """
    api = _Api(open_searcher, open_writer, settings, limits)
    app = Starlette(
        routes=[
            Route("/v1/chat/completions", api.chat, methods=["POST"]),
            Route("/v1/models", api.models, methods=["GET"]),
        ],
        exception_handlers={KbError: _answer_error, HTTPException: _answer_http_error},
    )
    return Guard(app, token=token, port=port)


class _Api:
    def __init__(
        self,
        open_searcher: Callable[[], Searcher],
        open_writer: Callable[[], Writer | None],
        settings: AnswerSettings,
        limits: Limits,
    ) -> None:
        self._open_searcher = open_searcher
        self._open_writer = open_writer
        self._settings = settings
        self._limits = limits
        self._answers = 0

    async def models(self, _: Request) -> Response:
        entry = {"id": MODEL, "object": "model", "created": 0, "owned_by": "local"}
        return JSONResponse({"object": "list", "data": [entry]})

    async def chat(self, request: Request) -> Response:
        asked = protocol.read_request(await _read_json(request, self._limits.body_bytes))
        *earlier, last = asked.messages
        if last.role != "user":
            raise UsageError("the last message must be the user's question")
        if asked.schema is not None:
            raise UsageError("answers from your files are text; response_format is not supported")
        if self._answers >= self._limits.answers:
            body = error_body("too many questions wait; ask again soon", kind="server_error", code="busy")
            return JSONResponse(body, 503, {"retry-after": "5"})
        run = Run(
            Question(text=last.content, turns=turns_of(earlier)),
            open_searcher=self._open_searcher,
            open_writer=self._open_writer,
            settings=_settings_for(asked, self._settings),
        )
        transcript = _Transcript(request.state.identifier)
        kind = _Stream if asked.is_stream else _Whole
        return kind(run, transcript, self._count)

    @contextlib.contextmanager
    def _count(self) -> Iterator[None]:
        self._answers += 1
        try:
            yield
        finally:
            self._answers -= 1


def turns_of(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """Pair the earlier questions of a conversation with their answers; what got no answer is left out."""
    turns: list[Turn] = []
    question = ""
    for message in messages:
        if message.role == "user":
            question = message.content.strip()
        elif message.role == "assistant" and question:
            said = "" if is_refusal(message.content) else message.content
            turns.append(Turn(question=question, standalone=question, answer=said))
            question = ""
    return tuple(turns)


def _settings_for(asked: ChatRequest, settings: AnswerSettings) -> AnswerSettings:
    """Put what the client wants in place of what is configured."""
    given: dict[str, Any] = {}
    if asked.max_tokens is not None:
        least, most = _BOUNDS["max_tokens"]
        given["max_tokens"] = min(max(asked.max_tokens, least), most)
    if "temperature" in asked.sampling:
        given["temperature"] = min(float(asked.sampling["temperature"]), 2.0)
    if asked.thinking != "auto":
        given["thinking"] = asked.thinking
    if asked.thinking_tokens:
        given["thinking_tokens"] = asked.thinking_tokens
    if asked.time_limit_s:
        given["time_limit_s"] = max(1, int(asked.time_limit_s))
    return settings.model_copy(update=given)


@dataclass(slots=True)
class _Transcript:
    """One answer, as it is written in the dialect."""

    identifier: str
    created: int = field(default_factory=lambda: int(time.time()))
    text: str = ""
    thinking: str = ""
    notices: list[str] = field(default_factory=list)
    answer: Answer | None = None

    def deltas(self, event: RunEvent) -> list[dict[str, Any]]:
        """Take an event, and return what a client that reads along is to get of it."""
        match event:
            case AnswerText(text):
                self.text += text
                return [{"content": text}]
            case Thinking(text):
                self.thinking += text
                return [{"reasoning_content": text}]
            case Retracted():
                self.text = ""
                return [{"retract": True}]
            case Notice(text):
                self.notices.append(text)
            case Understood(_, _, remarks):
                self.notices.extend(remarks)
            case AnswerFinished(answer):
                self.answer = answer
                if not answer.answered:
                    self.text = NOT_FOUND
                    return [{"content": NOT_FOUND}]
        return []

    def chunk(self, delta: Mapping[str, Any], reason: str | None = None, **more: Any) -> bytes:
        """Write an event of the stream."""
        choice = {"index": 0, "delta": dict(delta), "finish_reason": reason}
        return protocol.write_event(self._begin("chat.completion.chunk") | {"choices": [choice]} | more)

    def last_chunk(self, run: Run) -> bytes:
        """Write the event that ends the stream."""
        return self.chunk({}, _reason(run), **self._end(run))

    def whole(self, run: Run) -> dict[str, Any]:
        """Write the answer as one object."""
        message = {"role": "assistant", "content": self.text.strip()}
        if self.thinking:
            message["reasoning_content"] = self.thinking
        choice = {"index": 0, "message": message, "finish_reason": _reason(run)}
        return self._begin("chat.completion") | {"choices": [choice]} | self._end(run)

    def _begin(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.identifier}", "object": kind, "created": self.created, "model": MODEL}

    def _end(self, run: Run) -> dict[str, Any]:
        """Return what is ours: where it stands, or what comes nearest."""
        assert self.answer is not None
        no_usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return {
            "answered": self.answer.answered,
            "citations": [citation.to_json() for citation in self.answer.citations],
            "nearest": [] if self.answer.answered else [each.to_json() for each in self.answer.passages],
            "notices": self.notices,
            "answered_by": self.answer.model,
            "usage": run.finished.usage.to_json() if run.finished else no_usage,
        }


def _reason(run: Run) -> str:
    return "stop" if run.finished is None or run.finished.reason == "stop" else "length"


class _Reply(Response):
    """An answer that stops being made when the client goes away."""

    def __init__(
        self, run: Run, transcript: _Transcript, count: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> None:
        super().__init__()
        self.run = run
        self.transcript = transcript
        self._count = count

    async def events(self, receive: Receive) -> AsyncGenerator[list[RunEvent], None]:
        """Yield events as they come, an empty list for each heartbeat."""
        gone = asyncio.create_task(wait_for_disconnect(receive))
        gone.add_done_callback(lambda _: self.run.cancel())
        with self._count():
            try:
                self.run.start()
                while True:
                    events = await self.run.take(HEARTBEAT_S)
                    yield events
                    if events and (events[-1] is None or isinstance(events[-1], KbError)):
                        return
            finally:
                gone.cancel()
                self.run.cancel()


class _Stream(_Reply):
    """An answer as server-sent events."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        opening = self.transcript.chunk({"role": "assistant", "content": ""})
        await send({"type": "http.response.body", "body": opening, "more_body": True})
        async with contextlib.aclosing(self.events(receive)) as batches:
            async for events in batches:
                body = b"".join(map(self._write, events)) if events else protocol.HEARTBEAT
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _write(self, event: RunEvent) -> bytes:
        if isinstance(event, KbError):
            return protocol.write_event(_error(event)[1])
        if event is None:
            return self.transcript.last_chunk(self.run) + protocol.DONE if self.transcript.answer else b""
        return b"".join(self.transcript.chunk(delta) for delta in self.transcript.deltas(event))


class _Whole(_Reply):
    """An answer as one object, once it is finished."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        failure: KbError | None = None
        async with contextlib.aclosing(self.events(receive)) as batches:
            async for events in batches:
                for event in events:
                    self.transcript.deltas(event)
                    if isinstance(event, KbError):
                        failure = event
        if failure is not None:
            status, body = _error(failure)
            response = JSONResponse(body, status)
        elif self.transcript.answer is None:
            # given up, and the client is gone.
            return
        else:
            response = JSONResponse(self.transcript.whole(self.run))
        await response(scope, receive, send)


async def _read_json(request: Request, most_bytes: int) -> Any:
    """Read the body of a request, but not more than is allowed.

    Raises:
        HTTPException: If it is too large.
        UsageError: If it is not JSON.
    """
    length = request.headers.get("content-length", "0")
    data = b""
    if length.isdecimal() and int(length) <= most_bytes:
        async for piece in request.stream():
            data += piece
            if len(data) > most_bytes:
                break
        else:
            try:
                return json.loads(data)
            except (ValueError, RecursionError) as error:
                raise UsageError("the request is not JSON") from error
    message = f"the request is larger than {most_bytes >> 10:,} KB"
    raise HTTPException(413, message, {"connection": "close"})


def _error(error: KbError) -> tuple[int, dict[str, Any]]:
    """Return the status and the body that tell a client of an error."""
    status = protocol.http_status(error)
    if isinstance(error, IndexerError | EngineUnavailableError):
        status = 503
    message = f"{error.message} ({error.hint})" if error.hint else error.message
    kind = "invalid_request_error" if status == 400 else "server_error"
    return status, error_body(message, kind=kind, code=type(error).__name__)


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, KbError)
    status, body = _error(error)
    return JSONResponse(body, status)


async def _answer_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {404: "there is no such path here", 405: "that path is not asked in this way"}
    body = error_body(message.get(error.status_code, error.detail), kind="invalid_request_error")
    return JSONResponse(body, error.status_code, error.headers)
