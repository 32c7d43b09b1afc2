"""Passages come back best first, once each, from where one looked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Catalog
from indexer.errors import UsageError
from indexer.index import Index, NewDocument, Scope
from indexer.search import UnwantedError, explain, search, while_wanted
from indexer.types import Chunk, Embeddings, FileState, Filters, Locator, Passage, Vectors
from indexer.windows import pack_windows
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/vault")


class WideWorker(InMemoryWorker):
    """Has room for enough words that two of them hardly ever look alike."""

    dim = 1024


class WindowedWorker(WideWorker):
    """Takes every sentence for a window."""

    def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
        """Embed whole texts, and their sentences beside them."""
        made = super().embed(texts, is_urgent=is_urgent)
        windows = ([self.embed_query(sentence) for sentence in text.split(". ")] for text in texts)
        return Embeddings(made.vectors, tuple(pack_windows(np.stack(rows)) for rows in windows))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with a real catalog; words stand in for meaning."""
    opened = Index(Catalog.open(tmp_path / "catalog.sqlite"), WideWorker())
    opened.add_root(ROOT)
    yield opened
    opened.close()


def put(index: Index, name: str, *texts: str, headings: Sequence[str] = ()) -> None:
    """Index a file whose chunks are these texts."""
    chunks = [
        Chunk(
            ordinal=at,
            start=0,
            end=len(text),
            text=text,
            locator=Locator(line_start=1, line_end=1, headings=tuple(headings)),
        )
        for at, text in enumerate(texts)
    ]
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    index.put_documents(
        [NewDocument(path=ROOT / name, root=ROOT, state=state, title=Path(name).stem, chunks=chunks)]
    )


def names(passages: Sequence[Passage]) -> list[str]:
    """Return the files in order."""
    return [passage.path.name for passage in passages]


def within(index: Index, name: str) -> Scope | None:
    """Return what stands at a path below the root."""
    return index.scope(Filters(within=(str(ROOT / name),)))


def fill(index: Index) -> None:
    """Index a few notes on different things."""
    put(index, "cabin.md", "The key of the cabin hangs behind the stove.", "Firewood is stacked in the shed.")
    put(index, "boat.md", "The engine of the boat needs oil in winter. The mooring is paid until May.")
    put(index, "rent.md", "Rent is due on the third of each month. The deposit was two months of rent.")
    put(index, "work/standup.md", "Standup is at nine. Bring the numbers of last week.")
    put(index, "work/code.md", "def read_file(path): return path.read_text()")


def test_a_file_that_is_written_anew_during_a_search_is_left_out(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found of it a moment ago is gone; the rest is found as ever."""
    fill(index)
    nearest, similarities = index.dense, index.similarities

    def none_near(
        query: str, *, top_k: int, scope: Scope | None = None
    ) -> tuple[Vectors, list[tuple[int, float]]]:
        return nearest(query, top_k=top_k, scope=scope)[0], []

    def too_late(vector: Vectors, chunk_ids: Sequence[int]) -> dict[int, float]:
        put(index, "cabin.md", "All of it was moved to town.")
        return similarities(vector, chunk_ids)

    monkeypatch.setattr(index, "dense", none_near)
    monkeypatch.setattr(index, "similarities", too_late)
    assert names(search(index, "the key of the cabin, and the oil of the boat", top_k=3)) == ["boat.md"]


def test_the_passage_with_the_words_comes_first(index: Index) -> None:
    """A question in the words of a note finds it, with all a reader needs."""
    fill(index)
    best = search(index, "where is the key of the cabin?", top_k=3)[0]
    assert best.path == ROOT / "cabin.md"
    assert best.root == ROOT
    assert best.title == "cabin"
    assert best.locator.line_start == 1
    assert best.lexical > 0
    assert 0 < best.similarity <= 1
    assert 0 < best.score <= 1
    assert [best.text[span.start : span.end] for span in best.highlights] == [best.text]


def test_scores_fall_and_stay_within_their_range(index: Index) -> None:
    """Passages stand best first with scores from 0 to 1, and no more than asked for."""
    fill(index)
    scores = [passage.score for passage in search(index, "oil for the boat", top_k=4)]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_folder_limits_the_search(index: Index) -> None:
    """With a folder given nothing from elsewhere comes back, however well it fits."""
    fill(index)
    assert set(names(search(index, "key of the cabin", top_k=9, scope=within(index, "work")))) == {
        "standup.md",
        "code.md",
    }
    assert names(search(index, "key of the cabin", top_k=9, scope=within(index, "rent.md"))) == ["rent.md"]
    assert search(index, "key of the cabin", top_k=9, scope=within(index, "nowhere")) == ()


def test_the_same_text_comes_once(index: Index) -> None:
    """Copies of a note, or of a paragraph under another heading, are one passage."""
    put(index, "a.md", "The gate code is on the fridge.")
    put(index, "copy of a.md", "The gate code is on the fridge.")
    put(index, "b.md", "The gate  code is\non the fridge.", headings=["House"])
    put(index, "c.md", "The gate squeaks.")
    assert len(search(index, "gate code", top_k=9)) == 2


def test_copies_do_not_cost_places(index: Index) -> None:
    """As many passages come back as were asked for, even when the best is there many times."""
    for number in range(30):
        put(index, f"copy {number}.md", "The gate code is on the fridge.")
    put(index, "c.md", "The gate squeaks.")
    put(index, "d.md", "A code of conduct.")
    assert len(search(index, "gate code", top_k=3)) == 3


def test_a_file_name_and_a_heading_are_found(index: Index) -> None:
    """Words of the name or the headings count, though the text does not hold them."""
    fill(index)
    put(index, "Zanzibar 2019.md", "We took the ferry and lost a hat.")
    put(index, "diary.md", "It rained all day.", headings=["Trip to Patagonia"])
    assert names(search(index, "zanzibar", top_k=1)) == ["Zanzibar 2019.md"]
    assert names(search(index, "patagonia", top_k=1)) == ["diary.md"]


def test_the_beginning_of_a_word_is_enough(index: Index) -> None:
    """A word that is nowhere is taken for the beginning of one."""
    fill(index)
    put(index, "cluster.md", "Kubernetes restarts the pods.")
    best = search(index, "kubern", top_k=1)[0]
    assert best.path.name == "cluster.md"
    assert best.lexical > 0


def test_a_question_in_quotes_finds_only_the_exact_words(index: Index) -> None:
    """In quotes the words must stand side by side."""
    fill(index)
    put(index, "other.md", "The cabin key is lost. Key, of gold, the cabin.")
    assert names(search(index, '"key of the cabin"', top_k=9)) == ["cabin.md"]
    assert search(index, '"cabin of the key"', top_k=9) == ()


@pytest.mark.parametrize(
    "question",
    ["c++", "don't", "col:x", "a AND", 'say "', "NEAR(", "🦊", "東京の天気", "()", "key " * 25_000],
)
def test_any_question_is_searched_for(index: Index, question: str) -> None:
    """Whatever is typed, search answers; meaning finds something where words cannot."""
    fill(index)
    assert search(index, question, top_k=2)


def test_a_word_of_nearly_every_chunk_is_left_to_meaning(index: Index) -> None:
    """A word that most chunks hold tells nothing and costs much, so it is not searched for."""
    for number in range(5):
        put(index, f"{number}.md", f"Invoice {number} for firewood.")
    put(index, "other.md", "The stove is lit.")
    assert all(passage.lexical > 0 for passage in search(index, "invoice", top_k=5))
    assert all(passage.lexical == 0 for passage in search(index, "invoice", top_k=5, common_chunks=4))
    assert search(index, "invoice stove", top_k=1, common_chunks=4)[0].path.name == "other.md"


def test_a_question_of_no_meaning_to_the_index_still_ranks(index: Index) -> None:
    """Where no word is anywhere, BM25 is 0 and the similarities decide."""
    fill(index)
    found = search(index, "xyzzy", top_k=5)
    assert {passage.lexical for passage in found} == {0.0}
    assert [passage.similarity for passage in found] == sorted((p.similarity for p in found), reverse=True)


@pytest.mark.parametrize("question", ["", " \n\t"])
def test_an_empty_question_is_refused_even_without_an_index(index: Index, question: str) -> None:
    """An empty question is wrong whether or not there is anything to find."""
    with pytest.raises(UsageError, match="the question is empty"):
        search(index, question, top_k=5)


def test_one_good_sentence_is_not_lost_in_a_long_passage(tmp_path: Path) -> None:
    """A passage is as near as its best window too; of two with the same words the concise place wins."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), WindowedWorker())
    index.add_root(ROOT)
    padding = "some more words of another kind"
    put(index, "scattered.md", f"The oil {padding} one. An engine {padding} two. A boat {padding} three")
    put(index, "concise.md", f"Here are {padding} one. And {padding} two. Boat engine oil")
    ids = [passage.chunk_id for passage in search(index, "boat engine oil", top_k=2)]
    query, _ = index.dense("boat engine oil", top_k=1)
    windows = index.window_similarities(query, [*ids, 999])
    index.close()
    assert [round(windows[chunk_id], 1) for chunk_id in ids] == [1.0, 0.2]
    assert 999 not in windows


def test_a_search_that_nobody_wants_is_given_up(index: Index) -> None:
    """Before its first stage, and between two."""
    put(index, "a.md", "the rent of the cabin")
    with while_wanted(lambda: False), pytest.raises(UnwantedError):
        search(index, "rent", top_k=3)
    answers = iter((True, False))
    with while_wanted(lambda: next(answers)), pytest.raises(UnwantedError):
        search(index, "rent", top_k=3)
    assert next(answers, None) is None


def test_an_empty_index_holds_nothing(index: Index) -> None:
    """Without files there are no passages, and no error."""
    assert search(index, "anything", top_k=5) == ()


def test_copies_do_not_take_the_places_of_others(index: Index) -> None:
    """A template that stands in hundreds of files is shown once, and what else there is stands beside it."""
    for number in range(300):
        put(index, f"template-{number}.md", "the garden meeting agenda is minutes and budget")
    for number in range(6):
        put(index, f"note-{number}.md", f"the garden meeting talked about hedge number {number}")
    found = search(index, "garden meeting agenda", top_k=7)
    assert [passage.path.name.split("-")[0] for passage in found] == ["template", *["note"] * 6]


def test_a_question_that_is_not_all_text_is_searched(index: Index) -> None:
    """What a shell could not decode is replaced, not passed on."""
    put(index, "a.md", "the cabin by the lake")
    (passage,) = search(index, "cabin \udcff lake", top_k=3)
    assert passage.path.name == "a.md"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("cabbin stove", "cabin"), ("moring paid", "mooring"), ("depsoit months", "deposit")],
)
def test_a_misspelt_word_finds_what_was_meant(index: Index, typed: str, meant: str) -> None:
    """A word that no chunk holds is looked for as the one that it resembles, and its sentence is marked."""
    fill(index)
    best = search(index, typed, top_k=1)[0]
    assert best.lexical > 0
    assert all(meant in best.text[span.start : span.end] for span in best.highlights)


def test_a_word_that_is_there_is_not_corrected(index: Index) -> None:
    """What a chunk holds is what was meant, however much it looks like another word."""
    fill(index)
    put(index, "odd.md", "The stoue is an old spelling.")
    assert search(index, "stoue", top_k=1)[0].path.name == "odd.md"
    assert {passage.path.name for passage in search(index, "stoue", top_k=9) if passage.lexical} == {"odd.md"}


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("readFile", "call read_file first"),
        ("read_file", "call readFile first"),
        ("1,200", "it cost 1200 euros"),
        ("1200000", "it cost 1,200,000 euros"),
        ("2026-05-03", "seen on 3 May 2026"),
        ("May 3, 2026", "seen 2026-05-03 at noon"),
    ],
)
def test_what_is_named_letter_by_letter_is_found_in_other_spellings(
    index: Index, typed: str, text: str
) -> None:
    """Identifiers, numbers and dates are found however the text writes them."""
    put(index, "wanted.md", text)
    put(index, "read.md", "A file is what I like to read in May: 200, 1, 3 and 5.")
    put(index, "other.md", "Nothing of the kind.")
    found = {each.path.name: each for each in explain(index, typed, top_k=3).candidates}
    assert {name for name, each in found.items() if each.features["literal"]} == {"wanted.md"}
    assert found["wanted.md"].lexical_rank is not None


def test_words_that_no_spaces_part_are_found(index: Index) -> None:
    """A word inside a run of Chinese or Japanese is found by its letters, and in quotes by all of them."""
    put(index, "weather.md", "明日は東京の天気がとても良いです。")
    put(index, "city.md", "私は東京に住んでいます。")
    put(index, "food.md", "昨日は寿司を食べました。")
    found = search(index, "東京の天気", top_k=2)
    assert names(found) == ["weather.md", "city.md"]
    assert found[0].lexical > found[1].lexical > 0
    assert set(names(search(index, '"東京"', top_k=9))) == {"weather.md", "city.md"}
    assert search(index, '"東京の寿司"', top_k=9) == ()
    assert search(index, '"東京 cabin"', top_k=9) == ()


def test_a_question_in_other_words_has_half_a_say(index: Index) -> None:
    """Whatever either finds is measured by both."""
    fill(index)
    asked, other = "oil for the engine", "rent and deposit"
    alone = [{each.chunk_id: each for each in search(index, text, top_k=9)} for text in (asked, other)]
    both = {each.chunk_id: each for each in search(index, asked, top_k=9, beside=other)}
    assert set(names(list(both.values()))[:2]) == {"boat.md", "rent.md"}
    shared = both.keys() & alone[0].keys() & alone[1].keys()
    assert {"boat.md", "rent.md"} <= {both[chunk_id].path.name for chunk_id in shared}
    for chunk_id in shared:
        passage, halves = both[chunk_id], [found[chunk_id] for found in alone]
        assert passage.similarity == pytest.approx(sum(each.similarity for each in halves) / 2)
        assert passage.lexical == pytest.approx(sum(each.lexical for each in halves) / 2)


def test_a_chunk_that_only_the_other_words_find_counts_what_it_holds_of_both(index: Index) -> None:
    """However far behind the first ones of a question it stands."""
    for at in range(90):
        put(index, f"{at:02}.md", f"The ferry leaves at {at}.")
    put(
        index,
        "late.md",
        "After the concert, in a long summer night by the sea, the ferry takes us home again.",
    )
    (found,) = search(index, "ferry", top_k=1, beside="concert in a summer night by the sea")
    assert found.path.name == "late.md"
    (alone,) = search(index, "concert in a summer night by the sea", top_k=1)
    (ferry,) = search(index, "ferry", top_k=1, scope=within(index, "late.md"))
    assert found.lexical == pytest.approx((alone.lexical + ferry.lexical) / 2)


@pytest.mark.parametrize("beside", ["", "  ", "where is the key?", '"oil in winter"'])
def test_nothing_stands_beside_a_question_that_says_the_same(index: Index, beside: str) -> None:
    """Nor what has to stand word for word, which cannot be weighed."""
    fill(index)
    question = "where is the key?"
    assert search(index, question, top_k=5, beside=beside) == search(index, question, top_k=5)
