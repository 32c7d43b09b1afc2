"""Every stage of a search is told, and what became of a file in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.errors import UsageError
from indexer.index import Index
from indexer.search import explain, search
from indexer.types import FileOutcome, Filters, Outcome, WordUse
from tests.indexer.search.test_retrieve import ROOT, WideWorker, fill, put


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index of a few notes."""
    opened = Index(Catalog.open(tmp_path / "catalog.sqlite"), WideWorker())
    opened.add_root(ROOT)
    fill(opened)
    yield opened
    opened.close()


def test_explaining_finds_what_searching_finds(index: Index) -> None:
    """The passages are those of the search, and each is a candidate that was shown at its place."""
    question = "where is the key of the cabin?"
    trace = explain(index, question, top_k=3)
    assert trace.result.passages == search(index, question, top_k=3)
    shown = [each for each in trace.candidates if each.outcome is Outcome.SHOWN]
    assert [(each.chunk_id, each.place) for each in shown] == [
        (passage.chunk_id, place) for place, passage in enumerate(trace.result.passages, start=1)
    ]


def test_every_candidate_comes_with_its_ranks_and_features(index: Index) -> None:
    """Candidates stand best first, with a place in each ranking that found them and all that was weighed."""
    trace = explain(index, "key of the cabin", top_k=3)
    assert [each.rank for each in trace.candidates] == list(range(1, len(trace.candidates) + 1))
    best = trace.candidates[0]
    assert (best.path.name, best.lexical_rank, best.dense_rank) == ("cabin.md", 1, 1)
    assert best.features.keys() == trace.weights.keys()
    assert trace.candidates[-1].lexical_rank is None
    assert {"dense", "lexical", "words", "scores"} <= trace.stages_ms.keys()


def test_words_come_with_what_was_done_with_them(index: Index) -> None:
    """Of each word it is told how many chunks hold it, and how it was looked for."""
    words = {each.word: each for each in explain(index, "rent firew zz", top_k=3).words}
    assert (words["rent"].chunks, words["rent"].use) == (1, WordUse.SEARCHED)
    assert (words["firew"].chunks, words["firew"].use) == (0, WordUse.BEGINNING)
    assert words["zz"].use is WordUse.UNKNOWN
    assert words["zz"].rarity > words["rent"].rarity


def test_a_correction_is_told(index: Index) -> None:
    """A word of no chunk comes with those that were looked for in its place."""
    (word,) = explain(index, "fierwood", top_k=3).words
    assert (word.chunks, word.use, word.instead) == (0, WordUse.CORRECTED, ("firewood",))
    assert explain(index, "The FIERWOOD, fierwood2", top_k=3).embedded == "The firewood, fierwood2"
    assert word.rarity == explain(index, "firewood", top_k=3).words[0].rarity


def test_a_file_that_is_shown_is_named_with_its_place(index: Index) -> None:
    """The verdict says which passage it is."""
    file = explain(index, "key of the cabin", top_k=3, file=ROOT / "cabin.md").file
    assert file is not None
    assert (file.outcome, file.verdict, file.behind) == (FileOutcome.SHOWN, "cabin.md is passage 1", 0.0)


def test_a_copy_is_told_from_what_it_repeats(index: Index) -> None:
    """A file whose text another one has already shown is folded into that passage."""
    put(index, "cabin copy.md", "The key of the cabin hangs behind the stove.")
    file = explain(index, "key of the cabin", top_k=3, file=ROOT / "cabin copy.md").file
    assert file is not None
    assert file.outcome is FileOutcome.FOLDED
    assert file.verdict == "cabin copy.md was found, and passage 1 says the same"


def test_a_file_that_was_not_good_enough_says_by_how_much(index: Index) -> None:
    """Below the last passage stands how far below."""
    file = explain(index, "key of the cabin", top_k=1, file=ROOT / "rent.md").file
    assert file is not None
    assert file.outcome is FileOutcome.LEFT_OVER
    assert file.best is not None
    assert file.best.rank is not None
    assert file.behind is not None
    assert file.behind > 0
    assert file.verdict.startswith(f"rent.md was found as number {file.best.rank}, 0.")


def test_a_file_outside_of_the_filters_is_told_so(index: Index) -> None:
    """It may be the best there is, and is not where was looked."""
    file = explain(
        index,
        "key of the cabin",
        top_k=3,
        filters=Filters(within=(str(ROOT / "work"),)),
        file=ROOT / "cabin.md",
    ).file
    assert file is not None
    assert file.outcome is FileOutcome.FILTERED_OUT
    assert file.best is not None
    assert (file.best.lexical_rank, file.best.dense_rank, file.best.rank) == (1, 1, None)
    assert file.behind is not None
    assert file.behind < 0


def test_a_file_that_neither_retriever_brought_has_places_in_both(index: Index) -> None:
    """With many better ones it is no candidate, but its best chunk still has its ranks."""
    for number in range(150):
        put(index, f"{number}.md", f"The cabin has a key, number {number}.")
    file = explain(index, "cabin key", top_k=3, file=ROOT / "rent.md").file
    assert file is not None
    assert file.outcome is FileOutcome.NOT_FOUND
    assert file.best is not None
    assert file.best.dense_rank is not None
    assert file.best.dense_rank > 64
    assert file.verdict == (
        "no chunk of rent.md is among the first 64 by words or by meaning:"
        f" its best one is nowhere by words and number {file.best.dense_rank} by meaning"
    )


def test_a_file_that_is_not_indexed_is_told_so(index: Index) -> None:
    """What is not in the index cannot be found, also where there is nothing in it at all."""
    file = explain(index, "key", top_k=3, file=ROOT / "nowhere.md").file
    assert file is not None
    assert (file.outcome, file.best) == (FileOutcome.NOT_INDEXED, None)
    assert file.verdict == "nothing of nowhere.md is in the index"


def test_an_empty_index_is_explained_too(tmp_path: Path) -> None:
    """Without files there are no candidates, and the file is not indexed."""
    empty = Index(Catalog.open(tmp_path / "empty.sqlite"), WideWorker())
    trace = explain(empty, "key", top_k=3, file=ROOT / "a.md")
    empty.close()
    assert (trace.chunks, trace.candidates, trace.result.passages) == (0, (), ())
    assert trace.file is not None
    assert trace.file.outcome is FileOutcome.NOT_INDEXED


def test_an_empty_question_is_refused(index: Index) -> None:
    """There is nothing to explain about nothing."""
    with pytest.raises(UsageError, match="the question is empty"):
        explain(index, " ", top_k=3)
