"""However a question is answered, the nearest chunks are the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.catalog import Catalog, Scope
from indexer.index import Index
from indexer.index.nearest import SPARE_HITS, nearest_chunks
from indexer.types import Filters, Vectors
from tests.indexer.documents import make_document
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/notes")
ANIMALS = ["hen", "cow", "sheep", "goat", "duck", "pig", "horse", "dog", "cat", "mouse"]


class CountingWorker(InMemoryWorker):
    """Keeps how many vectors each search asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def search(self, text: str, top_k: int) -> tuple[Vectors, list[tuple[str, float]]]:
        """Search, and keep what was asked."""
        self.asked.append(top_k)
        return super().search(text, top_k)


@pytest.fixture
def worker() -> CountingWorker:
    """Return the worker of `catalog`."""
    return CountingWorker()


@pytest.fixture
def catalog(tmp_path: Path, worker: CountingWorker) -> Iterator[Catalog]:
    """Return the catalog of two folders of 100 chunks each, about the same animals."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    index = Index(catalog, worker)
    index.add_root(ROOT)
    for folder in ("a", "b"):
        texts = [f"{one} {other} {folder}" for one in ANIMALS for other in ANIMALS]
        index.put_documents([make_document(ROOT / folder / "file.md", *texts, root=ROOT)])
    worker.asked.clear()
    yield catalog
    index.close()


def scope_of(catalog: Catalog, *paths: Path) -> Scope | None:
    """Return the files at or below these paths."""
    with catalog.read() as transaction:
        return transaction.scope(Filters(within=tuple(map(str, paths))))


@pytest.mark.parametrize("under", [(), (ROOT / "a",), (ROOT / "b" / "file.md",), (ROOT,)])
def test_scan_and_chroma_agree(catalog: Catalog, worker: CountingWorker, under: tuple[Path, ...]) -> None:
    """Comparing one by one and asking Chroma for more than is wanted give the same chunks."""
    scope = scope_of(catalog, *under)
    by_scan = nearest_chunks(catalog, worker, "hen cow", top_k=10, scope=scope, is_in_step=False)[1]
    assert worker.asked == []
    by_chroma = nearest_chunks(
        catalog, worker, "hen cow", top_k=10, scope=scope, is_in_step=True, scan_chunks=0
    )[1]
    assert worker.asked
    assert [score for _, score in by_chroma] == pytest.approx([score for _, score in by_scan], abs=1e-3)
    assert len(by_chroma) == 10


def test_a_small_folder_is_compared_one_by_one(catalog: Catalog, worker: CountingWorker) -> None:
    """Chroma is not asked for a folder of a few chunks, and for everything it is."""
    nearest_chunks(catalog, worker, "hen", top_k=3, scope=scope_of(catalog, ROOT / "a"), is_in_step=True)
    assert worker.asked == []
    nearest_chunks(catalog, worker, "hen", top_k=3, scope=None, is_in_step=True)
    assert worker.asked == [3 + SPARE_HITS]


def test_a_folder_about_something_else_still_answers(catalog: Catalog, worker: CountingWorker) -> None:
    """Where all the nearest vectors lie outside a large folder, its own nearest are found all the same."""
    index = Index(catalog, worker)
    index.put_documents([make_document(ROOT / "c.md", *[f"tax {n}" for n in range(60)], root=ROOT)])
    scope = scope_of(catalog, ROOT / "c.md")
    _, ranking = nearest_chunks(
        catalog, worker, "hen cow", top_k=5, scope=scope, is_in_step=True, scan_chunks=0
    )
    assert len(ranking) == 5


def test_an_unknown_folder_holds_nothing(catalog: Catalog, worker: CountingWorker) -> None:
    """A filter that selects nothing finds nothing."""
    scope = scope_of(catalog, Path("/x"))
    assert nearest_chunks(catalog, worker, "hen", top_k=5, scope=scope, is_in_step=True)[1] == []
