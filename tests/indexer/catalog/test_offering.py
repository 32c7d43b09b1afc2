"""What the files of a catalog offer to filters."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Catalog
from indexer.types import Embeddings
from tests.indexer.catalog.test_scoping import NOTES, PAPERS, put


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Return a catalog of two roots, and a few files in each."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    with catalog.write() as transaction:
        transaction.add_root(NOTES)
        transaction.add_root(PAPERS)
        transaction.add_vectors(["00" * 16], Embeddings(np.array([[1.0, 0.0]], np.float32)))
    put(catalog, NOTES / "plan.md", "see", metadata={"tags": ["work/plans", "garden"]})
    put(catalog, NOTES / "Projects" / "plan.md", "about #work/plans")
    put(catalog, NOTES / "Projects" / "cabin" / "roof.txt", "tin")
    put(catalog, NOTES / "Übungen" / "eins.md", "sums #work")
    put(catalog, PAPERS / "50% [1].pdf", "paper", root=PAPERS)
    yield catalog
    catalog.close()


def places(catalog: Catalog, typed: str, *, limit: int = 20) -> dict[str, int]:
    """Return what the beginning of a place may stand for."""
    with catalog.read() as reader:
        return reader.place_counts(typed, limit=limit)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("pro", {"Projects/": 2}),
        ("PROJ", {"Projects/": 2}),
        ("Projects/", {"Projects/cabin/": 1, "Projects/plan.md": 1}),
        ("Notes/pro", {"Notes/Projects/": 2}),
        ("cab", {"cabin/": 1}),
        ("plan", {"plan.md": 2}),
        ("üb", {"Übungen/": 1}),
        ("50% [", {"50% [1].pdf": 1}),
        ("/home/", {"/home/work/": 4}),
        ("/home/work/Notes/p", {"/home/work/Notes/Projects/": 2, "/home/work/Notes/plan.md": 1}),
        ("an.md", {}),
        ("nothing", {}),
        ("\udcff", {}),
    ],
)
def test_a_beginning_is_continued_to_the_end_of_a_name(
    typed: str, found: dict[str, int], catalog: Catalog
) -> None:
    """Folders end with a slash, case does not count, and only whole names begin."""
    assert places(catalog, typed) == found


def test_nothing_typed_offers_roots_and_what_stands_right_in_them(catalog: Catalog) -> None:
    """The largest first."""
    assert places(catalog, "") == {
        "Notes/": 4,
        "Projects/": 2,
        "50% [1].pdf": 1,
        "papers/": 1,
        "plan.md": 1,
        "Übungen/": 1,
    }
    assert list(places(catalog, "", limit=2)) == ["Notes/", "Projects/"]


def test_with_many_roots_only_their_names_are_offered(catalog: Catalog) -> None:
    """What stands in all of them would be too much to choose from."""
    for number in range(4):
        root = Path(f"/more/root{number}")
        with catalog.write() as transaction:
            transaction.add_root(root)
        put(catalog, root / "file.md", "text", root=root)
    assert all(name.endswith("/") for name in places(catalog, ""))
    assert "Projects/" not in places(catalog, "")


def test_a_name_that_is_no_text_is_offered_as_it_is(catalog: Catalog) -> None:
    """File names are bytes."""
    put(catalog, NOTES / os.fsdecode(b"caf\xe9.md"), "text")
    assert places(catalog, "caf") == {os.fsdecode(b"caf\xe9.md"): 1}


def test_tags_are_counted(catalog: Catalog) -> None:
    """The most frequent first, those that begin so only, and no more than asked for."""
    with catalog.read() as reader:
        assert list(reader.tag_counts("", limit=9).items()) == [("work/plans", 2), ("garden", 1), ("work", 1)]
        assert reader.tag_counts("work", limit=1) == {"work/plans": 2}
        assert reader.tag_counts("plans", limit=9) == {}


def test_endings_are_counted(catalog: Catalog) -> None:
    """The most frequent first."""
    with catalog.read() as reader:
        assert list(reader.ending_counts().items()) == [("md", 3), ("pdf", 1), ("txt", 1)]


def test_an_empty_catalog_offers_nothing(tmp_path: Path) -> None:
    """Nor does it fail."""
    catalog = Catalog.open(tmp_path / "empty.sqlite")
    assert places(catalog, "") == places(catalog, "/") == {}
    catalog.close()
