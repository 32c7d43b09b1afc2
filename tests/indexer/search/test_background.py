"""What a search says of whether the files answer."""

from dataclasses import replace

import pytest

from indexer.search.background import BACKGROUND_RANK, FEWEST_FILES, grounds_of
from indexer.search.candidates import Candidate
from tests.indexer.search.test_arranging import candidate as plain


def candidate(name: str, *, window: float, cosine: float, bm25: float = 0.0) -> Candidate:
    """Make a chunk with these features."""
    return replace(
        plain(1, "x", score=window, name=name), features={"window": window, "cosine": cosine, "bm25": bm25}
    )


def test_nothing_found_says_nothing() -> None:
    """Without candidates there is no evidence."""
    assert grounds_of([]) is None


def test_the_best_of_each_kind_counts() -> None:
    """The closest chunk and the one with most rare words need not be the same."""
    found = grounds_of(
        [candidate("a.md", window=0.8, cosine=0.6), candidate("b.md", window=0.1, cosine=0.1, bm25=0.9)]
    )
    assert found is not None
    assert found.closeness == pytest.approx(0.7)
    assert found.lexical == 0.9


def test_the_lead_is_over_the_background_of_other_files() -> None:
    """More chunks of one file are no background."""
    best = [candidate("best.md", window=0.9, cosine=0.9)] * 50
    others = [candidate(f"{n}.md", window=0.4, cosine=0.4) for n in range(BACKGROUND_RANK)]
    found = grounds_of([*best, *others])
    assert found is not None
    assert found.lead == pytest.approx(0.5)


def test_few_files_have_no_background() -> None:
    """A lead over two other files would say nothing."""
    few = [candidate(f"{n}.md", window=0.4, cosine=0.4) for n in range(FEWEST_FILES - 1)]
    found = grounds_of(few)
    assert found is not None
    assert found.lead is None


def test_of_a_question_put_in_two_ways_the_closer_one_counts() -> None:
    """The other may leave out what it is about; of words each finds half."""
    typed, rewritten = (
        {"window": 0.2, "cosine": 0.2, "bm25": 0.4},
        {"window": 0.8, "cosine": 0.6, "bm25": 1.0},
    )
    both = replace(candidate("a.md", window=0.5, cosine=0.4, bm25=0.7), by_text=(rewritten, typed))
    found = grounds_of([both])
    assert found is not None
    assert found.closeness == pytest.approx(0.7)
    assert found.lexical == pytest.approx(0.7)
