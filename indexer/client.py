"""The thin client of the daemon's API: standard library only, and quick to import.

It speaks HTTP/1.0 by hand, one connection per request and the end of the
stream as the end of the body: `http.client` would cost every `kb search` more
time to import (45 ms, most of it e-mail and TLS) than the search takes.
"""

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from indexer import errors
from indexer.errors import DaemonError, IndexerError, KbError
from indexer.paths import Places
from indexer.types import FileEntry, FileStatus, Progress, SearchResult

START_TIMEOUT_S = 30.0
"""How long a daemon may take until its socket answers."""

STOP_TIMEOUT_S = 30.0
"""How long a daemon may take to finish the batch it works on."""

FILES_PER_PAGE = 5000


class IndexerClient:
    """One user's daemon, seen from a short-lived process; safe to share between threads.

    Args:
        places: Where the daemon's socket is.
        timeout_s: How long one answer may take.
    """

    def __init__(self, places: Places, *, timeout_s: float = 60.0) -> None:
        self._places = places
        self._timeout_s = timeout_s

    def search(self, query: str, *, top_k: int = 8, under: Sequence[Path] = ()) -> SearchResult:
        """Return the best passages for a query; waits for the embedding model if it is still loading.

        Args:
            query: What is looked for, in plain words.
            top_k: How many passages at most.
            under: Absolute paths of files or folders to look in; empty for everything.
        """
        body = {"query": query, "top_k": top_k, "under": [str(path) for path in under]}
        return SearchResult.from_json(self._call("POST", "/v1/search", body))

    def status(self) -> dict[str, Any]:
        """Return how the daemon and the index are."""
        return self._call("GET", "/v1/status")

    def roots(self) -> list[Path]:
        """Return the folders that are indexed."""
        return [Path(root["path"]) for root in self._call("GET", "/v1/roots")["roots"]]

    def add_root(self, path: Path) -> str:
        """Have a folder indexed; returns as soon as the daemon knows of it.

        Returns:
            What the person should know ("already indexed as part of …"); empty for a new root.
        """
        notice = self._call("POST", "/v1/roots", {"path": str(path)})["notice"]
        return str(notice)

    def remove_root(self, path: Path) -> int:
        """Forget a folder and return how many files were forgotten; the files themselves stay."""
        return int(self._call("DELETE", "/v1/roots", {"path": str(path)})["forgotten"])

    def sweep(self) -> None:
        """Have every root compared with the disk; returns at once."""
        self._call("POST", "/v1/sweep", {})

    def files(self, *, status: FileStatus | None = None, under: Path | None = None) -> list[FileEntry]:
        """Return the ledger, or the part of it with one status or under one folder."""
        entries: list[FileEntry] = []
        while True:
            asked = {"limit": str(FILES_PER_PAGE), "offset": str(len(entries))}
            if status is not None:
                asked["status"] = status.value
            if under is not None:
                asked["under"] = str(under)
            query = urlencode(asked, quote_via=quote, errors="surrogateescape")
            page = self._call("GET", f"/v1/files?{query}")["files"]
            entries += map(FileEntry.from_json, page)
            if len(page) < FILES_PER_PAGE:
                return entries

    def progress(self) -> Iterator[Progress]:
        """Yield how far indexing is whenever it moves, until nothing is left to do."""
        with self._open("GET", "/v1/progress") as stream:
            while line := self._read(stream.readline):
                progress = Progress.from_json(self._understand(line))
                yield progress
                if progress.is_idle:
                    return
        raise self._gone()

    def stop(self) -> None:
        """End the daemon, and return when it is gone."""
        self._call("POST", "/v1/stop", {})
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._is_locked():
            if time.monotonic() > deadline:
                raise DaemonError(
                    f"the indexer is still finishing its work after {STOP_TIMEOUT_S:.0f} s",
                    hint=f"see {self._log_file}",
                )
            time.sleep(0.02)

    def is_running(self) -> bool:
        """Tell whether a daemon listens; a socket left behind by a dead one does not count."""
        try:
            self._connect().close()
        except OSError:
            return False
        return True

    @property
    def _log_file(self) -> Path:
        return self._places.log_dir / "indexer.log"

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        with self._open(method, path, body) as stream:
            return self._understand(self._read(stream.read))

    def _understand(self, text: bytes) -> dict[str, Any]:
        """Return the object of an answer, or raise the error that it carries."""
        try:
            value = json.loads(text)
        except ValueError as error:
            # cut off in the middle.
            raise self._gone() from error
        _raise_if_error(value)
        return dict(value)

    def _open(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> BinaryIO:
        """Send a request and return the body of its answer, to be read and closed."""
        # ASCII: file names that are not UTF-8 travel as escaped surrogates.
        payload = b"" if body is None else json.dumps(body).encode("ascii")
        head = f"{method} {path} HTTP/1.0\r\nHost: kb\r\nContent-Length: {len(payload)}\r\n\r\n"
        try:
            connection = self._connect()
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise DaemonError("the indexer is not running", hint="run `kb indexer start`") from error
        except OSError as error:
            reason = error.strerror or error
            raise DaemonError(
                f"cannot reach the indexer at {self._places.indexer_socket}: {reason}"
            ) from error
        with connection:
            stream = connection.makefile("rb")
            try:
                self._read(lambda: connection.sendall(head.encode("ascii") + payload))
                while self._read(stream.readline).strip():
                    pass
            except BaseException:
                stream.close()
                raise
            return stream

    def _read(self, step: Any) -> Any:
        """Carry out one step on the connection, and say in a sentence what goes wrong with it."""
        try:
            return step()
        except TimeoutError as error:
            raise DaemonError(
                f"the indexer did not answer within {self._timeout_s:g} s", hint=f"see {self._log_file}"
            ) from error
        except OSError as error:
            raise self._gone() from error

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self._timeout_s)
            connection.connect(os.fspath(self._places.indexer_socket))
        except BaseException:
            connection.close()
            raise
        return connection

    def _gone(self) -> DaemonError:
        return DaemonError("the indexer went away in the middle of a request", hint=f"see {self._log_file}")

    def _is_locked(self) -> bool:
        """Tell whether a daemon still holds the lock of this home."""
        # deferred: only `kb indexer stop` asks.
        import fcntl

        try:
            descriptor = os.open(self._places.indexer_lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def connect(places: Places, *, start: bool = True) -> IndexerClient:
    """Return a client of the daemon, which is started if none answers.

    Args:
        places: The home the daemon serves.
        start: Whether a missing daemon is started.

    Raises:
        ConfigError: If the home cannot be made, or its path is too long for a socket.
        DaemonError: If no daemon runs and none can be started.
    """
    client = IndexerClient(places)
    if client.is_running():
        return client
    if not start:
        raise DaemonError("the indexer is not running", hint="run `kb indexer start`")
    places.create()
    _start_daemon(places, client)
    return client


def rebuild(places: Places) -> IndexerClient:
    """Have everything indexed anew: the daemon is ended, and one started that forgets all but the folders.

    Raises:
        ConfigError: If the home cannot be made, or its path is too long for a socket.
        DaemonError: If the daemon does not end, or none can be started.
    """
    client = IndexerClient(places)
    if client.is_running():
        client.stop()
    places.create()
    _start_daemon(places, client, "--rebuild")
    return client


def _start_daemon(places: Places, client: IndexerClient, *options: str) -> None:
    # deferred: a warm `kb search` starts nothing.
    from indexer.children import spawn_detached
    from indexer.config import IndexerSettings, load_settings

    # what is wrong with the config is said here, and not only in the log of a daemon that ends at once.
    load_settings(places.config_file, IndexerSettings)
    log_file = places.log_dir / "indexer.log"
    try:
        log_start = log_file.stat().st_size if log_file.exists() else 0
        pid = spawn_detached(
            "indexer",
            ["--background", "--home", str(places.home), "--config", str(places.config_file), *options],
            work_dir=places.work_dir,
            log_file=log_file,
        )
    except OSError as error:
        raise DaemonError(f"the indexer did not start: {log_file}: {error.strerror}") from error
    deadline = time.monotonic() + START_TIMEOUT_S
    pause_s = 0.02
    while not client.is_running():
        # when two first clients race, one of the daemons leaves: it does so when the other one answers.
        if _has_exited(pid) and not client.is_running():
            said = _last_line(log_file, log_start) or "it ended without a word"
            raise DaemonError(f"the indexer did not start: {said}", hint=f"see {log_file}")
        if time.monotonic() > deadline:
            raise DaemonError(
                f"the indexer did not answer within {START_TIMEOUT_S:.0f} s of its start",
                hint=f"see {log_file}",
            )
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.1)


def _has_exited(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _last_line(log_file: Path, start: int) -> str:
    """Return the last line written to a log after an offset, without the mark of an error."""
    with log_file.open("rb") as log:
        log.seek(start)
        lines = log.read().decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last.removeprefix("kb: error: ")


def _raise_if_error(value: Mapping[str, Any]) -> None:
    """Raise the error that an answer carries, as the class it was raised with."""
    described = value.get("error")
    if described is None:
        return
    kind = getattr(errors, described["kind"], None)
    if not (isinstance(kind, type) and issubclass(kind, KbError)):
        kind = IndexerError
    # not through `__init__`: some classes make their message from other arguments.
    error = kind.__new__(kind)
    KbError.__init__(error, described["message"], hint=described["hint"])
    raise error
