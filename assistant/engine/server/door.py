"""The engine's socket in the file system; standard library only."""

import contextlib
import os
import socket
from pathlib import Path

BACKLOG = 256
"""Clients that may wait to be let in."""


class Door:
    """A listening Unix socket that only its owner may open.

    Whoever makes one holds the engine's lock, so that what stands there is stale.

    Args:
        path: Where it stands.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self.listener.bind(os.fspath(path))
        finally:
            os.umask(mask)
        self._ours = self._found()
        self.listener.listen(BACKLOG)

    def is_there(self) -> bool:
        """Say whether new clients still find it; somebody may have deleted it, or its folder."""
        return self._found() == self._ours

    def take_away(self) -> None:
        """Let no new clients in; another engine's door stays."""
        with contextlib.suppress(OSError):
            if self.is_there():
                self._path.unlink()

    def _found(self) -> tuple[int, int] | None:
        """Return what tells this socket from one that later got its name, and perhaps its inode."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns
