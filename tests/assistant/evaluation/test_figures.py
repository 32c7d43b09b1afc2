"""Summing up results, and comparing two runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.comparing import compare
from assistant.evaluation.figures import FIGURES, by_group, summarise


@dataclass
class Scored:
    """A question as a summary sees it."""

    scores: Mapping[str, float]
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    tokens: int = 0
    writing_ms: float = 0.0


def test_means_are_over_the_questions_that_can_tell() -> None:
    """A question without an expected answer does not count as a wrong one."""
    summary = summarise([Scored({"f1": 1.0}), Scored({"f1": 0.5, "decision": 1.0}), Scored({})])
    assert summary.count == 3
    assert (summary.values["f1"].mean, summary.values["f1"].count) == (0.75, 2)
    assert summary.values["decision"].count == 1
    assert "hit_at_1" not in summary.values


def test_times_are_of_the_answers_there_are() -> None:
    """A question that failed took no time; tokens a second are those of the whole run."""
    taken = [Scored({}, {"total": float(ms)}, tokens=10, writing_ms=100) for ms in (10, 30, 20)]
    summary = summarise([*taken, Scored({})])
    assert (summary.p50_ms["total"], summary.p95_ms["total"]) == (20, 30)
    assert summary.tokens_per_s == 100
    assert summarise([Scored({})]).tokens_per_s == 0


def test_groups_keep_the_order_of_questions() -> None:
    """By the name that each result has."""
    results = [Scored({"f1": 0.1}), Scored({"f1": 0.9}), Scored({"f1": 0.2})]
    groups = by_group(results, lambda each: "low" if each.scores["f1"] < 0.5 else "high")
    assert list(groups) == ["high", "low"]
    assert [each.scores["f1"] for each in groups["low"]] == [0.1, 0.2]


def test_runs_are_compared_question_by_question() -> None:
    """Only questions of both count, and the mean is over these."""
    before = {"a": {"f1": 0.2}, "b": {"f1": 0.5}, "c": {"f1": 0.9}, "gone": {"f1": 1.0}}
    after = {"a": {"f1": 0.4}, "b": {"f1": 0.5}, "c": {"f1": 0.8, "decision": 1.0}, "new": {"f1": 0.0}}
    (difference,) = compare(before, after)
    assert difference.figure.key == "f1"
    assert (difference.count, difference.better, difference.worse) == (3, 1, 1)
    assert difference.before == pytest.approx(1.6 / 3)
    assert difference.after == pytest.approx(1.7 / 3)
    assert difference.is_noise


def test_many_better_ones_are_no_chance() -> None:
    """Eight better and none worse happens by chance once in 128 times."""
    before = {str(at): {"hit_at_1": 0.0} for at in range(8)}
    after = {str(at): {"hit_at_1": 1.0} for at in range(8)}
    (difference,) = compare(before, after)
    assert difference.chance == pytest.approx(2 / 256)
    assert not difference.is_noise


SCORES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.dictionaries(st.sampled_from([figure.key for figure in FIGURES]), st.sampled_from([0.0, 0.5, 1.0])),
)


@given(one=SCORES, other=SCORES)
def test_turning_a_comparison_around_turns_its_signs(
    one: dict[str, dict[str, float]], other: dict[str, dict[str, float]]
) -> None:
    """What is better one way is worse the other, and as likely to be chance."""
    for there, back in zip(compare(one, other), compare(other, one), strict=True):
        assert (there.better, there.worse, there.chance) == (back.worse, back.better, back.chance)
        assert (there.before, there.after) == (back.after, back.before)
    assert all(each.is_noise and each.better == 0 for each in compare(one, one))
