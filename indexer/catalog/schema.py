"""The catalog's tables, as an ordered list of migrations.

`PRAGMA user_version` counts how many have run. A migration is never edited
once it was released; a change of the tables is a new function at the end.
"""

import sqlite3
from collections.abc import Callable, Sequence

from indexer.catalog.facts import note_name, note_tags

Migration = Callable[[sqlite3.Connection], None]


def m001_files_chunks_vectors(connection: sqlite3.Connection) -> None:
    """Lay out ledger, chunks, vectors and full text.

    Paths are blobs, because a file name on Linux is bytes and need not be text;
    blobs also compare bytewise, which makes "everything under a folder" a range.
    Chunk ids are never used twice, so that an id held by a search that is still
    running cannot come to mean another chunk. The text of a chunk stands only in
    the full-text table: a second copy would double the catalog.
    """
    for statement in (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE roots (
            id INTEGER PRIMARY KEY,
            path BLOB NOT NULL UNIQUE
        )""",
        """CREATE TABLE files (
            id INTEGER PRIMARY KEY,
            root INTEGER NOT NULL REFERENCES roots (id) ON DELETE CASCADE,
            path BLOB NOT NULL UNIQUE,
            size_bytes INTEGER NOT NULL,
            mtime_ns INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            status TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            content_hash TEXT NOT NULL DEFAULT '',
            title TEXT NOT NULL DEFAULT '',
            metadata TEXT NOT NULL DEFAULT '{}',
            pages_without_text TEXT NOT NULL DEFAULT '[]',
            chunks INTEGER NOT NULL DEFAULT 0,
            indexed_at REAL
        )""",
        "CREATE INDEX files_by_root ON files (root)",
        "CREATE INDEX files_by_status ON files (status)",
        """CREATE TABLE vectors (
            id INTEGER PRIMARY KEY,
            vector_id BLOB NOT NULL UNIQUE,
            embedding BLOB NOT NULL
        )""",
        """CREATE TABLE chunks (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
            ordinal INTEGER NOT NULL,
            vector INTEGER NOT NULL REFERENCES vectors (id),
            locator TEXT NOT NULL
        )""",
        "CREATE INDEX chunks_by_file ON chunks (file, ordinal)",
        "CREATE INDEX chunks_by_vector ON chunks (vector)",
        """CREATE VIRTUAL TABLE chunk_text USING fts5 (
            text, headings, name, tokenize = 'porter unicode61 remove_diacritics 2'
        )""",
        # vectors that may have lost their last chunk; spares a walk over all of them.
        "CREATE TABLE spare_vectors (vector INTEGER PRIMARY KEY)",
        # cascades fire it too: whatever deletes a chunk, its words go with it.
        """CREATE TRIGGER chunk_deleted AFTER DELETE ON chunks BEGIN
            DELETE FROM chunk_text WHERE rowid = old.id;
            INSERT OR IGNORE INTO spare_vectors VALUES (old.vector);
        END""",
    ):
        connection.execute(statement)


def m002_windows(connection: sqlite3.Connection) -> None:
    """Make room for the windows of vectors; see `indexer.windows`.

    A table of their own, because a scan of all vectors would otherwise read past them.
    """
    connection.execute(
        """CREATE TABLE windows (
            vector INTEGER PRIMARY KEY REFERENCES vectors (id) ON DELETE CASCADE,
            packed BLOB NOT NULL
        )"""
    )


def m003_tries(connection: sqlite3.Connection) -> None:
    """Keep since when a file is in its state, how often it failed there, and when it is tried again.

    Of files that were indexed the last time is known; of the others it is not, and stays `NULL`.
    A failure that could pass used to be kept with a time that no file has; it is tried again now.
    """
    for statement in (
        "ALTER TABLE files ADD COLUMN since REAL",
        "ALTER TABLE files ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE files ADD COLUMN retry_at REAL",
        "UPDATE files SET since = indexed_at WHERE status IN ('indexed', 'partial')",
        "UPDATE files SET attempts = 1 WHERE status = 'failed'",
        "UPDATE files SET retry_at = 0 WHERE status = 'failed' AND mtime_ns = 0",
        "CREATE INDEX files_by_retry ON files (retry_at) WHERE retry_at IS NOT NULL",
    ):
        connection.execute(statement)


def m004_content(connection: sqlite3.Connection) -> None:
    """Find files by what they hold."""
    connection.execute("CREATE INDEX files_by_content ON files (content_hash)")


def m005_facts(connection: sqlite3.Connection) -> None:
    """Keep what filters ask of files; see `indexer.catalog.facts`.

    Nearly all of it follows from what is stored. Only the dates in the properties of PDFs and
    in the heads of pages were not kept: such files are read once more, because their time of
    change differs by a nanosecond now, and no known content spares that. Their text has its vectors.
    """
    for statement in (
        "ALTER TABLE files ADD COLUMN ending TEXT NOT NULL DEFAULT ''",
        # seconds since the epoch, by the file's own account; NULL where it does not say.
        "ALTER TABLE files ADD COLUMN dated REAL",
        """CREATE TABLE tags (
            tag TEXT NOT NULL,
            file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
            PRIMARY KEY (tag, file)
        ) WITHOUT ROWID""",
        "CREATE INDEX tags_by_file ON tags (file)",
        # all that filters look at, beside the rows, which are ten times as long.
        "CREATE INDEX files_by_facts ON files (path, root, chunks, ending, dated, mtime_ns)",
    ):
        connection.execute(statement)
    for (file_id,) in connection.execute("SELECT id FROM files WHERE chunks > 0").fetchall():
        note_name(connection, file_id)
        note_tags(connection, file_id)
    connection.execute(
        "UPDATE files SET mtime_ns = mtime_ns - 1, content_hash = '' WHERE chunks > 0"
        " AND ending IN ('pdf', 'html', 'htm', 'xhtml', 'shtml')"
    )


MIGRATIONS: Sequence[Migration] = (
    m001_files_chunks_vectors,
    m002_windows,
    m003_tries,
    m004_content,
    m005_facts,
)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the tables up to date, one transaction for each step.

    Raises:
        NewerSchemaError: If the file was written by a newer version of the program.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise NewerSchemaError
    for number, migration in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migration(connection)
            connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


class NewerSchemaError(Exception):
    """The tables have a version that this program does not know."""
