"""The tables of the history, as an ordered list of migrations.

`PRAGMA user_version` counts how many have run. A migration is never edited
once it was released; a change of the tables is a new function at the end.
"""

import sqlite3
from collections.abc import Callable, Sequence

Migration = Callable[[sqlite3.Connection], None]


def m001_conversations(connection: sqlite3.Connection) -> None:
    """Lay out conversations, their turns and the words of these.

    Ids are never used twice, so that one that a person noted down cannot come to mean
    another conversation. What was cited is kept as it stood: the file may have changed since.
    """
    for statement in (
        """CREATE TABLE conversations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            title TEXT NOT NULL,
            begun_at REAL NOT NULL
        )""",
        """CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
            question TEXT NOT NULL,
            standalone TEXT NOT NULL,
            answer TEXT NOT NULL,
            more TEXT NOT NULL,
            asked_at REAL NOT NULL
        )""",
        "CREATE INDEX turns_by_conversation ON turns (conversation)",
        """CREATE VIRTUAL TABLE turn_text USING fts5 (
            question, answer, content = 'turns', content_rowid = 'id',
            tokenize = 'porter unicode61 remove_diacritics 2'
        )""",
        """CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
            INSERT INTO turn_text (rowid, question, answer) VALUES (new.id, new.question, new.answer);
        END""",
        # cascades fire it too: whatever deletes a turn, its words go with it.
        """CREATE TRIGGER turn_deleted AFTER DELETE ON turns BEGIN
            INSERT INTO turn_text (turn_text, rowid, question, answer)
            VALUES ('delete', old.id, old.question, old.answer);
        END""",
    ):
        connection.execute(statement)


MIGRATIONS: Sequence[Migration] = (m001_conversations,)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the tables up to date, in one transaction; several processes may try it at once.

    Raises:
        NewerSchemaError: If the file was written by a newer version of the program.
    """
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # another process may have been here while this one waited.
        version = _version(connection)
        if version > len(migrations):
            raise NewerSchemaError
        for migration in migrations[version:]:
            migration(connection)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


class NewerSchemaError(Exception):
    """The tables have a version that this program does not know."""
