"""Which weights of the features rank best, judged on sets of questions that had no say in the choice.

    python -m benchmarks.fit_fusion --data folder-of-sets --cache kept-indexes

Candidates and features are those of the real search. Weights are taken from a
coarse grid around `indexer.search.fusion.WEIGHTS`; for each set the best on the
others are chosen and tried on it. What differs by less than a question or two is
noise: the means by value show how flat the surroundings of the chosen weights are.
"""

import argparse
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bench_retrieval import cache_in, opened
from benchmarks.retrieval_sets import RetrievalSet, load_sets
from indexer.config import IndexerSettings
from indexer.index import Index
from indexer.search.candidates import gather
from indexer.search.clock import Clock
from indexer.search.fusion import WEIGHTS
from indexer.search.query import parse_query
from indexer.search.retrieve import CANDIDATES, COMMON_CHUNKS

BM25 = (0.10, 0.13, 0.15, 0.18, 0.22)
WINDOW = (0.45, 0.5, 0.55)
"""Share of closeness, which is what BM25 leaves."""

COVERAGE, NEARNESS, DOCUMENT = (0.0, 0.02, 0.04), (0.0, 0.02, 0.04), (0.0, 0.03, 0.05, 0.08)
BARE = {**WEIGHTS, "coverage": 0.0, "nearness": 0.0, "literal": 0.0, "document": 0.0}


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates of one question, file by file."""

    features: npt.NDArray[np.float64]
    """`(candidates, features)`, in the order of `WEIGHTS`; those of a file stand together."""

    starts: npt.NDArray[np.intp]
    """Where each file begins."""

    is_gold: npt.NDArray[np.bool_]
    """Whether each file answers."""


def main() -> int:
    """Print what each set says of the weights that the others chose, and how flat the choice is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--cache", type=Path, help="where indexes are kept; a temporary folder if left out")
    parser.add_argument("--sets", nargs="*", help="names of sets; all if left out")
    arguments = parser.parse_args()
    if arguments.data is None:
        print("fit_fusion: give a folder of sets, each with corpus/ and questions.jsonl: --data folder")
        return 0
    sets = [
        each for each in load_sets(Path(arguments.data)) if not arguments.sets or each.name in arguments.sets
    ]
    if len(sets) < 2:
        print("fit_fusion: at least two sets are needed, to leave one out")
        return 2
    settings = IndexerSettings()
    judged: dict[str, list[Judged]] = {}
    with cache_in(arguments.cache) as cache:
        for each in sets:
            with opened(each, cache / f"{each.name}-0", settings) as index:
                judged[each.name] = _judge_all(index, each)
    report(judged)
    return 0


def report(judged: Mapping[str, Sequence[Judged]]) -> None:
    """Print all that follows from judged candidates."""
    names = list(judged)
    grid = [_vector(weights) for weights in _grid()]
    ranks = {
        name: np.array([[reciprocal_rank(each, weights) for each in judged[name]] for weights in grid])
        for name in names
    }
    means = np.array([[ranks[name][at].mean() for name in names] for at in range(len(grid))])
    print(f"{'MRR@10, hit@1':34}" + "".join(f"{name:>18}" for name in names))
    _print_row("bare: window, cosine, BM25", names, judged, _vector(BARE))
    for at, name in enumerate(names):
        others = [other for other in range(len(names)) if other != at]
        chosen = grid[int(means[:, others].mean(axis=1).argmax())]
        _print_row(f"chosen without {name}", names, judged, chosen, marked=name)
        print(
            "   " + ", ".join(f"{key} {value:g}" for key, value in zip(WEIGHTS, chosen.round(3), strict=True))
        )
    _print_row("weights of indexer.search.fusion", names, judged, _vector(WEIGHTS))
    print("\nmean MRR@10 of all weights with this value")
    table = np.array(grid)
    for column, feature in enumerate(WEIGHTS):
        values = sorted(set(table[:, column].round(4)))
        if feature not in ("window", "cosine", "literal"):
            cells = (
                f"{value:g}: {means[np.isclose(table[:, column], value)].mean():.4f}" for value in values
            )
            print(f"  {feature:10} " + "   ".join(cells))


def reciprocal_rank(each: Judged, weights: npt.NDArray[np.float64]) -> float:
    """Return 1 / rank of the first file that answers, 0 beyond ten; its best candidate ranks a file."""
    if not each.is_gold.any():
        return 0.0
    best = np.maximum.reduceat(each.features @ weights, each.starts)
    rank = 1 + int((best > best[each.is_gold].max()).sum())
    return 1 / rank if rank <= 10 else 0.0


def _judge_all(index: Index, each: RetrievalSet) -> list[Judged]:
    """Gather the candidates of every question of a set."""
    total = index.chunk_count()
    judged = []
    for question in each.questions:
        found = gather(
            index,
            parse_query(question.text),
            depth=CANDIDATES,
            total=total,
            scope=None,
            common_chunks=COMMON_CHUNKS,
            clock=Clock(),
        )
        ordered = sorted(found.candidates, key=lambda candidate: candidate.chunk.path)
        files = [candidate.chunk.path.relative_to(each.corpus).as_posix() for candidate in ordered]
        starts = [at for at, name in enumerate(files) if not at or name != files[at - 1]]
        judged.append(
            Judged(
                features=np.array([_vector(candidate.features) for candidate in ordered]),
                starts=np.array(starts, np.intp),
                is_gold=np.array([files[at] in question.gold for at in starts]),
            )
        )
    return judged


def _grid() -> list[dict[str, float]]:
    return [
        {
            "window": (1 - bm25) * window,
            "cosine": (1 - bm25) * (1 - window),
            "bm25": bm25,
            "coverage": coverage,
            "nearness": nearness,
            "literal": WEIGHTS["literal"],
            "document": document,
        }
        for bm25, window, coverage, nearness, document in itertools.product(
            BM25, WINDOW, COVERAGE, NEARNESS, DOCUMENT
        )
    ]


def _vector(values: Mapping[str, float]) -> npt.NDArray[np.float64]:
    return np.array([values[name] for name in WEIGHTS])


def _print_row(
    label: str,
    names: Sequence[str],
    judged: Mapping[str, Sequence[Judged]],
    weights: npt.NDArray[np.float64],
    *,
    marked: str = "",
) -> None:
    """Print what weights come to on every set; the marked one had no say in them."""
    cells = []
    for name in names:
        ranks = [reciprocal_rank(each, weights) for each in judged[name]]
        hits = sum(rank == 1 for rank in ranks) / len(ranks)
        cells.append(f"{sum(ranks) / len(ranks):.4f} {hits:.3f}{'*' if name == marked else ' '}".rjust(18))
    print(f"{label:34}" + "".join(cells), flush=True)


if __name__ == "__main__":
    sys.exit(main())
