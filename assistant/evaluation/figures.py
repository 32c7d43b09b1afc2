"""The figures of a run: what each is called, what it means, and how it is summed up; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from assistant.evaluation.metrics import interval, mean, percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure from 0 to 1, the mean over the questions that can tell."""

    key: str
    group: str
    """Under which heading it stands in a list."""

    name: str
    """What it is called there."""

    column: str
    """What it is called above a column."""

    meaning: str

    @property
    def full_name(self) -> str:
        """What it is called by itself."""
        return f"{self.group} {self.name}"


FIGURES = (
    Figure(
        key="hit_at_1",
        group="found",
        name="hit@1",
        column="HIT@1",
        meaning="the first file found says it",
    ),
    Figure(
        key="hit_at_5",
        group="found",
        name="hit@5",
        column="HIT@5",
        meaning="one of the first five does",
    ),
    Figure(
        key="hit_at_10", group="found", name="hit@10", column="HIT@10", meaning="one of the first ten does"
    ),
    Figure(
        key="mrr_at_10", group="found", name="MRR@10", column="MRR", meaning="mean of 1 / its place among ten"
    ),
    Figure(
        key="passage_hit_at_10",
        group="found",
        name="passage@10",
        column="PASS@10",
        meaning="a right passage in the first ten",
    ),
    Figure(
        key="citation_precision",
        group="cited",
        name="precision",
        column="CITE P",
        meaning="cited files that say it",
    ),
    Figure(
        key="citation_recall",
        group="cited",
        name="recall",
        column="CITE R",
        meaning="files that say it and are cited",
    ),
    Figure(
        key="passage_precision",
        group="quoted",
        name="precision",
        column="QUOTE P",
        meaning="quotes from a right passage",
    ),
    Figure(
        key="passage_recall",
        group="quoted",
        name="recall",
        column="QUOTE R",
        meaning="right passages that are quoted",
    ),
    Figure(key="f1", group="answer", name="F1", column="F1", meaning="words shared with the expected one"),
    Figure(
        key="containment",
        group="answer",
        name="contains",
        column="HAS IT",
        meaning="holds the expected one word for word",
    ),
    Figure(
        key="answer_recall",
        group="answer",
        name="recall",
        column="RECALL",
        meaning="words of the expected one in it",
    ),
    Figure(
        key="refusal_precision",
        group="refusals",
        name="precision",
        column="REF P",
        meaning="refusals that are right",
    ),
    Figure(
        key="refusal_recall",
        group="refusals",
        name="recall",
        column="REF R",
        meaning="unanswerable ones that are refused",
    ),
    Figure(
        key="decision",
        group="refusals",
        name="right",
        column="RIGHT",
        meaning="answered or refused as it should be",
    ),
)

TIMES = ("search", "first_token", "total")
"""What is timed of every answer; see `Answer.timings_ms`."""


class Scored(Protocol):
    """One question, asked and judged."""

    @property
    def scores(self) -> Mapping[str, float]:
        """From 0 to 1, by the keys of `FIGURES`."""
        ...

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """By the names of `TIMES`; empty where there is no answer."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens that the model wrote after the first, which takes no time of its own."""
        ...

    @property
    def writing_ms(self) -> float:
        """How long that took."""
        ...


ScoredT = TypeVar("ScoredT", bound=Scored)


@dataclass(frozen=True, slots=True)
class Value:
    """A mean, and how far it can be trusted."""

    mean: float
    low: float
    """With 95 % confidence it is not below this, were there many more questions of this kind."""

    high: float
    """Nor above this."""

    count: int
    """Questions that can tell."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run, or a part of it, comes to."""

    count: int
    """Questions asked."""

    values: Mapping[str, Value]
    """By the keys of `FIGURES`; what no question can tell is absent."""

    p50_ms: Mapping[str, float]
    """By the names of `TIMES`."""

    p95_ms: Mapping[str, float]
    tokens_per_s: float
    """Tokens that the model wrote in a second; 0 without a model."""

    def to_json(self) -> dict[str, Any]:
        """Return the object that `kb eval run --json` prints."""
        return {
            "questions": self.count,
            **{
                key: {"mean": each.mean, "low": each.low, "high": each.high, "questions": each.count}
                for key, each in self.values.items()
            },
            "p50_ms": dict(self.p50_ms),
            "p95_ms": dict(self.p95_ms),
            "tokens_per_s": self.tokens_per_s,
        }


def summarise(results: Sequence[Scored]) -> Summary:
    """Sum up questions that were asked and judged."""
    values: dict[str, Value] = {}
    for figure in FIGURES:
        told = [each.scores[figure.key] for each in results if figure.key in each.scores]
        if told:
            values[figure.key] = Value(mean(told), *interval(told), len(told))
    times = {
        name: taken
        for name in TIMES
        if (taken := [each.timings_ms[name] for each in results if name in each.timings_ms])
    }
    writing_ms = sum(each.writing_ms for each in results)
    tokens = sum(each.tokens for each in results)
    return Summary(
        count=len(results),
        values=values,
        p50_ms={name: percentile(taken, 0.5) for name, taken in times.items()},
        p95_ms={name: percentile(taken, 0.95) for name, taken in times.items()},
        tokens_per_s=1000 * tokens / writing_ms if writing_ms else 0.0,
    )


def by_group(results: Iterable[ScoredT], name_of: Callable[[ScoredT], str]) -> dict[str, list[ScoredT]]:
    """Sort results into groups, in the order of their names."""
    groups: dict[str, list[ScoredT]] = {}
    for each in results:
        groups.setdefault(name_of(each), []).append(each)
    return dict(sorted(groups.items()))
