"""The catalog's tables come up to date from every older version."""

import sqlite3
import time
from pathlib import Path

import pytest

from indexer.catalog.schema import MIGRATIONS, Migration, NewerSchemaError, migrate


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, coalesce(sql, '') FROM sqlite_schema").fetchall())


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("done", range(len(MIGRATIONS) + 1))
def test_every_older_version_ends_with_the_same_tables(done: int) -> None:
    """A catalog that has had the first steps gets the rest, and then equals a new one."""
    new, old = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    migrate(new)
    migrate(old, MIGRATIONS[:done])
    migrate(old)
    assert _version(old) == len(MIGRATIONS)
    assert _tables(old) == _tables(new)
    new.close()
    old.close()


def test_steps_run_in_order_and_once() -> None:
    """A second migration of the same catalog runs only what is new."""
    ran: list[str] = []

    def step(name: str) -> Migration:
        return lambda _: ran.append(name)

    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, [step("first"), step("second")])
    migrate(connection, [step("first"), step("second"), step("third")])
    connection.close()
    assert ran == ["first", "second", "third"]


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """What the failed step had done is undone, and its number is not counted."""

    def works(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE whole (x)")

    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (x)")
        raise ZeroDivisionError

    connection = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    with pytest.raises(ZeroDivisionError):
        migrate(connection, [works, fails])
    assert list(_tables(connection)) == ["whole"]
    assert _version(connection) == 1
    connection.close()


def test_a_newer_catalog_is_refused() -> None:
    """Tables that this program does not know are left alone."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(NewerSchemaError):
        migrate(connection)
    assert _tables(connection) == {}
    connection.close()


def test_files_of_an_older_catalog_keep_what_is_known_of_them(tmp_path: Path) -> None:
    """What was indexed is so since then; a failure that could pass, kept without a time, is tried again."""
    connection = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    migrate(connection, MIGRATIONS[:2])
    connection.execute("INSERT INTO roots (id, path) VALUES (1, x'2F')")
    rows = [
        (b"/a", 5, "indexed", 100.0),
        (b"/b", 5, "skipped", None),
        (b"/c", 0, "failed", 90.0),
        (b"/d", 5, "failed", None),
    ]
    connection.executemany(
        "INSERT INTO files (root, path, size_bytes, mtime_ns, inode, status, indexed_at)"
        " VALUES (1, ?, 1, ?, 1, ?, ?)",
        rows,
    )
    migrate(connection)
    found = connection.execute("SELECT path, since, attempts, retry_at FROM files ORDER BY path").fetchall()
    connection.close()
    assert found == [
        (b"/a", 100.0, 0, None),
        (b"/b", None, 0, None),
        (b"/c", None, 1, 0.0),
        (b"/d", None, 1, None),
    ]


def test_files_of_an_older_catalog_get_their_tags_and_dates(tmp_path: Path) -> None:
    """They follow from what is stored; a PDF, whose date was not, is due to be read once more."""
    connection = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None)
    migrate(connection, MIGRATIONS[:4])
    connection.execute("INSERT INTO roots (id, path) VALUES (1, x'2F')")
    connection.execute("INSERT INTO vectors (id, vector_id, embedding) VALUES (1, x'00', x'00')")
    rows = [
        (1, b"/a.md", '{"tags": ["Work"], "date": "2026-05-03"}', ["about", "#garden"]),
        (2, b"/2026-05-03.txt", "{}", ["#none"]),
        (3, b"/c.PDF", "{}", ["paper"]),
        (4, b"/\xff.md", "{}", []),
    ]
    for file_id, path, metadata, texts in rows:
        connection.execute(
            "INSERT INTO files"
            " (id, root, path, size_bytes, mtime_ns, inode, status, content_hash, metadata, chunks)"
            " VALUES (?, 1, ?, 1, 70, 1, 'indexed', 'x', ?, ?)",
            (file_id, path, metadata, len(texts)),
        )
        for ordinal, text in enumerate(texts):
            chunk = connection.execute(
                "INSERT INTO chunks (file, ordinal, vector, locator) VALUES (?, ?, 1, '{}')",
                (file_id, ordinal),
            ).lastrowid
            connection.execute(
                "INSERT INTO chunk_text (rowid, text, headings, name) VALUES (?, ?, '', '')", (chunk, text)
            )
    migrate(connection)
    found = connection.execute(
        "SELECT ending, dated, mtime_ns, content_hash FROM files ORDER BY id"
    ).fetchall()
    tags = connection.execute("SELECT tag, file FROM tags ORDER BY tag").fetchall()
    connection.close()
    day = time.mktime((2026, 5, 3, 0, 0, 0, 0, 0, -1))
    assert found == [("md", day, 70, "x"), ("txt", day, 70, "x"), ("pdf", None, 69, ""), ("", None, 70, "x")]
    assert tags == [("garden", 1), ("work", 1)]
