"""How fast a model is: measured in a real engine, with a home of its own.

An engine that works for somebody is never touched: the one that measures has
another socket and another lock. What is asked is the same for every model, in
words, so that a model whose tokens are longer is not cheated out of it; rates
are in the model's own tokens, as everywhere.
"""

import contextlib
import fcntl
import random
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.engine.client import EngineClient, open_engine
from assistant.engine.models import Bench
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.errors import EngineUnavailableError
from assistant.types import Message
from indexer.errors import EngineError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.config import ModelSettings

ROUNDS = 3
BATCHES = (128, 256, 512, 1024, 2048)
"""Tokens evaluated at a time that are worth trying: fewer leave every device idle, more make none faster."""

PROMPT_TOKENS = 1024
"""About what a question with its passages has."""

ANSWER_TOKENS = 128
_LEAST_TOKENS = 8
"""A rate of fewer tokens says nothing."""

_WARM_UP_TOKENS = 8
_ENDING_S = 30.0

_SUBJECTS = "the gardener,a neighbour,the old clerk,my sister,the ferryman,our teacher,the baker,a stranger"
_VERBS = "found,carried,repaired,painted,measured,forgot,sold,borrowed,described,returned"
_THINGS = "a wooden ladder,the blue kettle,two letters,the broken clock,a bag of apples,the map,an oil lamp"
_PLACES = "behind the station,near the river,in the attic,at the market,under the bridge,by the sea"
_TIMES = "on Monday,in early spring,before the rain,last winter,at noon,a year later,after the feast"

QUESTIONS = (
    "Write a long story in which one of these people sets out on a journey.",
    "Write a long letter from one of these people to another.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The times of one answer."""

    first_token_s: float
    prompt_tokens_per_s: float
    """0 if too few tokens were read to tell."""

    generation_tokens_per_s: float
    """0 if too few were written."""

    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


@contextlib.contextmanager
def own_engine(settings: "ModelSettings", file: Path) -> Iterator[EngineClient]:
    """Start an engine with the settings of the config in a home of its own; both are gone at the end.

    Raises:
        EngineError: If it does not start.
    """
    # not in the person's home: a path there may be too long for a socket.
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp" if Path("/tmp").is_dir() else None))
    places = Places(config_file=home / "config.toml", home=home)
    try:
        with _interrupted_afterwards():
            client = open_engine(places, settings, model=str(file))
        yield client
    finally:
        _end(places)
        shutil.rmtree(home, ignore_errors=True)


def measure(
    client: EngineClient,
    *,
    rounds: int = ROUNDS,
    prompt_tokens: int = PROMPT_TOKENS,
    answer_tokens: int = ANSWER_TOKENS,
    on_progress: Callable[[str], None] = lambda _: None,
    now: Callable[[], str] = lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
) -> Bench:
    """Load a model, ask it questions and take medians.

    Args:
        client: Of an engine that nobody else uses.
        rounds: How often everything is measured, after a warm-up.
        prompt_tokens: Length of what is read; less where the context is small.
        answer_tokens: Longest answer.
        on_progress: Is told what goes on.
        now: Says the time.

    Raises:
        EngineError: If the model does not load or does not answer, or writes next to nothing.
    """
    on_progress("loading…")
    status = client.wait_ready()
    words = words_for(client, min(prompt_tokens, _room(int(status["context_tokens"]), answer_tokens)))
    on_progress("warming up…")
    ask(client, passages(0, 50), QUESTIONS[0], max_tokens=_WARM_UP_TOKENS)
    cold: list[Answered] = []
    kept: list[Answered] = []
    for number in range(1, rounds + 1):
        on_progress(f"round {number} of {rounds}…")
        text = passages(number, words)
        cold.append(ask(client, text, QUESTIONS[0], max_tokens=answer_tokens))
        kept.append(ask(client, text, QUESTIONS[1], max_tokens=answer_tokens))
    generation = [each.generation_tokens_per_s for each in cold + kept if each.generation_tokens_per_s]
    if not generation:
        raise EngineError(
            f"{client.model_name} ends its answers after a few words, so that nothing is measured"
        )
    status = client.status()
    return Bench(
        load_s=float(status["load_s"]),
        prompt_tokens_per_s=_median([each.prompt_tokens_per_s for each in cold]),
        generation_tokens_per_s=_median(generation),
        first_token_s=_median([each.first_token_s for each in cold]),
        next_first_token_s=_median([each.first_token_s for each in kept]),
        gpu_bytes=int(status.get("gpu_bytes", 0)),
        ram_bytes=resident_bytes(int(status["pid"])),
        device=str(status["device"]),
        when=now(),
    )


def measure_batches(
    settings: "ModelSettings",
    file: Path,
    *,
    sizes: Sequence[int] = BATCHES,
    rounds: int = ROUNDS,
    prompt_tokens: int = 0,
    on_progress: Callable[[str], None] = lambda _: None,
) -> dict[int, float]:
    """Find out how fast a model reads with batches of several sizes, each in an engine of its own.

    Args:
        settings: `[model]` of the config.
        file: The model.
        sizes: Tokens of a batch, in order; those that the context does not hold are left out.
        rounds: How often each is measured, after a warm-up.
        prompt_tokens: Length of what is read; 0 for the largest batch.
        on_progress: Is told what goes on.

    Returns:
        Tokens read per second, medians, by size of the batch.

    Raises:
        EngineError: If the model does not load or does not answer.
    """
    rates: dict[int, float] = {}
    context = max(sizes)
    for size in sizes:
        if size > context:
            break
        on_progress(f"batches of {size} tokens…")
        with own_engine(settings.model_copy(update={"batch_tokens": size}), file) as client:
            status = client.wait_ready()
            context = int(status["context_tokens"])
            words = words_for(client, min(prompt_tokens or max(sizes), _room(context)))
            ask(client, passages(0, min(50, words)), QUESTIONS[0], max_tokens=1)
            answers = [
                ask(client, passages(number, words), QUESTIONS[0], max_tokens=1)
                for number in range(1, rounds + 1)
            ]
            rates[size] = _median([each.prompt_tokens_per_s for each in answers])
    return rates


def _room(context_tokens: int, answer_tokens: int = ANSWER_TOKENS) -> int:
    """Return how long a text a context holds beside question, template and answer; words vary in tokens."""
    return max(16, (context_tokens - answer_tokens) * 3 // 4)


def ask(client: EngineClient, text: str, question: str, *, max_tokens: int) -> Answered:
    """Ask once, always for the likeliest word, and without a thought first where the model has a choice.

    Raises:
        EngineError: If there is no answer.
    """
    options = ChatOptions(max_tokens=max_tokens, temperature=0, seed=1, thinking="off")
    started = time.perf_counter()
    first_token_s = 0.0
    finished: Finished | None = None
    for event in client.chat([Message("user", f"{text}\n\n{question}")], options):
        if isinstance(event, Delta):
            first_token_s = first_token_s or time.perf_counter() - started
        elif isinstance(event, Finished):
            finished = event
    assert finished is not None
    usage, timings = finished.usage, finished.timings_ms
    read = usage.prompt_tokens - usage.cached_tokens
    written = usage.completion_tokens
    return Answered(
        first_token_s=first_token_s or time.perf_counter() - started,
        prompt_tokens_per_s=_rate(read, timings["prompt"]),
        # the first token is chosen from what reading the prompt has computed.
        generation_tokens_per_s=_rate(written - 1, timings["generation"]),
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=written,
    )


def passages(number: int, words: int) -> str:
    """Write plain text of so many words, the same for the same number on every machine; pure."""
    numbers = random.Random(number)
    sentences: list[str] = []
    written = 0
    while written < words:
        # the number stands first, so that no two texts begin alike.
        subject, verb, thing, place, moment = (
            numbers.choice(each.split(",")) for each in (_SUBJECTS, _VERBS, _THINGS, _PLACES, _TIMES)
        )
        count = f"{number * 1000 + len(sentences)}: " if len(sentences) % 5 == 0 else ""
        sentence = f"{count}{moment.capitalize()} {subject} {verb} {thing} {place}."
        sentences.append(sentence)
        written += len(sentence.split())
    return " ".join(sentences)


def words_for(client: EngineClient, tokens: int) -> int:
    """Find out how many words of our text make so many tokens of a model.

    Raises:
        EngineError: If the engine does not answer.
    """
    sample = passages(0, 400)
    return max(8, tokens * len(sample.split()) // max(1, client.count_tokens(sample)))


def make_room(places: Places, *, on_progress: Callable[[str], None], pause_s: float = 0.5) -> bool:
    """Let the person's own engine finish what it does, and give its memory back.

    Returns:
        Whether one was sent away; the next question starts it again.
    """
    client = EngineClient(places)
    while True:
        try:
            status = client.status()
        except EngineUnavailableError:
            return False
        if status["state"] != "loading" and not status["busy"] and not status["queued"]:
            break
        on_progress("the engine is at work; waiting until it is done…")
        time.sleep(pause_s)
    client.stop()
    _end(places)
    return True


def _rate(tokens: int, milliseconds: float) -> float:
    return 1000 * tokens / milliseconds if tokens >= _LEAST_TOKENS and milliseconds > 0 else 0.0


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if value]
    return statistics.median(known) if known else 0.0


def resident_bytes(pid: int) -> int:
    """Return what a process holds of the computer's own memory; 0 if it is gone."""
    # deferred: nothing else here looks at processes.
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _end(places: Places) -> None:
    """Stop the engine of a home and wait until it has let go of everything."""
    end = time.monotonic() + _ENDING_S
    client = EngineClient(places)
    while time.monotonic() < end:
        client.stop()
        try:
            with places.engine_lock.open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
        except FileNotFoundError:
            return
        except BlockingIOError:
            time.sleep(0.05)


@contextlib.contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """Let Ctrl-C wait until an engine that is being started can be told to stop."""
    pressed: list[Any] = []
    try:
        before = signal.signal(signal.SIGINT, lambda *_: pressed.append(None))
    except ValueError:
        # not the main thread, which no signal reaches.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
