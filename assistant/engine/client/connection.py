"""HTTP over the engine's Unix socket, and who is at the other end."""

import contextlib
import http.client
import os
import signal
import socket
import struct
import sys
import time
from pathlib import Path

LOST = (ConnectionError, FileNotFoundError, http.client.HTTPException)
"""What a connection to an engine that went away ends with."""

ABSENT = (ConnectionRefusedError, FileNotFoundError)
"""What a connection ends with that was never made."""

_FULL_S = 0.05
"""How soon to knock again where too many wait to be let in."""


class Connection(http.client.HTTPConnection):
    """One request to the engine.

    Args:
        path: The engine's socket.
        silence_s: How long it may say nothing.
    """

    def __init__(self, path: Path, *, silence_s: float) -> None:
        super().__init__("localhost", timeout=silence_s)
        self._path = path
        self._silence_s = silence_s
        self.pid = 0
        """The process that listens; 0 where that is not known."""

    def connect(self) -> None:
        """Connect to the socket.

        Raises:
            TimeoutError: If nobody was let in for too long.
        """
        end = time.monotonic() + self._silence_s
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._silence_s)
        while True:
            try:
                self.sock.connect(os.fspath(self._path))
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise TimeoutError from error
                time.sleep(_FULL_S)
        self.pid = peer_pid(self.sock)

    def interrupt(self) -> None:
        """End whatever is waited for on it; from any thread."""
        if (wire := self.sock) is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


def peer_pid(connection: socket.socket) -> int:
    """Return the process that listens at the other end; 0 where the system does not say."""
    if hasattr(socket, "SO_PEERCRED"):
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", data)[0])
    return _peer_pid_of_macos(connection) if sys.platform == "darwin" else 0


def end_process(pid: int) -> bool:
    """End a process that does not answer, the hard way; returns whether that was possible."""
    if pid <= 1 or pid == os.getpid():
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True


def _peer_pid_of_macos(connection: socket.socket) -> int:
    # SOL_LOCAL and LOCAL_PEERPID, which Python does not name.
    return connection.getsockopt(0, 2)
