"""How much longer a search takes while a folder is being indexed, and with many people asking at once.

    python -m benchmarks.bench_busy
    python -m benchmarks.bench_busy --chunks 20000 --questions 400

A daemon of its own indexes a folder and is asked while it rests; then a second
folder is added, and it is asked again while that is being embedded, by one
client and by fifty at the same time. All in one run, so that the ratio means
something on any machine.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.bench_search import machine, make_question, percentile
from benchmarks.bench_watching import fill, wait_until_under_way
from benchmarks.vocabulary import make_vocabulary
from indexer.client import IndexerClient, connect
from indexer.paths import Places

WORDS = 20_000
CLIENTS = 50
PAUSE_S = 0.05
"""Between two questions of one client; without it the search itself would be the load."""

TARGET = 3.0


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=1000, help="chunks that are indexed before")
    parser.add_argument("--backlog", type=int, default=20_000, help="chunks that are queued meanwhile")
    parser.add_argument("--questions", type=int, default=200)
    arguments = parser.parse_args()
    print(machine())
    random = np.random.default_rng(5)
    words = make_vocabulary(np.random.default_rng(1), words=WORDS)
    questions = [make_question(random, words) for _ in range(arguments.questions)]
    # a socket path has to be short.
    with tempfile.TemporaryDirectory(prefix="kb-", dir="/tmp", ignore_cleanup_errors=True) as name:
        home = Path(name) / "home"
        client = connect(Places(config_file=home / "config.toml", home=home))
        try:
            fill(Path(name) / "indexed", arguments.chunks)
            client.add_root(Path(name) / "indexed")
            for _ in client.progress():
                pass
            ask(client, questions[:20])
            idle = ask(client, questions)
            fill(Path(name) / "backlog", arguments.backlog)
            client.add_root(Path(name) / "backlog")
            wait_until_under_way(client)
            begun_at, begun = time.perf_counter(), client.status()["chunks"]
            busy = ask(client, questions)
            crowd = ask_together(client, questions)
            rate = (client.status()["chunks"] - begun) / (time.perf_counter() - begun_at)
        finally:
            client.stop()
    print(f"{'':36}{'p50 ms':>8}{'p95 ms':>8}{'max ms':>8}")
    for what, took_ms in (("idle", idle), ("indexing", busy), (f"indexing, {CLIENTS} clients", crowd)):
        row = (percentile(took_ms, 0.5), percentile(took_ms, 0.95), max(took_ms))
        print(f"{what:36}" + "".join(f"{each:8.0f}" for each in row))
    ratio = percentile(busy, 0.95) / percentile(idle, 0.95)
    print(f"p95 while indexing is {ratio:.1f} times idle (at most {TARGET:.0f}); {rate:.0f} chunks a second")
    return int(ratio > TARGET)


def ask(client: IndexerClient, questions: Sequence[str]) -> list[float]:
    """Ask one question after another; return how long each took, in milliseconds."""
    took_ms: list[float] = []
    for question in questions:
        started = time.perf_counter()
        client.search(question, top_k=8)
        took_ms.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_S)
    return took_ms


def ask_together(client: IndexerClient, questions: Sequence[str]) -> list[float]:
    """Have many clients ask a few questions each at the same time."""
    took_ms: list[float] = []
    few = max(2, len(questions) // CLIENTS)

    def one(number: int) -> None:
        took_ms.extend(ask(client, questions[number % len(questions) :][:few]))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took_ms


if __name__ == "__main__":
    sys.exit(main())
