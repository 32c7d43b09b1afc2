"""Starting the daemon that a client needs."""

import os
import time
from pathlib import Path

from indexer.client.holding import read_holder
from indexer.client.requests import IndexerClient
from indexer.errors import DaemonError, KbError
from indexer.paths import Places
from indexer.release import RELEASE, Release

START_TIMEOUT_S = 30.0
"""How long a daemon may take until its socket answers."""


def connect(places: Places, *, start: bool = True, release: Release = RELEASE) -> IndexerClient:
    """Return a client of the daemon, which is started if none answers, and replaced if it is of an older kb.

    Args:
        places: The home the daemon serves.
        start: Whether a missing daemon is started, or an older one replaced.
        release: What this client is of.

    Raises:
        ConfigError: If the home cannot be made, its path is too long for a socket, or the config is wrong.
        DaemonError: If no daemon runs and none can be started, or it is of a newer kb that
            this one cannot talk to.
    """
    client = IndexerClient(places)
    if client.is_running():
        if not (start and _is_outdated(places, client, release)):
            return client
        _check_config(places)
        client.stop()
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
    client.stop()
    places.create()
    _start_daemon(places, client, "--rebuild")
    return client


def _is_outdated(places: Places, client: IndexerClient, release: Release) -> bool:
    """Tell whether the daemon that listens is of an older kb than we are.

    It costs one small file: its lock says of which release it is.
    """
    _, running = read_holder(places)
    if running == release:
        return False
    if running is None:
        try:
            said = client.status()
        except KbError:
            # whatever that is, it is not for us to end.
            return False
        running = Release(said["version"], said.get("api", 0))
    if release.is_newer_than(running):
        return True
    if release.api != running.api:
        raise DaemonError(
            f"the indexer that runs is of kb {running.version}, which kb {release.version} cannot talk to",
            hint="use the newer kb, or run `kb indexer restart` to go back to this one",
        )
    return False


def _check_config(places: Places) -> None:
    # deferred: a warm `kb search` starts nothing.
    from indexer.config import IndexerSettings, load_settings

    load_settings(places.config_file, IndexerSettings)


def _start_daemon(places: Places, client: IndexerClient, *options: str) -> None:
    # deferred: a warm `kb search` starts nothing.
    from indexer.children import spawn_detached

    # what is wrong with the config is said here, and not only in the log of a daemon that ends at once.
    _check_config(places)
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
