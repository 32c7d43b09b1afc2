"""How long a person waits for `kb` itself: start-up of commands, and what answering adds to the model.

Ratios are of medians measured in turns within one run, because the machine's
own speed changes from minute to minute.

    python -m benchmarks.bench_faces [--model FILE.gguf] [--rounds 20]
"""

import argparse
import functools
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.answering import answer
from assistant.config import AnswerSettings, ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.templates import ChatTemplate
from assistant.engine.types import Sampling
from assistant.prompting import build_messages
from assistant.types import AnswerFinished, PassagesFound, Question
from indexer.client import IndexerClient, connect
from indexer.paths import Places
from indexer.types import Passage
from tests.models.wired_gguf import write_random_model

if TYPE_CHECKING:
    from assistant.engine.llama import Model

NAMES = ("cabin", "boat", "garage", "garden", "studio", "attic", "office", "cellar", "bakery", "kiosk")
MONTHS = ("January", "March", "May", "June", "August", "October")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="GGUF file to answer with; a tiny random one if left out")
    parser.add_argument("--rounds", type=int, default=20, help="measurements of each kind")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    )
    with vault() as places:
        measure_processes(places, rounds=arguments.rounds)
        model = arguments.model or write_random_model(places.home / "random.gguf", layers=2)
        measure_first_token(places, model, rounds=arguments.rounds)


@contextmanager
def vault() -> Iterator[Places]:
    """Index sixty made-up notes in a home of their own, and take everything down again."""
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    places = Places(config_file=base / "home" / "config.toml", home=base / "home")
    notes = base / "notes"
    notes.mkdir()
    for name in NAMES:
        for number, month in enumerate(MONTHS):
            fact = f"The rent of the {name} in {month} is {number + 3},{number}00 kr."
            text = f"# The {name} in {month}\n\n{fact}\n"
            (notes / f"{name}-{month}.md").write_text(text, encoding="utf-8")
    client = connect(places)
    try:
        client.add_root(notes)
        for _ in client.progress():
            pass
        client.search("warm up")
        yield places
    finally:
        EngineClient(places).stop()
        client.stop()
        shutil.rmtree(base)


def measure_processes(places: Places, *, rounds: int) -> None:
    """Time whole processes in turns."""
    environment = {**os.environ, "KB_HOME": str(places.home)}
    kb = shutil.which("kb", path=str(Path(sys.executable).parent)) or shutil.which("kb") or "kb"
    commands: Mapping[str, tuple[Sequence[str], float | None]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], None),
        "kb --help": ([kb, "--help"], 8.0),
        "kb search (warm)": ([kb, "search", "rent of the boat in May"], 12.0),
        "kb ask --no-model (warm)": ([kb, "ask", "--no-model", "What is the rent of the boat in May?"], None),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, (command, _limit) in commands.items():
            times[name].append(timed(functools.partial(run, command, environment)))
    base = statistics.median(times["python -c pass"][1:])
    print(f"\nwhole processes, {rounds} rounds\n{'':28}{'median ms':>10}{'times pass':>12}{'at most':>9}")
    for name, (_, limit) in commands.items():
        median = statistics.median(times[name][1:])
        print(f"{name:28}{median * 1000:10.0f}{median / base:12.1f}{f'{limit:.0f}' if limit else '':>9}")


def measure_first_token(places: Places, model: Path, *, rounds: int) -> None:
    """Time the first piece of an answer through kb, and of the same prompt straight from llama.cpp.

    A fresh question every time, alike for both, so that each reads as much anew as the other.
    """
    # llama.cpp as the engine runs it: threads that wait must not spin, which is read when it is loaded.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    from assistant.engine.llama import load_model

    settings = AnswerSettings(temperature=0.0, passages=3, max_tokens=32)
    client = connect(places)
    engine = open_engine(places, ModelSettings(path=str(model)))
    facts = engine.wait_ready()
    direct = load_model(
        model, context_tokens=facts["context_tokens"], gpu_layers=-1, threads=facts["threads"]
    )
    template = ChatTemplate(
        direct.facts.template, bos_text=direct.facts.bos_text, eos_text=direct.facts.eos_text
    )
    through_kb: list[float] = []
    straight: list[float] = []
    try:
        for number in range(rounds + 1):
            question = (
                f"What is the rent of the {NAMES[number % len(NAMES)]} in {MONTHS[number % len(MONTHS)]}?"
            )
            added, passages = ask(question, client, engine, settings)
            through_kb.append(added)
            # what the engine shows llama.cpp, made before the clock starts.
            prompt = direct.tokenize(template.render(build_messages(question, passages)))
            straight.append(timed(functools.partial(write_first_token, direct, prompt)) * 1000)
    finally:
        direct.close()
    kb_ms, direct_ms = statistics.median(through_kb[1:]), statistics.median(straight[1:])
    print(f"\nfirst token after the search, {model.name}, {rounds} rounds")
    print(f"{'straight from llama.cpp':28}{direct_ms:10.1f} ms")
    print(f"{'through kb':28}{kb_ms:10.1f} ms")
    print(f"{'added':28}{kb_ms - direct_ms:10.1f} ms, at most 60")


def ask(
    question: str, client: IndexerClient, engine: EngineClient, settings: AnswerSettings
) -> tuple[float, Sequence[Passage]]:
    """Return the milliseconds from the passages to the first piece the model wrote, and the passages."""
    passages: Sequence[Passage] = ()
    for event in answer(Question(text=question), searcher=client, generator=engine, settings=settings):
        if isinstance(event, PassagesFound):
            passages = event.passages
        elif isinstance(event, AnswerFinished):
            timings = event.answer.timings_ms
            return timings["first_token"] - timings["search"], passages
    raise AssertionError("an answer ends with AnswerFinished")


def write_first_token(model: "Model", prompt: Sequence[int]) -> None:
    """Read a prompt and write one token."""
    model.read(prompt)
    next(model.write(Sampling(temperature=0.0), max_tokens=8), None)


def run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end, its output thrown away."""
    subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        check=True,
    )


def timed(action: Callable[[], object]) -> float:
    """Return how long an action takes, in seconds."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
