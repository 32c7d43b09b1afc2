"""How well `kb` knows that the files do not say: precision and recall of refusal without a model.

    make bench-refusal DATA=folder-of-sets
    python -m benchmarks.bench_refusal --data folder-of-sets --cache kept-indexes [--fit]

Every question that its set calls answerable is asked twice, of the real search:
once as it is, and once without the files that answer it. "own files" leaves out
those of this one question, so that everything else on its subject remains, some
of which answers it too; "half" leaves out those of half of all conversations at
once; "elsewhere" asks another set's index. --fit prints the weights of
`assistant.evidence` fitted to each set, and to all, half of whose weight lies on either kind.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from assistant.evidence import ENOUGH, HOPELESS, probability
from benchmarks.bench_retrieval import cache_in, opened
from benchmarks.retrieval_sets import Question, RetrievalSet, load_sets
from indexer.config import IndexerSettings
from indexer.index import Index
from indexer.search import find
from indexer.types import Filters, Grounds

ALL = 1_000_000
NOTHING = Grounds(closeness=0.0, lexical=0.0, lead=None)


@dataclass(frozen=True, slots=True)
class Case:
    """One question as it was asked."""

    grounds: Grounds
    is_answerable: bool


Cases = dict[str, list[Case]]


class Without:
    """An index as if some of its files had never been in it: their words are not counted either.

    Args:
        index: The index.
        gone: The files, by absolute path.
    """

    def __init__(self, index: Index, gone: Sequence[str]) -> None:
        self._index = index
        self._gone = index.scope(Filters(within=tuple(gone)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    def chunk_count(self) -> int:
        """Count the chunks that are left."""
        return self._index.chunk_count() - (self._gone.chunks if self._gone else 0)

    def word_counts(self, words: Sequence[str]) -> dict[str, int]:
        """Count the chunks that are left and hold each word."""
        return {
            word: count - len(self._index.lexical(f'"{word}"', top_k=ALL, scope=self._gone)) if count else 0
            for word, count in self._index.word_counts(words).items()
        }


def main() -> int:
    """Print a line for each set, way of leaving out and operating point; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--cache", type=Path, help="where indexes are kept; a temporary folder if left out")
    parser.add_argument("--sets", nargs="*", help="names of sets; all if left out")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew and print them")
    arguments = parser.parse_args()
    if arguments.data is None:
        print(
            "bench_refusal: give a folder of sets, each with corpus/ and questions.jsonl:"
            " make bench-refusal DATA=folder"
        )
        return 0
    sets = [
        each for each in load_sets(Path(arguments.data)) if not arguments.sets or each.name in arguments.sets
    ]
    cases: dict[str, Cases] = {}
    with cache_in(arguments.cache) as cache:
        for each in sets:
            others = [other for other in sets if other is not each]
            cases[each.name] = _ask(each, others, cache / f"{each.name}-0")
    print(f"{'':71}no model is asked, below {HOPELESS}")
    print(
        f"{f'refused below {ENOUGH}':36}{'cases':>6}{'precision':>11}{'recall':>8}{'answered':>10}"
        f"{'unanswerable':>20}{'answerable':>12}"
    )
    for name, by_way in cases.items():
        for way, found in by_way.items():
            print(_row(f"{name}, {way}", found))
    for way in ("own files", "half"):
        print(_row(f"all, {way}", [case for by_way in cases.values() for case in by_way.get(way, ())]))
    if arguments.fit:
        _fit(cases)
    return 0


def _ask(each: RetrievalSet, others: Sequence[RetrievalSet], home: Path) -> Cases:
    """Ask all questions of a set in every way."""
    with opened(each, home, IndexerSettings()) as index:

        def grounds(question: Question, without: frozenset[str] = frozenset()) -> Grounds:
            gone = tuple(str(each.corpus / name) for name in sorted(without))
            asked = cast("Index", Without(index, gone)) if gone else index
            found = find(asked, question.text, top_k=8, filters=Filters(exclude=gone), now=time.time())
            return found.grounds or NOTHING

        complete = [Case(grounds(question), True) for question in each.questions]
        return {
            "own files": complete
            + [Case(grounds(question, question.gold), False) for question in each.questions],
            "half": list(_halves(each.questions, grounds)),
            "elsewhere": complete
            + [Case(grounds(question), False) for other in others for question in other.questions[:200]],
        }


def _halves(
    questions: Sequence[Question], grounds: Callable[[Question, frozenset[str]], Grounds]
) -> Iterator[Case]:
    """Ask all questions of an index without the files of one half of them, and then of the other."""
    subjects = sorted({min(question.gold) for question in questions})
    random.Random(0).shuffle(subjects)
    first = set(subjects[: len(subjects) // 2])
    for half in (first, set(subjects) - first):
        gone = frozenset(
            name for question in questions if min(question.gold) in half for name in question.gold
        )
        for question in questions:
            # one that keeps some of its files is still answered, in part.
            if question.gold <= gone or not question.gold & gone:
                yield Case(grounds(question, gone), not question.gold <= gone)


def _row(name: str, cases: Sequence[Case]) -> str:
    chances = np.array([probability(case.grounds) for case in cases])
    answerable = np.array([case.is_answerable for case in cases])
    refused = chances < ENOUGH
    right, wrong = refused[~answerable].mean(), refused[answerable].mean()
    hopeless = chances < HOPELESS
    return (
        f"{name:36}{len(cases):6}{_precision(right, wrong):11.3f}{right:8.3f}{1 - wrong:10.3f}"
        f"{hopeless[~answerable].mean():20.3f}{hopeless[answerable].mean():12.3f}"
    )


def _precision(right: float, wrong: float) -> float:
    """Return the share of right refusals where every second question has no answer."""
    return right / (right + wrong) if right else 0.0


def _fit(cases: dict[str, Cases]) -> None:
    """Print the weights of the logistic model with and without a background, and how they carry over."""
    pools = {name: [by_way["own files"], by_way["half"]] for name, by_way in cases.items()}
    pools["all"] = [each for ways in pools.values() for each in ways]
    for name, pool in pools.items():
        with_lead = _logistic(pool, lambda evidence: (1.0, evidence.lexical, evidence.lead or 0.0))
        without = _logistic(pool, lambda evidence: (1.0, evidence.lexical, evidence.closeness))
        print(
            f"{name}: bias, lexical, lead {with_lead.round(2)}; bias, lexical, closeness {without.round(2)}"
        )
        for other, by_way in cases.items():
            for way, found in by_way.items():
                chances = np.array([(1.0, one.grounds.lexical, one.grounds.lead or 0.0) for one in found])
                refused = chances @ with_lead < 0
                answerable = np.array([one.is_answerable for one in found])
                right, wrong = refused[~answerable].mean(), refused[answerable].mean()
                print(f"    on {other}, {way}: precision {_precision(right, wrong):.3f}, recall {right:.3f}")


def _logistic(
    pool: Sequence[Sequence[Case]], features: Callable[[Grounds], tuple[float, ...]], *, rounds: int = 50
) -> npt.NDArray[np.float64]:
    """Fit by Newton's method; every list of cases, and in it either outcome, has the same weight."""
    rows = np.array([features(case.grounds) for cases in pool for case in cases])
    outcomes = np.array([float(case.is_answerable) for cases in pool for case in cases])
    shares = np.concatenate(
        [
            [0.5 / sum(other.is_answerable == case.is_answerable for other in cases) for case in cases]
            for cases in pool
        ]
    )
    weights = np.zeros(rows.shape[1])
    for _ in range(rounds):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (shares * (outcomes - chances)) - 1e-4 * weights
        bend = (rows * (shares * chances * (1 - chances))[:, None]).T @ rows + 1e-4 * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return weights


if __name__ == "__main__":
    sys.exit(main())
