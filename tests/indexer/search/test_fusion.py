"""BM25 and cosine become one score that means the same for every question."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.search.evidence import Reader
from indexer.search.fusion import (
    DOCUMENT_CAP,
    WEIGHTS,
    document_evidence,
    document_floor,
    features_of,
    full_score,
    rarity,
    score_of,
)

SHARES = st.floats(-1, 1)


def features(*, cosine: float, window: float, bm25: float, full: float = 10.0) -> dict[str, float]:
    """Return what both retrievers know of a chunk."""
    return features_of(cosine=cosine, window=window, bm25=bm25, full=full)


def test_rarity_is_what_the_full_text_index_takes_for_it() -> None:
    """A chunk of average length that holds a word once scores just the word's rarity."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5 (text)")
    connection.executemany(
        "INSERT INTO t VALUES (?)", [("fox hen",), ("cow hen",), ("cow dog",), ("cow pig",)]
    )
    (score,) = connection.execute("SELECT -bm25(t) FROM t WHERE t MATCH 'fox'").fetchone()
    connection.close()
    assert score == pytest.approx(rarity(1, 4), rel=1e-6)
    assert full_score(["fox"], {"fox": 1}, 4) == pytest.approx(score, rel=1e-6)


def test_a_word_of_no_chunk_lowers_the_share_of_the_others() -> None:
    """What is not there counts in full towards what could have been found."""
    found_all = full_score(["rent"], {"rent": 3}, 100)
    assert full_score(["rent", "sauna"], {"rent": 3}, 100) == pytest.approx(found_all + rarity(0, 100))


def test_a_long_question_does_not_ask_for_every_word() -> None:
    """Beyond the four rarest, words raise a chunk's score and not what is expected of it."""
    counts = {"aorta": 2, "bypass": 3, "clot": 4, "dose": 5, "every": 90}
    few = full_score(["aorta", "bypass", "clot", "dose"], counts, 1000)
    assert full_score(["aorta", "bypass", "every", "clot", "dose"], counts, 1000) == few


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_rarity_is_positive_and_falls_with_the_count(count: int, total: int) -> None:
    """A word that more chunks hold is never the rarer one, even while counts lag behind."""
    assert rarity(count, total) > 0
    assert rarity(count + 1, total) <= rarity(count, total)


@given(SHARES, SHARES, st.floats(0, 50), st.floats(0, 5))
def test_more_of_anything_never_hurts(cosine: float, window: float, bm25: float, more: float) -> None:
    """A chunk does not fall when it is nearer, or holds more of the words."""
    score = score_of(features(cosine=cosine, window=window, bm25=bm25))
    assert score_of(features(cosine=cosine, window=window, bm25=bm25 + more)) >= score
    assert score_of(features(cosine=cosine, window=window + more, bm25=bm25)) >= score


def test_weak_words_do_not_beat_a_good_meaning() -> None:
    """The best of bad lexical matches gets no full marks: one common word of three is little."""
    full = full_score(["avoid", "child", "obesity"], {"avoid": 40, "child": 60, "obesity": 0}, 800)
    with_a_word = features(cosine=0.30, window=0.30, bm25=rarity(60, 800) * 1.5, full=full)
    with_meaning = features(cosine=0.45, window=0.45, bm25=0.0, full=full)
    assert score_of(with_meaning) > score_of(with_a_word)


def test_without_known_words_bm25_does_not_count() -> None:
    """A question of nothing that could be found is ranked by meaning alone."""
    assert features(cosine=0.3, window=0.4, bm25=5.0, full=0.0)["bm25"] == 0.0


def test_every_feature_counts() -> None:
    """There is a weight for each; words and meaning share one, and the rest comes on top."""
    evidence = Reader({"fox": 1.0}, ()).read("fox").as_features()
    all_of_it = features(cosine=0.3, window=0.4, bm25=5.0) | evidence | {"document": 0.1}
    assert all_of_it.keys() == WEIGHTS.keys()
    assert min(WEIGHTS.values()) > 0
    assert sum(WEIGHTS[name] for name in ("window", "cosine", "bm25")) == pytest.approx(1.0)


def test_a_chunk_whose_file_is_about_the_question_wins_over_its_equal() -> None:
    """Other chunks lend what they rise above the floor; a chunk alone in its file is lent nothing."""
    lent = document_evidence(["a", "a", "a", "b"], [0.6, 0.5, 0.1, 0.6], floor=0.3)
    assert lent == pytest.approx([0.2, 0.3, 0.3, 0.0])


def test_a_long_file_does_not_win_by_its_length() -> None:
    """However many chunks there are, they lend no more than the cap."""
    assert document_evidence(["a"] * 50, [0.9] * 50, floor=0.0) == [DOCUMENT_CAP] * 50


def test_the_floor_is_the_score_after_the_best_twenty() -> None:
    """Worse chunks are no evidence; where there are few, the worst of them is the floor."""
    assert document_floor([at / 100 for at in range(100)]) == pytest.approx(0.79)
    assert document_floor([0.3, 0.2]) == 0.2
    assert document_floor([]) == 0.0
