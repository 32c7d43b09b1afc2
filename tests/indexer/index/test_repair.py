"""Chroma is brought in step with the catalog, whatever a crash left behind."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Catalog
from indexer.errors import StoreError, StoreMismatchError
from indexer.index import Index
from indexer.index.documents import GROUP_CHUNKS
from indexer.index.repair import bring_in_step, note_clean_end
from indexer.types import Vectors
from indexer.worker import WorkerInfo
from tests.indexer.documents import make_document
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/notes")


class RecordingWorker(InMemoryWorker):
    """Keeps what was probed and how often the store was thrown away; can be broken."""

    def __init__(self) -> None:
        super().__init__()
        self.fingerprint = "in-memory-1"
        self.store_error = ""
        self.store_is_busy = False
        self.is_damaged = False
        self.ends_well = True
        self.probed: list[int] = []
        self.resets = 0

    def describe(self) -> WorkerInfo:
        """Return made-up facts."""
        facts = super().describe()
        return WorkerInfo(
            **{
                **{name: getattr(facts, name) for name in facts.__dataclass_fields__},
                "fingerprint": self.fingerprint,
                "store_error": self.store_error,
                "store_is_busy": self.store_is_busy,
            }
        )

    def probe(self, ids: Sequence[str], vectors: "Vectors | None" = None) -> None:
        """Fail if broken or asked for what is not there."""
        assert vectors is not None
        self.probed.append(len(ids))
        if self.is_damaged or not set(ids) <= self.vectors.keys():
            raise StoreError("the vector store failed: Error finding id")
        np.testing.assert_allclose([self.vectors[each] for each in ids], vectors, atol=1e-3)

    def search(self, text: str, top_k: int) -> tuple[Vectors, list[tuple[str, float]]]:
        """Fail if broken."""
        if self.is_damaged:
            raise StoreError("the vector store failed: Error finding id")
        return super().search(text, top_k)

    def store(
        self, ids: Sequence[str], vectors: Vectors, *, is_beside: bool = False, is_urgent: bool = True
    ) -> None:
        """Fail if broken, after storing."""
        super().store(ids, vectors, is_beside=is_beside, is_urgent=is_urgent)
        if self.is_damaged:
            raise StoreError("the vector store failed: Error finding id")

    def reset_store(self) -> None:
        """Forget everything, which mends."""
        super().reset_store()
        self.resets += 1
        self.is_damaged, self.store_error = False, ""

    def close(self) -> bool:
        """End as told."""
        return self.ends_well


def reopen(tmp_path: Path, worker: RecordingWorker) -> Index:
    """Open the index of a directory."""
    return Index(Catalog.open(tmp_path / "catalog.sqlite"), worker)


@pytest.fixture
def worker(tmp_path: Path) -> RecordingWorker:
    """Return the worker of an index of three chunks that was closed."""
    worker = RecordingWorker()
    index = reopen(tmp_path, worker)
    index.add_root(ROOT)
    index.put_documents([make_document(ROOT / "a.md", "hens lay eggs", "cows give milk", "sheep", root=ROOT)])
    index.close()
    worker.embedded.clear()
    worker.probed.clear()
    return worker


def test_missing_vectors_come_back_without_embedding(tmp_path: Path, worker: RecordingWorker) -> None:
    """What Chroma lost is put back from the catalog's own copies, as close as float16 is."""
    before = dict(worker.vectors)
    lost = sorted(before)[:2]
    worker.delete(lost)
    index = reopen(tmp_path, worker)
    index.ready()
    index.close()
    assert worker.vectors.keys() == before.keys()
    np.testing.assert_allclose(worker.vectors[lost[0]], before[lost[0]], atol=1e-3)
    assert worker.embedded == []
    assert worker.resets == 0


def test_orphans_are_swept(tmp_path: Path, worker: RecordingWorker) -> None:
    """Vectors that a crash left without a chunk are deleted."""
    before = set(worker.vectors)
    worker.store(["ff" * 16], np.ones((1, worker.dim), np.float32))
    index = reopen(tmp_path, worker)
    index.ready()
    index.close()
    assert set(worker.vectors) == before


@pytest.mark.parametrize("damage", ["unreadable", "unopenable"])
def test_a_damaged_store_is_made_anew(tmp_path: Path, worker: RecordingWorker, damage: str) -> None:
    """A store that does not open, or does not give its vectors back, is replaced without embedding."""
    before = set(worker.vectors)
    worker.is_damaged = damage == "unreadable"
    worker.store_error = "the vector store failed: EOF" if damage == "unopenable" else ""
    index = reopen(tmp_path, worker)
    index.ready()
    _, ranking = index.dense("hens lay eggs", top_k=1)
    assert [chunk.text for chunk in index.chunks([ranking[0][0]])] == ["hens lay eggs"]
    index.close()
    assert worker.resets == 1
    assert set(worker.vectors) == before
    assert worker.embedded == []


def test_all_vectors_are_read_back_after_a_crash(tmp_path: Path, worker: RecordingWorker) -> None:
    """A clean end is trusted with a sample; any other is not, and counts until the next clean one."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    for ends_well in (False, False, True):
        bring_in_step(catalog, worker, "", probed_vectors=1)
        if ends_well:
            note_clean_end(catalog)
    bring_in_step(catalog, worker, "", probed_vectors=1)
    catalog.close()
    assert worker.probed == [1, 3, 3, 1]


@pytest.mark.parametrize("ends_well", [True, False])
def test_only_a_worker_that_ended_by_itself_is_trusted(
    tmp_path: Path, worker: RecordingWorker, ends_well: bool
) -> None:
    """What a worker that had to be killed left behind is looked at in full by the next start."""
    worker.ends_well = ends_well
    index = reopen(tmp_path, worker)
    index.ready()
    index.close()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    worker.probed.clear()
    bring_in_step(catalog, worker, "", probed_vectors=1)
    catalog.close()
    assert worker.probed == [1 if ends_well else 3]


def test_questions_are_answered_while_chroma_is_not_ready(tmp_path: Path, worker: RecordingWorker) -> None:
    """Until the store is in step, the catalog's own copies answer, with the same chunks."""
    index = reopen(tmp_path, worker)
    worker.vectors.clear()
    _, before = index.dense("hens lay eggs", top_k=2)
    index.ready()
    _, after = index.dense("hens lay eggs", top_k=2)
    index.close()
    assert [chunk_id for chunk_id, _ in before] == [chunk_id for chunk_id, _ in after]
    assert dict(before) == pytest.approx(dict(after), abs=1e-3)


def test_a_store_that_breaks_meanwhile_does_not_stop_answers(tmp_path: Path, worker: RecordingWorker) -> None:
    """The question that finds it broken is answered from the catalog's copies, and it is mended."""
    index = reopen(tmp_path, worker)
    index.ready()
    worker.is_damaged = True
    _, ranking = index.dense("hens lay eggs", top_k=1)
    assert [chunk.text for chunk in index.chunks([ranking[0][0]])] == ["hens lay eggs"]
    index.ready()
    assert worker.resets == 1
    assert len(worker.vectors) == 3
    index.close()


def test_a_store_that_breaks_under_a_batch_is_mended(tmp_path: Path, worker: RecordingWorker) -> None:
    """The batch goes on where it stopped, and Chroma ends with exactly what the catalog has."""
    index = reopen(tmp_path, worker)
    index.ready()
    worker.is_damaged = True
    documents = [
        make_document(ROOT / f"{number}.md", f"text {number}", root=ROOT)
        for number in range(2 * GROUP_CHUNKS)
    ]
    counts = index.put_documents(documents)
    assert (counts.chunks, counts.embedded) == (2 * GROUP_CHUNKS, 2 * GROUP_CHUNKS)
    assert worker.resets == 1
    assert index.chunk_count() == len(worker.vectors) == 3 + 2 * GROUP_CHUNKS
    index.close()


def test_another_embedding_model_is_refused(tmp_path: Path, worker: RecordingWorker) -> None:
    """Vectors of two models are never compared: the error names both and the remedy, and nothing changes."""
    worker.fingerprint = "another-model"
    before = set(worker.vectors)
    index = reopen(tmp_path, worker)
    with pytest.raises(
        StoreMismatchError, match=r"in-memory \(in-memory-1\).*in-memory \(another-model\)"
    ) as e:
        index.ready()
    assert "kb indexer rebuild" in e.value.hint
    with pytest.raises(StoreMismatchError):
        index.dense("hens", top_k=1)
    with pytest.raises(StoreMismatchError):
        index.put_documents([make_document(ROOT / "b.md", "new", root=ROOT)])
    assert index.chunk_count() == 3
    index.close()
    assert set(worker.vectors) == before


def test_an_empty_index_takes_any_model(tmp_path: Path, worker: RecordingWorker) -> None:
    """Where nothing is embedded there is nothing to mismatch."""
    index = reopen(tmp_path, worker)
    index.ready()
    index.remove_root(ROOT)
    index.close()
    worker.fingerprint = "another-model"
    index = reopen(tmp_path, worker)
    index.ready()
    index.close()


def test_a_store_that_another_process_holds_is_not_thrown_away(
    tmp_path: Path, worker: RecordingWorker
) -> None:
    """Being held is no damage: the other process may be writing."""
    worker.store_error, worker.store_is_busy = "another process has the vector store open", True
    index = reopen(tmp_path, worker)
    with pytest.raises(StoreError, match=r"^another process has the vector store open$"):
        index.ready()
    assert worker.resets == 0
    index.close()


def test_vectors_that_cannot_be_deleted_stop_nothing(
    tmp_path: Path, worker: RecordingWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is gone all the same, and mending sweeps away what was left."""
    index = reopen(tmp_path, worker)
    index.ready()
    mended = threading.Event()
    monkeypatch.setattr(index, "_mend_later", mended.set)

    def refuse(_: Sequence[str]) -> None:
        raise StoreError("the vector store failed: no")

    monkeypatch.setattr(worker, "delete", refuse)
    assert index.remove_root(ROOT) == 1
    assert index.roots() == []
    assert mended.is_set()
    index.close()
