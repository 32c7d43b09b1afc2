"""Two threads write at once: what is urgent overtakes, and nothing older comes after what is newer."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.errors import WorkerError
from indexer.index import Index, NewDocument, PutCounts
from indexer.index.documents import GROUP_CHUNKS
from indexer.types import Embeddings
from tests.indexer.documents import make_document
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/notes")
WAIT_S = 20.0


class GatedWorker(InMemoryWorker):
    """Embeds what is not urgent only while the gate is open, and can be told to die after some requests."""

    def __init__(self) -> None:
        super().__init__()
        self.bulk_gate = threading.Event()
        self.bulk_gate.set()
        self.bulk_began = threading.Event()
        self.requests_left = 1 << 30

    def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
        """Embed, when it is time."""
        if not is_urgent:
            self.bulk_began.set()
            assert self.bulk_gate.wait(WAIT_S)
        self.requests_left -= 1
        if self.requests_left < 0:
            raise WorkerError("the embedding worker died")
        return super().embed(texts, is_urgent=is_urgent)


@pytest.fixture
def worker() -> GatedWorker:
    """Return the worker of `index`."""
    return GatedWorker()


@pytest.fixture
def index(tmp_path: Path, worker: GatedWorker) -> Iterator[Index]:
    """Return an empty index with one root, in step."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), worker)
    index.add_root(ROOT)
    index.ready()
    yield index
    worker.bulk_gate.set()
    index.close()


class Put:
    """Documents that are being put in a thread of their own."""

    def __init__(self, index: Index, *documents: NewDocument) -> None:
        self.counts: list[PutCounts] = []
        self._thread = threading.Thread(target=lambda: self.counts.append(index.put_documents(documents)))
        self._thread.start()

    def end(self) -> PutCounts:
        """Wait for the end."""
        self._thread.join(WAIT_S)
        return self.counts[0]


def texts_of(index: Index) -> set[str]:
    """Return the texts of all chunks that can be found."""
    found = index.lexical('"words"', top_k=1000)
    return {chunk.text for chunk in index.chunks([chunk_id for chunk_id, _ in found])}


def note(name: str, *texts: str) -> NewDocument:
    """Make a document of the root."""
    return make_document(ROOT / name, *texts, root=ROOT)


def book(chunks: int) -> NewDocument:
    """Make a document of many parts."""
    return note("book.md", *(f"words {number}" for number in range(chunks)))


def test_what_is_urgent_is_found_while_a_batch_is_embedded(index: Index, worker: GatedWorker) -> None:
    """Nothing that a batch holds while it is embedded is needed to write a note."""
    worker.bulk_gate.clear()
    batch = Put(index, note("slow.md", "slow words"))
    assert worker.bulk_began.wait(WAIT_S)
    index.put_documents([note("fast.md", "fast words")], is_urgent=True)
    assert texts_of(index) == {"fast words"}
    worker.bulk_gate.set()
    batch.end()
    assert texts_of(index) == {"fast words", "slow words"}


def test_a_root_can_be_removed_while_its_file_is_embedded(index: Index, worker: GatedWorker) -> None:
    """The removal does not wait, and the file does not come back; nothing of it is left behind."""
    worker.bulk_gate.clear()
    batch = Put(index, note("a.md", "slow words"))
    assert worker.bulk_began.wait(WAIT_S)
    index.remove_root(ROOT)
    worker.bulk_gate.set()
    assert batch.end().written == ()
    assert index.files() == []
    index.purge(is_drained=True)
    assert worker.vectors == {}


def test_a_text_that_is_embedded_twice_at_once_has_one_vector(index: Index, worker: GatedWorker) -> None:
    """Both documents are found, and forgetting one of them keeps the vector for the other."""
    worker.bulk_gate.clear()
    batch = Put(index, note("slow.md", "the same words"))
    assert worker.bulk_began.wait(WAIT_S)
    index.put_documents([note("fast.md", "the same words")], is_urgent=True)
    worker.bulk_gate.set()
    batch.end()
    assert len(worker.vectors) == 1
    index.forget([ROOT / "fast.md"])
    index.purge()
    assert len(worker.vectors) == 1
    assert texts_of(index) == {"the same words"}


def test_vectors_that_a_batch_counts_on_are_not_purged(index: Index, worker: GatedWorker) -> None:
    """A moved file's vectors outlive a purge that comes while the rest of its batch is embedded."""
    index.put_documents([note("old.md", "moved words")])
    index.forget([ROOT / "old.md"])
    worker.bulk_gate.clear()
    batch = Put(index, note("new.md", "moved words", "other words"))
    assert worker.bulk_began.wait(WAIT_S)
    assert index.purge(is_drained=True) == 0
    worker.bulk_gate.set()
    assert batch.end().embedded == 1
    assert worker.embedded.count("moved words") == 1
    assert len(worker.vectors) == 2


def test_a_document_that_is_not_wanted_any_more_is_not_written(index: Index) -> None:
    """It is asked again after embedding, so that an older read never replaces a newer one."""
    asked: list[Path] = []

    def is_wanted(document: NewDocument) -> bool:
        asked.append(document.path)
        return asked.count(document.path) == 1

    counts = index.put_documents([note("a.md", "old words")], is_wanted=is_wanted)
    assert (counts.chunks, counts.written) == (0, ())
    assert index.files() == []


def test_what_is_embedded_of_a_book_is_kept_when_the_worker_dies(index: Index, worker: GatedWorker) -> None:
    """Nothing of it is visible, and the second try embeds only what is left."""
    worker.requests_left = 2
    with pytest.raises(WorkerError):
        index.put_documents([book(4 * GROUP_CHUNKS)])
    assert index.chunk_count() == 0
    assert worker.vectors == {}
    assert index.embedded_total >= GROUP_CHUNKS
    kept = index.embedded_total
    worker.requests_left = 1 << 30
    assert index.put_documents([book(4 * GROUP_CHUNKS)]).embedded == 4 * GROUP_CHUNKS - kept
    assert index.chunk_count() == len(worker.vectors) == 4 * GROUP_CHUNKS


def test_what_is_embedded_of_a_book_survives_a_restart(tmp_path: Path, worker: GatedWorker) -> None:
    """Another start brings Chroma in step and still embeds nothing of it twice."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), worker)
    index.add_root(ROOT)
    parts = iter([True, True])
    assert index.put_documents([book(4 * GROUP_CHUNKS)], goes_on=lambda: next(parts, False)).written == ()
    kept = index.embedded_total
    assert kept >= GROUP_CHUNKS
    index.close()
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), worker)
    index.ready()
    index.purge()
    index.put_documents([book(4 * GROUP_CHUNKS)])
    assert index.embedded_total == len(worker.embedded) == 4 * GROUP_CHUNKS
    assert len(worker.vectors) == 4 * GROUP_CHUNKS
    index.close()


def test_what_was_kept_of_a_book_that_never_comes_goes_when_all_is_done(
    index: Index, worker: GatedWorker
) -> None:
    """Then the next try would embed all of it again, and the catalog holds no vector without a chunk."""
    parts = iter([True, True])
    index.put_documents([book(4 * GROUP_CHUNKS)], goes_on=lambda: next(parts, False))
    assert index.purge() == 0
    assert index.purge(is_drained=True) >= GROUP_CHUNKS
    assert worker.vectors == {}
    assert index.new_chunks(book(4 * GROUP_CHUNKS)) == 4 * GROUP_CHUNKS


def test_new_text_is_counted_without_embedding(index: Index, worker: GatedWorker) -> None:
    """Repeated texts count once, and known ones not at all."""
    index.put_documents([note("a.md", "known words")])
    assert index.new_chunks(note("b.md", "known words", "new words", "new words")) == 1
    assert index.new_chunks(note("empty.md")) == 0
    assert worker.embedded == ["known words"]


def test_a_crash_of_the_worker_is_mended_in_the_background(index: Index, worker: GatedWorker) -> None:
    """Nobody has to write or search for it."""
    index.put_documents([note("a.md", "some words")])
    before = dict(worker.vectors)
    worker.vectors.clear()
    worker.crash()
    index.ready()
    assert worker.vectors.keys() == before.keys()


def test_records_of_a_root_that_was_removed_are_left_out(index: Index) -> None:
    """What was found out about its files meanwhile does not bring it back."""
    document = note("a.md", "some words")
    index.put_documents([document])
    index.remove_root(ROOT)
    assert index.put_documents([replace(document, chunks=())]).written == ()
    assert index.files() == []
