"""The door to what is stored: what goes in, what is found, what is embedded and when."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.errors import StoreError, WorkerError
from indexer.index import FileRecord, Index
from indexer.index.documents import GROUP_CHUNKS, groups_of
from indexer.types import Embeddings, FileStatus, Filters
from tests.indexer.documents import STATE, make_document
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/notes")


@pytest.fixture
def worker() -> InMemoryWorker:
    """Return the worker of `index`."""
    return InMemoryWorker()


@pytest.fixture
def index(tmp_path: Path, worker: InMemoryWorker) -> Iterator[Index]:
    """Return an empty index with one root."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), worker)
    index.add_root(ROOT)
    yield index
    index.close()


def texts_of(index: Index, ranking: Sequence[tuple[int, float]]) -> list[str]:
    """Return the texts of ranked chunks, in order."""
    return [chunk.text for chunk in index.chunks([chunk_id for chunk_id, _ in ranking])]


def test_a_document_is_found_by_words_and_by_meaning(index: Index) -> None:
    """What was put is searchable both ways when the call returns, with everything that is known of it."""
    document = make_document(
        ROOT / "farm" / "hens.md",
        "hens lay eggs",
        "cows give milk",
        root=ROOT,
        title="The farm",
        headings=("Animals",),
    )
    counts = index.put_documents([document])
    assert (counts.chunks, counts.embedded) == (2, 2)
    (chunk_id, score), *_ = index.lexical('"egg"', top_k=5)
    assert score > 0
    (chunk,) = index.chunks([chunk_id])
    assert (chunk.text, chunk.path, chunk.root) == ("hens lay eggs", ROOT / "farm" / "hens.md", ROOT)
    assert (chunk.title, chunk.ordinal, chunk.locator.headings) == ("The farm", 0, ("Animals",))
    _, ranking = index.dense("Animals cows give milk", top_k=5)
    assert texts_of(index, ranking) == ["cows give milk", "hens lay eggs"]
    assert ranking[0][1] == pytest.approx(1.0, abs=1e-3)
    assert texts_of(index, index.lexical('name : "farm"', top_k=5)) == ["hens lay eggs", "cows give milk"]


def test_known_text_is_not_embedded_again(index: Index, worker: InMemoryWorker) -> None:
    """A copy, a rename and an edit cost only what is new, in one call or in several."""
    index.put_documents(
        [
            make_document(ROOT / "a.md", "same text", "other text", root=ROOT),
            make_document(ROOT / "copy.md", "same text", "other text", root=ROOT),
        ]
    )
    assert worker.embedded == ["same text", "other text"]
    index.put_documents([make_document(ROOT / "renamed.md", "same text", "other text", root=ROOT)])
    index.forget([ROOT / "a.md"])
    counts = index.put_documents([make_document(ROOT / "copy.md", "same text", "edited text", root=ROOT)])
    assert (counts.chunks, counts.embedded) == (2, 1)
    assert worker.embedded == ["same text", "other text", "edited text"]
    assert index.embedded_total == 3


def test_a_heading_is_part_of_what_is_embedded(index: Index, worker: InMemoryWorker) -> None:
    """The same words under another heading are another text; under another path they are not."""
    index.put_documents([make_document(ROOT / "a.md", "see above", root=ROOT, headings=("Cats",))])
    index.put_documents([make_document(ROOT / "b.md", "see above", root=ROOT, headings=("Dogs",))])
    index.put_documents([make_document(ROOT / "c" / "a.md", "see above", root=ROOT, headings=("Dogs",))])
    assert worker.embedded == ["Cats\nsee above", "Dogs\nsee above"]


def test_copies_are_each_found(index: Index) -> None:
    """One vector that stands for several chunks brings all of them."""
    paths = [ROOT / f"{name}.md" for name in "abc"]
    index.put_documents([make_document(path, "hens lay eggs", root=ROOT) for path in paths])
    _, ranking = index.dense("hens lay eggs", top_k=10)
    assert [chunk.path for chunk in index.chunks([chunk_id for chunk_id, _ in ranking])] == paths
    _, ranking = index.dense("hens lay eggs", top_k=10, scope=index.scope(Filters(within=(str(paths[1]),))))
    assert [chunk.path for chunk in index.chunks([chunk_id for chunk_id, _ in ranking])] == [paths[1]]


def test_what_is_forgotten_is_not_found(index: Index, worker: InMemoryWorker) -> None:
    """Nothing of a forgotten file is found, and its vectors go where no other file needs them."""
    index.put_documents(
        [
            make_document(ROOT / "a.md", "hens lay eggs", "shared words", root=ROOT),
            make_document(ROOT / "b.md", "shared words", root=ROOT),
        ]
    )
    index.forget([ROOT / "a.md", ROOT / "never.md"])
    assert index.lexical('"hens"', top_k=5) == []
    assert texts_of(index, index.dense("hens lay eggs", top_k=5)[1]) == ["shared words"]
    assert len(worker.vectors) == 2
    assert index.purge() == 1
    assert len(worker.vectors) == 1
    assert texts_of(index, index.dense("shared words", top_k=5)[1]) == ["shared words"]


def test_a_removed_root_leaves_nothing(index: Index, worker: InMemoryWorker) -> None:
    """Files, chunks, words and vectors of a root go at once; those of other roots stay."""
    other = Path("/other")
    index.add_root(other)
    index.put_documents(
        [
            make_document(ROOT / "a.md", "hens lay eggs", "shared words", root=ROOT),
            make_document(ROOT / "empty.md", root=ROOT),
            make_document(other / "b.md", "shared words", root=other),
        ]
    )
    assert index.remove_root(ROOT) == 2
    assert index.roots() == [other]
    assert [entry.path for entry in index.files()] == [other / "b.md"]
    assert index.chunk_count() == len(worker.vectors) == 1
    assert index.remove_root(ROOT) == 0


def test_a_failed_file_keeps_no_chunks(index: Index) -> None:
    """A file that was indexed and then cannot be read is not found by its old words; a pending one is."""
    for name in ("failed.md", "pending.md"):
        index.put_documents([make_document(ROOT / name, f"words of {name}", root=ROOT)])
    index.set_statuses(
        [
            FileRecord(
                path=ROOT / "failed.md",
                root=ROOT,
                state=STATE,
                status=FileStatus.FAILED,
                reason="it is damaged",
            ),
            FileRecord(path=ROOT / "pending.md", root=ROOT, state=STATE, status=FileStatus.PENDING),
        ]
    )
    assert texts_of(index, index.lexical('"words"', top_k=5)) == ["words of pending.md"]
    (failed,) = index.files(status=FileStatus.FAILED)
    assert (failed.path, failed.reason, failed.chunks) == (ROOT / "failed.md", "it is damaged", 0)


def test_what_is_missing_is_named(index: Index) -> None:
    """A document with scanned pages or notes is partial, and its reason says what is missing."""
    index.put_documents(
        [
            make_document(ROOT / "a.pdf", "text", root=ROOT, pages_without_text=[2]),
            make_document(
                ROOT / "b.pdf", "text", root=ROOT, pages_without_text=range(1, 8), notes=["cut off"]
            ),
            make_document(ROOT / "c.md", root=ROOT),
        ]
    )
    found = [(entry.status, entry.reason, entry.pages_without_text) for entry in index.files()]
    assert found == [
        (FileStatus.PARTIAL, "no text on page 2", 1),
        (FileStatus.PARTIAL, "cut off; no text on pages 1, 2, 3, 4, 5, …", 7),
        (FileStatus.INDEXED, "", 0),
    ]


def test_similarities_are_those_of_the_texts(index: Index, worker: InMemoryWorker) -> None:
    """Exact cosines by chunk, with ids that are gone left out."""
    index.put_documents([make_document(ROOT / "a.md", "hens lay eggs", "cows give milk", root=ROOT)])
    query = worker.embed_query("eggs and milk")
    (hens, _), (cows, _) = sorted(index.dense("x", top_k=2)[1])
    similarities = index.similarities(query, [cows, 999, hens])
    assert similarities == pytest.approx(
        {
            hens: float(worker.embed_query("hens lay eggs") @ query),
            cows: float(worker.embed_query("cows give milk") @ query),
        },
        abs=1e-3,
    )
    assert index.similarities(query, []) == {}


def test_the_next_group_is_embedded_while_one_is_committed(tmp_path: Path) -> None:
    """Of two groups in one call, the second is being embedded while the first still waits to be written."""
    second_began = threading.Event()
    overlapped: list[bool] = []

    class Signalling(InMemoryWorker):
        def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
            if self.embedded:
                second_began.set()
            return super().embed(texts, is_urgent=is_urgent)

    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    index = Index(catalog, Signalling())
    index.add_root(ROOT)
    index.ready()
    is_held = threading.Event()

    def hold_the_catalog() -> None:
        with catalog.write():
            is_held.set()
            overlapped.append(second_began.wait(10))

    holder = threading.Thread(target=hold_the_catalog)
    holder.start()
    is_held.wait()
    documents = [
        make_document(ROOT / f"{number}.md", f"text {number}", root=ROOT)
        for number in range(2 * GROUP_CHUNKS)
    ]
    assert index.put_documents(documents).embedded == 2 * GROUP_CHUNKS
    holder.join()
    assert overlapped == [True]
    assert index.chunk_count() == 2 * GROUP_CHUNKS
    index.close()


def test_text_of_the_group_before_is_not_embedded_again(index: Index, worker: InMemoryWorker) -> None:
    """Copies cost nothing also where the original is only just being embedded."""
    originals = [make_document(ROOT / f"{n}.md", f"text {n}", root=ROOT) for n in range(GROUP_CHUNKS)]
    copies = [make_document(ROOT / f"copy {n}.md", f"text {n}", root=ROOT) for n in range(GROUP_CHUNKS)]
    counts = index.put_documents([*originals, *copies])
    assert (counts.chunks, counts.embedded) == (2 * GROUP_CHUNKS, GROUP_CHUNKS)
    assert len(worker.embedded) == GROUP_CHUNKS


def test_groups_hold_whole_documents_in_order() -> None:
    """Small documents share a group, a large one is not split, and none is lost."""
    sizes = [1, 1, GROUP_CHUNKS, 3, GROUP_CHUNKS * 4, 0]
    documents = [
        make_document(ROOT / f"{at}.md", *map(str, range(size)), root=ROOT) for at, size in enumerate(sizes)
    ]
    groups = [[len(document.chunks) for document in group] for group in groups_of(documents)]
    assert groups == [[1, 1, GROUP_CHUNKS], [3, GROUP_CHUNKS * 4], [0]]
    assert groups_of([]) == []


def test_a_failing_worker_leaves_nothing_half_done(index: Index, worker: InMemoryWorker) -> None:
    """Without its vectors no chunk becomes visible, and trying again works."""
    worker.error = WorkerError("the embedding worker died")
    document = make_document(ROOT / "a.md", "hens lay eggs", root=ROOT)
    with pytest.raises(WorkerError):
        index.put_documents([document])
    assert index.files() == []
    assert index.lexical('"hens"', top_k=5) == []
    worker.error = None
    assert index.put_documents([document]).embedded == 1


def test_a_document_without_a_root_is_left_out(index: Index) -> None:
    """A root that was removed while its file was read does not come back with it."""
    gone = make_document(Path("/gone/a.md"), "text", root=Path("/gone"))
    assert index.put_documents([gone, make_document(ROOT / "b.md", "words", root=ROOT)]).chunks == 1
    assert [entry.path for entry in index.files()] == [ROOT / "b.md"]


def test_an_absorbed_root_keeps_its_files(index: Index, worker: InMemoryWorker) -> None:
    """A root around another takes over its files without reading or embedding them again."""
    index.put_documents([make_document(ROOT / "a.md", "hens lay eggs", root=ROOT)])
    index.add_root(Path("/"), absorbing=[ROOT])
    assert index.roots() == [Path("/")]
    assert list(index.states(Path("/"))) == [ROOT / "a.md"]
    assert index.put_documents([make_document(ROOT / "a.md", "hens lay eggs", root=Path("/"))]).embedded == 0


def test_writes_from_many_threads_are_one_at_a_time(index: Index) -> None:
    """Files put and forgotten by several threads at once leave catalog and vectors in step."""

    def work(number: int) -> None:
        path = ROOT / f"{number}.md"
        for round_ in range(5):
            index.put_documents([make_document(path, "shared", f"{number} {round_}", root=ROOT)])
            index.purge()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert index.chunk_count() == 8
    _, ranking = index.dense("shared", top_k=20)
    assert sorted(texts_of(index, ranking)) == sorted(["shared"] * 4 + [f"{number} 4" for number in range(4)])


def test_a_catalog_that_cannot_be_opened_starts_no_worker(tmp_path: Path) -> None:
    """The error of the catalog is what the caller sees, and nothing is left running."""
    from indexer.config import IndexerSettings
    from indexer.paths import Places

    places = Places(config_file=tmp_path / "c.toml", home=tmp_path)
    places.catalog_file.mkdir()
    with pytest.raises(StoreError, match="cannot open the catalog"):
        Index.open(places, IndexerSettings())


def test_a_file_that_is_tried_again_stays_findable(index: Index, worker: InMemoryWorker) -> None:
    """A failure that passes costs neither the chunks nor another embedding; a lasting one drops them."""
    document = make_document(ROOT / "a.md", "hens lay eggs", root=ROOT)
    index.put_documents([document])
    record = FileRecord(
        path=document.path,
        root=ROOT,
        state=STATE,
        status=FileStatus.FAILED,
        reason="locked",
        keeps_chunks=True,
    )
    index.set_statuses([record])
    assert index.purge() == 0
    assert index.lexical('"egg"', top_k=5)
    (entry,) = index.files()
    assert (entry.status, entry.reason, entry.chunks) == (FileStatus.FAILED, "locked", 1)
    index.put_documents([document])
    assert worker.embedded == ["hens lay eggs"]
    index.set_statuses([replace(record, keeps_chunks=False)])
    assert index.lexical('"egg"', top_k=5) == []
