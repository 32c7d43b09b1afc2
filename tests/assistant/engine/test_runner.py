"""Tests of the thread that owns the model, with a model that does as it is told."""

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from assistant.engine.families import known_families
from assistant.engine.reasoning import Dialect, Splitter
from assistant.engine.runner import Closing, Job, JobEvent, Runner
from assistant.engine.types import (
    Delta,
    Finished,
    FinishReason,
    Interrupted,
    ModelFacts,
    Piece,
    Progress,
    Sampling,
)
from assistant.errors import ModelFileError, PromptTooLongError
from indexer.errors import EngineError

HARMONY, PLAIN = (known_families().dialects[name] for name in ("harmony", "plain"))


@dataclasses.dataclass
class ToldModel:
    """Writes the tokens it is given, or fails as it is told."""

    tokens: Sequence[tuple[bytes, bool]] = ((b"a", False),)
    failures: list[Exception] = dataclasses.field(default_factory=list)
    """Raised one after the other, one for each prompt."""

    is_endless: bool = False
    """Whether it writes its tokens again and again."""

    steps: Sequence[int] = ()
    """How far it says that the prompt is read, one after the other."""

    before_step: Callable[[], object] = lambda: None
    facts: ModelFacts = dataclasses.field(init=False)
    speculation: tuple[int, int] = (4, 3)
    sent: list[Sequence[int]] = dataclasses.field(default_factory=list)
    schema: Mapping[str, Any] | None = None
    is_private: bool = False
    interrupted: threading.Event = dataclasses.field(default_factory=threading.Event)

    def tokenize(self, pieces: Sequence[Piece]) -> list[int]:
        """Return one token for each piece."""
        return list(range(len(pieces)))

    def count_tokens(self, text: str) -> int:
        """Count characters."""
        return len(text)

    def read(self, prompt: Sequence[int], on_progress: Callable[[int], None] | None = None) -> int:
        """Fail if there is a failure left."""
        if self.failures:
            raise self.failures.pop(0)
        for step in self.steps:
            self.before_step()
            assert on_progress is not None
            on_progress(step)
        return len(prompt) - 1

    def write(
        self,
        sampling: Sampling,  # noqa: ARG002 - part of the protocol
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Generator[tuple[bytes, bool], Sequence[int] | None, FinishReason]:
        """Write the tokens, and keep what is sent."""
        self.schema = schema
        written = 0
        while self.is_endless or not written:
            for token in self.tokens[:max_tokens]:
                if self.interrupted.is_set():
                    raise Interrupted
                written += 1
                if sent := (yield token):
                    self.sent.append(sent)
        return "stop"

    def interrupt(self) -> None:
        """End the work at hand."""
        self.interrupted.set()

    def settle(self) -> None:
        """Nothing waits for a quiet moment."""

    def clear_interrupt(self) -> None:
        """Work again."""
        self.interrupted.clear()

    def close(self) -> None:
        """Do nothing."""


def make_job(
    dialect: Dialect = PLAIN,
    *,
    thinking_tokens: int = 0,
    closing: Closing | None = None,
    time_limit_s: float = 0,
    schema: Mapping[str, Any] | None = None,
    is_private: bool = False,
) -> Job:
    """A job with a prompt of four tokens."""
    return Job(
        [1, 2, 3, 4],
        sampling=Sampling(),
        max_tokens=100,
        splitter=Splitter(dialect),
        marks=dialect.marks,
        thinking_tokens=thinking_tokens,
        closing=closing,
        time_limit_s=time_limit_s,
        schema=schema,
        is_private=is_private,
    )


async def events_of(job: Job) -> list[JobEvent]:
    """Wait for all events of a job."""
    events: list[JobEvent] = []
    while not events or isinstance(events[-1], Delta | Progress):
        events += await job.take(5)
    return events


def text_of(events: Sequence[JobEvent], kind: str = "text") -> str:
    """Join the pieces of one kind."""
    return "".join(event.text for event in events if isinstance(event, Delta) and event.kind == kind)


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


def test_who_waits_is_told_the_place() -> None:
    """Places move up when an answer before is done, or its client gone, which costs the others nothing."""
    going = threading.Event()

    async def work() -> list[list[JobEvent]]:
        runner = Runner(lambda _: ToldModel(steps=[4], before_step=lambda: going.wait(20)))
        jobs = [make_job() for _ in range(4)]
        for job in jobs:
            runner.submit(job)
        runner.start()
        while runner.queued == 4:
            await asyncio.sleep(0.001)
        runner.cancel(jobs[1])
        given_up = await events_of(jobs[1])
        going.set()
        events = [await events_of(job) for job in (jobs[0], jobs[2], jobs[3])]
        await asyncio.to_thread(runner.stop)
        return [given_up, *events]

    given_up, first, third, last = asyncio.run(work())
    assert given_up == [Progress(queued=1, read_share=0.0), None]
    assert [event.queued for event in last if isinstance(event, Progress)][:4] == [3, 2, 1, 0]
    assert all(isinstance(events[-1], Finished) for events in (first, third, last))


def test_how_far_a_long_prompt_is_read_is_told() -> None:
    """At intervals that a person can follow; a short prompt is read without a word."""
    slow = ToldModel(steps=[1, 3], before_step=lambda: threading.Event().wait(0.11))
    (events,) = run(slow, lambda: [make_job()])
    assert [event for event in events if isinstance(event, Progress)] == [
        Progress(queued=0, read_share=0.25),
        Progress(queued=0, read_share=0.75),
    ]
    (events,) = run(ToldModel(steps=[1, 2, 3, 4]), lambda: [make_job()])
    assert not [event for event in events if isinstance(event, Progress)]


THINKS = ((b"<think>", True), (b"one ", False), (b"two ", False), (b"three", False))


def test_a_thought_whose_tokens_are_used_up_is_ended() -> None:
    """The model goes on behind the closing mark, once; thinking and answer are counted apart."""
    model = ToldModel(tokens=THINKS)
    closing = Closing(text="\nEnough.</think>", tokens=[7, 8])
    (events,) = run(model, lambda: [make_job(thinking_tokens=2, closing=closing)])
    assert model.sent == [[7, 8]]
    assert (text_of(events, "thinking"), text_of(events)) == ("one two \nEnough.", "three")
    assert isinstance(events[-1], Finished)
    assert (events[-1].usage.completion_tokens, events[-1].usage.thinking_tokens) == (4, 2)


def test_a_thought_within_its_tokens_is_left_alone() -> None:
    """A thought that ends by itself in time, and one that nothing can end, go on as they like."""
    tokens = (*THINKS, (b"</think>", True), (b"Yes", False))
    closing = Closing(text="</think>", tokens=[7])
    model = ToldModel(tokens=tokens)
    in_time, without_end = run(
        model,
        lambda: [make_job(thinking_tokens=9, closing=closing), make_job(thinking_tokens=1)],
    )
    assert model.sent == []
    for events in (in_time, without_end):
        assert (text_of(events, "thinking"), text_of(events)) == ("one two three", "Yes")


def test_an_answer_ends_when_its_time_is_up() -> None:
    """What was written stands, and the next answer has its own time."""
    model = ToldModel(tokens=((b"a", False),), is_endless=True)

    async def work() -> tuple[list[JobEvent], list[JobEvent]]:
        runner = Runner(lambda _: model)
        runner.start()
        limited = make_job(time_limit_s=0.05)
        runner.submit(limited)
        first = await events_of(limited)
        model.is_endless = False
        plain = make_job(time_limit_s=60)
        runner.submit(plain)
        second = await events_of(plain)
        await asyncio.to_thread(runner.stop)
        return first, second

    first, second = asyncio.run(work())
    assert isinstance(first[-1], Finished)
    assert first[-1].reason == "time"
    assert text_of(first) == "a" * first[-1].usage.completion_tokens != ""
    assert isinstance(second[-1], Finished)
    assert second[-1].reason == "stop"


def test_the_time_may_be_up_while_the_prompt_is_read() -> None:
    """Then nothing is written at all, and no tokens are claimed."""
    model = ToldModel(steps=range(1, 1000), before_step=lambda: threading.Event().wait(0.01))
    (events,) = run(model, lambda: [make_job(time_limit_s=0.03)])
    assert isinstance(events[-1], Finished)
    assert (events[-1].reason, events[-1].usage.completion_tokens) == ("time", 0)
    assert (events[-1].usage.drafted_tokens, events[-1].timings_ms["generation"]) == (0, 0.0)


def test_a_job_at_work_is_cancelled_and_the_next_is_done() -> None:
    """In the prompt between two batches, in the answer between two tokens."""
    in_prompt = ToldModel(steps=range(1, 1000), before_step=lambda: threading.Event().wait(0.01))
    in_answer = ToldModel(is_endless=True)

    async def work(model: ToldModel) -> list[JobEvent]:
        runner = Runner(lambda _: model)
        runner.start()
        given_up, next_one = make_job(), make_job()
        runner.submit(given_up)
        runner.submit(next_one)
        while runner.queued == 2:
            await asyncio.sleep(0.001)
        model.steps = ()
        runner.cancel(given_up)
        events = await events_of(given_up)
        model.is_endless = False
        assert isinstance((await events_of(next_one))[-1], Finished)
        await asyncio.to_thread(runner.stop)
        return events

    for model in (in_prompt, in_answer):
        assert asyncio.run(work(model))[-1] is None


def test_a_model_that_fails_is_unfit_until_it_answers() -> None:
    """An engine whose memory was taken is told by that; a request that cannot be met says nothing of it."""
    failures: list[Exception] = [EngineError("no memory"), PromptTooLongError("too long")]

    async def work() -> list[bool]:
        runner = Runner(lambda _: ToldModel(failures=failures))
        runner.start()
        states = []
        for _ in range(3):
            job = make_job()
            runner.submit(job)
            await events_of(job)
            states.append(runner.is_unfit)
        await asyncio.to_thread(runner.stop)
        return states

    assert asyncio.run(work()) == [True, False, False]


def test_a_schema_reaches_the_model_and_guesses_are_counted() -> None:
    """What is asked for goes in, what the model says of its guesses comes out."""
    model = ToldModel()
    (events,) = run(model, lambda: [make_job(schema={"type": "object"}, is_private=True)])
    assert (model.schema, model.is_private) == ({"type": "object"}, True)
    assert isinstance(events[-1], Finished)
    assert (events[-1].usage.drafted_tokens, events[-1].usage.accepted_tokens) == (4, 3)
