"""How well search finds the right file, beside BM25, dense retrieval and rank fusion alone.

    make bench-retrieval DATA=folder-of-sets
    python -m benchmarks.bench_retrieval --data folder-of-sets --cache kept-indexes

Everything is real: files are extracted, chunked and embedded into an index of
their own (kept under --cache between runs), and questions go through
`indexer.search.search`. All four share chunks, vectors and stop words. Of a
conversation only the last turn is asked, as it stands.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.retrieval_sets import Figures, RetrievalSet, judge, load_sets, mistyped
from indexer.chunking import capacity_for
from indexer.config import EmbeddingSettings, IndexerSettings
from indexer.errors import DocumentError
from indexer.extract.sandbox import Sandbox
from indexer.index import Index, NewDocument
from indexer.paths import Places
from indexer.search import search
from indexer.search.query import match_expression, parse_query
from indexer.walk import state_of

DEPTH = 100
"""Chunks that each retriever ranks."""

RRF_K = 60

Retriever = Callable[[Index, str], list[Path]]


def main() -> int:
    """Print a table for each set and their average; 1 if ours is below a single retriever anywhere."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--cache", type=Path, help="where indexes are kept; a temporary folder if left out")
    parser.add_argument("--sets", nargs="*", help="names of sets; all if left out")
    parser.add_argument("--chunk-tokens", type=int, default=0, help="tokens of a chunk; 0 for the default")
    parser.add_argument("--typos", type=int, help="mistype two words of each question; a seed")
    arguments = parser.parse_args()
    if arguments.data is None:
        print(
            "bench_retrieval: give a folder of sets, each with corpus/ and questions.jsonl:"
            " make bench-retrieval DATA=folder"
        )
        return 0
    sets = [
        each for each in load_sets(Path(arguments.data)) if not arguments.sets or each.name in arguments.sets
    ]
    if arguments.typos is not None:
        sets = [mistyped(each, arguments.typos) for each in sets]
    if not sets:
        print(f"bench_retrieval: {arguments.data} holds no set with corpus/ and questions.jsonl")
        return 2
    settings = IndexerSettings(embedding=EmbeddingSettings(chunk_tokens=arguments.chunk_tokens))
    results: dict[str, list[Figures]] = defaultdict(list)
    with cache_in(arguments.cache) as cache:
        for each in sets:
            _measure(each, cache / f"{each.name}-{arguments.chunk_tokens}", settings, results)
    if len(sets) > 1:
        print(f"\n{'average':42}hit@1  hit@5  rec@10  MRR@10")
        for name, rows in results.items():
            print(_row(name, Figures.mean(rows)))
    return _verdict(results, [each.name for each in sets])


def _measure(
    each: RetrievalSet, home: Path, settings: IndexerSettings, results: dict[str, list[Figures]]
) -> None:
    """Index a set, ask all its questions, and print its table."""
    with opened(each, home, settings) as index:
        print(
            f"\n{each.name}: {len(each.questions)} questions,"
            f" {len(index.files(limit=1_000_000))} files, {index.chunk_count()} chunks"
        )
        print(f"{'':42}hit@1  hit@5  rec@10  MRR@10  ms/question")
        for name, retrieve in RETRIEVERS.items():
            start = time.perf_counter()
            figures = Figures.mean(
                [
                    judge(question, [_relative(path, each.corpus) for path in retrieve(index, question.text)])
                    for question in each.questions
                ]
            )
            took_ms = (time.perf_counter() - start) / len(each.questions) * 1000
            results[name].append(figures)
            print(f"{_row(name, figures)}  {took_ms:8.1f}", flush=True)


@contextmanager
def opened(each: RetrievalSet, home: Path, settings: IndexerSettings) -> Iterator[Index]:
    """Yield the index of a set, with every file of its corpus in it."""
    places = Places(config_file=home / "config.toml", home=home)
    index = Index.open(places, settings)
    try:
        index.ready()
        _bring_up_to_date(index, each.corpus, places, settings)
        yield index
    finally:
        index.close()


def _bring_up_to_date(index: Index, corpus: Path, places: Places, settings: IndexerSettings) -> None:
    """Index the files of a corpus that the index does not know as they are."""
    index.add_root(corpus)
    known = index.states(corpus)
    paths = [path for path in sorted(corpus.rglob("*")) if path.is_file()]
    index.forget(known.keys() - set(paths))
    info = index.describe()
    documents = []
    with Sandbox(
        tokenizer_file=info.tokenizer_file,
        capacity_tokens=capacity_for(info.capacity_tokens, wanted_tokens=settings.embedding.chunk_tokens),
        timeout_s=60,
        memory_mb=2048,
        work_dir=places.work_dir,
    ) as sandbox:
        for path in paths:
            state = state_of(path.stat())
            if known.get(path) == state:
                continue
            try:
                read = sandbox.extract(path)
            except DocumentError as error:
                print(f"bench_retrieval: {path.name}: {error.message}", file=sys.stderr)
                continue
            documents.append(
                NewDocument(
                    path=path,
                    root=corpus,
                    state=state,
                    title=read.title,
                    chunks=read.chunks,
                    content_hash=read.content_hash,
                )
            )
    index.put_documents(documents)


def _bm25(index: Index, question: str) -> list[int]:
    match = match_expression(parse_query(question).words)
    return [chunk_id for chunk_id, _ in index.lexical(match, top_k=DEPTH)]


def _dense(index: Index, question: str) -> list[int]:
    return [chunk_id for chunk_id, _ in index.dense(question, top_k=DEPTH)[1]]


def _rank_fusion(index: Index, question: str) -> list[int]:
    """Fuse by ranks alone: Cormack et al., SIGIR 2009, https://doi.org/10.1145/1571941.1572114."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in (_bm25(index, question), _dense(index, question)):
        for rank, chunk_id in enumerate(ranking, start=1):
            scores[chunk_id] += 1 / (RRF_K + rank)
    return sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))


def _files_of(rank: Callable[[Index, str], list[int]]) -> Retriever:
    return lambda index, question: [chunk.path for chunk in index.chunks(rank(index, question))]


def _ours(index: Index, question: str) -> list[Path]:
    return [passage.path for passage in search(index, question, top_k=DEPTH)]


OURS = "search"
SINGLE = ("BM25 (FTS5, porter)", "dense")
RETRIEVERS: dict[str, Retriever] = {
    "BM25 (FTS5, porter)": _files_of(_bm25),
    "dense": _files_of(_dense),
    f"rank fusion (k = {RRF_K})": _files_of(_rank_fusion),
    OURS: _ours,
}


def _verdict(results: dict[str, list[Figures]], names: list[str]) -> int:
    """Say by how much ours beats the best single retriever, set by set and column by column."""
    print(f"\n{'ours against the best single retriever':42}hit@1  hit@5  rec@10  MRR@10")
    is_best = True
    for at, name in enumerate(names):
        columns = zip(*(results[single][at].as_row() for single in SINGLE), strict=True)
        leads = [own - max(column) for own, column in zip(results[OURS][at].as_row(), columns, strict=True)]
        is_best &= leads[-1] >= 0
        print(f"  {name:40}" + "  ".join(f"{lead:+.3f}" for lead in leads))
    return 0 if is_best else 1


def _row(name: str, figures: Figures) -> str:
    return f"  {name:40}" + "  ".join(f"{value:.3f}" for value in figures.as_row())


def _relative(path: Path, corpus: Path) -> str:
    return path.relative_to(corpus).as_posix()


@contextmanager
def cache_in(kept: Path | None) -> Iterator[Path]:
    """Yield a folder for indexes; one that was not asked for is deleted afterwards."""
    folder = kept or Path(tempfile.mkdtemp(prefix="kb-bench-"))
    try:
        yield folder.resolve()
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
