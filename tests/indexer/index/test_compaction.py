"""Chroma is rebuilt beside itself: searched and written all the while, and in step whenever it ends."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Catalog
from indexer.config import EmbeddingSettings
from indexer.errors import WorkerError
from indexer.index import Index
from indexer.index.compaction import DEAD_LEAST, current_store, is_worth_it, leftover_stores
from indexer.types import Vectors
from indexer.worker import Worker
from tests.homes import short_home
from tests.indexer.documents import make_document
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/notes")
LIVING = 300
WAIT_S = 20.0


class PausingWorker(InMemoryWorker):
    """Waits, or fails, when the store beside is filled."""

    def __init__(self) -> None:
        super().__init__()
        self.is_filling = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False

    def store(
        self, ids: Sequence[str], vectors: Vectors, *, is_beside: bool = False, is_urgent: bool = True
    ) -> None:
        """Store, when it is time."""
        if is_beside and not is_urgent:
            self.is_filling.set()
            assert self.gate.wait(WAIT_S)
            if self.fails:
                raise WorkerError("the embedding worker died")
        super().store(ids, vectors, is_beside=is_beside, is_urgent=is_urgent)


@pytest.fixture
def worker() -> PausingWorker:
    """Return the worker of `index`."""
    return PausingWorker()


@pytest.fixture
def index(tmp_path: Path, worker: PausingWorker) -> Iterator[Index]:
    """Return an index of some documents, in step."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), worker)
    index.add_root(ROOT)
    put(index, "kept.md", *(f"words {number}" for number in range(LIVING)))
    yield index
    worker.gate.set()
    index.close()


def put(index: Index, name: str, *texts: str) -> None:
    """Index a document."""
    index.put_documents([make_document(ROOT / name, *texts, root=ROOT)])


def rewrite(index: Index) -> None:
    """Leave enough dead entries behind."""
    put(index, "gone.md", *(f"gone {number}" for number in range(DEAD_LEAST + 1)))
    index.forget([ROOT / "gone.md"])
    index.purge()


def wait_for_end(index: Index) -> None:
    """Wait until nothing is being rebuilt."""
    deadline = threading.Event()
    for _ in range(2000):
        if index.rebuilding is None:
            return
        deadline.wait(0.01)
    raise AssertionError("it never ended")


def names(worker: InMemoryWorker) -> set[str]:
    """Return the ids of the vectors in use."""
    return set(worker.vectors)


@pytest.mark.parametrize(
    ("living", "dead", "is_worth"),
    [(0, 50, False), (0, 101, True), (10_000, 1000, False), (10_000, 2001, True)],
)
def test_a_fifth_of_dead_entries_is_too_much(living: int, dead: int, is_worth: bool) -> None:
    """A hundred of them are always bearable."""
    assert is_worth_it(living, dead) is is_worth


def test_dead_entries_are_left_behind(index: Index, worker: PausingWorker, tmp_path: Path) -> None:
    """The store is another one afterwards, with the same vectors, and nothing was embedded for it."""
    before, embedded = names(worker), len(worker.embedded)
    rewrite(index)
    wait_for_end(index)
    assert worker.switches == 1
    assert names(worker) == before
    assert len(worker.embedded) == embedded + DEAD_LEAST + 1
    assert worker.removed[-1] == "chroma"
    index.close()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    assert current_store(catalog) == "chroma-1"
    catalog.close()


def test_it_is_searched_and_written_meanwhile(index: Index, worker: PausingWorker) -> None:
    """What is put, and what is forgotten, while the store is filled is right in it as well."""
    worker.gate.clear()
    rewrite(index)
    assert worker.is_filling.wait(WAIT_S)
    done, total = index.rebuilding or (0, 0)
    assert done <= total == LIVING
    put(index, "meanwhile.md", "meanwhile words")
    index.put_documents([make_document(ROOT / "kept.md", "words 1", root=ROOT)])
    index.purge()
    _, ranking = index.dense("meanwhile words", top_k=1)
    assert [chunk.text for chunk in index.chunks([ranking[0][0]])] == ["meanwhile words"]
    worker.gate.set()
    wait_for_end(index)
    assert worker.switches == 1
    assert len(worker.vectors) == 2
    _, ranking = index.dense("words 1", top_k=5)
    assert len(ranking) == 2


def test_a_failure_leaves_the_present_store(index: Index, worker: PausingWorker, tmp_path: Path) -> None:
    """Its name stays noted, and all goes on."""
    before = names(worker)
    worker.fails = True
    rewrite(index)
    wait_for_end(index)
    assert worker.switches == 0
    assert names(worker) == before
    put(index, "later.md", "later words")
    assert index.dense("later words", top_k=1)[1]
    index.close()
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    assert current_store(catalog) == "chroma"
    catalog.close()


def test_an_end_in_the_middle_gives_it_up(index: Index, worker: PausingWorker) -> None:
    """Closing waits for one page, and not for all of them."""
    worker.gate.clear()
    rewrite(index)
    assert worker.is_filling.wait(WAIT_S)
    closing = threading.Thread(target=index.close)
    closing.start()
    worker.fails = True
    worker.gate.set()
    closing.join(WAIT_S)
    assert not closing.is_alive()
    assert worker.switches == 0


def test_leftovers_are_told_from_the_store_in_use(tmp_path: Path) -> None:
    """Only directories that are named like stores are, and not the current one."""
    for name in ("chroma", "chroma-1", "chroma-2", "chroma-backup"):
        (tmp_path / name).mkdir()
    (tmp_path / "chroma-3").write_text("no directory", encoding="utf-8")
    assert leftover_stores(tmp_path, "chroma-1") == ["chroma", "chroma-2"]


def test_the_real_worker_switches_and_comes_back_after_a_kill() -> None:
    """The new store answers, also from the next child, and the old directory is gone."""
    with short_home() as places:
        worker = Worker.start(EmbeddingSettings(threads=1), places)
        dim = worker.describe().dim
        rows = np.eye(3, dim, dtype=np.float32)
        worker.store(["a", "b"], rows[:2])
        worker.open_beside("chroma-1")
        worker.store(["b", "c"], rows[1:], is_beside=True, is_urgent=False)
        worker.delete(["b"], is_beside=True)
        assert sorted(worker.ids()) == ["a", "b"]
        worker.switch("chroma-1")
        worker.remove_store("chroma")
        assert worker.ids() == ["c"]
        assert [path.name for path in places.home.glob("chroma*") if path.is_dir()] == ["chroma-1"]
        os.kill(worker.describe().pid, signal.SIGKILL)
        assert worker.ids() == ["c"]
        worker.close()
