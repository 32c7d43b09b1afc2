"""BM25 and cosine become one score that means the same for every question."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.search.fusion import LEXICAL_SHARE, blend, full_score, fuse, rarity

COSINES = st.dictionaries(st.integers(1, 40), st.floats(-1, 1), max_size=20)
BM25 = st.dictionaries(st.integers(1, 40), st.floats(0, 50), max_size=20)


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


@given(COSINES)
def test_without_words_the_order_is_that_of_the_cosines(similarity: dict[int, float]) -> None:
    """A question of which no word is anywhere is ranked by meaning alone."""
    assert [chunk_id for chunk_id, _ in fuse({}, similarity, full=5.0)] == sorted(
        similarity, key=lambda chunk_id: (-(1 - LEXICAL_SHARE) * similarity[chunk_id], chunk_id)
    )


@given(BM25, COSINES)
def test_every_candidate_is_ranked_once(lexical: dict[int, float], similarity: dict[int, float]) -> None:
    """Exactly the chunks with a similarity come back, best first."""
    ranking = fuse(lexical, similarity, full=10.0)
    assert {chunk_id for chunk_id, _ in ranking} == set(similarity)
    scores = [score for _, score in ranking]
    assert scores == sorted(scores, reverse=True)


@given(BM25, COSINES, st.integers(1, 40))
def test_a_higher_lexical_score_never_hurts(
    lexical: dict[int, float], similarity: dict[int, float], chosen: int
) -> None:
    """A chunk does not fall when it holds more of the words."""
    similarity[chosen] = 0.1
    before = [chunk_id for chunk_id, _ in fuse(lexical, similarity, full=10.0)].index(chosen)
    raised = {**lexical, chosen: lexical.get(chosen, 0.0) + 1.0}
    after = [chunk_id for chunk_id, _ in fuse(raised, similarity, full=10.0)].index(chosen)
    assert after <= before


def test_the_share_decides_between_words_and_meaning() -> None:
    """With all weight on one side only that side ranks."""
    lexical, similarity = {1: 8.0, 2: 2.0}, {1: 0.2, 2: 0.6}
    assert [chunk_id for chunk_id, _ in fuse(lexical, similarity, full=8.0, share=1.0)] == [1, 2]
    assert [chunk_id for chunk_id, _ in fuse(lexical, similarity, full=8.0, share=0.0)] == [2, 1]


def test_weak_words_do_not_beat_a_good_meaning() -> None:
    """The best of bad lexical matches gets no full marks: one common word of three is little."""
    full = full_score(["avoid", "child", "obesity"], {"avoid": 40, "child": 60, "obesity": 0}, 800)
    lexical = {1: rarity(60, 800) * 1.5}
    similarity = {1: 0.30, 2: 0.45}
    assert fuse(lexical, similarity, full=full)[0][0] == 2


def test_a_chunk_counts_as_a_whole_and_by_its_best_place() -> None:
    """The best window adds what the whole chunk blurs; without windows the whole stands for both."""
    closeness = blend({1: 0.4, 2: 0.4}, {1: 0.8}, share=0.5)
    assert closeness == pytest.approx({1: 0.6, 2: 0.4})
