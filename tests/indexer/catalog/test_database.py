"""Transactions of the catalog, and the one sentence each failure gets."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.errors import StoreError


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Return an open, empty catalog."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def test_the_catalog_is_private(catalog: Catalog) -> None:
    """Its files, those of the write-ahead log too, are readable to nobody else."""
    with catalog.write() as transaction:
        transaction.set_meta("a", "b")
    files = sorted(catalog.file.parent.iterdir())
    assert [file.name for file in files] == ["catalog.sqlite", "catalog.sqlite-shm", "catalog.sqlite-wal"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_an_exception_undoes_a_transaction(catalog: Catalog) -> None:
    """Nothing of a transaction stays that did not reach its end, and the next one works."""

    def fails() -> None:
        with catalog.write() as transaction:
            transaction.set_meta("lost", "1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with catalog.write() as transaction:
        assert transaction.meta("lost") is None
        transaction.set_meta("kept", "1")
    with catalog.read() as reader:
        assert reader.meta("kept") == "1"


def test_a_reader_sees_one_moment(catalog: Catalog) -> None:
    """What is written while a reader reads does not change what it reads."""
    with catalog.read() as before:
        assert before.roots() == []
        with catalog.write() as transaction:
            transaction.add_root(Path("/notes"))
        assert before.roots() == []
    with catalog.read() as after:
        assert after.roots() == [Path("/notes")]


def test_readers_do_not_wait_for_the_writer(catalog: Catalog) -> None:
    """A search goes on while a long transaction is being written."""
    read: list[int] = []

    def reader() -> None:
        with catalog.read() as transaction:
            read.append(transaction.chunk_count())

    with catalog.write() as transaction:
        transaction.add_root(Path("/notes"))
        thread = threading.Thread(target=reader)
        thread.start()
        thread.join(5)
        assert read == [0]


def test_a_reader_cannot_write(catalog: Catalog) -> None:
    """The connections that reads are done with refuse to change anything."""
    with pytest.raises(StoreError, match=r"catalog\.sqlite cannot be written"), catalog.read() as transaction:
        transaction._connection.execute("INSERT INTO roots (path) VALUES (x'2F')")


def test_a_closed_catalog_says_so(tmp_path: Path) -> None:
    """A thread that comes too late gets an error of ours, and closing twice does no harm."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    catalog.close()
    catalog.close()
    with pytest.raises(StoreError, match="is closed"), catalog.read():
        pass
    with pytest.raises(StoreError, match="is closed"), catalog.write():
        pass


def test_a_full_disk_is_named(catalog: Catalog) -> None:
    """The error says that the disk is full and which file could not grow; what was there stays."""
    with catalog.write() as transaction:
        transaction.set_meta("kept", "1")
        pages = transaction._connection.execute("PRAGMA page_count").fetchone()[0]
    catalog._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with (
        pytest.raises(StoreError, match=r"^the disk is full, so .*catalog\.sqlite cannot be written$"),
        catalog.write() as transaction,
    ):
        transaction.set_meta("large", "x" * 100_000)
    with catalog.read() as reader:
        assert (reader.meta("kept"), reader.meta("large")) == ("1", None)


def test_a_file_that_is_no_catalog_is_named(tmp_path: Path) -> None:
    """The error names the file and what becomes of it."""
    file = tmp_path / "catalog.sqlite"
    file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match=r"catalog\.sqlite is not a catalog, or is damaged") as caught:
        Catalog.open(file)
    assert caught.value.hint == "it is made anew within a minute"


def test_a_damaged_catalog_is_named(tmp_path: Path) -> None:
    """Pages that were overwritten give an error of ours and not wrong answers."""
    file = tmp_path / "catalog.sqlite"
    catalog = Catalog.open(file)
    with catalog.write() as transaction:
        for number in range(2_000):
            transaction.set_meta(f"key {number}", "value " * 20)
    catalog.close()
    content = bytearray(file.read_bytes())
    content[4096 * 12 :] = b"\xff" * (len(content) - 4096 * 12)
    file.write_bytes(content)
    damaged = Catalog.open(file)
    with pytest.raises(StoreError, match=r"catalog\.sqlite is damaged$"), damaged.read() as reader:
        [reader.meta(f"key {number}") for number in range(2_000)]
    damaged.close()


def test_a_catalog_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """The error says what to do, and the file is left as it is."""
    file = tmp_path / "catalog.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StoreError, match="was written by a newer version of kb"):
        Catalog.open(file)
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 999
    connection.close()


def test_a_place_that_cannot_hold_a_catalog_is_named(tmp_path: Path) -> None:
    """A directory in the file's place, or no directory for it, is one sentence with a remedy."""
    (tmp_path / "catalog.sqlite").mkdir()
    for file in (tmp_path / "catalog.sqlite", tmp_path / "nowhere" / "catalog.sqlite"):
        with pytest.raises(StoreError, match=f"^cannot open the catalog {file}: ") as caught:
            Catalog.open(file)
        assert "KB_HOME" in caught.value.hint


def test_a_catalog_that_another_process_writes_is_named(tmp_path: Path) -> None:
    """The error says who holds it, not that a database is locked."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    catalog._writer.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(catalog.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process holds the catalog"), catalog.write():
        pass
    other.close()
    catalog.close()
