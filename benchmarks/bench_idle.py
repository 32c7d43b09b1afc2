"""What the daemon costs when nothing happens: memory, processor time and wake-ups, and memory after a burst.

    python -m benchmarks.bench_idle
    python -m benchmarks.bench_idle --minutes 1 --cache /tmp/kb-idle

The index holds 100,000 chunks of made-up text in 10,000 files that are really
on disk, put there through the index's own door; then the real daemon is started
on it, watches the folders, answers a few questions and is left alone.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from benchmarks.bench_search import MadeUpEmbeddings, chunks_of, machine, make_question, make_text
from benchmarks.vocabulary import make_vocabulary
from indexer.catalog import Catalog
from indexer.client import IndexerClient, connect
from indexer.config import EmbeddingSettings
from indexer.index import Index, NewDocument
from indexer.paths import Places
from indexer.types import FileState

WORDS = 60_000
CHUNK_WORDS = 110
FILE_CHUNKS = 10
FILES_PER_FOLDER = 100
QUESTIONS = 20
SETTLE_S = 20.0
"""How long after its start the daemon is left alone before it is measured."""

BURST_FILES = 60
BURST_WORDS = 1500
AFTER_S = (5, 30)

MOST_MB = 250
MOST_CPU = 0.005


class Sample:
    """One process at one moment."""

    def __init__(self, process: psutil.Process) -> None:
        memory = process.memory_full_info()
        self.rss_mb = memory.rss / 1e6
        self.own_mb = memory.uss / 1e6
        """What only this process holds, and what would be free without it."""

        self.cpu_s = sum(process.cpu_times()[:2])
        self.wakeups = sum(_switches(process.pid))
        self.threads = process.num_threads()
        self.at = time.monotonic()


def main() -> int:
    """Fill an index if there is none, leave the daemon alone, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--cache", type=Path, help="where the index is kept; a temporary folder if left out")
    arguments = parser.parse_args()
    # a socket path has to be short.
    base = (arguments.cache or Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))).resolve()
    places = Places(config_file=base / "home" / "config.toml", home=base / "home")
    try:
        fill(places, base / "notes", arguments.chunks)
        client = connect(places)
        try:
            is_met = measure_idle(client, minutes=arguments.minutes)
            measure_burst(client, base / "notes" / "burst")
        finally:
            client.stop()
    finally:
        if arguments.cache is None:
            shutil.rmtree(base, ignore_errors=True)
    return 0 if is_met else 1


def fill(places: Places, root: Path, chunks: int) -> None:
    """Index made-up chunks of files that exist, each of which the daemon finds as it is in the ledger."""
    places.create()
    worker = MadeUpEmbeddings.start(EmbeddingSettings(), places)
    index = Index(Catalog.open(places.catalog_file), worker)
    random = np.random.default_rng(7)
    vocabulary = make_vocabulary(random, words=WORDS)
    start = time.perf_counter()
    try:
        index.ready()
        root.mkdir(parents=True, exist_ok=True)
        index.add_root(root)
        for first in range(index.chunk_count() // FILE_CHUNKS, chunks // FILE_CHUNKS, FILES_PER_FOLDER):
            folder = root / f"{first // FILES_PER_FOLDER:04}"
            folder.mkdir(exist_ok=True)
            index.put_documents(
                [
                    _document(root, folder / f"{number}.md", random, vocabulary)
                    for number in range(first, first + FILES_PER_FOLDER)
                ]
            )
            took_s = time.perf_counter() - start
            done = (first + FILES_PER_FOLDER) * FILE_CHUNKS
            print(f"\rbench_idle: {done:,} chunks, {took_s:.0f} s ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    finally:
        index.close()


def _document(root: Path, file: Path, random: np.random.Generator, vocabulary: list[str]) -> NewDocument:
    file.write_text(f"Stands for {file.stem}.\n", encoding="utf-8")
    stat = file.stat()
    texts = [make_text(random, vocabulary, CHUNK_WORDS) for _ in range(FILE_CHUNKS)]
    return NewDocument(
        path=file,
        root=root,
        state=FileState(size_bytes=stat.st_size, mtime_ns=stat.st_mtime_ns, inode=stat.st_ino),
        title=file.stem,
        chunks=chunks_of(texts),
    )


def measure_idle(client: IndexerClient, *, minutes: float) -> bool:
    """Leave the daemon alone, print what it cost, and tell whether that is within what is wanted."""
    for _ in client.progress():
        pass
    random = np.random.default_rng(11)
    vocabulary = make_vocabulary(np.random.default_rng(7), words=WORDS)
    for _ in range(QUESTIONS):
        client.search(make_question(random, vocabulary))
    status = client.status()
    time.sleep(SETTLE_S)
    processes = dict(_processes(status["pid"]))
    before = {name: Sample(process) for name, process in processes.items()}
    time.sleep(minutes * 60)
    after = {name: Sample(process) for name, process in processes.items()}
    print(
        f"idle for {minutes:g} min with {status['chunks']:,} chunks of {status['files']['indexed']:,} files"
    )
    print(f"{machine()}")
    print(f"{'':16}{'RSS MB':>8}{'own MB':>8}{'CPU %':>8}{'wake-ups/s':>12}{'threads':>9}")
    cpu = 0.0
    for name, then in before.items():
        now = after[name]
        seconds = now.at - then.at
        share = (now.cpu_s - then.cpu_s) / seconds
        cpu += share
        print(
            f"{name:16}{now.rss_mb:8.0f}{now.own_mb:8.0f}{share * 100:8.2f}"
            f"{(now.wakeups - then.wakeups) / seconds:12.2f}{now.threads:9}"
        )
    parent_mb = after["daemon"].rss_mb
    print(f"daemon {parent_mb:.0f} MB, wanted {MOST_MB}; all of them {cpu:.2%} CPU, wanted {MOST_CPU:.1%}")
    return parent_mb <= MOST_MB and cpu < MOST_CPU


def measure_burst(client: IndexerClient, folder: Path) -> None:
    """Save many files at once and print what each process holds before, at most, and after."""
    random = np.random.default_rng(time.time_ns())
    vocabulary = make_vocabulary(np.random.default_rng(7), words=WORDS)
    pid = client.status()["pid"]
    held = {"before": _memory(pid)}
    folder.mkdir(exist_ok=True)
    for number in range(BURST_FILES):
        text = make_text(random, vocabulary, BURST_WORDS)
        (folder / f"{number}.md").write_text(text, encoding="utf-8")
    start = time.monotonic()
    most: dict[str, float] = {}
    for _ in client.fresh():
        for name, size_mb in _memory(pid).items():
            most[name] = max(most.get(name, 0.0), size_mb)
    took_s = time.monotonic() - start
    held["most"] = most
    ended = time.monotonic()
    for after_s in AFTER_S:
        time.sleep(max(0.0, ended + after_s - time.monotonic()))
        held[f"{after_s} s after"] = _memory(pid)
    print(f"a burst of {BURST_FILES} files, indexed in {took_s:.0f} s; RSS in MB")
    print(f"{'':16}" + "".join(f"{moment:>12}" for moment in held))
    for name in held["most"]:
        print(f"{name:16}" + "".join(f"{sizes.get(name, 0.0):12.0f}" for sizes in held.values()))


def _processes(pid: int) -> Iterator[tuple[str, psutil.Process]]:
    """Name the daemon and its children by what they run."""
    daemon = psutil.Process(pid)
    yield "daemon", daemon
    for child in daemon.children(recursive=True):
        modules = [part for part in child.cmdline() if part.startswith("indexer.")]
        yield modules[0].removeprefix("indexer.") if modules else str(child.pid), child


def _memory(pid: int) -> dict[str, float]:
    return {name: process.memory_info().rss / 1e6 for name, process in _processes(pid)}


def _switches(pid: int) -> Iterator[int]:
    """Yield how often each thread of a process left the processor because it had nothing to do."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text("ascii", "replace").splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                yield int(line.split()[1])


if __name__ == "__main__":
    sys.exit(main())
