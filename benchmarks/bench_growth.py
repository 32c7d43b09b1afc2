"""How far the index grows while files are saved again and again, against one that is built from scratch.

    python -m benchmarks.bench_growth
    python -m benchmarks.bench_growth --chunks 10000 --rounds 400

The real worker and the real Chroma; only the vectors of documents are made up,
so that 200 rounds take a minute. Each round rewrites a tenth of the files with
new text, and deletes what nobody needs any more, as the pipeline does when it
comes to rest. Another thread searches all the while.
"""

import argparse
import contextlib
import functools
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.bench_search import MadeUpEmbeddings, chunks_of, machine, make_question, make_text, percentile
from benchmarks.vocabulary import make_vocabulary
from indexer.catalog import Catalog
from indexer.config import EmbeddingSettings
from indexer.index import Index, NewDocument
from indexer.index.compaction import current_store
from indexer.paths import Places
from indexer.search import search
from indexer.types import FileState

FILE_CHUNKS = 10
CHUNK_WORDS = 110
WORDS = 20_000
REWRITTEN_SHARE = 0.1
ROOT = Path("/bench")
TARGET = 1.5


def main() -> int:
    """Rewrite, measure, build from scratch, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    print(machine())
    files = list(range(arguments.chunks // FILE_CHUNKS))
    versions = dict.fromkeys(files, 0)
    with tempfile.TemporaryDirectory(prefix="kb-", dir="/tmp") as name:
        grown, fresh = Path(name) / "grown", Path(name) / "fresh"
        with opened(grown) as index:
            index.put_documents([document(number, 0) for number in files])
        sizes = [("before", sizes_of(grown))]
        with opened(grown) as index:
            took_ms = rewrite(index, versions, arguments.rounds)
        sizes.append((f"after {arguments.rounds} rounds", sizes_of(grown)))
        with opened(fresh) as index:
            index.put_documents([document(number, versions[number]) for number in files])
        sizes.append(("from scratch", sizes_of(fresh)))
    print(f"{'':20}{'Chroma MB':>12}{'catalog MB':>12}")
    for what, (chroma, catalog) in sizes:
        print(f"{what:20}{chroma / 1e6:12.2f}{catalog / 1e6:12.2f}")
    ratio, catalog_ratio = (after / scratch for after, scratch in zip(sizes[1][1], sizes[2][1], strict=True))
    print(f"Chroma {ratio:.2f} times as large (at most {TARGET}), catalog {catalog_ratio:.2f} times")
    spread = ", ".join(f"p{share} {percentile(took_ms, share / 100):.0f} ms" for share in (50, 95, 100))
    print(f"{len(took_ms):,} searches meanwhile: {spread}")
    return int(ratio > TARGET)


@contextlib.contextmanager
def opened(home: Path) -> Iterator[Index]:
    """Open the index of a home, with made-up vectors."""
    places = Places(config_file=home / "config.toml", home=home)
    places.create()
    catalog = Catalog.open(places.catalog_file)
    worker = MadeUpEmbeddings.start(EmbeddingSettings(), places, store_name=current_store(catalog))
    with contextlib.closing(Index(catalog, worker)) as index:
        index.add_root(ROOT)
        index.ready()
        yield index


def document(number: int, version: int) -> NewDocument:
    """Make up a file; every version has other words."""
    random = np.random.default_rng([number, version])
    texts = [make_text(random, vocabulary(), CHUNK_WORDS) for _ in range(FILE_CHUNKS)]
    return NewDocument(
        path=ROOT / f"{number}.md",
        root=ROOT,
        state=FileState(size_bytes=1, mtime_ns=version, inode=number),
        title=f"note {number}",
        chunks=chunks_of(texts),
    )


@functools.cache
def vocabulary() -> Sequence[str]:
    """Return the words of all texts."""
    return make_vocabulary(np.random.default_rng(1), words=WORDS)


def rewrite(index: Index, versions: dict[int, int], rounds: int) -> list[float]:
    """Save files again and again; return how long each search took meanwhile, in milliseconds."""
    random = np.random.default_rng(2)
    ended = threading.Event()
    took_ms: list[float] = []

    def ask() -> None:
        asked = np.random.default_rng(3)
        while not ended.is_set():
            started = time.perf_counter()
            if not search(index, make_question(asked, vocabulary()), top_k=8):
                raise SystemExit("bench_growth: a search found nothing")
            took_ms.append((time.perf_counter() - started) * 1000)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(rounds):
            chosen = random.choice(len(versions), int(len(versions) * REWRITTEN_SHARE), replace=False)
            for number in map(int, chosen):
                versions[number] += 1
            index.put_documents([document(number, versions[number]) for number in map(int, chosen)])
            index.purge(is_drained=True)
        while index.rebuilding is not None:
            time.sleep(0.05)
    finally:
        ended.set()
        asking.join()
    return took_ms


def sizes_of(home: Path) -> tuple[int, int]:
    """Return the bytes of Chroma and of the catalog."""
    chroma = sum(file.stat().st_size for file in home.glob("chroma*/**/*") if file.is_file())
    return chroma, sum(file.stat().st_size for file in home.glob("catalog*"))


if __name__ == "__main__":
    sys.exit(main())
