"""What the catalog keeps of files that failed: since when, how often, and when they are tried again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.catalog import Catalog, FileRecord
from indexer.types import FileEntry, FileStatus
from tests.indexer.documents import STATE

ROOT = Path("/notes")
FAILED = FileRecord(
    path=ROOT / "a.md", root=ROOT, state=STATE, status=FileStatus.FAILED, reason="locked", attempts=1
)


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time it was set to."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(tmp_path: Path, clock: Clock) -> Iterator[Catalog]:
    """Return a catalog with one root."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite", clock=clock)
    with catalog.write() as transaction:
        transaction.add_root(ROOT)
    yield catalog
    catalog.close()


def entry(catalog: Catalog, path: Path = FAILED.path) -> FileEntry:
    with catalog.read() as transaction:
        found = transaction.file(path)
    assert found is not None
    return found


@pytest.mark.parametrize("is_whole", [True, False])
def test_since_is_when_status_and_reason_came_to_be(catalog: Catalog, clock: Clock, is_whole: bool) -> None:
    """The same failure again keeps its time; another reason or another status begins anew."""
    records = [
        (100.0, FAILED, 100.0),
        (200.0, replace(FAILED, attempts=2), 100.0),
        (300.0, replace(FAILED, reason="damaged"), 300.0),
        (400.0, replace(FAILED, status=FileStatus.SKIPPED, reason="damaged"), 400.0),
        (500.0, replace(FAILED, status=FileStatus.SKIPPED, reason="damaged"), 400.0),
    ]
    for now, record, since in records:
        clock.now = now
        with catalog.write() as transaction:
            if is_whole:
                transaction.put_file(record)
            else:
                transaction.set_status(record)
        assert entry(catalog).since == since


@pytest.mark.parametrize("is_whole", [True, False])
def test_tries_are_kept_and_end_with_success(catalog: Catalog, is_whole: bool) -> None:
    """Attempts and the next try come back as they were entered, and an indexed file has neither."""
    with catalog.write() as transaction:
        write = transaction.put_file if is_whole else transaction.set_status
        write(replace(FAILED, attempts=3, retry_at=580.0))
    found = entry(catalog)
    assert (found.attempts, found.retry_at) == (3, 580.0)
    assert FileEntry.from_json(found.to_json()) == found
    with catalog.write() as transaction:
        transaction.put_file(replace(FAILED, status=FileStatus.INDEXED, reason="", attempts=0))
    found = entry(catalog)
    assert (found.attempts, found.retry_at) == (0, None)


def test_what_is_due_is_listed_in_the_order_of_its_time(catalog: Catalog) -> None:
    """Files whose time has come, what waits longest first; and when the next one is due."""
    with catalog.write() as transaction:
        for name, at in [("a.md", 300.0), ("b.md", 200.0), ("c.md", 400.0), ("d.md", None)]:
            transaction.put_file(replace(FAILED, path=ROOT / name, retry_at=at))
    with catalog.read() as transaction:
        assert [each.path.name for each in transaction.due(300.0)] == ["b.md", "a.md"]
        assert transaction.due(199.0) == []
        assert (transaction.retry_count(), transaction.next_retry(after=0.0)) == (3, 200.0)
        assert transaction.next_retry(after=200.0) == 300.0
        assert transaction.next_retry(after=400.0) is None


def test_all_that_failed_is_tried_again_on_demand(catalog: Catalog) -> None:
    """Also what would never be; files that did not fail are left alone."""
    with catalog.write() as transaction:
        transaction.put_file(FAILED)
        transaction.put_file(replace(FAILED, path=ROOT / "b.md", retry_at=900.0))
        transaction.put_file(replace(FAILED, path=ROOT / "c.md", status=FileStatus.SKIPPED))
        assert transaction.retry_failed(150.0) == 2
        assert [each.path.name for each in transaction.due(150.0)] == ["a.md", "b.md"]


def test_in_some_places_all_that_failed_is_tried_again(catalog: Catalog) -> None:
    """A file by itself, or what stands in a folder, also what waits for a change."""
    with catalog.write() as transaction:
        for name, at in [("x/a.md", 900.0), ("x/b.md", None), ("y/c.md", None), ("d.md", None)]:
            transaction.put_file(replace(FAILED, path=ROOT / name, retry_at=at))
        assert transaction.retry_failed(150.0, under=[ROOT / "x", ROOT / "d.md"]) == 3
        assert [each.path.name for each in transaction.due(150.0)] == ["d.md", "a.md", "b.md"]


def test_in_a_place_only_what_is_tried_again_anyway_is_hurried(catalog: Catalog) -> None:
    """Files elsewhere, those that need a change, and those that are due before are left alone."""
    with catalog.write() as transaction:
        for name, at in [("x/a.md", 900.0), ("x/b.md", None), ("x/c.md", 120.0), ("y/d.md", 900.0)]:
            transaction.put_file(replace(FAILED, path=ROOT / name, retry_at=at))
        assert transaction.retry_failed(150.0, under=[ROOT / "x"], is_waiting_only=True) == 1
        assert [each.retry_at for each in transaction.due(150.0)] == [120.0, 150.0]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["Über.md", "a.md", "x/b.pdf"]),
        ({"status": FileStatus.FAILED}, ["a.md", "x/b.pdf"]),
        ({"under": ROOT / "x"}, ["x/b.pdf"]),
        ({"under": ROOT / "a.md"}, ["a.md"]),
        ({"under": ROOT / "a"}, []),
        ({"text": "B.PDF"}, ["x/b.pdf"]),
        ({"text": "ENCRYPTED"}, ["x/b.pdf"]),
        ({"text": "über"}, ["Über.md"]),
        ({"text": "a.md", "status": FileStatus.INDEXED}, []),
        ({"text": "caf\udce9"}, []),
    ],
)
def test_what_somebody_leafs_through_is_chosen_and_counted(
    catalog: Catalog, asked: dict[str, Any], found: list[str]
) -> None:
    """By status, by folder, and by what stands in the path or the reason."""
    with catalog.write() as transaction:
        transaction.put_file(FAILED)
        transaction.put_file(replace(FAILED, path=ROOT / "x/b.pdf", reason="encrypted"))
        transaction.put_file(replace(FAILED, path=ROOT / "Über.md", status=FileStatus.INDEXED))
    asked = {"status": None, "under": None, "text": "", **asked}
    with catalog.read() as transaction:
        listed = transaction.files(**asked, limit=9, offset=0)
        assert sorted(str(each.path.relative_to(ROOT)) for each in listed) == sorted(found)
        assert transaction.file_count(**asked) == len(found)
        assert transaction.files(**asked, limit=1, offset=1) == listed[1:2]


def test_counts_of_one_folder(catalog: Catalog) -> None:
    """Files by status under a folder, and under none there are none."""
    with catalog.write() as transaction:
        transaction.put_file(FAILED)
        transaction.put_file(replace(FAILED, path=ROOT / "x/b.md", status=FileStatus.INDEXED))
    with catalog.read() as transaction:
        assert transaction.counts(under=ROOT / "x")[FileStatus.INDEXED] == 1
        assert transaction.counts(under=ROOT / "x")[FileStatus.FAILED] == 0
        assert transaction.file(ROOT / "nothing.md") is None


def test_pages_without_text_are_listed(catalog: Catalog) -> None:
    """Each page by its number; none for a file that has none, or that is not known."""
    with catalog.write() as transaction:
        transaction.put_file(replace(FAILED, pages_without_text=(2, 5)))
    with catalog.read() as transaction:
        assert transaction.pages_without_text(FAILED.path) == [2, 5]
        assert transaction.pages_without_text(ROOT / "nothing.md") == []
