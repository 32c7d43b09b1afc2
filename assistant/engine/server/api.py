"""The engine's API: the chat-completions dialect over the socket it is given.

A response reads the connection while it writes: the moment the client is gone,
the model stops, in the middle of a prompt too.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.engine import protocol
from assistant.engine.families import known_families
from assistant.engine.launch import is_same_engine
from assistant.engine.prompts import Prepared, Prompter
from assistant.engine.protocol import ChatRequest
from assistant.engine.runner import Closing, Job, LoadedModel, Runner
from assistant.engine.server.streaming import Answer, Stream, Whole
from assistant.engine.types import Piece
from assistant.errors import EngineUnavailableError, PromptTooLongError
from indexer.errors import EngineError, KbError, UsageError

ANSWER_S = 600.0
"""How long answers that were begun may still be written when another model is wanted."""

STOP_S = 3.0
"""How long those have, who are told that the engine was stopped, to read it."""

LONGEST_WAIT_S = 60.0
"""How long a client may wait for a status that is settled."""


class Api:
    """The routes and what they share.

    Args:
        runner: Holds the model.
        model_file: The file it was loaded from.
        identity: Names the model and settings, see `assistant.engine.launch`.
        leave: Lets no new clients in, and ends the server when all is answered or after so many seconds.
    """

    def __init__(
        self, runner: Runner, *, model_file: Path, identity: str, leave: Callable[[float], None]
    ) -> None:
        self._runner = runner
        self._model_file = model_file
        self._identity = identity
        self._leave = leave
        self._prompter: asyncio.Future[Prompter] | None = None
        self._leaving = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/v1/stop", self._stop, methods=["POST"]),
                Route("/health", self._health),
                Route("/tokenize", self._tokenize, methods=["POST"]),
            ],
            exception_handlers={KbError: _answer_error, Exception: _answer_failure},
        )

    async def warm_up(self) -> None:
        """Prepare what every answer needs before anybody asks: what it can while the model still loads."""
        await asyncio.to_thread(known_families)
        await self._runner.settled.wait()
        if self._runner.model is not None:
            await self._prompter_of(self._runner.model)

    def leave(self, within_s: float) -> None:
        """Begin nothing more and leave, once what was begun is done or the time is up."""
        self._leaving.set()
        self._leave(within_s)

    def leave_now(self) -> None:
        """Leave, giving up every answer."""
        self.leave(STOP_S)
        self._runner.give_up()

    async def _chat(self, request: Request) -> Response:
        expected = request.headers.get(protocol.IDENTITY_HEADER)
        if expected and (self._leaving.is_set() or not is_same_engine(expected, self._identity)):
            return JSONResponse(protocol.write_error(EngineError("this engine holds another model")), 409)
        if expected and not self._runner.settled.is_set():
            return JSONResponse(protocol.write_error(EngineError("the model is being loaded")), 503)
        asked = protocol.read_request(await _read_json(request))
        job = await self._prepare(asked, await self._loaded())
        if self._leaving.is_set():
            raise _stopped()
        self._runner.submit(job)
        answer = Answer(self._runner, job, model=self._model_file.name, wants_progress=asked.wants_progress)
        return Stream(answer) if asked.is_stream else Whole(answer)

    async def _prepare(self, asked: ChatRequest, model: LoadedModel) -> Job:
        """Render and tokenise a prompt; the model may write another answer meanwhile."""
        facts = model.facts
        prepared = await self._prepared(asked, model)
        prompt = await asyncio.to_thread(model.tokenize, prepared.pieces)
        if len(prompt) >= facts.context_tokens:
            could_be_more = facts.context_tokens < facts.trained_context_tokens
            raise PromptTooLongError(
                f"the prompt is {len(prompt):,} tokens long, and the context of {self._model_file.name}"
                f" holds {facts.context_tokens:,}",
                hint="ask with fewer passages"
                + (
                    ", or set [model] context_tokens higher" if could_be_more else "; the model takes no more"
                ),
            )
        return Job(
            prompt,
            sampling=asked.choose_sampling(prepared.sampling),
            max_tokens=asked.max_tokens or facts.context_tokens,
            splitter=prepared.splitter,
            marks=prepared.marks,
            thinking_tokens=asked.thinking_tokens,
            closing=_closing(prepared, model) if asked.thinking_tokens else None,
            time_limit_s=asked.time_limit_s,
            schema=asked.schema,
            is_private=asked.is_private,
        )

    async def _prepared(self, asked: ChatRequest, model: LoadedModel) -> Prepared:
        prompter = await self._prompter_of(model)
        return prompter.prepare(
            asked.messages,
            thinking=asked.thinking,
            is_constrained=asked.schema is not None,
            template_options=asked.template_options,
        )

    async def _prompter_of(self, model: LoadedModel) -> Prompter:
        """Return what prepares answers; made once, however many wait for it."""
        if self._prompter is None:
            self._prompter = asyncio.ensure_future(asyncio.to_thread(Prompter, model.facts))
        return await asyncio.shield(self._prompter)

    async def _models(self, _: Request) -> Response:
        entry = {"id": self._model_file.name, "object": "model", "owned_by": "local"}
        return JSONResponse({"object": "list", "data": [entry]})

    async def _stop(self, request: Request) -> Response:
        body = await _read_json(request)
        if not isinstance(body, dict) or body.get("now", True):
            self.leave_now()
        else:
            self.leave(ANSWER_S)
        return JSONResponse({"stopping": True})

    async def _health(self, request: Request) -> Response:
        try:
            wait_s = float(request.query_params.get("wait_s", 0))
        except ValueError as error:
            raise UsageError("wait_s must be a number of seconds") from error
        await self._settle(max(0.0, min(LONGEST_WAIT_S, wait_s)))
        runner = self._runner
        state = "loading" if not runner.settled.is_set() else "ready" if runner.model else "failed"
        status: dict[str, Any] = {
            "state": "stopping" if self._leaving.is_set() else state,
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
        if isinstance(body, dict) and "messages" in body:
            asked = protocol.read_request(body)
        elif isinstance(body, dict) and isinstance(body.get("content"), str):
            asked = None
        else:
            raise UsageError("content must be text")
        model = await self._loaded()
        # whoever counts is about to ask.
        self._runner.note_use()
        if asked is None:
            return JSONResponse({"tokens": await asyncio.to_thread(model.count_tokens, body["content"])})
        pieces = (await self._prepared(asked, model)).pieces
        return JSONResponse({"tokens": len(await asyncio.to_thread(model.tokenize, pieces))})

    async def _loaded(self) -> LoadedModel:
        """Wait for the model.

        Raises:
            EngineError: Why it did not load, or that the engine is stopped meanwhile.
        """
        await self._settle()
        if self._runner.failure:
            raise self._runner.failure
        if self._runner.model is None:
            raise _stopped()
        return self._runner.model

    async def _settle(self, timeout_s: float | None = None) -> None:
        """Wait until the model is loaded, has failed to, or nobody is to wait for it any more."""
        if self._runner.settled.is_set() or timeout_s == 0:
            return
        waits = [asyncio.ensure_future(event.wait()) for event in (self._runner.settled, self._leaving)]
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _closing(prepared: Prepared, model: LoadedModel) -> Closing | None:
    """Turn what ends a thought into tokens, as they follow on others."""
    if not prepared.closing:
        return None
    before = [Piece("\n", True)]
    tokens = model.tokenize([*before, Piece(prepared.closing, True)])[len(model.tokenize(before)) :]
    return Closing(text=prepared.closing, tokens=tokens)


def _stopped() -> EngineError:
    return EngineUnavailableError("the engine was stopped before it answered")


async def _read_json(request: Request) -> Any:
    """Read the body of a request; an empty one is an empty object."""
    try:
        return await request.json() if await request.body() else {}
    except ValueError as error:
        raise UsageError("the request is not JSON") from error


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, KbError)
    return JSONResponse(protocol.write_error(error), protocol.http_status(error))


async def _answer_failure(_: Request, error: Exception) -> Response:
    """Tell what nobody foresaw, without its message, which may quote a question."""
    failure = EngineError(f"the engine failed: {type(error).__name__}")
    return JSONResponse(protocol.write_error(failure), protocol.http_status(failure))
