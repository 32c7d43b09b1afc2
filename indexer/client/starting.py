"""Starting the daemon that a client needs."""

import os
import time
from pathlib import Path

from indexer.client.requests import IndexerClient
from indexer.errors import DaemonError
from indexer.paths import Places

START_TIMEOUT_S = 30.0
"""How long a daemon may take until its socket answers."""


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
            ["--home", str(places.home), "--config", str(places.config_file), *options],
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
