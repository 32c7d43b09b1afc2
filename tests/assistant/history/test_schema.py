"""The migrations of the history."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from assistant.history.schema import MIGRATIONS, NewerSchemaError, migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """Open an empty database."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as opened:
        yield opened


def version(connection: sqlite3.Connection) -> int:
    """Return how many migrations have run."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


@pytest.mark.parametrize("start", range(len(MIGRATIONS) + 1))
def test_every_old_version_is_brought_up_to_date(start: int, connection: sqlite3.Connection) -> None:
    """From nothing and from every released version on; a second time nothing happens."""
    migrate(connection, MIGRATIONS[:start])
    migrate(connection)
    assert version(connection) == len(MIGRATIONS)
    migrate(connection)
    assert version(connection) == len(MIGRATIONS)


def test_a_later_migration_keeps_what_is_there(connection: sqlite3.Connection) -> None:
    """Only what is missing is run."""
    migrate(connection)
    connection.execute("INSERT INTO conversations (title, begun_at) VALUES ('rent', 1)")

    def add_column(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE conversations ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")

    migrate(connection, [*MIGRATIONS, add_column])
    assert connection.execute("SELECT title, colour FROM conversations").fetchall() == [("rent", "red")]
    with pytest.raises(NewerSchemaError):
        migrate(connection)


def test_a_migration_that_fails_leaves_everything_as_it_was(connection: sqlite3.Connection) -> None:
    """All of it or nothing."""

    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE turns")
        raise RuntimeError

    migrate(connection)
    with pytest.raises(RuntimeError):
        migrate(connection, [*MIGRATIONS, fails])
    assert version(connection) == len(MIGRATIONS)
    assert connection.execute("SELECT count(*) FROM turns").fetchone() == (0,)


def test_deleting_a_conversation_deletes_its_turns_and_words(connection: sqlite3.Connection) -> None:
    """The full-text index stays in step."""
    migrate(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("INSERT INTO conversations VALUES (1, 'rent', 1)")
    connection.execute("INSERT INTO turns VALUES (1, 1, 'heron', '', '', '{}', 1)")
    query = "SELECT count(*) FROM turn_text WHERE turn_text MATCH 'heron'"
    assert connection.execute(query).fetchone() == (1,)
    connection.execute("DELETE FROM conversations")
    assert connection.execute(query).fetchone() == (0,)
    connection.execute("INSERT INTO turn_text (turn_text) VALUES ('integrity-check')")
