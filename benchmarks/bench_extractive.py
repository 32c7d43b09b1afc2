"""How well the files' own sentences agree with expected answers, where there is no model.

    make bench-extractive DATA=folder-of-sets
    python -m benchmarks.bench_extractive --data folder-of-sets --cache kept-indexes

Every answerable question of a set is answered from what the real search finds.
F1 and recall are those of words, as SQuAD has them, against the best of the
expected answers; these are written by people and are seldom verbatim.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from assistant.evaluation.agreement import best, contains, token_f1, token_recall
from assistant.extractive import extract
from benchmarks.bench_retrieval import cache_in, opened
from benchmarks.retrieval_sets import ANSWERABLE, RetrievalSet
from indexer.config import IndexerSettings
from indexer.search import find


def main() -> int:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--cache", type=Path, help="where indexes are kept; a temporary folder if left out")
    parser.add_argument("--sets", nargs="*", help="names of sets; all with expected answers if left out")
    arguments = parser.parse_args()
    if arguments.data is None:
        print("bench_extractive: give a folder of sets: make bench-extractive DATA=folder")
        return 0
    print(f"{'':16}{'questions':>10}{'F1':>8}{'recall':>8}{'words':>7}{'spans':>7}{'right':>7}{'ms':>7}")
    with cache_in(arguments.cache) as kept:
        for questions in sorted(Path(arguments.data).resolve().glob("*/questions.jsonl")):
            name = questions.parent.name
            rows = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
            rows = [row for row in rows if row["answerable"] in ANSWERABLE and row.get("answers")]
            if rows and (not arguments.sets or name in arguments.sets):
                _measure(RetrievalSet(name, questions.parent / "corpus", ()), rows, kept / f"{name}-0")
    return 0


def _measure(each: RetrievalSet, rows: list[dict[str, list[str] | str]], home: Path) -> None:
    scores: list[tuple[float, float, int, float]] = []
    spans: list[float] = []
    with opened(each, home, IndexerSettings()) as index:
        for row in rows:
            question, expected = str(row["question"]), list(row["answers"])
            passages = find(index, question, top_k=8, now=time.time()).passages
            started = time.perf_counter()
            extracted = extract(question, passages)
            took_ms = (time.perf_counter() - started) * 1000
            text = " ".join(one.quote for one in extracted.citations) if extracted else ""
            f1, recall = best(token_f1, text, expected), best(token_recall, text, expected)
            scores.append((f1, recall, len(text.split()), took_ms))
            if extracted and extracted.span:
                spans.append(max(contains(answer, extracted.span) for answer in expected))
    f1, recall, words, took_ms = (statistics.fmean(column) for column in zip(*scores, strict=True))
    print(
        f"{each.name:16}{len(rows):10}{f1:8.3f}{recall:8.3f}{words:7.0f}"
        f"{len(spans):7}{int(sum(spans)):7}{took_ms:7.1f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
