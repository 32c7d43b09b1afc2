"""The vector store, with the real Chroma."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import StoreError
from indexer.types import Vectors
from indexer.vectors import UPSERT_ROWS, VectorStore

DIM = 24


def unit_vectors(count: int, *, seed: int = 1) -> Vectors:
    """Return random vectors of length 1."""
    rows = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def ids_of(count: int) -> list[str]:
    """Return the ids 0000 to count."""
    return [f"{number:04}" for number in range(count)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> VectorStore:
    """Return an open store that all tests of this module share; each leaves it empty."""
    return VectorStore.open(tmp_path_factory.mktemp("store") / "chroma", dim=DIM, fingerprint="f" * 16)


@pytest.fixture(autouse=True)
def empty(store: VectorStore) -> Iterator[None]:
    """Empty the shared store after each test."""
    yield
    store.delete(list(store.ids()))


def test_the_nearest_come_first(store: VectorStore) -> None:
    """Cosine similarities, best first, equal to those of comparing one by one."""
    vectors = unit_vectors(300)
    store.upsert(ids_of(300), vectors)
    query = vectors[7]
    found = store.query(query, 10)
    exact = vectors @ query
    expected = np.argsort(-exact)[:10]
    assert [vector_id for vector_id, _ in found] == [f"{at:04}" for at in expected]
    assert [score for _, score in found] == pytest.approx([float(exact[at]) for at in expected], abs=1e-5)


def test_fewer_vectors_than_asked_for(store: VectorStore) -> None:
    """An empty store finds nothing, and a small one everything it has."""
    assert store.query(unit_vectors(1)[0], 5) == []
    store.upsert(ids_of(2), unit_vectors(2))
    assert len(store.query(unit_vectors(1)[0], 5)) == 2


def test_an_upsert_replaces(store: VectorStore) -> None:
    """The same id with another vector is one entry with the new vector."""
    store.upsert(ids_of(3), unit_vectors(3))
    store.upsert(["0001"], unit_vectors(1, seed=9))
    assert store.count() == 3
    (best, similarity), *_ = store.query(unit_vectors(1, seed=9)[0], 3)
    assert (best, round(similarity, 4)) == ("0001", 1.0)


def test_large_upserts_pause(store: VectorStore) -> None:
    """A question can be answered between the small batches that a large one is stored in."""
    count = 3 * UPSERT_ROWS
    vectors = unit_vectors(count)
    counts = [store.count() for _ in store.upserting(ids_of(count), vectors)]
    assert counts == [UPSERT_ROWS, 2 * UPSERT_ROWS, count]


def test_deleted_vectors_are_not_found(store: VectorStore) -> None:
    """What is deleted is gone from ids and answers; ids that are not there do no harm."""
    store.upsert(ids_of(100), unit_vectors(100))
    store.delete([*ids_of(60), "never"])
    assert sorted(store.ids()) == ids_of(100)[60:]
    assert {vector_id for vector_id, _ in store.query(unit_vectors(1)[0], 100)} == set(ids_of(100)[60:])


def test_a_missing_vector_is_noticed(store: VectorStore) -> None:
    """Reading back what is not there is an error, and what is there is not."""
    store.upsert(ids_of(5), unit_vectors(5))
    store.probe(ids_of(5))
    store.probe([])
    with pytest.raises(StoreError, match="has lost vectors"):
        store.probe([*ids_of(5), "never"])


def test_a_changed_vector_is_noticed(store: VectorStore) -> None:
    """Reading back another vector than was stored is an error, and what half precision rounds off is not."""
    vectors = unit_vectors(5)
    store.upsert(ids_of(5), vectors)
    store.probe(ids_of(5)[::-1], vectors[::-1].astype(np.float16).astype(np.float32))
    vectors[3] *= 0.5
    with pytest.raises(StoreError, match="has changed vectors"):
        store.probe(ids_of(5), vectors)


def test_vectors_of_another_length_are_refused(store: VectorStore) -> None:
    """Chroma's own error arrives as ours."""
    store.upsert(ids_of(1), unit_vectors(1))
    with pytest.raises(StoreError, match=r"^the vector store failed: "):
        store.upsert(["x"], np.ones((1, DIM + 1), np.float32))


def test_a_store_is_private_and_survives_reopening(tmp_path: Path, store: VectorStore) -> None:
    """A copy of a store's files holds its vectors, and its directory is nobody else's."""
    directory = tmp_path / "chroma"
    first = VectorStore.open(directory, dim=DIM, fingerprint="g" * 16)
    first.upsert(ids_of(10), unit_vectors(10))
    assert directory.stat().st_mode & 0o777 == 0o700
    shutil.copytree(directory, tmp_path / "copy")
    second = VectorStore.open(tmp_path / "copy", dim=DIM, fingerprint="g" * 16)
    assert sorted(second.ids()) == ids_of(10)
    second.probe(ids_of(10))


def test_models_do_not_share_a_collection(tmp_path: Path) -> None:
    """Another fingerprint in the same directory is another, empty collection."""
    one = VectorStore.open(tmp_path / "chroma", dim=DIM, fingerprint="model one")
    one.upsert(ids_of(3), unit_vectors(3))
    other = VectorStore.open(tmp_path / "chroma", dim=DIM, fingerprint="model two")
    assert list(other.ids()) == []


def test_a_damaged_directory_is_an_error(tmp_path: Path) -> None:
    """Files that Chroma cannot open give an error of ours."""
    directory = tmp_path / "chroma"
    directory.mkdir()
    (directory / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"^the vector store failed: "):
        VectorStore.open(directory, dim=DIM, fingerprint="h" * 16)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error names the directory."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match=f"^cannot make the directory {tmp_path}/file/chroma: "):
        VectorStore.open(tmp_path / "file" / "chroma", dim=DIM, fingerprint="h" * 16)
