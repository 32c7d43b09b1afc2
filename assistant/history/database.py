"""The file that keeps the conversations, and everything that is asked of it.

WAL and a patient lock let several processes read and write at once; a turn
that was added is on the disk when `add` returns.
"""

import contextlib
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from assistant.errors import HistoryError
from assistant.history.connection import DAMAGED, connect, make_private, translated
from assistant.history.rows import TURN, conversation_of, from_row, storable, title_of, to_row
from assistant.history.schema import NewerSchemaError, migrate
from assistant.history.types import Conversation, Found, StoredTurn

_CONVERSATIONS = """
    SELECT c.id, c.title, c.begun_at, max(t.asked_at), count(*)
    FROM conversations c JOIN turns t ON t.conversation = c.id
"""
_WORD = re.compile(r"[^\W_]+")


class History:
    """The open history; safe to use from many threads."""

    def __init__(
        self, file: Path, connection: sqlite3.Connection, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = file
        self._connection = connection
        self._clock = clock
        self._lock = threading.RLock()

    @classmethod
    def open(cls, file: Path, *, clock: Callable[[], float] = time.time) -> Self:
        """Open the history, making the file (mode 0600) or migrating it where needed.

        Args:
            file: Where it stands.
            clock: Seconds since the epoch; says when a conversation was begun.

        Raises:
            HistoryError: If it cannot be opened, is damaged, or comes from a newer version.
        """
        make_private(file)
        with translated(file):
            connection = connect(file)
            try:
                migrate(connection)
            except NewerSchemaError as error:
                connection.close()
                raise HistoryError(
                    f"the history {file} was written by a newer version of kb", hint="update kb"
                ) from error
            except BaseException:
                connection.close()
                raise
        return cls(file, connection, clock=clock)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- keeping

    def add(self, turn: StoredTurn, conversation: int | None = None) -> int:
        """Keep a turn, and return the id of its conversation.

        Args:
            turn: What was asked and answered.
            conversation: What it goes on with; a new one is begun for `None`, and for one
                that was deleted meanwhile.

        Raises:
            HistoryError: If it cannot be written.
        """
        with self._writing() as connection:
            if conversation is None or not _exists(connection, conversation):
                cursor = connection.execute(
                    "INSERT INTO conversations (title, begun_at) VALUES (?, ?)",
                    (title_of(turn.question), self._clock()),
                )
                assert cursor.lastrowid is not None
                conversation = cursor.lastrowid
            connection.execute(
                f"INSERT INTO turns (conversation, {TURN}) VALUES (?, ?, ?, ?, ?, ?)",
                (conversation, *to_row(turn)),
            )
        return conversation

    def rename(self, conversation: int, title: str) -> bool:
        """Give a conversation another title; return whether there is such a one.

        Raises:
            HistoryError: If it cannot be written.
        """
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE conversations SET title = ? WHERE id = ?", (title_of(title), conversation)
            )
            return done.rowcount > 0

    # -- reading

    def conversations(self, *, limit: int = -1, offset: int = 0) -> list[Conversation]:
        """List the conversations, that with the latest question first.

        Args:
            limit: How many at most; -1 for all.
            offset: How many of the latest to leave out.

        Raises:
            HistoryError: If the file cannot be read.
        """
        rows = self._read(
            # by id, not by time: a clock may be set back.
            f"{_CONVERSATIONS} GROUP BY c.id ORDER BY max(t.id) DESC LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return [conversation_of(row) for row in rows]

    def conversation(self, conversation: int) -> Conversation | None:
        """Return a conversation; `None` if there is none of that id.

        Raises:
            HistoryError: If the file cannot be read.
        """
        rows = self._read(f"{_CONVERSATIONS} WHERE c.id = ? GROUP BY c.id", (conversation,))
        return conversation_of(rows[0]) if rows else None

    def latest(self) -> Conversation | None:
        """Return the conversation in which the last question was asked; `None` if there is none.

        Raises:
            HistoryError: If the file cannot be read.
        """
        found = self.conversations(limit=1)
        return found[0] if found else None

    def turns(self, conversation: int, *, latest: int = -1) -> list[StoredTurn]:
        """List the turns of a conversation, oldest first.

        Args:
            conversation: Its id.
            latest: How many of the latest; -1 for all.

        Raises:
            HistoryError: If the file cannot be read.
        """
        rows = self._read(
            f"SELECT {TURN} FROM turns WHERE conversation = ? ORDER BY id DESC LIMIT ?",
            (conversation, latest),
        )
        return [self._turn(row) for row in reversed(rows)]

    def questions(self, *, limit: int) -> list[str]:
        """List the latest questions as they were typed, each once, the oldest first.

        Args:
            limit: How many at most.

        Raises:
            HistoryError: If the file cannot be read.
        """
        rows = self._read(
            "SELECT question FROM turns GROUP BY question ORDER BY max(id) DESC LIMIT ?", (limit,)
        )
        return [question for (question,) in reversed(rows)]

    def search(self, text: str, *, limit: int = 20) -> list[Found]:
        """Find turns whose question or answer holds all the words, the best first.

        Inflections count as the same word. Where no turn holds them as words, those are found that
        hold each as a piece of text, so that beginnings and languages without blanks are found too.

        Args:
            text: Any text; only its letters and digits count.
            limit: How many turns at most.

        Raises:
            HistoryError: If the file cannot be read.
        """
        words = _WORD.findall(storable(text))
        if not words:
            return []
        match = " ".join(f'"{word}"' for word in words)
        ids = self._read(
            "SELECT rowid FROM turn_text WHERE turn_text MATCH ? ORDER BY rank LIMIT ?", (match, limit)
        )
        if not ids:
            holds = " AND ".join(["question || ' ' || answer LIKE ?"] * len(words))
            ids = self._read(
                f"SELECT id FROM turns WHERE {holds} ORDER BY id DESC LIMIT ?",
                (*(f"%{word}%" for word in words), limit),
            )
        return [found for (turn,) in ids if (found := self._found(turn)) is not None]

    def _found(self, turn: int) -> Found | None:
        """Return a turn in its place; `None` if another process has deleted it."""
        rows = self._read(
            f"""SELECT {TURN}, conversation, (
                SELECT count(*) FROM turns o WHERE o.conversation = t.conversation AND o.id <= t.id
            ) FROM turns t WHERE id = ?""",
            (turn,),
        )
        if not rows:
            return None
        *row, identifier, number = rows[0]
        conversation = self.conversation(identifier)
        if conversation is None:
            return None
        return Found(conversation=conversation, turn=self._turn(row), number=number)

    # -- forgetting

    def delete(self, conversations: Sequence[int]) -> int:
        """Delete conversations so that nothing of them is left in the file; return how many there were.

        Raises:
            HistoryError: If it cannot be written, or another process keeps reading what was there.
        """
        return self._delete(f"id IN ({', '.join('?' * len(conversations))})", tuple(conversations))

    def delete_all(self) -> int:
        """Delete everything so that nothing of it is left in the file; return how many conversations.

        Raises:
            HistoryError: As `delete` does.
        """
        return self._delete("true", ())

    def delete_older(self, moment: float) -> int:
        """Delete conversations whose last question is older than a moment, in seconds since the epoch.

        Raises:
            HistoryError: As `delete` does.
        """
        where = "id NOT IN (SELECT conversation FROM turns WHERE asked_at >= ?)"
        if not self._read(f"SELECT 1 FROM conversations WHERE {where} LIMIT 1", (moment,)):
            return 0
        return self._delete(where, (moment,))

    def _delete(self, where: str, values: Sequence[Any]) -> int:
        with self._writing() as connection:
            count = connection.execute(f"DELETE FROM conversations WHERE {where}", values).rowcount
            if count:
                # deleted words stay in the full-text index until it is merged by chance.
                connection.execute("INSERT INTO turn_text (turn_text) VALUES ('rebuild')")
        if count:
            self._empty_log()
        return count

    def _empty_log(self) -> None:
        """Bring all into the file itself, where freed pages are zeros, and cut the log to nothing."""
        with self._lock, translated(self.file):
            is_busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if is_busy:
            raise HistoryError(
                f"it is deleted, but its bytes stay while another process reads {self.file}",
                hint="end it and run `kb history delete` again",
            )

    # -- doors

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction: committed at the end, rolled back by any exception."""
        with self._lock, translated(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # a full disk has rolled back by itself; there is nothing left to undo then.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _turn(self, row: Sequence[Any]) -> StoredTurn:
        try:
            return from_row(row)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message, hint = DAMAGED
            raise HistoryError(message.format(file=self.file), hint=hint) from error

    def _read(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock, translated(self.file):
            return self._connection.execute(query, values).fetchall()


def _exists(connection: sqlite3.Connection, conversation: int) -> bool:
    query = "SELECT 1 FROM conversations WHERE id = ?"
    return connection.execute(query, (conversation,)).fetchone() is not None
