"""Tests of the thread that owns the model, with a model that does as it is told."""

import asyncio
import dataclasses
from collections.abc import Callable, Generator, Sequence

from assistant.engine.reasoning import HARMONY, PLAIN, Dialect, Splitter
from assistant.engine.runner import Job, JobEvent, Runner
from assistant.engine.types import Delta, Finished, FinishReason, ModelFacts, Piece, Sampling
from assistant.errors import ModelFileError
from indexer.errors import EngineError


@dataclasses.dataclass
class ToldModel:
    """Writes the tokens it is given, or fails as it is told."""

    tokens: Sequence[tuple[bytes, bool]] = ((b"a", False),)
    failures: list[Exception] = dataclasses.field(default_factory=list)
    """Raised one after the other, one for each prompt."""

    facts: ModelFacts = dataclasses.field(init=False)

    def tokenize(self, pieces: Sequence[Piece]) -> list[int]:
        """Return one token for each piece."""
        return list(range(len(pieces)))

    def count_tokens(self, text: str) -> int:
        """Count characters."""
        return len(text)

    def read(self, prompt: Sequence[int]) -> int:
        """Fail if there is a failure left."""
        if self.failures:
            raise self.failures.pop(0)
        return len(prompt) - 1

    def write(
        self,
        sampling: Sampling,  # noqa: ARG002 - part of the protocol
        *,
        max_tokens: int,
    ) -> Generator[tuple[bytes, bool], None, FinishReason]:
        """Write the tokens."""
        yield from self.tokens[:max_tokens]
        return "stop"

    def interrupt(self) -> None:
        """Take no notice."""

    def clear_interrupt(self) -> None:
        """Take no notice."""

    def close(self) -> None:
        """Do nothing."""


def make_job(dialect: Dialect = PLAIN) -> Job:
    """A job with a prompt of three tokens."""
    return Job(
        [1, 2, 3], sampling=Sampling(), max_tokens=100, splitter=Splitter(dialect), marks=dialect.marks
    )


async def events_of(job: Job) -> list[JobEvent]:
    """Wait for all events of a job."""
    events: list[JobEvent] = []
    while not events or isinstance(events[-1], Delta):
        events += await job.take(5)
    return events


def run(model: ToldModel, jobs: Callable[[], list[Job]]) -> list[list[JobEvent]]:
    """Let a runner work off some jobs."""

    async def work() -> list[list[JobEvent]]:
        runner = Runner(lambda _: model)
        runner.start()
        submitted = jobs()
        for job in submitted:
            runner.submit(job)
        results = [await events_of(job) for job in submitted]
        await asyncio.to_thread(runner.stop)
        return results

    return asyncio.run(work())


def test_a_failing_answer_does_not_end_the_thread() -> None:
    """What one job does to it, expected or not, is told to that job alone."""
    model = ToldModel(failures=[EngineError("llama.cpp could not"), RuntimeError("secret text")])
    one, two, three = run(model, lambda: [make_job(), make_job(), make_job()])
    assert [str(one[-1]), str(two[-1])] == ["llama.cpp could not", "the engine failed: RuntimeError"]
    assert isinstance(three[-1], Finished)


def test_a_character_spread_over_tokens_comes_whole() -> None:
    """Bytes are joined before they are text; what never becomes a character is marked as such."""
    model = ToldModel(tokens=[(b"caf\xc3", False), (b"\xa9 \xe2\x82", False)])
    (events,) = run(model, lambda: [make_job()])
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "café \ufffd"


def test_control_tokens_are_left_out_unless_they_are_marks() -> None:
    """Stray control tokens are nothing to read; those of the dialect tell thinking from text."""
    tokens = [
        (b"<|channel|>", True),
        (b"analysis", False),
        (b"<|message|>", True),
        (b"Hm.", False),
        (b"<|end|>", True),
        (b"<|start|>", True),
        (b"assistant", False),
        (b"<|channel|>", True),
        (b"final", False),
        (b"<|message|>", True),
        (b"Yes", False),
        (b"<|stray|>", True),
        (b".", False),
    ]
    (events,) = run(ToldModel(tokens=tokens), lambda: [make_job(HARMONY)])
    assert [event for event in events if isinstance(event, Delta)] == [
        Delta("thinking", "Hm."),
        Delta("text", "Yes"),
        Delta("text", "."),
    ]


def test_a_job_cancelled_while_it_waits_is_never_begun() -> None:
    """It ends without an answer, and without costing the model anything."""

    async def work() -> list[JobEvent]:
        runner = Runner(lambda _: ToldModel())
        job = make_job()
        runner.submit(job)
        runner.cancel(job)
        runner.start()
        events = await events_of(job)
        await asyncio.to_thread(runner.stop)
        return events

    assert asyncio.run(work()) == [None]


def test_a_model_that_does_not_load_is_told() -> None:
    """Whether the reason was foreseen or not."""

    async def fail(error: Exception) -> str:
        def load(_: Callable[[float], bool]) -> ToldModel:
            raise error

        runner = Runner(load)
        runner.start()
        await runner.settled.wait()
        return str(runner.failure)

    assert asyncio.run(fail(ModelFileError("cut short"))) == "cut short"
    message = "the model could not be loaded: MemoryError: too large"
    assert asyncio.run(fail(MemoryError("too large"))) == message


def test_loading_is_told_to_stop() -> None:
    """An engine that leaves while it loads does not wait for the end of it."""

    async def work() -> list[bool]:
        answers = []

        def load(on_progress: Callable[[float], bool]) -> ToldModel:
            answers.append(on_progress(0.1))
            while on_progress(0.5):
                pass
            answers.append(False)
            raise ModelFileError("called off")

        runner = Runner(load)
        runner.start()
        await asyncio.to_thread(runner.stop)
        return answers

    assert asyncio.run(work())[-1] is False
