"""Two runs over the same questions, question by question; pure.

Means differ by chance. What tells is how many questions came out better and how
many worse, held against the toss of a coin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.figures import FIGURES, Figure
from assistant.evaluation.metrics import mean, sign_test

CHANCE = 0.05
"""A difference that chance alone makes with this probability or a higher one is taken for noise."""

_SAME = 1e-9

_NOT_PAIRED = {"refusal_precision"}
"""Told only by refusals, which are others in every run; `decision` compares them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How one figure differs between two runs, over the questions that both can tell."""

    figure: Figure
    before: float
    after: float
    count: int
    better: int
    """Questions with a higher score than before."""

    worse: int
    chance: float
    """How likely it is that chance alone makes such a difference, 0 to 1."""

    @property
    def is_noise(self) -> bool:
        """Whether it may well be chance."""
        return self.chance >= CHANCE

    def to_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "figure": self.figure.key,
            "before": self.before,
            "after": self.after,
            "questions": self.count,
            "better": self.better,
            "worse": self.worse,
            "chance": self.chance,
        }


def compare(
    before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> list[Difference]:
    """Compare the scores of two runs, each by question, in the order of the figures.

    Args:
        before: Scores by the key of their figure, by question.
        after: The same of the other run; questions of only one of them do not count.
    """
    differences: list[Difference] = []
    for figure in FIGURES:
        pairs = [
            (before[key][figure.key], scores[figure.key])
            for key, scores in after.items()
            if figure.key in scores and figure.key in before.get(key, {})
        ]
        if pairs and figure.key not in _NOT_PAIRED:
            differences.append(_difference(figure, pairs))
    return differences


def _difference(figure: Figure, pairs: Sequence[tuple[float, float]]) -> Difference:
    better = sum(new > old + _SAME for old, new in pairs)
    worse = sum(new < old - _SAME for old, new in pairs)
    return Difference(
        figure=figure,
        before=mean([old for old, _ in pairs]),
        after=mean([new for _, new in pairs]),
        count=len(pairs),
        better=better,
        worse=worse,
        chance=sign_test(better, worse),
    )
