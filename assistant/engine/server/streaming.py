"""The events of one job → a response, which ends the job when its client goes away."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from assistant.engine import protocol
from assistant.engine.runner import Job, JobEvent, Runner
from assistant.engine.types import Delta, Finished, Progress
from assistant.errors import EngineUnavailableError
from indexer.connections import wait_for_disconnect
from indexer.errors import EngineError, KbError

HEARTBEAT_S = 5.0
"""Longest silence on a stream."""


class Answer:
    """The events of one job, and the end of it when the client goes away."""

    def __init__(self, runner: Runner, job: Job, *, model: str, wants_progress: bool = False) -> None:
        self._runner = runner
        self._job = job
        self.model = model
        self.wants_progress = wants_progress
        self.identifier = f"chatcmpl-{uuid.uuid4().hex}"

    async def events(self, receive: Receive) -> AsyncGenerator[list[JobEvent], None]:
        """Yield events as they come, an empty list for each heartbeat; cancel the job at a disconnect."""
        gone = asyncio.create_task(wait_for_disconnect(receive))
        gone.add_done_callback(lambda _: self._runner.cancel(self._job))
        try:
            while True:
                events = await self._job.take(HEARTBEAT_S)
                yield events
                if events and not isinstance(events[-1], Delta | Progress):
                    return
        finally:
            gone.cancel()
            self._runner.cancel(self._job)


class Stream(Response):
    """An answer as server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send it piece by piece."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        opening = protocol.write_chunk(self._answer.identifier, self._answer.model, ())
        await send({"type": "http.response.body", "body": opening, "more_body": True})
        async with contextlib.aclosing(self._answer.events(receive)) as batches:
            async for events in batches:
                body = self._write(events) or protocol.HEARTBEAT
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _write(self, events: list[JobEvent]) -> bytes:
        identifier, model = self._answer.identifier, self._answer.model
        chunks = []
        if self._answer.wants_progress:
            told = [event for event in events if isinstance(event, Progress)]
            chunks += [protocol.write_progress(identifier, model, progress) for progress in told[-1:]]
        deltas = [event for event in events if isinstance(event, Delta)]
        chunks += [protocol.write_chunk(identifier, model, run) for run in _runs(deltas)]
        for last in events[-1:]:
            if isinstance(last, Finished):
                chunks += [protocol.write_chunk(identifier, model, (), last), protocol.DONE]
            elif not isinstance(last, Delta | Progress):
                chunks.append(protocol.write_event(protocol.write_error(last or _stopped())))
        return b"".join(chunks)


class Whole(Response):
    """An answer as one object, once it is finished."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
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
