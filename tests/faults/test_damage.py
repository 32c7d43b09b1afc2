"""A catalog that is damaged or deleted is begun anew with its folders; nothing sound is thrown away."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.catalog import Catalog, FileRecord, is_marked
from indexer.errors import StoreError
from indexer.index.rebuild import keep_roots, open_catalog, recovery_of
from indexer.paths import Places
from indexer.types import FileState, FileStatus
from tests.homes import short_home

ROOT = Path("/notes")
STATE = FileState(size_bytes=3, mtime_ns=1, inode=7)


@pytest.fixture
def places() -> Iterator[Places]:
    """Return a home whose catalog has a root and many files, and was closed."""
    with short_home() as places:
        catalog = open_catalog(places)
        with catalog.write() as transaction:
            transaction.add_root(ROOT)
            for number in range(2000):
                path = ROOT / f"{number}.md"
                transaction.set_status(
                    FileRecord(path=path, root=ROOT, state=STATE, status=FileStatus.FAILED)
                )
        keep_roots(catalog)
        catalog.close()
        places.chroma_dir.mkdir()
        yield places


def garbage(file: Path) -> None:
    file.write_bytes(b"no catalog at all " * 1000)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def deleted(file: Path) -> None:
    file.unlink()


def overwritten_further_on(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[20 * 4096 :] = b"\xff" * (len(content) - 20 * 4096)
    file.write_bytes(content)
    # whoever meets it, a search or a batch, leaves the mark.
    with (
        contextlib.closing(Catalog.open(file)) as catalog,
        pytest.raises(StoreError, match="is damaged"),
        catalog.read() as reading,
    ):
        reading.files(status=None, under=None, limit=5000, offset=0)
    assert is_marked(file)


@pytest.mark.parametrize("damage", [garbage, emptied, deleted, overwritten_further_on])
def test_a_catalog_that_is_lost_is_begun_anew(places: Places, damage: Callable[[Path], None]) -> None:
    """The folders are known, the ledger is empty, the vectors go, and one sentence says why."""
    damage(places.catalog_file)
    with contextlib.closing(open_catalog(places)) as catalog, catalog.read() as reading:
        assert reading.roots() == [ROOT]
        assert reading.counts()[FileStatus.FAILED] == 0
        noted = recovery_of(reading.meta("recovered"))
        assert noted is not None
        assert noted["message"].startswith(f"the catalog {places.catalog_file} was ")
        assert noted["message"].endswith("; every file is indexed again")
    assert not places.chroma_dir.exists()
    assert not is_marked(places.catalog_file)


def test_a_catalog_that_was_suspected_and_is_sound_is_kept(places: Places) -> None:
    """One bad moment throws nothing away."""
    places.catalog_file.with_name("catalog.sqlite.suspect").touch()
    with contextlib.closing(open_catalog(places)) as catalog, catalog.read() as reading:
        assert reading.counts()[FileStatus.FAILED] == 2000
    assert not is_marked(places.catalog_file)


def test_the_catalog_of_a_newer_version_is_left_alone(places: Places) -> None:
    """It is refused with a sentence, and stays as it is."""
    with contextlib.closing(sqlite3.connect(places.catalog_file)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = places.catalog_file.read_bytes()
    with pytest.raises(StoreError, match="written by a newer version"):
        open_catalog(places)
    assert places.catalog_file.read_bytes() == before


def test_a_catalog_that_is_deleted_or_replaced_while_it_is_open_is_noticed(places: Places) -> None:
    """SQLite itself writes on into a file without a name."""
    with contextlib.closing(open_catalog(places)) as catalog:
        assert catalog.trouble() == ""
        content = places.catalog_file.read_bytes()
        places.catalog_file.unlink()
        assert catalog.trouble() == "catalog_gone"
        places.catalog_file.write_bytes(content)
        assert catalog.trouble() == "catalog_gone"


def test_only_the_last_damaged_catalogs_are_kept(places: Places) -> None:
    """They do not fill the disk."""
    for _ in range(4):
        garbage(places.catalog_file)
        open_catalog(places).close()
    kept = sorted(path.name for path in places.home.glob("catalog.sqlite.damaged-*"))
    assert kept == ["catalog.sqlite.damaged-3", "catalog.sqlite.damaged-4"]
