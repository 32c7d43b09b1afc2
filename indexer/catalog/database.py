"""Connections to the catalog: one writer behind a lock, a pool of readers.

WAL lets readers go on while the writer writes, so a search never waits for
indexing. Every transaction is explicit; SQLite's errors leave here as
`StoreError` with one sentence that names the file.
"""

import contextlib
import errno
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from indexer.catalog.reading import CatalogReader, path_of
from indexer.catalog.schema import NewerSchemaError, migrate
from indexer.catalog.soundness import is_marked, mark
from indexer.catalog.spelling import TERMS
from indexer.catalog.writing import CatalogWriter
from indexer.errors import StoreError

LOG_BYTES = 16_000_000
"""Size that the log is cut to after a transaction that was larger."""

BUSY_TIMEOUT_S = 10.0
"""How long one statement waits for a lock that another process holds."""


class Catalog:
    """An open catalog; safe to use from many threads."""

    def __init__(
        self, file: Path, writer: sqlite3.Connection, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = file
        self._writer = writer
        self._clock = clock
        self._write_lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._is_closed = False
        self._identities = [_identity(each) for each in self._files()]

    @classmethod
    def open(cls, file: Path, *, clock: Callable[[], float] = time.time) -> Self:
        """Open the catalog, making it (mode 0600) or migrating it where needed.

        Args:
            file: Where it stands.
            clock: Seconds since the epoch; says since when a file is what it is.

        Raises:
            StoreError: If it cannot be opened, is damaged, or comes from a newer version.
        """
        try:
            _make_private(file)
        except OSError as error:
            raise StoreError(
                f"cannot open the catalog {file}: {error.strerror}",
                hint="make it writable, or set KB_HOME to a directory that is",
            ) from error
        with translated(file):
            writer = _connect(file)
            try:
                writer.execute("PRAGMA journal_mode = WAL")
                migrate(writer)
            except NewerSchemaError as error:
                writer.close()
                raise StoreError(
                    f"the catalog {file} was written by a newer version of kb",
                    hint="update kb, or run `kb indexer rebuild`",
                ) from error
            except BaseException:
                writer.close()
                raise
        return cls(file, writer, clock=clock)

    @contextlib.contextmanager
    def write(self) -> Iterator[CatalogWriter]:
        """Run one writing transaction: committed at the end, rolled back by any exception.

        Raises:
            StoreError: If the catalog cannot be written.
        """
        with self._write_lock, translated(self.file):
            if self._is_closed:
                raise StoreError(f"the catalog {self.file} is closed")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield CatalogWriter(self._writer, clock=self._clock)
                self._writer.execute("COMMIT")
            except BaseException:
                # a full disk has rolled back by itself; there is nothing left to undo then.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[CatalogReader]:
        """Run one reading transaction: everything read inside is of one moment.

        Raises:
            StoreError: If the catalog cannot be read.
        """
        with translated(self.file):
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                try:
                    yield CatalogReader(connection)
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            finally:
                self._give_back(connection)

    def trouble(self) -> str:
        """Return what became of the file since it was opened: "catalog_gone", "catalog_damaged", or nothing.

        Without its name SQLite writes on into a file that nobody will find again.
        """
        if [_identity(each) for each in self._files()] != self._identities:
            return "catalog_gone"
        return "catalog_damaged" if is_marked(self.file) else ""

    def merge_words(self, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Merge the full-text index, in many short transactions, for as long as `goes_on` says so.

        Raises:
            StoreError: If the catalog cannot be written.
        """
        is_first = is_left = True
        while is_left and goes_on():
            with self.write() as transaction:
                is_left = transaction.merge_words(is_first=is_first)
            is_first = False

    def empty_log(self) -> None:
        """Bring what was written into the database file, and cut its log to nothing if nobody is reading.

        Raises:
            StoreError: If the catalog cannot be written.
        """
        with self._write_lock, translated(self.file):
            if not self._is_closed:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        with self._write_lock:
            with self._readers_lock:
                self._is_closed = True
                readers, self._readers = self._readers, []
            for reader in readers:
                reader.close()
            self._writer.close()

    def _files(self) -> tuple[Path, Path]:
        """Return the files that hold what was written: the database, and the log in front of it."""
        return self.file, Path(f"{self.file}-wal")

    def _take_reader(self) -> sqlite3.Connection:
        with self._readers_lock:
            if self._is_closed:
                raise StoreError(f"the catalog {self.file} is closed")
            if self._readers:
                return self._readers.pop()
        connection = _connect(self.file)
        connection.execute(TERMS)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._readers_lock:
            if not self._is_closed:
                self._readers.append(connection)
                return
        connection.close()


def _identity(file: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name; `None` where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        file, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    return connection


_MEANINGS = {
    sqlite3.SQLITE_FULL: ("the disk is full, so {file} cannot be written", "free some space and try again"),
    sqlite3.SQLITE_READONLY: ("the catalog {file} cannot be written", "make it writable"),
    sqlite3.SQLITE_CANTOPEN: ("cannot open the catalog {file}", "make its directory readable and writable"),
    sqlite3.SQLITE_BUSY: ("another process holds the catalog {file}", "stop it: `kb indexer stop`"),
    sqlite3.SQLITE_CORRUPT: ("the catalog {file} is damaged", "it is made anew within a minute"),
    sqlite3.SQLITE_NOTADB: ("{file} is not a catalog, or is damaged", "it is made anew within a minute"),
}

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_damaged(error: StoreError) -> bool:
    """Tell whether an error means that the file is damaged."""
    code = getattr(error.__cause__, "sqlite_errorcode", None) or 0
    return code & 0xFF in _DAMAGED


def is_beyond_repair(error: StoreError) -> bool:
    """Tell whether an error means that this file will never work: damaged, or a newer version's."""
    return isinstance(error.__cause__, NewerSchemaError) or is_damaged(error)


def find_damage(file: Path) -> str:
    """Read all of a catalog that nobody has open; return what is wrong with it, empty if nothing is.

    The full-text index is made anew where it alone is damaged: its texts stand in a table of their own.

    Raises:
        StoreError: If it cannot be looked at.
    """
    check = "INSERT INTO chunk_text (chunk_text) VALUES ('integrity-check')"
    try:
        with translated(file), contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
            said = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if said != "ok":
                return said
            try:
                connection.execute(check)
            except sqlite3.DatabaseError:
                connection.execute("INSERT INTO chunk_text (chunk_text) VALUES ('rebuild')")
                connection.execute(check)
    except StoreError as error:
        if not is_damaged(error):
            raise
        return str(error.__cause__)
    return ""


def rescued_roots(file: Path) -> list[Path]:
    """Return the roots of a catalog that need not be sound; none if they cannot be read."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            return [path_of(path) for (path,) in connection.execute("SELECT path FROM roots ORDER BY path")]
    except (sqlite3.Error, TypeError):
        return []


@contextlib.contextmanager
def translated(file: Path) -> Iterator[None]:
    """Turn SQLite's errors into a `StoreError` that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        # extended codes carry the primary one in their low byte.
        code = getattr(error, "sqlite_errorcode", None) or 0
        if code & 0xFF in _DAMAGED:
            mark(file)
        message, hint = _MEANINGS.get(code & 0xFF, ("the catalog {file} failed: {error}", ""))
        raise StoreError(message.format(file=file, error=error), hint=hint) from error


def _make_private(file: Path) -> None:
    """Make a file that is not there; SQLite would make it readable to all. Its -wal and -shm copy the mode.

    One that is there is not opened: a process that closes any descriptor of a file loses the locks of all
    its connections to it, and then another process takes the log away from under them.
    """
    if not file.exists():
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    elif file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    elif not os.access(file, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
