"""Ranking by BM25 stays quick where words are common, and exact where they are not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Catalog, FileRecord
from indexer.catalog.lexical import ROWS_BUDGET, choose_gates
from indexer.types import EVERYTHING, Embeddings, FileStatus, Filters
from tests.indexer.documents import STATE, make_chunks

ROOT = Path("/notes")
WEIGHTS = (1.0, 1.0, 1.0)
ROWS = 3 * ROWS_BUDGET // 2


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """Return a catalog of 6,000 chunks: "often" in all, "usual" in each second, a few rarer words."""
    catalog = Catalog.open(tmp_path_factory.mktemp("lexical") / "catalog.sqlite")
    texts = []
    for number in range(ROWS):
        words = ["often", f"filler{number % 97}"]
        words += ["usual"] * (number % 2 == 0)
        words += ["seldom"] * (number % 500 == 0)
        words += ["once"] * (number == 4_321)
        texts.append(" ".join(words))
    with catalog.write() as transaction:
        transaction.add_root(ROOT)
        transaction.add_vectors(["00" * 16], Embeddings(np.array([[1.0, 0.0]], np.float32)))
        for folder, part in (("a", texts[: ROWS // 2]), ("b", texts[ROWS // 2 :])):
            path = ROOT / folder / "file.txt"
            record = FileRecord(path=path, root=ROOT, state=STATE, status=FileStatus.INDEXED)
            file_id = transaction.put_file(record)
            transaction.replace_chunks(file_id, make_chunks(part), ["00" * 16] * len(part), name="file.txt")
    yield catalog
    catalog.close()


def ranked(
    catalog: Catalog, match: str, top_k: int, filters: Filters = EVERYTHING
) -> list[tuple[int, float]]:
    """Rank by the catalog."""
    with catalog.read() as transaction:
        scope = transaction.scope(filters)
        return transaction.lexical(match, top_k=top_k, scope=scope, weights=WEIGHTS)


def plainly_ranked(catalog: Catalog, match: str) -> dict[int, float]:
    """Let FTS5 score every chunk that matches."""
    with catalog.read() as transaction:
        rows = transaction._connection.execute(
            "SELECT rowid, -rank FROM chunk_text WHERE chunk_text MATCH ?", (match,)
        ).fetchall()
    return dict(rows)


def test_common_words_add_to_the_score_of_what_holds_a_rare_one(catalog: Catalog) -> None:
    """The best chunks and their scores are those of scoring every chunk."""
    match = '"often" OR "usual" OR "seldom" OR "once"'
    every = plainly_ranked(catalog, match)
    best = sorted(every.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    found = ranked(catalog, match, 10)
    assert [chunk_id for chunk_id, _ in found] == [chunk_id for chunk_id, _ in best]
    assert [score for _, score in found] == pytest.approx([score for _, score in best])


def test_a_list_is_filled_with_what_holds_several_common_words(catalog: Catalog) -> None:
    """Where too few chunks hold a rare word, those with most of the common ones follow."""
    match = '"often" OR "usual" OR "once"'
    every = plainly_ranked(catalog, match)
    found = ranked(catalog, match, 50)
    assert len(found) == 50
    assert found[0][0] == 4_322
    assert {round(score, 6) for _, score in found[1:]} == {
        round(score, 6) for score in sorted(every.values(), reverse=True)[1:50]
    }


def test_a_folder_without_the_rare_word_still_answers(catalog: Catalog) -> None:
    """Inside a folder that holds only common words these are enough."""
    found = ranked(catalog, '"often" OR "usual" OR "once"', 20, Filters(within=(str(ROOT / "a"),)))
    assert len(found) == 20
    assert all(chunk_id <= ROWS // 2 for chunk_id, _ in found)


def test_words_that_stand_nowhere_find_nothing(catalog: Catalog) -> None:
    """Unknown words do not matter beside known ones, and alone they find nothing."""
    assert ranked(catalog, '"unheard" OR "of"', 5) == []
    assert ranked(catalog, '"often" OR "usual" OR "unheard"', 5) == ranked(catalog, '"often" OR "usual"', 5)


def counter(**counts: int) -> Callable[[str], int]:
    """Return a function that counts conjunctions as made up."""
    return lambda expression: counts[expression.replace(" AND ", "_")]


def test_rare_words_open_and_common_words_only_add() -> None:
    """As many of the rarest words as fit the budget are required, one of them at least."""
    occurrences = [(300, "a"), (ROWS_BUDGET - 300, "b"), (ROWS_BUDGET, "c")]
    assert choose_gates(occurrences, counter(), at_least=100) == [("a OR b", "c")]


def test_common_words_alone_are_required_together() -> None:
    """Words are joined until few enough chunks hold all of them, and not so few as to miss answers."""
    occurrences = [(9_000, "a"), (20_000, "b"), (30_000, "c"), (40_000, "d")]
    count = counter(a=9_000, a_b=5_000, a_b_c=900, a_b_c_d=50)
    assert choose_gates(occurrences, count, at_least=100) == [("a AND b AND c", "d")]
    assert choose_gates(occurrences, count, at_least=1_000) == [("a AND b", "c OR d")]


def test_one_common_word_is_scored_in_full() -> None:
    """There is nothing to narrow a single word down with."""
    assert choose_gates([(90_000, "a")], counter(a=90_000), at_least=10) == [("a", "")]
