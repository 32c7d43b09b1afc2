"""What filters cost in an index of 20,000 files and 100,000 chunks.

    make bench-filters
    python -m benchmarks.bench_filters --cache kept.sqlite

Files, tags, dates and words are made up. Each filter is resolved to a scope, and
words are ranked inside of it; the time of the same ranking without a filter is taken
off. Time is that of this thread on the processor, so that other programs do not count.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.vocabulary import make_vocabulary
from indexer.catalog import Catalog, FileRecord
from indexer.extract.kinds import all_endings
from indexer.types import Chunk, Embeddings, FileState, FileStatus, Filters, Locator
from indexer.words import STOP_WORDS

FILES, FILE_CHUNKS, CHUNK_WORDS, WORDS = 20_000, 5, 60, 20_000
ROOTS = (Path("/home/person/notes"), Path("/home/person/documents"))
ENDINGS = ("md", "md", "pdf", "txt", "py")
TAGS = ("work", "work/plans", "home", "garden")
FIRST, LAST = 1.6e9, 1.76e9
"""Seconds since the epoch between which the files were changed."""

ROUNDS = 15
TARGET_MS = 10.0

FILTERS = {
    "a small folder": Filters(within=(f"{ROOTS[0]}/area1/topic1",)),
    "one of two roots": Filters(within=(str(ROOTS[0]),)),
    "a name": Filters(within=("area1",)),
    "a pattern": Filters(within=("area1*",)),
    "all but a folder": Filters(exclude=("area1",)),
    "a kind": Filters(types=("pdf",)),
    "code": Filters(types=("code",)),
    "a tag": Filters(tags=("garden",)),
    "the last year": Filters(since=LAST - 3e7),
    "a month": Filters(since=LAST - 3e7, before=LAST - 2.74e7),
    "five together": Filters(
        within=("notes",), exclude=("area2",), types=("md",), tags=("work",), since=LAST - 3e7
    ),
}


def main() -> int:
    """Print a line for each filter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, help="where the catalog is kept; a temporary one if left out")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="kb-bench-"))
    catalog = Catalog.open(arguments.cache or home / "catalog.sqlite")
    try:
        with catalog.read() as transaction:
            is_empty = not transaction.chunk_count()
        if is_empty:
            fill(catalog)
        return measure(catalog)
    finally:
        catalog.close()
        shutil.rmtree(home)


def fill(catalog: Catalog) -> None:
    """Enter the files."""
    random = np.random.default_rng(1)
    vocabulary = np.array(make_vocabulary(random, words=WORDS))
    # Zipf's law, as in real text.
    shares = np.cumsum(1.0 / np.arange(1, WORDS + 1))
    ids = [f"{number:032x}" for number in range(100)]
    with catalog.write() as transaction:
        for root in ROOTS:
            transaction.add_root(root)
        transaction.add_vectors(ids, Embeddings(random.standard_normal((100, 384), np.float32)))
        for number in range(FILES):
            root, ending = ROOTS[number % 2], ENDINGS[number % len(ENDINGS)]
            area, topic = random.integers(20), random.integers(30)
            path = root / f"area{area}" / f"topic{topic}" / f"file {number}.{ending}"
            changed = int(random.uniform(FIRST, LAST) * 1e9)
            record = FileRecord(
                path=path,
                root=root,
                state=FileState(size_bytes=1, mtime_ns=changed, inode=number),
                status=FileStatus.INDEXED,
                title=path.stem,
                metadata={"tags": [TAGS[random.integers(len(TAGS))]], "summary": "x" * 200},
            )
            file_id = transaction.put_file(record)
            chunks: list[Chunk] = []
            start = 0
            for ordinal in range(FILE_CHUNKS):
                drawn = np.searchsorted(shares, random.uniform(0, shares[-1], CHUNK_WORDS))
                text = " ".join(vocabulary[drawn])
                where = Locator(line_start=ordinal + 1, line_end=ordinal + 1)
                chunks.append(
                    Chunk(ordinal=ordinal, start=start, end=start + len(text), text=text, locator=where)
                )
                start += len(text) + 1
            vectors = [ids[at] for at in random.integers(len(ids), size=FILE_CHUNKS)]
            transaction.replace_chunks(file_id, chunks, vectors, name=path.name)


def measure(catalog: Catalog) -> int:
    """Print what each filter costs."""
    with catalog.read() as transaction:
        texts = [chunk.text for chunk in transaction.chunks([5, 50_000, 99_000]).values()]
    words = [word for text in texts for word in text.split() if word not in STOP_WORDS]
    match = " OR ".join(f'"{word}"' for word in words[::20][:6])

    def ranked(filters: Filters) -> None:
        with catalog.read() as transaction:
            transaction.lexical(match, top_k=64, scope=transaction.scope(filters), weights=(1, 1, 1))

    plain = median_ms(lambda: ranked(Filters()))
    print(f"{'filter':20}{'files':>8}{'chunks':>9}{'resolved':>12}{'with ranking':>15}")
    print(f"{'none':20}{FILES:8,}{FILES * FILE_CHUNKS:9,}{0:9.1f} ms{plain:12.1f} ms")
    dearest = 0.0
    for name, filters in FILTERS.items():
        asked = replace(filters, types=all_endings(filters.types))
        with catalog.read() as transaction:
            scope = transaction.scope(asked)
            assert scope is not None
            resolved = median_ms(partial(transaction.scope, asked))
        added = median_ms(partial(ranked, asked)) - plain
        dearest = max(dearest, added)
        print(f"{name:20}{len(scope.files):8,}{scope.chunks:9,}{resolved:9.1f} ms{added + plain:12.1f} ms")
    print(f"the dearest adds {dearest:.1f} ms; {TARGET_MS:.0f} ms are what a single filter may add")
    return 0


def median_ms(task: Callable[[], object]) -> float:
    """Return how long a task keeps the processor busy."""
    spent = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        task()
        spent.append((time.thread_time() - start) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    raise SystemExit(main())
