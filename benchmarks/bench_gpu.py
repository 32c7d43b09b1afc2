"""The engine on a GPU: how near it comes to what the card's memory allows, and whether the plan was true.

    make demo CMAKE_ARGS=-DGGML_CUDA=on     # builds llama.cpp for the card, once; nvcc must be there
    make test-gpu
    make bench-gpu

The build takes a fraction of the time with the card's own architecture alone, as in
`CMAKE_ARGS="-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=90"`. The model has random weights in the shape of an
8B model, made for the run: 8.5 GB at Q8_0, which the folder for temporary files must hold (TMPDIR moves it).

    python -m benchmarks.bench_gpu [--shape 8b|32b|tiny] [--quant q8_0|q4_k_m] [--bandwidth GB/s]

`--shape tiny` shows on any machine that all of this works. Generation is bounded by the bandwidth of the
memory, measured by copying, over the bytes that every token reads: all weights but the table of embeddings,
and the keys and values of the context so far.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.cli.models.measuring import QUESTIONS, passages, words_for
from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.fit import describe_placement
from assistant.engine.fit.caches import BYTES_PER_NUMBER
from assistant.engine.types import ChatOptions, Delta, Finished, Progress, Sampling
from assistant.types import Message
from benchmarks.bare_llama import BareLlama, Timed
from benchmarks.gpu_model import QUANTISATIONS, SHAPES, read_bytes_per_token, size_bytes, write_shaped_model
from indexer.children import child_environment
from indexer.paths import Places

SAMPLING = Sampling(temperature=1.0)
"""At random: the likeliest words of a random model soon go round in circles, which are guessed ahead."""

ROUNDS = 5
PROMPT_TOKENS = 1024
LONG_PROMPT_TOKENS = 8192
"""On a GPU; a CPU reads a quarter."""

LONG_ROUNDS = 3
CANCELLED = 5
ANSWER_TOKENS = 256
EMBEDDED_TEXTS = 4096
"""On a GPU; a CPU gets a sixteenth."""


@dataclass
class Report:
    """The lines of the table, printed as they are found."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, name: str, value: str, remark: str = "") -> None:
        """Print one line."""
        self.lines.append((name, value, remark))
        print(f"{name:<34} {value:>16}   {remark}".rstrip(), flush=True)


def ask(client: EngineClient, text: str, *, max_tokens: int) -> Timed:
    """Answer once through the engine."""
    started = time.perf_counter()
    first = 0.0
    finished: Finished | None = None
    options = ChatOptions(max_tokens=max_tokens, temperature=SAMPLING.temperature, seed=1)
    for event in client.chat([Message("user", text)], options):
        if isinstance(event, Delta):
            first = first or time.perf_counter()
        elif isinstance(event, Finished):
            finished = event
    assert finished is not None
    usage = finished.usage
    ended = time.perf_counter()
    first = first or ended
    return Timed(
        usage.prompt_tokens - usage.cached_tokens,
        first - started,
        usage.completion_tokens,
        ended - first,
        usage.accepted_tokens,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--quant", choices=QUANTISATIONS, default="q8_0")
    parser.add_argument("--bandwidth", type=float, default=0, help="GB/s of the memory; measured if left out")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    if os.environ.get("OMP_WAIT_POLICY") != "PASSIVE":
        # the bare loop must wait for its threads in the same way as the engine does.
        os.execve(
            sys.executable,
            [sys.executable, "-m", "benchmarks.bench_gpu", *sys.argv[1:]],
            child_environment(),
        )
    report = Report()
    describe_machine(report)
    shape = SHAPES[arguments.shape]
    folder = Path(tempfile.mkdtemp(prefix="kb-bench-gpu-"))
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    try:
        needed, free = size_bytes(shape, arguments.quant), shutil.disk_usage(folder).free
        if needed * 1.05 > free:
            sys.exit(f"{folder} has room for {free / 1e9:.1f} GB, and the model takes {needed / 1e9:.1f} GB")
        started = time.perf_counter()
        model = write_shaped_model(folder / "random.gguf", shape, arguments.quant)
        size = model.stat().st_size
        report.add("model", f"{size / 1e9:.2f} GB", f"{arguments.shape} {arguments.quant}, random weights")
        report.add("made in", f"{time.perf_counter() - started:.1f} s")
        bandwidth = arguments.bandwidth * 1e9 or measure_bandwidth(report)
        client = EngineClient(Places(config_file=home / "config.toml", home=home))
        try:
            status, engine_runs, bare_runs = measure_engine(report, client.places, model, arguments.rounds)
        finally:
            client.stop()
            wait_for_memory(client)
        compare(report, engine_runs, bare_runs or run_alone(model, status, arguments.rounds))
        tokens = engine_runs[0].prompt_tokens + ANSWER_TOKENS // 2
        kv_bytes = shape.kv_numbers * BYTES_PER_NUMBER[status["kv_type"]] * tokens
        report_bound(
            report,
            bandwidth,
            read_bytes_per_token(shape, arguments.quant) + kv_bytes,
            median_of(engine_runs, "rate"),
        )
        measure_embedding(report, folder)
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(home)


def describe_machine(report: Report) -> None:
    """Say what all this runs on."""
    cores = f"{os.cpu_count()} cores"
    report.add("machine", platform.machine(), f"{cores}, load {os.getloadavg()[0]:.1f}")
    for line in ask_driver("name,driver_version,memory.total"):
        report.add("card", "", line)


def ask_driver(what: str) -> list[str]:
    """Ask NVIDIA's driver about its cards, a line each; none where there is no such driver."""
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return []


def used_memory() -> float:
    """Return how many bytes of all cards the driver says are taken."""
    return sum(float(line) * 1024**2 for line in ask_driver("memory.used"))


def measure_bandwidth(report: Report) -> float:
    """Measure the memory in a process of its own, so that nothing of it stays on the card."""
    command = [sys.executable, "-m", "benchmarks.gpu_memory"]
    way, found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    report.add("memory bandwidth", f"{found / 1e9:.0f} GB/s", way)
    return float(found)


def measure_engine(
    report: Report, places: Places, model: Path, rounds: int
) -> tuple[Mapping[str, Any], list[Timed], list[Timed]]:
    """Load, answer and cancel.

    Returns:
        What the engine says of itself, its answers of usual length, and those of llama.cpp by itself, which
        took turns with it where there is room for both.
    """
    before = used_memory()
    started = time.perf_counter()
    client = open_engine(places, ModelSettings(), model=str(model))
    status = client.wait_ready()
    ready_s = time.perf_counter() - started
    report.add("device", status["device"][:16], describe_placement(status))
    for remark in status["remarks"]:
        report.add("", "", remark)
    report.add("load", f"{status['load_s']:.2f} s", f"ready {ready_s:.2f} s after its start")
    kept_in = f"context {status['context_tokens']:,} tokens in {status['kv_type']}"
    report.add("batch", f"{status['batch_tokens']} tokens", kept_in)
    if planned := status["planned_gpu_bytes"]:
        taken = status["gpu_bytes"]
        off = f"{100 * (taken / planned - 1):+.1f} % off the plan (wanted: within 5 %)"
        report.add("VRAM, planned", f"{planned / 1e9:.2f} GB")
        report.add("VRAM, as llama.cpp counts", f"{taken / 1e9:.2f} GB", off)
        rest = "with CUDA's own context and workspace"
        report.add("VRAM, as the driver counts", f"{(used_memory() - before) / 1e9:.2f} GB", rest)
    short, long = (words_for(client, tokens) for tokens in prompt_lengths(status))
    ask(client, texts(0, short), max_tokens=16)
    bare = BareLlama(model, status, SAMPLING) if has_room_for_two(status) else None
    runs, bare_runs = [], []
    for number in range(1, rounds + 1):
        runs.append(ask(client, texts(number, short), max_tokens=ANSWER_TOKENS))
        if bare:
            bare_runs.append(bare.answer(rendered(texts(50 + number, short)), max_tokens=ANSWER_TOKENS))
    if bare:
        check(bare)
        bare.close()
    far = [ask(client, texts(100 + number, long), max_tokens=1) for number in range(LONG_ROUNDS)]
    for each in (runs, far):
        read = f"of {each[0].prompt_tokens:,} tokens"
        report.add("prompt, engine", f"{median_of(each, 'prompt_rate'):,.0f} tokens/s", read)
    cancel_times(
        report, "cancel while reading", [cancel_reading(client, 200 + n, long) for n in range(CANCELLED)]
    )
    cancel_times(
        report, "cancel while writing", [cancel_writing(client, 300 + n, short) for n in range(CANCELLED)]
    )
    return status, runs, bare_runs


def prompt_lengths(status: Mapping[str, Any]) -> tuple[int, int]:
    """Return the tokens of a usual prompt and of a long one."""
    room = status["context_tokens"] - ANSWER_TOKENS - 200
    return min(PROMPT_TOKENS, room), min(LONG_PROMPT_TOKENS // (1 if status["gpu_layers"] else 4), room)


def texts(number: int, words: int) -> str:
    """Write a question with passages that stand in no cache."""
    return f"{passages(number, words)}\n\n{QUESTIONS[0]}"


def cancel_times(report: Report, name: str, taken: Sequence[float]) -> None:
    """Report how long it took until the engine was idle again."""
    worst = f"at most {1000 * max(taken):.0f} ms"
    report.add(name, f"{1000 * statistics.median(taken):.0f} ms", worst)


def cancel_reading(client: EngineClient, number: int, words: int) -> float:
    """Go away while the prompt is read; returns after how many seconds the engine is idle."""
    events = client.chat([Message("user", texts(number, words))], ChatOptions(max_tokens=1, temperature=0))
    for event in events:
        if not isinstance(event, Progress) or 0 < event.read_share < 1:
            break
    return leave(client, events)


def cancel_writing(client: EngineClient, number: int, words: int) -> float:
    """Go away while the answer is written; returns after how many seconds the engine is idle."""
    events = client.chat([Message("user", texts(number, words))], ChatOptions(max_tokens=1000, temperature=0))
    for event in events:
        if isinstance(event, Delta):
            break
    return leave(client, events)


def leave(client: EngineClient, events: Iterator[Delta | Progress | Finished]) -> float:
    """Hang up, and wait until the engine is idle."""
    started = time.perf_counter()
    events.close()  # type: ignore[attr-defined]  # a generator
    while client.status()["busy"]:
        time.sleep(0.001)
    return time.perf_counter() - started


def wait_for_memory(client: EngineClient) -> None:
    """Wait until an engine that was told to stop is gone."""
    end = time.monotonic() + 30
    while client.places.engine_socket.exists() and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(1.0)


def has_room_for_two(status: Mapping[str, Any]) -> bool:
    """Say whether another copy of the model fits on the card; beside an engine on the CPU it always does."""
    free = sum(float(line) * 1024**2 for line in ask_driver("memory.free"))
    return not status["gpu_bytes"] or free > 1.2 * float(status["gpu_bytes"])


def run_alone(model: Path, status: Mapping[str, Any], rounds: int) -> list[Timed]:
    """Let llama.cpp answer once the engine has left the card."""
    bare = BareLlama(model, status, SAMPLING)
    # a token of this model is a character of such a text, apart from a few.
    words = len(passages(1, 10_000)[: prompt_lengths(status)[0]].split())
    bare.answer(rendered(texts(0, words)), max_tokens=16)
    runs = [
        bare.answer(rendered(texts(number, words)), max_tokens=ANSWER_TOKENS)
        for number in range(1, rounds + 1)
    ]
    check(bare)
    bare.close()
    return runs


def rendered(text: str) -> str:
    """Write a question as the model's template does."""
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def check(bare: BareLlama) -> None:
    """Stop where the random weights made llama.cpp compute nonsense."""
    if not bare.is_sane():
        sys.exit("the scores of the random model are no numbers; the figures mean nothing")


def compare(report: Report, engine_runs: Sequence[Timed], bare_runs: Sequence[Timed]) -> None:
    """Report what the engine adds to llama.cpp."""
    bare_rate = statistics.median(run.rate for run in bare_runs)
    engine_rate = median_of(engine_runs, "rate")
    if guessed := sum(run.accepted for run in engine_runs):
        report.add("", "", f"{guessed} tokens were guessed right, so that the engine looks faster than it is")
    report.add("prompt, llama.cpp by itself", f"{median_of(bare_runs, 'prompt_rate'):,.0f} tokens/s")
    report.add("generation, llama.cpp by itself", f"{bare_rate:,.1f} tokens/s")
    ratio = f"{engine_rate / bare_rate:.3f} of that (wanted: 0.97)"
    report.add("generation, engine", f"{engine_rate:,.1f} tokens/s", ratio)
    length = engine_runs[0].prompt_tokens
    bare_ms, engine_ms = (
        1000 * statistics.median(run.first_s / run.prompt_tokens for run in runs) * length
        for runs in (bare_runs, engine_runs)
    )
    allowed = f"llama.cpp {bare_ms:.1f} ms; allowed {1.03 * bare_ms + 20:.1f} ms"
    report.add("first token, engine", f"{engine_ms:.1f} ms", allowed)


def report_bound(report: Report, bandwidth: float, read_bytes: float, rate: float) -> None:
    """Compare generation with what the memory allows."""
    bound = bandwidth / read_bytes
    read = f"{read_bytes / 1e9:.2f} GB read for each"
    report.add("bound by the memory", f"{bound:,.1f} tokens/s", read)
    report.add("generation of the bound", f"{100 * rate / bound:.0f} %", "(wanted: 70 %)")


def measure_embedding(report: Report, folder: Path) -> None:
    """Embed passages of the usual length, as the indexer does."""
    # deferred: torch takes its part of the card, which the model had to itself before.
    from indexer.config import EmbeddingSettings
    from indexer.embedding import Embedder

    embedder = Embedder.load(EmbeddingSettings(), cache_dir=folder)
    count = EMBEDDED_TEXTS // (16 if embedder.device == "cpu" else 1)
    embedder.embed_documents([passages(number, 140) for number in range(32)])
    chunks = [passages(1000 + number, 140) for number in range(count)]
    started = time.perf_counter()
    embedder.embed_documents(chunks)
    took_s = time.perf_counter() - started
    on = f"{count:,} passages of 140 words on {embedder.device} in {embedder.dtype}"
    report.add("embedding", f"{count / took_s:,.0f} texts/s", on)


def median_of(runs: Sequence[Timed], what: str) -> float:
    """Return the median of one of the times."""
    return float(statistics.median(getattr(run, what) for run in runs))


if __name__ == "__main__":
    main()
