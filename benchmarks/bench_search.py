"""How long a search takes in an index of 100,000 chunks, stage by stage.

    make bench-search
    python -m benchmarks.bench_search --cache kept-index

Catalog, full text, Chroma and the embedding of questions are real and are
filled through the index's own door. Made up are the chunks: words drawn by
Zipf's law, as in real text, and unit vectors in clusters instead of embeddings,
of which 100,000 would take half an hour.
"""

import argparse
import math
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.vocabulary import make_vocabulary
from indexer.catalog import Catalog
from indexer.config import EmbeddingSettings
from indexer.index import Index, NewDocument
from indexer.paths import Places
from indexer.search import search
from indexer.types import Chunk, Embeddings, FileState, Locator
from indexer.windows import pack_windows
from indexer.words import STOP_WORDS
from indexer.worker import Worker

WORDS = 60_000
"""Distinct words."""

CHUNK_WORDS = 110
CHUNK_WINDOWS = 7
FILE_CHUNKS = 10
CLUSTERS = 500
QUESTION_WORDS = (2, 10)
ROOT = Path("/bench")
TARGET_MS = 30.0


class MadeUpEmbeddings(Worker):
    """The real worker, except that documents get made-up vectors; questions are embedded."""

    def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:  # noqa: ARG002
        """Return vectors that depend on the text alone, near one of the cluster centres."""
        dim = self.describe().dim
        centres = np.random.default_rng(1).standard_normal((CLUSTERS, dim), np.float32)
        seed = np.random.default_rng(zlib.crc32(texts[0].encode()))
        vectors = centres[seed.integers(CLUSTERS, size=len(texts))]
        vectors = vectors + seed.standard_normal(vectors.shape, np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        windows = seed.standard_normal((len(texts), CHUNK_WINDOWS, dim), np.float32)
        return Embeddings(vectors, tuple(map(pack_windows, windows)))


class Stopwatch:
    """Passes every call on to an index and notes how long it took, by the name of the method."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.spent_ms: defaultdict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._index, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return method(*arguments, **named)
            finally:
                self.spent_ms[name] += (time.perf_counter() - start) * 1000

        return timed


def main() -> int:
    """Fill an index if there is none, ask, and print medians and 95th percentiles."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--top-k", type=int, default=8)
    parser.add_argument("--cache", type=Path, help="where the index is kept; a temporary folder if left out")
    arguments = parser.parse_args()
    home = (arguments.cache or Path(tempfile.mkdtemp(prefix="kb-bench-"))).resolve()
    places = Places(config_file=home / "config.toml", home=home)
    places.create()
    worker = MadeUpEmbeddings.start(EmbeddingSettings(), places)
    index = Index(Catalog.open(places.catalog_file), worker)
    try:
        index.ready()
        if index.chunk_count() < arguments.chunks:
            fill(index, arguments.chunks)
        measure(index, worker, questions=arguments.questions, top_k=arguments.top_k)
    finally:
        index.close()
        if arguments.cache is None:
            shutil.rmtree(home, ignore_errors=True)
    return 0


def fill(index: Index, chunks: int) -> None:
    """Index made-up files, a thousand chunks at a time."""
    random = np.random.default_rng(7)
    vocabulary = make_vocabulary(random, words=WORDS)
    index.add_root(ROOT)
    start = time.perf_counter()
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    for first in range(index.chunk_count(), chunks, 1000):
        documents = []
        for number in range(first // FILE_CHUNKS, (first + 1000) // FILE_CHUNKS):
            texts = [make_text(random, vocabulary, CHUNK_WORDS) for _ in range(FILE_CHUNKS)]
            documents.append(
                NewDocument(
                    path=ROOT / f"{number % 100}" / f"{number}.md",
                    root=ROOT,
                    state=state,
                    title=f"note {number}",
                    chunks=chunks_of(texts),
                )
            )
        index.put_documents(documents)
        took_s = time.perf_counter() - start
        print(
            f"\rbench_search: {first + 1000:,} chunks, {took_s:.0f} s ", end="", file=sys.stderr, flush=True
        )
    print(file=sys.stderr)


def measure(index: Index, worker: Worker, *, questions: int, top_k: int) -> None:
    """Ask made-up questions and print what each stage took."""
    random = np.random.default_rng(11)
    vocabulary = make_vocabulary(np.random.default_rng(7), words=WORDS)
    rows: defaultdict[str, list[float]] = defaultdict(list)
    child = psutil.Process(worker.describe().pid)
    for number in range(questions + 20):
        text = make_question(random, vocabulary)
        watch = Stopwatch(index)
        used_s = time.process_time(), sum(child.cpu_times()[:2])
        start = time.perf_counter()
        search(watch, text, top_k=top_k)
        total_ms = (time.perf_counter() - start) * 1000
        here_ms = (time.process_time() - used_s[0]) * 1000
        child_ms = (sum(child.cpu_times()[:2]) - used_s[1]) * 1000
        start = time.perf_counter()
        worker.embed_query(text)
        embed_ms = (time.perf_counter() - start) * 1000
        if number < 20:
            continue  # warms caches
        rows["whole search"].append(total_ms)
        rows["  embedding the question (inside dense)"].append(embed_ms)
        for stage in ("dense", "word_counts", "lexical", "similarities", "window_similarities", "chunks"):
            rows[f"  {stage}"].append(watch.spent_ms[stage])
        lexical_ms = watch.spent_ms["word_counts"] + watch.spent_ms["lexical"]
        waited_ms = max(lexical_ms, watch.spent_ms["dense"])
        after_ms = (
            watch.spent_ms["similarities"] + watch.spent_ms["window_similarities"] + watch.spent_ms["chunks"]
        )
        rows["  fusion and highlights"].append(total_ms - waited_ms - after_ms)
        rows["processor time, this process"].append(here_ms)
        rows["processor time, worker (counted in 10 ms)"].append(child_ms)
        rows["bare loop of 100,000 additions"].append(bare_loop_ms())
    print(f"{index.chunk_count():,} chunks, {questions} questions, top {top_k}; {machine()}")
    print(f"{'':42}{'p50 ms':>8}{'p95 ms':>8}")
    for name, values in rows.items():
        print(f"{name:42}{statistics.median(values):8.1f}{percentile(values, 0.95):8.1f}")
    p95 = percentile(rows["whole search"], 0.95)
    loops = statistics.median(rows["whole search"]) / statistics.median(
        rows["bare loop of 100,000 additions"]
    )
    print(f"p95 {p95:.1f} ms, wanted {TARGET_MS:.0f} ms; the median is {loops:.1f} bare loops")


def chunks_of(texts: Sequence[str]) -> list[Chunk]:
    """Return the chunks of a made-up file, one for each text."""
    return [
        Chunk(
            ordinal=at,
            start=0,
            end=len(text),
            text=text,
            locator=Locator(line_start=at + 1, line_end=at + 1),
        )
        for at, text in enumerate(texts)
    ]


def make_text(random: np.random.Generator, vocabulary: Sequence[str], words: int) -> str:
    """Draw words by Zipf's law and put a full stop after every dozen."""
    ranks = np.exp(random.random(words) * math.log(len(vocabulary))).astype(int) - 1
    picked = [vocabulary[rank] for rank in ranks]
    return " ".join(word + "." if at % 12 == 11 else word for at, word in enumerate(picked))


def make_question(random: np.random.Generator, vocabulary: Sequence[str]) -> str:
    """Draw a question as long as people's are, with at least one word that is about something."""
    while True:
        text = make_text(random, vocabulary, int(random.integers(*QUESTION_WORDS)))
        if set(text.split()) - STOP_WORDS:
            return text


def bare_loop_ms() -> float:
    """Return how long this machine takes for something that never changes."""
    start = time.perf_counter()
    total = 0
    for number in range(100_000):
        total += number
    return (time.perf_counter() - start) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all values does not exceed."""
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def machine() -> str:
    """Name the machine and how busy it is."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main())
