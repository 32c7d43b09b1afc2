"""Sets of judged questions, and how well a ranking of files answers them.

A set is a folder with `corpus/` and `questions.jsonl`, one object a line with
at least `question`, `answerable` and `gold_files` (relative to `corpus/`). A
question counts if it is answerable at least in part and names a gold file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

LONG_CHARS = 6
"""Length from which on a word is mistyped."""

LETTERS = "aeiourstln"

ANSWERABLE = {"yes", "partial"}


@dataclass(frozen=True, slots=True)
class Question:
    """One judged question."""

    text: str
    gold: frozenset[str]
    """Files that answer it, relative to the corpus."""

    said: tuple[tuple[str, str], ...] = ()
    """What was asked before in the same conversation, and answered; oldest first."""

    rewrite: str = ""
    """As a person wrote it to stand by itself; empty where nobody did."""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A corpus and its questions."""

    name: str
    corpus: Path
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """How well files were ranked, each from 0 to 1."""

    hit_at_1: float
    hit_at_5: float
    recall_at_10: float
    """Mean share of a question's gold files among the first ten."""

    mrr_at_10: float
    """Mean of 1 / rank of the first gold file, 0 beyond ten."""

    @classmethod
    def mean(cls, figures: Sequence["Figures"]) -> "Figures":
        """Average over questions or over sets."""
        columns = zip(*(each.as_row() for each in figures), strict=True)
        return cls(*(sum(column) / len(figures) for column in columns))

    def as_row(self) -> tuple[float, float, float, float]:
        """Return the figures in the order they are printed."""
        return self.hit_at_1, self.hit_at_5, self.recall_at_10, self.mrr_at_10


def load_sets(folder: Path) -> list[RetrievalSet]:
    """Read every set below a folder, or the one that the folder is."""
    candidates = [folder, *sorted(folder.iterdir())]
    return [
        load_set(candidate)
        for candidate in candidates
        if (candidate / "questions.jsonl").is_file() and (candidate / "corpus").is_dir()
    ]


def load_set(folder: Path) -> RetrievalSet:
    """Read one set."""
    with (folder / "questions.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    questions = tuple(
        Question(
            row["question"],
            frozenset(row["gold_files"]),
            said=_pairs(row.get("history") or []),
            rewrite=row.get("rewrite") or "",
        )
        for row in rows
        if row["answerable"] in ANSWERABLE and row["gold_files"]
    )
    return RetrievalSet(folder.resolve().name, (folder / "corpus").resolve(), questions)


def mistyped(each: RetrievalSet, seed: int) -> RetrievalSet:
    """Return a set with a mistake in two long words of each question: letters swapped, lost or other ones."""
    random = Random(seed)
    return replace(
        each, questions=tuple(replace(one, text=_mistyped(one.text, random)) for one in each.questions)
    )


def _mistyped(text: str, random: Random) -> str:
    words = text.split()
    long = [at for at, word in enumerate(words) if word.isalpha() and len(word) >= LONG_CHARS]
    for at in random.sample(long, min(2, len(long))):
        word, place = words[at], random.randrange(1, len(words[at]) - 1)
        before, letter, after = word[:place], word[place], word[place + 1 :]
        words[at] = random.choice(
            (before + after[:1] + letter + after[1:], before + after, before + random.choice(LETTERS) + after)
        )
    return " ".join(words)


def _pairs(history: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Pair questions with their answers; what got no answer is left out."""
    pairs: list[tuple[str, str]] = []
    asked = ""
    for message in history:
        if message["role"] == "user":
            asked = message["text"]
        elif asked:
            pairs.append((asked, message["text"]))
            asked = ""
    return tuple(pairs)


def judge(question: Question, ranked_files: Sequence[str]) -> Figures:
    """Judge the files found for one question, best first; a file named again does not count again."""
    first_ten = list(dict.fromkeys(ranked_files))[:10]
    hits = [rank for rank, name in enumerate(first_ten, start=1) if name in question.gold]
    first = hits[0] if hits else 0
    return Figures(
        hit_at_1=float(first == 1),
        hit_at_5=float(0 < first <= 5),
        recall_at_10=len(hits) / len(question.gold),
        mrr_at_10=1 / first if first else 0.0,
    )
