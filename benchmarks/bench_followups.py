"""How well follow-ups find the right file once they are rewritten, without a model.

    make bench-followups DATA=folder-of-sets
    python -m benchmarks.bench_followups --data folder-of-sets --cache kept-indexes

The indexes are those of `bench_retrieval`, and questions go through `indexer.search`. Only
questions with a history count. Where a person rewrote them, a question *depends* on its history
if the rewriting has a word that carries meaning, was said before, and is not in the question;
elsewhere what the rule takes for a follow-up is all that can be told apart.
"""

import argparse
import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assistant.rewriting import rewrite_by_rule
from assistant.rewriting.by_rule import standalone_turns
from assistant.rewriting.leaning import leans
from assistant.types import Turn
from assistant.words import content_words
from benchmarks.bench_retrieval import cache_in, opened
from benchmarks.retrieval_sets import Figures, Question, RetrievalSet, judge, load_sets
from indexer.config import IndexerSettings
from indexer.search import search
from indexer.types import Passage

WANTED_GAIN = 0.05
"""Of hit@1, on the questions that depend on their history."""

LAST, RULE = "last turn alone", "rewritten by the rule"
HUMAN = "rewritten by a person"
BESIDE = {RULE, HUMAN}
"""Ways in which both what was typed and the rewriting are searched for, as `kb ask` does."""

DEPTH = 32
"""Passages asked for, so that ten files are among them."""


def main() -> int:
    """Print a table for each set and group; 1 if the rule gains too little, or does harm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("KB_BENCH_DATA"))
    parser.add_argument("--cache", type=Path, help="where indexes are kept; a temporary folder if left out")
    parser.add_argument("--sets", nargs="*", help="names of sets; all if left out")
    parser.add_argument("--show", action="store_true", help="print every rewritten question")
    arguments = parser.parse_args()
    if arguments.data is None:
        print(
            "bench_followups: give a folder of sets, each with corpus/ and questions.jsonl:"
            " make bench-followups DATA=folder"
        )
        return 0
    sets = [
        each
        for each in load_sets(Path(arguments.data))
        if (not arguments.sets or each.name in arguments.sets)
        and any(question.said for question in each.questions)
    ]
    if not sets:
        print(f"bench_followups: {arguments.data} holds no set whose questions have a history")
        return 2
    is_good = True
    with cache_in(arguments.cache) as cache:
        for each in sets:
            is_good &= _measure(each, cache / f"{each.name}-0", is_shown=arguments.show)
    return 0 if is_good else 1


def _measure(each: RetrievalSet, home: Path, *, is_shown: bool) -> bool:
    """Index a set, ask its follow-ups in every way, print the tables, and tell whether the rule is good."""
    with opened(each, home, IndexerSettings()) as index:
        find = functools.cache(lambda text, typed: search(index, text, top_k=DEPTH, beside=typed))
        is_good = True
        for group, questions in _groups(each.questions).items():
            print(f"\n{each.name}, {group}: {len(questions)} questions")
            print(f"{'':36}hit@1  hit@5  MRR@10")
            figures = {
                way: Figures.mean([_judge(find, each.corpus, one, way) for one in questions])
                for way in WAYS
                if way != HUMAN or any(one.rewrite for one in questions)
            }
            for way, row in figures.items():
                print(f"  {way:34}{row.hit_at_1:.3f}  {row.hit_at_5:.3f}   {row.mrr_at_10:.3f}", flush=True)
            gain = figures[RULE].hit_at_1 - figures[LAST].hit_at_1
            print(f"  the rule gains {100 * gain:+.1f} points of hit@1")
            is_good &= gain >= GAINS.get(group, -1.0)
            for one in questions if is_shown else ():
                print(f"    {one.text}\n      → {_by_rule(one)}")
        return is_good


def _groups(questions: Sequence[Question]) -> Mapping[str, list[Question]]:
    """Sort the questions that have a history by whether they depend on it."""
    with_history = [question for question in questions if question.said]
    if not any(question.rewrite for question in with_history):
        taken, left = "taken for follow-ups", "taken to stand by themselves"
        groups: dict[str, list[Question]] = {taken: [], left: []}
        for question in with_history:
            groups[taken if leans(question.text, _turns(question)) else left].append(question)
    else:
        groups = {DEPENDENT: [], STANDING: []}
        for question in with_history:
            groups[DEPENDENT if _depends(question) else STANDING].append(question)
    return {**groups, "all with a history": with_history}


def _depends(question: Question) -> bool:
    asked = set(content_words(question.text))
    said = set(content_words(" ".join(f"{before} {answer}" for before, answer in question.said)))
    return any(word in said and word not in asked for word in content_words(question.rewrite))


def _turns(question: Question) -> tuple[Turn, ...]:
    return tuple(Turn(question=asked, standalone=asked, answer=answer) for asked, answer in question.said)


def _by_rule(question: Question) -> str:
    turns = standalone_turns(_turns(question))
    return rewrite_by_rule(question.text, turns) if leans(question.text, turns) else question.text


def _whole_history(question: Question) -> str:
    return "\n".join([*(f"{asked}\n{answer}" for asked, answer in question.said), question.text])


def _judge(
    find: Callable[[str, str], Sequence[Passage]], corpus: Path, question: Question, way: str
) -> Figures:
    found = find(WAYS[way](question), question.text if way in BESIDE else "")
    return judge(question, [passage.path.relative_to(corpus).as_posix() for passage in found])


DEPENDENT, STANDING = "dependent on their history", "standing by themselves"
GAINS = {DEPENDENT: WANTED_GAIN, STANDING: 0.0}
"""What the rule must gain at least."""

WAYS: Mapping[str, Callable[[Question], str]] = {
    LAST: lambda question: question.text,
    RULE: _by_rule,
    "with the question before": lambda question: f"{question.said[-1][0]}\n{question.text}",
    "with all questions before": lambda question: "\n".join(
        [*(asked for asked, _ in question.said), question.text]
    ),
    "with the whole history": _whole_history,
    "rewritten by the rule, alone": _by_rule,
    HUMAN: lambda question: question.rewrite or question.text,
}


if __name__ == "__main__":
    sys.exit(main())
