"""How long a whole answer takes without a model, from the question to its citations.

    make bench-answering DATA=folder-of-sets
    python -m benchmarks.bench_answering --data folder-of-sets --sets inscit

A real daemon indexes the corpus of each set, or sixty made-up notes without --data, and
every question goes through its socket and the one core under all faces.
"""

import argparse
import itertools
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant.answering import answer
from assistant.config import AnswerSettings
from assistant.types import Question
from benchmarks.bench_faces import MONTHS, NAMES, vault
from benchmarks.retrieval_sets import load_sets
from indexer.client import IndexerClient, connect
from indexer.paths import Places

GOAL_MS = 150.0
MOST_QUESTIONS = 300
WARM_UP = 10


def main() -> int:
    """Print a line for each corpus; 1 if the goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--sets", nargs="*", help="names of sets; all if left out")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; goal: 95 % within {GOAL_MS:.0f} ms")
    print(f"{'':16}{'questions':>10}{'p50 ms':>9}{'p95 ms':>9}{'longest':>9}{'of it search':>14}")
    slowest = 0.0
    if arguments.data is None:
        with vault() as places:
            questions = [f"What is the rent of the {name} in {month}?" for name in NAMES for month in MONTHS]
            slowest = _measure("made-up notes", connect(places), questions)
    else:
        for each in load_sets(Path(arguments.data)):
            if not arguments.sets or each.name in arguments.sets:
                with _indexed(each.corpus) as client:
                    questions = [question.text for question in each.questions]
                    slowest = max(slowest, _measure(each.name, client, questions[:MOST_QUESTIONS]))
    return 1 if slowest > GOAL_MS else 0


@contextmanager
def _indexed(corpus: Path) -> Iterator[IndexerClient]:
    """Have a daemon of its own index a folder, and take everything down again."""
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    client = connect(Places(config_file=base / "config.toml", home=base))
    try:
        client.add_root(corpus)
        for _ in client.progress():
            pass
        yield client
    finally:
        client.stop()
        shutil.rmtree(base)


def _measure(name: str, client: IndexerClient, questions: Sequence[str]) -> float:
    """Ask every question once the daemon is warm; return the 95th percentile in milliseconds."""
    took: list[float] = []
    searches: list[float] = []
    warming = itertools.islice(itertools.cycle(questions), WARM_UP)
    for is_counted, question in [*((False, one) for one in warming), *((True, one) for one in questions)]:
        started = time.perf_counter()
        events = list(
            answer(Question(text=question), searcher=client, generator=None, settings=AnswerSettings())
        )
        if is_counted:
            took.append((time.perf_counter() - started) * 1000)
            searches.append(events[-1].answer.timings_ms["search"])  # type: ignore[union-attr]
    p95 = statistics.quantiles(took, n=20)[-1]
    print(
        f"{name:16}{len(took):10}{statistics.median(took):9.1f}{p95:9.1f}{max(took):9.1f}"
        f"{statistics.median(searches):14.1f}",
        flush=True,
    )
    return p95


if __name__ == "__main__":
    sys.exit(main())
