"""The parent's side of reading files: one child, killed and started again when a file is too much for it.

The child is reused, since starting one costs more than reading most files. A
file that ends a child that had read others before gets a second chance in a
fresh one, so that no file pays for what another left behind.
"""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from indexer.children import spawn_child
from indexer.errors import PermanentError, TransientError
from indexer.frames import read_frame, write_frame
from indexer.politeness import stand_back
from indexer.types import Chunk

_START_TIMEOUT_S = 60.0
_LOOK_EVERY_MS = 100
_REAP_S = 5.0
_CLOSING_S = 1.0

# nobody's fault but the system's or a person's: short of memory, logging out.
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)

# how native libraries end when they are given no more memory.
_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What the child made of one file."""

    title: str
    metadata: Mapping[str, Any]
    """JSON-serialisable."""

    chunks: tuple[Chunk, ...]
    pages_without_text: tuple[int, ...]
    notes: tuple[str, ...]
    content_hash: str
    """BLAKE2b-128 of the file's bytes, hexadecimal."""


class _ChildEndedError(Exception):
    """The child is gone; what is left to say is why."""

    def __init__(self, reason: str, *, is_worth_another: bool, is_from_outside: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_worth_another = is_worth_another
        self.is_from_outside = is_from_outside


class Sandbox:
    """Reads files in a child process; many threads may call, one file is read at a time.

    Args:
        tokenizer_file: The embedding model's `tokenizer.json`.
        capacity_tokens: Most tokens of a chunk, special tokens excluded.
        timeout_s: Seconds one file may take.
        memory_mb: Megabytes of memory one file may take.
        work_dir: An empty directory for the child to run in.
        nice: How far the child stands back behind us.
        io_priority: As in `indexer.politeness.stand_back`.
    """

    def __init__(
        self,
        *,
        tokenizer_file: Path,
        capacity_tokens: int,
        timeout_s: float,
        memory_mb: int,
        work_dir: Path,
        nice: int = 0,
        io_priority: str = "normal",
    ) -> None:
        self._arguments = [str(tokenizer_file), str(capacity_tokens), str(memory_mb)]
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._work_dir = work_dir
        self._nice = nice
        self._io_priority = io_priority
        self._child: subprocess.Popen[bytes] | None = None
        self._files_read = 0
        """By the child that is running."""

        self._closed = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def child_pid(self) -> int | None:
        """Process id of the running child; `None` before the first file and after a kill."""
        child = self._child
        return None if child is None else child.pid

    def extract(self, path: Path) -> Extracted:
        """Read one file.

        Raises:
            PermanentError: If it cannot be read until it changes: damaged,
                encrypted, not what its name says, or too much for the limits.
            TransientError: If it cannot be read now, or the sandbox is closed meanwhile.
        """
        with self._lock:
            had_read = self._files_read
            try:
                try:
                    answer = self._ask(path)
                except _ChildEndedError as ended:
                    if not ((had_read and ended.is_worth_another) or ended.is_from_outside):
                        raise
                    answer = self._ask(path)
            except _ChildEndedError as ended:
                if self._closed.is_set():
                    raise TransientError("reading it was broken off") from ended
                if ended.is_from_outside:
                    raise TransientError("the process that reads files was killed") from ended
                raise PermanentError(ended.reason) from ended
        return _understand(answer)

    def close(self) -> None:
        """End the child for good, also in the middle of a file of another thread."""
        self._closed.set()
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._end()

    def _ask(self, path: Path) -> dict[str, Any]:
        child = self._start() if self._child is None else self._child
        assert child.stdin is not None
        try:
            write_frame(child.stdin, {"path": str(path.absolute()), "timeout_s": self._timeout_s})
            answer = self._await(child, self._timeout_s)
        except (OSError, EOFError, ValueError) as error:
            code = self._end(grace_s=_CLOSING_S)
            raise _ChildEndedError(
                self._reason_of(code), is_worth_another=True, is_from_outside=code in _FROM_OUTSIDE
            ) from error
        if answer["kind"] == "memory":
            self._end()
            raise _ChildEndedError(self._memory_reason(), is_worth_another=True)
        self._files_read += 1
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        if self._closed.is_set():
            raise _ChildEndedError("the sandbox is closed", is_worth_another=False)
        try:
            self._child = child = spawn_child("indexer.extract", self._arguments, work_dir=self._work_dir)
        except OSError as error:
            raise TransientError("the process that reads files does not start") from error
        stand_back(child.pid, nice=self._nice, io_priority=self._io_priority)
        self._files_read = 0
        if self._closed.is_set():
            # closed between the look above and the start: nobody else can end it any more.
            child.kill()
        try:
            self._await(child, _START_TIMEOUT_S)
        except _ChildEndedError as error:
            raise TransientError("the process that reads files does not start") from error
        except (OSError, EOFError, ValueError) as error:
            if self._end(grace_s=_CLOSING_S) in _FROM_OUTSIDE:
                reason = "the process that reads files was killed"
                raise _ChildEndedError(reason, is_worth_another=True, is_from_outside=True) from error
            raise TransientError("the process that reads files does not start") from error
        return child

    def _await(self, child: subprocess.Popen[bytes], timeout_s: float) -> dict[str, Any]:
        """Wait for the child's next frame, looking at the clock and at its memory."""
        assert child.stdout is not None
        poll = select.poll()
        poll.register(child.stdout, select.POLLIN)
        deadline = time.monotonic() + timeout_s
        while not poll.poll(_LOOK_EVERY_MS):
            if time.monotonic() > deadline:
                self._end()
                raise _ChildEndedError(f"it took longer than {timeout_s:g} s", is_worth_another=False)
            if _memory_mb(child.pid) > self._memory_mb:
                self._end()
                raise _ChildEndedError(self._memory_reason(), is_worth_another=True)
        return read_frame(child.stdout)[0]

    def _memory_reason(self) -> str:
        return f"it needed more than {self._memory_mb} MB of memory"

    def _reason_of(self, code: int) -> str:
        if code in _OUT_OF_MEMORY:
            return f"{self._memory_reason()}, or crashed the process that reads files"
        return f"it crashed the process that reads files ({_name_of(code)})"

    def _end(self, *, grace_s: float = 0.0) -> int:
        """Kill the child if it still runs, and return the code that it ended with.

        Args:
            grace_s: How long a child that closed its pipe may take to end, so that its end is told from ours.
        """
        child, self._child = self._child, None
        self._files_read = 0
        if child is None:
            return -signal.SIGKILL
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = child.wait(grace_s)
        child.kill()
        try:
            ended_by = child.wait(_REAP_S) if code is None else code
        except subprocess.TimeoutExpired:
            # stuck in the kernel, as on a network disk that went away: it ends when the disk comes back.
            ended_by = -signal.SIGKILL
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                _close(stream)
        return ended_by


def _close(stream: Any) -> None:
    try:
        stream.close()
    except OSError:
        # unsent bytes of a request that nobody will read.
        os.close(stream.raw.fileno()) if not stream.raw.closed else None


def _name_of(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _memory_mb(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / (1 << 20)
    except psutil.Error:
        return 0.0


def _understand(answer: Mapping[str, Any]) -> Extracted:
    """Turn the child's answer into a value or into the error it stands for."""
    if answer["kind"] == "transient":
        raise TransientError(answer["message"], hint=answer["hint"])
    if answer["kind"] == "permanent":
        raise PermanentError(answer["message"], hint=answer["hint"])
    return Extracted(
        title=answer["title"],
        metadata=answer["metadata"],
        chunks=tuple(map(Chunk.from_json, answer["chunks"])),
        pages_without_text=tuple(answer["pages_without_text"]),
        notes=tuple(answer["notes"]),
        content_hash=answer["content_hash"],
    )
