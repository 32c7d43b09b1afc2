"""Starting over: what is kept, what goes, and what is set aside."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from indexer.catalog import Catalog, FileRecord
from indexer.errors import StoreError
from indexer.index.rebuild import start_over
from indexer.paths import Places
from indexer.types import FileState, FileStatus
from tests.homes import short_home

STATE = FileState(size_bytes=3, mtime_ns=1, inode=7)


def roots_of(places: Places) -> list[Path]:
    with contextlib.closing(Catalog.open(places.catalog_file)) as catalog, catalog.read() as reading:
        return reading.roots()


def test_the_roots_stay_and_everything_else_goes() -> None:
    """The ledger is empty afterwards, Chroma's directory gone, the list of folders as it was."""
    with short_home() as places:
        catalog = Catalog.open(places.catalog_file)
        with catalog.write() as transaction:
            transaction.add_root(Path("/notes"))
            transaction.set_status(
                FileRecord(
                    path=Path("/notes/a.md"), root=Path("/notes"), state=STATE, status=FileStatus.FAILED
                )
            )
            transaction.set_meta("fingerprint", "another")
        catalog.close()
        places.chroma_dir.mkdir()
        start_over(places)
        assert not places.chroma_dir.exists()
        catalog = Catalog.open(places.catalog_file)
        with catalog.read() as reader:
            assert reader.roots() == [Path("/notes")]
            assert reader.counts()[FileStatus.FAILED] == 0
            assert reader.meta("fingerprint") is None
        catalog.close()


def test_a_catalog_that_cannot_be_opened_is_set_aside() -> None:
    """Nothing is deleted that could not be read: the file keeps its bytes under another name."""
    with short_home() as places:
        places.catalog_file.write_bytes(b"this was a catalog once" * 100)
        start_over(places)
        aside = places.home / "catalog.sqlite.damaged-1"
        assert aside.read_bytes().startswith(b"this was a catalog once")
        assert roots_of(places) == []


def test_a_catalog_that_opens_and_is_damaged_further_on_is_set_aside() -> None:
    """The folders are still known afterwards, where they can be read."""
    with short_home() as places:
        catalog = Catalog.open(places.catalog_file)
        with catalog.write() as transaction:
            transaction.add_root(Path("/notes"))
            for number in range(4000):
                path = Path(f"/notes/{number}.md")
                transaction.set_status(
                    FileRecord(path=path, root=Path("/notes"), state=STATE, status=FileStatus.FAILED)
                )
        catalog.close()
        sound = 40 * 4096
        with places.catalog_file.open("r+b") as file:
            size = file.seek(0, 2)
            file.seek(sound)
            file.write(b"\xff" * (size - sound))
        start_over(places)
        assert places.catalog_file.with_name("catalog.sqlite.damaged-1").stat().st_size == size
        catalog = Catalog.open(places.catalog_file)
        with catalog.read() as reader:
            assert reader.roots() == [Path("/notes")]
            assert reader.counts()[FileStatus.FAILED] == 0
        catalog.close()


def test_a_catalog_that_another_process_holds_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may pass is told, and nothing is set aside for it."""
    monkeypatch.setattr("indexer.catalog.database.BUSY_TIMEOUT_S", 0.0)
    with short_home() as places:
        Catalog.open(places.catalog_file).close()
        with contextlib.closing(sqlite3.connect(places.catalog_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"^another process holds the catalog"):
                start_over(places)
        assert places.catalog_file.exists()
        assert not places.catalog_file.with_name("catalog.sqlite.damaged-1").exists()
