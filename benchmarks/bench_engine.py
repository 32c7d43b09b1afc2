"""What the engine costs and saves: against bare llama.cpp, in follow-ups, by guessing ahead, at its start.

The model is made on the spot: Llama in Q8_0 with numbers of no meaning, as large as a small real one, so
that a token takes as long as it would there. It says one text by heart whatever it is asked; passages that
hold that text make its answer a quotation. Whatever is compared takes turns within one run, because the
machine's own speed changes from minute to minute; medians are shown.

    python -m benchmarks.bench_engine [--model FILE.gguf] [--rounds 7] [--layers 24] [--threads 0]

With a model of your own, what it quotes is not known, and guessing ahead is left out.
"""

import argparse
import itertools
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.types import Message
from benchmarks.bare_llama import BareLlama
from indexer.children import child_environment
from indexer.paths import Places
from tests.models.speaking_gguf import Size, write_speaking_model

CONTEXT_TOKENS = 4096
SYLLABLES = [f" {first}{second}{last}" for first in "bdfgklmn" for second in "aeiou" for last in "strm"]
TEXT = SYLLABLES[:140]
"""What the model says; every syllable is one token."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="GGUF file with a ChatML template; made if left out")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--layers", type=int, default=24, help="of the model that is made; 12 M each")
    parser.add_argument("--threads", type=int, default=0, help="0 for all physical cores")
    arguments = parser.parse_args()
    if os.environ.get("OMP_WAIT_POLICY") != "PASSIVE":
        # the bare loop must wait for its threads in the same way as the engine does.
        command = [sys.executable, "-m", "benchmarks.bench_engine", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=child_environment(), check=False).returncode)
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    try:
        model = arguments.model
        if model is None:
            size = Size(width=1024, hidden=3072, layers=arguments.layers, heads=16, kv_heads=4)
            model = write_speaking_model(home / "speaking.gguf", TEXT, size=size)
        settings = ModelSettings(path=str(model), threads=arguments.threads, context_tokens=CONTEXT_TOKENS)
        bench = Bench(home, settings, model)
        bench.measure_start(max(3, arguments.rounds // 2))
        bench.measure_overhead(arguments.rounds)
        bench.measure_follow_ups(max(3, arguments.rounds // 2))
        bench.close()
        if arguments.model is None:
            measure_guessing(model, bench.status["threads"], arguments.rounds)
    finally:
        shutil.rmtree(home)


class Bench:
    """One engine, and bare llama.cpp beside it."""

    def __init__(self, home: Path, settings: ModelSettings, model: Path) -> None:
        self._places = Places(config_file=home / "config.toml", home=home)
        self._settings = settings
        self._model = model
        self._seeds = itertools.count()
        self.client = self._open()
        self.status = self.client.wait_ready()
        status = self.status
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        size = f"{status['description']}, {status['parameters'] / 1e6:.0f} M parameters"
        print(f"{machine}; {status['device']}, {status['threads']} threads; {size}")
        self.bare = self._open_bare()

    def close(self) -> None:
        """Stop the engine and free llama.cpp."""
        self.client.stop()
        self.bare.close()

    def measure_start(self, rounds: int) -> None:
        """Start a process until its first token, against loading and answering in this one."""
        question = "hello"
        engine_s, bare_s = [], []
        for _ in range(rounds):
            self.client.stop()
            self.bare.close()
            self.bare = self._open_bare()
            bare_s.append(self.bare.load_s + self.bare.answer(_prompt(question), max_tokens=2).first_s)
            began = time.perf_counter()
            self.client = self._open()
            engine_s.append(_ask(self.client, [Message("user", question)], max_tokens=2)[0] - began)
        added_s = statistics.median(engine_s) - statistics.median(bare_s)
        print(
            f"cold start to first token: engine {statistics.median(engine_s):.2f} s, llama.cpp loading and"
            f" answering {statistics.median(bare_s):.2f} s; added {added_s:.2f} s (goal 0.5)"
        )

    def measure_overhead(self, rounds: int) -> None:
        """Answer prompts that nothing has in its cache, by turns."""
        bare: list[tuple[float, float]] = []
        engine: list[tuple[float, float]] = []
        for _ in range(rounds):
            # the same words but for the first, behind which nothing can be kept.
            words = self._passages(400)
            questions = [first + words for first in SYLLABLES[:2]]
            run = self.bare.answer(_prompt(questions[0]), max_tokens=len(TEXT))
            bare.append((run.first_s, run.rate))
            began = time.perf_counter()
            first, tokens_per_s, _ = _ask(self.client, [Message("user", questions[1])])
            engine.append((first - began, tokens_per_s))
        bare_ms, engine_ms = (1000 * statistics.median(first for first, _ in runs) for runs in (bare, engine))
        rates = [statistics.median(rate for _, rate in runs) for runs in (bare, engine)]
        print(f"{'':24}llama.cpp     engine")
        print(f"{'first token, ms':22}{bare_ms:11.1f}{engine_ms:11.1f}   limit {bare_ms * 1.03 + 20:.1f}")
        print(
            f"{'generation, tokens/s':22}{rates[0]:11.1f}{rates[1]:11.1f}"
            f"   ratio {rates[1] / rates[0]:.3f} (goal 0.97)"
        )

    def measure_follow_ups(self, rounds: int) -> None:
        """Read passages once, and ask on in every way that should not read them again."""
        names = (
            "first question",
            "follow-up",
            "other question, same passages",
            "back after another conversation",
            "after a restart",
        )
        took_ms: dict[str, list[float]] = {name: [] for name in names}
        kept: dict[str, float] = {}

        def ask(name: str, messages: Sequence[Message]) -> None:
            _, _, finished = _ask(self.client, messages)
            took_ms[name].append(finished.timings_ms["prompt"])
            kept[name] = finished.usage.cached_tokens / finished.usage.prompt_tokens

        for _ in range(rounds):
            system = Message("system", "You answer from passages. " + self._passages(60))
            passages = self._passages(1100)
            first = [system, Message("user", f"{passages} Question: what is it?")]
            follow_up = [*first, Message("assistant", "".join(TEXT)), Message("user", "And why?")]
            ask(names[0], first)
            ask(names[1], follow_up)
            ask(names[2], [system, Message("user", f"{passages} Question: who was it, and when?")])
            _ask(self.client, [system, Message("user", self._passages(900))])
            ask(names[3], follow_up)
            self.client.stop()
            self.client = self._open()
            self.client.wait_ready()
            ask(names[4], first)
        print(f"{'':34}reading, ms   of the first (goal 0.35)   tokens kept")
        whole = statistics.median(took_ms[names[0]])
        for name in names:
            took = statistics.median(took_ms[name])
            print(f"{name:34}{took:11.1f}{took / whole:10.3f}{kept[name]:33.0%}")

    def _passages(self, tokens: int) -> str:
        """Return words that share nothing with any other text."""
        return "".join(random.Random(next(self._seeds)).choices(SYLLABLES, k=tokens))

    def _open(self) -> EngineClient:
        return open_engine(self._places, self._settings)

    def _open_bare(self) -> BareLlama:
        return BareLlama(self._model, self.status)


def measure_guessing(path: Path, threads: int, rounds: int) -> None:
    """Write the same answer with guesses and without, where it quotes the prompt and where it does not."""
    # deferred: the engine's process loads llama.cpp otherwise.
    from assistant.engine.llama import load_model
    from assistant.engine.types import Piece, Sampling

    model = load_model(path, context_tokens=CONTEXT_TOKENS, gpu_layers=-1, threads=threads)
    drafters = model.drafters
    chance = random.Random(1)
    scraps = [TEXT[start : start + 5] for start in range(0, len(TEXT), 3)]
    chance.shuffle(scraps)
    half = [*TEXT[:40], *chance.choices(SYLLABLES, k=60), *TEXT[80:120]]
    prompts = {
        "quotes a passage": TEXT,
        "quotes half of it": half,
        "quotes nothing": SYLLABLES[140:],
        "scraps that mislead": list(itertools.chain.from_iterable(scraps)),
    }

    def write(words: Sequence[str], *, is_guessing: bool) -> float:
        model.drafters = drafters if is_guessing else []
        model.read(model.tokenize([Piece(_prompt("".join(words)), True)]))
        began = time.perf_counter()
        written = sum(1 for _ in model.write(Sampling(temperature=0), max_tokens=len(TEXT)))
        return written / (time.perf_counter() - began)

    print(f"{'tokens/s':24}plain   guessing      ratio   guessed/right")
    for name, words in prompts.items():
        write(words, is_guessing=False)
        runs: list[tuple[float, float]] = []
        counts = (0, 0)
        for _ in range(rounds):
            plain = write(words, is_guessing=False)
            runs.append((plain, write(words, is_guessing=True)))
            counts = model.speculation
        plain, guessing = (statistics.median(column) for column in zip(*runs, strict=True))
        ratio = statistics.median(one / other for other, one in runs)
        print(f"{name:20}{plain:9.1f}{guessing:11.1f}{ratio:11.3f}{counts[0]:10}/{counts[1]}")
    model.close()


def _ask(
    client: EngineClient, messages: Sequence[Message], *, max_tokens: int = len(TEXT)
) -> tuple[float, float, Finished]:
    """Return when the first token came, tokens per second after it, and the end of the answer."""
    first = 0.0
    finished: Finished | None = None
    for event in client.chat(messages, ChatOptions(max_tokens=max_tokens, temperature=0)):
        if isinstance(event, Delta):
            first = first or time.perf_counter()
        elif isinstance(event, Finished):
            finished = event
    if finished is None:
        raise RuntimeError("the engine ended no answer")
    return first, (finished.usage.completion_tokens - 1) / (time.perf_counter() - first), finished


def _prompt(question: str) -> str:
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


if __name__ == "__main__":
    main()
