"""Candidates change places as a cross-encoder says, and only where that is worth its time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from indexer.search.reranking import RERANKED, SURE_LEAD, reranked
from tests.indexer.search.test_arranging import candidate


@dataclass
class Scripted:
    """Gives the scores that it was told to."""

    scores: list[float]
    asked: list[Sequence[str]] = field(default_factory=list)

    def rerank(self, question: str, texts: Sequence[str]) -> tuple[list[float], str]:  # noqa: ARG002
        """Score the first texts."""
        self.asked.append(texts)
        return self.scores, "done"


THREE = [candidate(at, f"text {at}", score=0.5 - at / 100) for at in range(3)]


def test_the_order_is_the_rerankers_and_the_scores_change_hands() -> None:
    """What it likes best stands first with the highest of the scores that there were."""
    found, remark = reranked(Scripted([0.1, 0.9, 0.5]), "question", THREE)
    assert [each.chunk.chunk_id for each in found] == [1, 2, 0]
    assert [each.score for each in found] == [each.score for each in THREE]
    assert [each.features["reranker"] for each in found] == [0.9, 0.5, 0.1]
    assert remark == "done"


def test_what_was_not_read_stays_where_it_is() -> None:
    """Where time was out after two, the third keeps its place; without any scores all do."""
    found, _ = reranked(Scripted([0.1, 0.9]), "question", THREE)
    assert [each.chunk.chunk_id for each in found] == [1, 0, 2]
    assert reranked(Scripted([]), "question", THREE)[0] == tuple(THREE)


def test_a_file_that_leads_by_far_is_not_read_again() -> None:
    """Where the first stage is sure nobody is asked; chunks of the same file make no doubt."""
    sure = [
        candidate(1, "a", score=0.9, name="a.md"),
        candidate(2, "b", score=0.89, name="a.md", ordinal=5),
        candidate(3, "c", score=0.9 - SURE_LEAD - 0.01),
    ]
    scripted = Scripted([0.1, 0.9, 0.5])
    found, remark = reranked(scripted, "question", sure)
    assert found == tuple(sure)
    assert remark == "not reranked: the best file leads by 0.13"
    assert scripted.asked == []


def test_one_file_alone_is_read_again() -> None:
    """Which of its places answers is still a question."""
    alone = [candidate(at, str(at), score=0.9 - at / 5, name="a.md", ordinal=2 * at) for at in range(2)]
    assert reranked(Scripted([0.1, 0.9]), "question", alone)[0][0].chunk.chunk_id == 1


def test_only_the_best_are_read() -> None:
    """However many candidates there are, a bounded number goes to the reranker."""
    many = [candidate(at, str(at), score=0.5) for at in range(3 * RERANKED)]
    scripted = Scripted([])
    reranked(scripted, "question", many)
    assert len(scripted.asked[0]) == RERANKED


def test_nothing_to_compare_is_not_read() -> None:
    """One candidate or none has no order."""
    assert reranked(Scripted([1.0]), "question", THREE[:1])[1] == "there is nothing to rerank"
