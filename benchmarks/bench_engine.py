"""What the engine adds to llama.cpp: time to first token and tokens per second, against a bare loop.

The bare loop calls llama.cpp's C interface with the same file and settings and does nothing else: no
template, no splitting, no process between. Both take turns within one run, every time with a prompt that
nothing has in its cache, because the machine's own speed changes from minute to minute.

    python -m benchmarks.bench_engine [--model FILE.gguf] [--rounds 10] [--threads 0]
"""

import argparse
import ctypes
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from assistant.config import ModelSettings
from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions, Delta, Finished
from assistant.types import Message
from indexer.children import child_environment
from indexer.paths import Places
from tests.models.wired_gguf import write_random_model

BATCH_TOKENS = 512
CONTEXT_TOKENS = 4096


@dataclass(frozen=True)
class Measured:
    """One answer's times."""

    first_s: float
    tokens_per_s: float
    """Of the tokens after the first."""


class BareLoop:
    """llama.cpp and nothing else."""

    def __init__(self, model: Path, *, threads: int) -> None:
        # deferred: the environment that it reads is set first.
        import llama_cpp.llama_cpp as llama

        self.llama = llama
        self._silence = llama.llama_log_callback(lambda *_: None)
        llama.llama_log_set(self._silence, ctypes.c_void_p(0))
        llama.llama_backend_init()
        model_options = llama.llama_model_default_params()
        model_options.n_gpu_layers = -1
        self.model = llama.llama_model_load_from_file(str(model).encode(), model_options)
        options = llama.llama_context_default_params()
        options.n_ctx = min(CONTEXT_TOKENS, llama.llama_model_n_ctx_train(self.model))
        options.n_batch = options.n_ubatch = BATCH_TOKENS
        options.n_threads = options.n_threads_batch = threads
        self.context = llama.llama_init_from_model(self.model, options)
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.sampler = llama.llama_sampler_init_greedy()

    def answer(self, prompt: str, *, max_tokens: int) -> Measured:
        """Answer once, from an empty cache."""
        llama = self.llama
        started = time.perf_counter()
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        data = prompt.encode()
        tokens = (llama.llama_token * (len(data) + 8))()
        count = llama.llama_tokenize(self.vocab, data, len(data), tokens, len(tokens), True, True)
        for start in range(0, count, BATCH_TOKENS):
            length = min(BATCH_TOKENS, count - start)
            batch = (llama.llama_token * length)(*tokens[start : start + length])
            llama.llama_decode(self.context, llama.llama_batch_get_one(batch, length))
        buffer = ctypes.create_string_buffer(256)
        first = 0.0
        written = 0
        single = (llama.llama_token * 1)()
        while written < max_tokens:
            token = llama.llama_sampler_sample(self.sampler, self.context, -1)
            if llama.llama_vocab_is_eog(self.vocab, token):
                break
            llama.llama_token_to_piece(self.vocab, token, buffer, 256, 0, True)
            written += 1
            first = first or time.perf_counter()
            single[0] = token
            if written < max_tokens:
                llama.llama_decode(self.context, llama.llama_batch_get_one(single, 1))
        return Measured(first - started, (written - 1) / (time.perf_counter() - first))


def ask_engine(client: EngineClient, question: str, *, max_tokens: int) -> Measured:
    """Answer once through the engine's socket."""
    started = time.perf_counter()
    first = 0.0
    written = 0
    for event in client.chat([Message("user", question)], ChatOptions(max_tokens=max_tokens, temperature=0)):
        if isinstance(event, Delta):
            first = first or time.perf_counter()
        elif isinstance(event, Finished):
            written = event.usage.completion_tokens
    return Measured(first - started, (written - 1) / (time.perf_counter() - first))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", type=Path, help="GGUF file with a ChatML template; made of random numbers if left out"
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=0, help="0 for all physical cores")
    parser.add_argument("--max-tokens", type=int, default=200)
    arguments = parser.parse_args()
    if os.environ.get("OMP_WAIT_POLICY") != "PASSIVE":
        # the bare loop must wait for its threads in the same way as the engine does.
        command = [sys.executable, "-m", "benchmarks.bench_engine", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=child_environment(), check=False).returncode)
    home = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    try:
        model = arguments.model or write_random_model(home / "random.gguf", layers=24)
        measure(home, model, arguments.rounds, arguments.threads, arguments.max_tokens)
    finally:
        shutil.rmtree(home)


def measure(home: Path, model: Path, rounds: int, threads: int, max_tokens: int) -> None:
    """Let both answer in turns and print the medians."""
    settings = ModelSettings(path=str(model), threads=threads, context_tokens=CONTEXT_TOKENS)
    started = time.perf_counter()
    client = open_engine(Places(config_file=home / "config.toml", home=home), settings)
    status = client.wait_ready()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    size = f"{status['description']}, {status['parameters'] / 1e6:.1f} M parameters"
    print(f"{machine}; {status['device']}, {status['threads']} threads; {size}")
    ready_s = time.perf_counter() - started
    print(f"ready {ready_s:.2f} s after its start, of which loading {status['load_s']:.2f} s")
    bare = BareLoop(model, threads=status["threads"])
    bare_runs, engine_runs = [], []
    for number in range(rounds):
        questions = [
            f"{name}{number} " + "the quick brown fox jumps over the lazy dog " * 12 for name in "ab"
        ]
        prompt = f"<|im_start|>user\n{questions[0]}<|im_end|>\n<|im_start|>assistant\n"
        bare_runs.append(bare.answer(prompt, max_tokens=max_tokens))
        engine_runs.append(ask_engine(client, questions[1], max_tokens=max_tokens))
    client.stop()
    bare_ms, engine_ms = (
        1000 * statistics.median(run.first_s for run in runs) for runs in (bare_runs, engine_runs)
    )
    bare_rate, engine_rate = (
        statistics.median(run.tokens_per_s for run in runs) for runs in (bare_runs, engine_runs)
    )
    added_ms, ratio = engine_ms - bare_ms, engine_rate / bare_rate
    print(f"first token   llama.cpp {bare_ms:7.1f} ms   engine {engine_ms:7.1f} ms   {added_ms:+.1f} ms")
    print(f"generation    llama.cpp {bare_rate:7.1f} /s   engine {engine_rate:7.1f} /s   ratio {ratio:.3f}")


if __name__ == "__main__":
    main()
