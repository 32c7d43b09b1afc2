"""Filters leave the files that they should, and no others."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Adoption, Catalog, FileRecord, Scope
from indexer.types import EVERYTHING, Embeddings, FileState, FileStatus, Filters
from tests.indexer.documents import STATE, make_chunks

NOTES, PAPERS = Path("/home/work/Notes"), Path("/data/papers")
DAY = 86_400.0
CHANGED = STATE.mtime_ns / 1e9


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Return a catalog of two roots, and a few files in each."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    with catalog.write() as transaction:
        transaction.add_root(NOTES)
        transaction.add_root(PAPERS)
        transaction.add_vectors(["00" * 16], Embeddings(np.array([[1.0, 0.0]], np.float32)))
    put(catalog, NOTES / "plan.md", "two", "chunks", metadata={"tags": ["work/plans"]})
    put(catalog, NOTES / "Work" / "may.md", "about #work", metadata={"date": "2026-05-03"})
    put(catalog, NOTES / "Work" / "drafts" / "june.txt", "about #work")
    put(catalog, NOTES / "homework" / "2026-06-01.md", "sums #garden")
    put(catalog, NOTES / "Übungen" / "eins.md", "sums")
    put(catalog, PAPERS / "work.pdf", "paper", root=PAPERS)
    put(catalog, PAPERS / "a [1].md", "paper", root=PAPERS, metadata={"date": "1999-01-01"})
    yield catalog
    catalog.close()


def put(
    catalog: Catalog,
    path: Path,
    *texts: str,
    root: Path = NOTES,
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Enter a file with chunks of these texts."""
    record = FileRecord(
        path=path,
        root=root,
        state=STATE,
        status=FileStatus.INDEXED,
        content_hash=path.name.encode("utf-8", "replace").decode(),
        metadata=metadata,
    )
    with catalog.write() as transaction:
        file_id = transaction.put_file(record)
        transaction.replace_chunks(file_id, make_chunks(texts), ["00" * 16] * len(texts), name=path.name)


def scope_of(catalog: Catalog, filters: Filters) -> Scope:
    """Resolve filters."""
    with catalog.read() as transaction:
        scope = transaction.scope(filters)
    assert scope is not None
    return scope


def names(catalog: Catalog, filters: Filters) -> set[str]:
    """Return the names of the files that filters leave."""
    files = scope_of(catalog, filters).files
    with catalog.read() as transaction:
        rows = transaction._connection.execute("SELECT id, path FROM files").fetchall()
    return {path.decode().rpartition("/")[2] for file_id, path in rows if file_id in files}


def test_no_filters_are_no_scope(catalog: Catalog) -> None:
    """Whoever looks everywhere pays nothing."""
    with catalog.read() as transaction:
        assert transaction.scope(EVERYTHING) is None


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("/home/work/Notes/Work", {"may.md", "june.txt"}),
        ("/home/work/Notes/Work/may.md", {"may.md"}),
        ("/home/work/Notes/Wor", set()),
        ("work", {"may.md", "june.txt"}),
        ("Work/Drafts/", {"june.txt"}),
        ("notes", {"plan.md", "may.md", "june.txt", "2026-06-01.md", "eins.md"}),
        ("notes/plan.md", {"plan.md"}),
        ("papers", {"work.pdf", "a [1].md"}),
        ("home", set()),
        ("may.md", {"may.md"}),
        ("übungen", {"eins.md"}),
        ("ÜBUNGEN", {"eins.md"}),
        ("*.md", {"plan.md", "may.md", "2026-06-01.md", "eins.md", "a [1].md"}),
        ("*work", {"may.md", "june.txt", "2026-06-01.md"}),
        ("w*k", {"may.md", "june.txt"}),
        ("w*k.pdf", {"work.pdf"}),
        ("ma?.md", {"may.md"}),
        ("[jp]*", {"june.txt", "plan.md", "work.pdf", "a [1].md"}),
        ("work/*.md", {"may.md"}),
        ("notes/**.txt", {"june.txt"}),
        ("[z-a]*", set()),
        ("a [1].md", {"a [1].md"}),
        ("* [[]1].md", {"a [1].md"}),
        ("*" * 30 + "x", set()),
        ("%", set()),
        ("'", set()),
    ],
)
def test_a_place_is_a_path_a_name_or_a_pattern(catalog: Catalog, place: str, found: set[str]) -> None:
    """Names stand for folders and files anywhere below the roots, whatever their case."""
    assert names(catalog, Filters(within=(place,))) == found


def test_places_add_up_and_exclusions_have_the_last_word(catalog: Catalog) -> None:
    """Any of the places, none of the excluded ones; chunks are counted once."""
    both = Filters(within=("work", "plan.md", "*.md"), exclude=("drafts", "papers"))
    assert names(catalog, both) == {"plan.md", "may.md", "2026-06-01.md", "eins.md"}
    assert scope_of(catalog, both).chunks == 5
    assert names(catalog, Filters(exclude=("notes",))) == {"work.pdf", "a [1].md"}


def test_names_that_nothing_bears_are_told(catalog: Catalog) -> None:
    """A name that is wrong is not the same as one whose files other filters leave out."""
    assert scope_of(catalog, Filters(within=("wrok", "work"), exclude=("nil",))).unknown == ("wrok", "nil")
    assert scope_of(catalog, Filters(within=("wrok",))).unknown == ("wrok",)
    assert scope_of(catalog, Filters(within=("work",), types=("pdf",))).unknown == ()
    assert scope_of(catalog, Filters(within=("/nowhere",))).unknown == ()


def test_a_tag_stands_for_those_below_it(catalog: Catalog) -> None:
    """Tags of the top and of the text count, all that are asked for; in other files "#" is text."""
    assert names(catalog, Filters(tags=("work",))) == {"plan.md", "may.md"}
    assert names(catalog, Filters(tags=("work/plans",))) == {"plan.md"}
    assert names(catalog, Filters(tags=("work", "work/plans"))) == {"plan.md"}
    assert names(catalog, Filters(tags=("wor",))) == set()


def test_a_file_is_dated_by_what_it_says_or_by_its_change(catalog: Catalog) -> None:
    """Front matter and name count before the time of change."""
    may = time.mktime((2026, 5, 3, 0, 0, 0, 0, 0, -1))
    assert names(catalog, Filters(since=may, before=may + DAY)) == {"may.md"}
    assert names(catalog, Filters(since=may + DAY)) == {"2026-06-01.md"}
    assert names(catalog, Filters(since=CHANGED, before=CHANGED + 1)) == {
        "plan.md",
        "june.txt",
        "eins.md",
        "work.pdf",
    }


def test_filters_of_every_kind_hold_together(catalog: Catalog) -> None:
    """What is left meets all of them."""
    filters = Filters(within=("notes",), types=("md",), tags=("work",), exclude=("plan.md",), since=CHANGED)
    assert names(catalog, filters) == {"may.md"}


def test_thousands_of_places_are_resolved(catalog: Catalog) -> None:
    """Many single files are not too long a statement, and count once."""
    many = tuple(str(NOTES / f"{number}.md") for number in range(3_000))
    scope = scope_of(catalog, Filters(within=(*many, "plan.md", str(NOTES)), exclude=(*many, "work")))
    assert (len(scope.files), scope.chunks) == (3, 4)


def test_what_moves_or_is_copied_takes_its_tags_along(catalog: Catalog) -> None:
    """A new name is a new date, and nothing of the text is lost."""
    state = FileState(size_bytes=1, mtime_ns=5, inode=9)
    for source, name, is_move in (("plan.md", "2020-01-01.md", False), ("Work/may.md", "Work/maj.md", True)):
        adoption = Adoption(
            path=NOTES / name,
            root=NOTES,
            state=state,
            content_hash=Path(source).name,
            source=NOTES / source,
            is_move=is_move,
        )
        with catalog.write() as transaction:
            assert transaction.adopt(adoption)
    assert names(catalog, Filters(tags=("work",))) == {"plan.md", "2020-01-01.md", "maj.md"}
    assert names(catalog, Filters(before=CHANGED)) == {"2020-01-01.md", "a [1].md"}


def test_what_is_not_found_any_more_has_no_tags(catalog: Catalog) -> None:
    """A file that failed is left by no filter."""
    with catalog.write() as transaction:
        transaction.drop_chunks(NOTES / "plan.md")
    assert names(catalog, Filters(tags=("work",))) == {"may.md"}
    assert "plan.md" not in names(catalog, Filters(within=("notes",)))
