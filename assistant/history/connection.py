"""Connections to the history, and what its errors mean."""

import contextlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from assistant.errors import HistoryError

BUSY_TIMEOUT_S = 10.0
"""How long one statement waits for a lock that another process holds."""

DAMAGED = ("the history {file} is damaged", "move it away, and a new one is begun")
"""What is said of a damaged file, and what to do."""


def make_private(file: Path) -> None:
    """Make the file if it is not there, and close it to others.

    Raises:
        HistoryError: If that cannot be done.
    """
    try:
        # made here, because SQLite would make it readable to all; its -wal and -shm copy the mode.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        _close_to_others(file)
    except OSError as error:
        raise _cannot_open(file, error) from error


def _close_to_others(file: Path) -> None:
    # by its path: a process that closes any descriptor of a file loses the locks of all its connections
    # to it, and then another process takes the log away from under them.
    try:
        if (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
            file.chmod(mode & 0o700)
    except OSError as error:
        raise _cannot_open(file, error) from error


def _cannot_open(file: Path, error: OSError) -> HistoryError:
    return HistoryError(
        f"cannot open the history {file}: {error.strerror}", hint="make it writable, or ask with `--private`"
    )


def connect(file: Path) -> sqlite3.Connection:
    """Open the file as all of kb does: patiently, overwriting what is deleted, waiting for the disk."""
    connection = sqlite3.connect(file, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        # what is deleted is overwritten; see `History.delete`.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        _use_log(connection)
        # one answer is one commit, so each can be waited for.
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not wait for others there, however patient the connection is."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


_MEANINGS = {
    sqlite3.SQLITE_FULL: ("the disk is full, so {file} cannot be written", "free some space"),
    sqlite3.SQLITE_READONLY: ("the history {file} cannot be written", "make it writable"),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot open the history {file}",
        "make its directory readable and writable",
    ),
    sqlite3.SQLITE_BUSY: ("another process holds the history {file}", "try again when it has ended"),
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: (
        "{file} is no history, or is damaged",
        "move it away, and a new one is begun",
    ),
}


@contextlib.contextmanager
def translated(file: Path) -> Iterator[None]:
    """Turn SQLite's errors into a `HistoryError` that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        # extended codes carry the primary one in their low byte.
        code = getattr(error, "sqlite_errorcode", None) or 0
        message, hint = _MEANINGS.get(code & 0xFF, ("the history {file} failed: {error}", ""))
        raise HistoryError(message.format(file=file, error=error), hint=hint) from error
