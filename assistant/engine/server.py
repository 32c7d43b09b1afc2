"""The engine's API: the chat-completions dialect over the socket it is given.

A response reads the connection while it writes: the moment the client is gone,
the model stops, in the middle of a prompt too.
"""

import asyncio
import contextlib
import logging
import os
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from assistant.engine import protocol
from assistant.engine.protocol import ChatRequest
from assistant.engine.reasoning import Splitter, find_dialect, is_opened_by
from assistant.engine.runner import Job, JobEvent, LoadedModel, Runner
from assistant.engine.templates import ChatTemplate, TemplateError, prompt_text
from assistant.engine.types import Delta, Finished, Sampling
from assistant.errors import EngineUnavailableError, PromptTooLongError
from indexer.errors import EngineError, KbError, UsageError

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5.0
"""Longest silence on a stream."""


class Api:
    """The routes and what they share.

    Args:
        runner: Holds the model.
        model_file: The file it was loaded from.
        identity: Names the model and settings, see `assistant.engine.launch`.
        leave: Ends the server once the answers at hand are written.
    """

    def __init__(self, runner: Runner, *, model_file: Path, identity: str, leave: Callable[[], None]) -> None:
        self._runner = runner
        self._model_file = model_file
        self._identity = identity
        self._leave = leave
        self._template: ChatTemplate | None = None
        self.is_leaving = False
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/v1/stop", self._stop, methods=["POST"]),
                Route("/health", self._health),
                Route("/tokenize", self._tokenize, methods=["POST"]),
            ],
            exception_handlers={KbError: _answer_error},
        )

    async def _chat(self, request: Request) -> Response:
        if expected := request.headers.get(protocol.IDENTITY_HEADER):
            if expected != self._identity or self.is_leaving:
                return JSONResponse(protocol.write_error(EngineError("this engine holds another model")), 409)
            if not self._runner.settled.is_set():
                return JSONResponse(protocol.write_error(EngineError("the model is being loaded")), 503)
        asked = protocol.read_request(await _read_json(request))
        job = await self._prepare(asked, await self._loaded())
        self._runner.submit(job)
        answer = _Answer(self._runner, job, model=self._model_file.name)
        return _Stream(answer) if asked.is_stream else _Whole(answer)

    async def _prepare(self, asked: ChatRequest, model: LoadedModel) -> Job:
        """Render and tokenise a prompt; the model may write another answer meanwhile."""
        facts = model.facts
        if self._template is None:
            self._template = _compile(facts.template, facts.bos_text, facts.eos_text)
        try:
            pieces = self._template.render(asked.messages, asked.template_options)
        except TemplateError as error:
            # without its reason, which may quote the question.
            logger.warning("template.failed kind=%s", type(error.__cause__ or error).__name__)
            pieces = ChatTemplate("").render(asked.messages)
        prompt = await run_in_threadpool(model.tokenize, pieces)
        if len(prompt) >= facts.context_tokens:
            raise PromptTooLongError(
                f"the prompt is {len(prompt):,} tokens long, and the context of {self._model_file.name}"
                f" holds {facts.context_tokens:,}",
                hint="ask with fewer passages, or set [model] context_tokens higher",
            )
        dialect = find_dialect(facts.template)
        return Job(
            prompt,
            sampling=asked.choose_sampling(Sampling()),
            max_tokens=asked.max_tokens or facts.context_tokens,
            splitter=Splitter(dialect, is_open=is_opened_by(prompt_text(pieces[-1:]), dialect)),
            marks=dialect.marks,
        )

    async def _models(self, _: Request) -> Response:
        entry = {"id": self._model_file.name, "object": "model", "owned_by": "local"}
        return JSONResponse({"object": "list", "data": [entry]})

    async def _stop(self, request: Request) -> Response:
        body = await _read_json(request)
        self.is_leaving = True
        if not isinstance(body, dict) or body.get("now", True):
            self._runner.give_up()
        self._leave()
        return JSONResponse({"stopping": True})

    async def _health(self, request: Request) -> Response:
        with contextlib.suppress(TimeoutError, ValueError):
            async with asyncio.timeout(min(60.0, float(request.query_params.get("wait_s", 0)))):
                await self._runner.settled.wait()
        runner = self._runner
        state = "loading" if not runner.settled.is_set() else "ready" if runner.model else "failed"
        status: dict[str, Any] = {
            "state": "stopping" if self.is_leaving else state,
            "pid": os.getpid(),
            "identity": self._identity,
            "model": str(self._model_file),
            "progress": runner.progress,
            "busy": runner.is_busy,
            "queued": runner.queued,
            "answers": runner.answers,
        }
        if runner.failure:
            status |= protocol.write_error(runner.failure)
        if runner.model:
            facts = asdict(runner.model.facts)
            for private in ("template", "bos_text", "eos_text"):
                del facts[private]
            status |= {**facts, "load_s": runner.load_s}
        return JSONResponse(status)

    async def _tokenize(self, request: Request) -> Response:
        body = await _read_json(request)
        content = body.get("content") if isinstance(body, dict) else None
        if not isinstance(content, str):
            raise UsageError("content must be text")
        model = await self._loaded()
        return JSONResponse({"tokens": await run_in_threadpool(model.count_tokens, content)})

    async def _loaded(self) -> LoadedModel:
        """Wait for the model.

        Raises:
            EngineError: Why it did not load.
        """
        await self._runner.settled.wait()
        if self._runner.failure:
            raise self._runner.failure
        assert self._runner.model is not None
        return self._runner.model


class _Answer:
    """The events of one job, and the end of it when the client goes away."""

    def __init__(self, runner: Runner, job: Job, *, model: str) -> None:
        self._runner = runner
        self._job = job
        self.model = model
        self.identifier = f"chatcmpl-{uuid.uuid4().hex}"

    async def events(self, receive: Receive) -> AsyncGenerator[list[JobEvent], None]:
        """Yield events as they come, an empty list for each heartbeat; cancel the job at a disconnect."""
        gone = asyncio.create_task(_wait_for_disconnect(receive))
        gone.add_done_callback(lambda _: self._runner.cancel(self._job))
        try:
            while True:
                events = await self._job.take(HEARTBEAT_S)
                yield events
                if events and not isinstance(events[-1], Delta):
                    return
        finally:
            gone.cancel()
            self._runner.cancel(self._job)


class _Stream(Response):
    """An answer as server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, answer: _Answer) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        opening = protocol.write_chunk(self._answer.identifier, self._answer.model, ())
        await send({"type": "http.response.body", "body": opening, "more_body": True})
        async with contextlib.aclosing(self._answer.events(receive)) as batches:
            async for events in batches:
                body = self._write(events) if events else protocol.HEARTBEAT
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _write(self, events: list[JobEvent]) -> bytes:
        identifier, model = self._answer.identifier, self._answer.model
        deltas = [event for event in events if isinstance(event, Delta)]
        chunks = [protocol.write_chunk(identifier, model, run) for run in _runs(deltas)]
        last = events[-1]
        if isinstance(last, Finished):
            chunks += [protocol.write_chunk(identifier, model, (), last), protocol.DONE]
        elif not isinstance(last, Delta):
            chunks.append(protocol.write_event(protocol.write_error(last or _stopped())))
        return b"".join(chunks)


class _Whole(Response):
    """An answer as one object, once it is finished."""

    def __init__(self, answer: _Answer) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        collected: list[JobEvent] = []
        async with contextlib.aclosing(self._answer.events(receive)) as batches:
            async for events in batches:
                collected += events
        deltas = [event for event in collected if isinstance(event, Delta)]
        last = collected[-1]
        if isinstance(last, Finished):
            body = protocol.write_completion(self._answer.identifier, self._answer.model, deltas, last)
            response = JSONResponse(body)
        else:
            error = last if isinstance(last, KbError) else _stopped()
            response = JSONResponse(protocol.write_error(error), protocol.http_status(error))
        await response(scope, receive, send)


def _compile(template: str, bos_text: str, eos_text: str) -> ChatTemplate:
    try:
        return ChatTemplate(template, bos_text=bos_text, eos_text=eos_text)
    except TemplateError as error:
        logger.warning("template.invalid reason=%s", error)
        return ChatTemplate("")


def _runs(deltas: list[Delta]) -> list[list[Delta]]:
    """Cut a batch where the kind changes, so that one chunk holds one kind and their order is kept."""
    runs: list[list[Delta]] = []
    for delta in deltas:
        if runs and runs[-1][-1].kind == delta.kind:
            runs[-1].append(delta)
        else:
            runs.append([delta])
    return runs


def _stopped() -> EngineError:
    return EngineUnavailableError("the engine was stopped in the middle of the answer")


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_json(request: Request) -> Any:
    """Read the body of a request; an empty one is an empty object."""
    try:
        return await request.json() if await request.body() else {}
    except ValueError as error:
        raise UsageError("the request is not JSON") from error


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, KbError)
    return JSONResponse(protocol.write_error(error), protocol.http_status(error))
