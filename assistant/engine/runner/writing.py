"""Prompt and model → the events of one answer, on the thread that owns the model."""

import codecs
import time
from collections.abc import Callable, Generator, Sequence

from assistant.engine.runner.jobs import Job
from assistant.engine.runner.model import LoadedModel
from assistant.engine.types import Finished, FinishReason, Interrupted, Progress, Usage

TOLD_EVERY_S = 0.1
"""How often at most it is told how far a prompt is read."""


def write_answer(job: Job, model: LoadedModel) -> Finished:
    """Read the prompt of a job, write its answer and hand over its events, all but the last.

    Raises:
        Interrupted: If the job was cancelled.
        EngineError: If llama.cpp fails.
    """
    began = read_at = time.perf_counter()
    output = _Output(job)
    cached = 0
    is_read = False
    model.is_private = job.is_private
    try:
        cached = model.read(job.prompt, _teller(job))
        read_at = time.perf_counter()
        is_read = True
        reason = output.write(
            model.write(job.sampling, max_tokens=job.max_tokens, schema=job.schema), is_late=_is_late(job)
        )
    except Interrupted:
        if job.is_cancelled or not job.is_late:
            raise
        reason = "time"
    output.finish()
    ended = time.perf_counter()
    drafted, accepted = model.speculation if is_read else (0, 0)
    return Finished(
        reason=reason,
        usage=Usage(
            prompt_tokens=len(job.prompt),
            cached_tokens=cached,
            completion_tokens=output.written,
            thinking_tokens=output.thought,
            drafted_tokens=drafted,
            accepted_tokens=accepted,
        ),
        timings_ms={
            "queue": (began - job.submitted) * 1000,
            "prompt": ((read_at if is_read else ended) - began) * 1000,
            "generation": (ended - read_at) * 1000 if is_read else 0.0,
        },
    )


class _Output:
    """What a model wrote so far, on its way to the job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_closed = False
        """Whether a thought was ended for the model."""

        self.written = 0
        self.thought = 0

    def write(
        self,
        tokens: Generator[tuple[bytes, bool], Sequence[int] | None, FinishReason],
        *,
        is_late: Callable[[], bool],
    ) -> FinishReason:
        """Take every token, and return why they ended."""
        try:
            data, is_control = next(tokens)
            while not is_late():
                self._take(data, is_control=is_control)
                if self._job.splitter.is_ended:
                    return "stop"
                data, is_control = tokens.send(self._end_thought())
        except StopIteration as end:
            reason: FinishReason = end.value
            return reason
        finally:
            tokens.close()
        return "time"

    def finish(self) -> None:
        """Hand over what was held back."""
        self._feed(b"", is_last=True)
        for delta in self._job.splitter.finish():
            self._job.push(delta)

    def _take(self, data: bytes, *, is_control: bool) -> None:
        self.written += 1
        self.thought += self._job.splitter.is_thinking
        if is_control:
            # a control token ends a character that was left unfinished, and is nothing to read by itself.
            self._feed(b"", is_last=True)
            text = data.decode("utf-8", "replace")
            if self._job.splitter.end_at(text) or not any(text in mark for mark in self._job.marks):
                return
        self._feed(data)

    def _end_thought(self) -> Sequence[int] | None:
        """Return what the model is to go on from, once a thought has used up its tokens."""
        job = self._job
        is_used_up = 0 < job.thinking_tokens <= self.thought
        if job.closing is None or self._is_closed or not (is_used_up and job.splitter.is_thinking):
            return None
        self._is_closed = True
        self._feed(b"", is_last=True)
        self._feed(job.closing.text.encode())
        return job.closing.tokens

    def _feed(self, data: bytes, *, is_last: bool = False) -> None:
        for delta in self._job.splitter.feed(self._decoder.decode(data, is_last)):
            self._job.push(delta)


def _teller(job: Job) -> Callable[[int], None]:
    """Return what tells a job's reader how far its prompt is read, and breaks off when that took too long."""
    told_at = time.perf_counter()

    def tell(tokens: int) -> None:
        nonlocal told_at
        if job.is_late or job.is_cancelled:
            raise Interrupted
        if (now := time.perf_counter()) - told_at >= TOLD_EVERY_S:
            told_at = now
            job.tell(Progress(queued=0, read_share=round(tokens / len(job.prompt), 2)))

    return tell


def _is_late(job: Job) -> Callable[[], bool]:
    return lambda: job.is_late
