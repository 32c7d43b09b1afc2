"""Ending a daemon, also one that is still starting, or that does not listen any more."""

import os
import signal
import time

from indexer.children import family, kill
from indexer.client.connection import Connection
from indexer.client.holding import is_held, read_holder
from indexer.errors import DaemonError
from indexer.paths import Places

STOP_S = 10.0
"""How long a daemon may take to end by itself; it gives up sooner what it is at."""

ANSWER_S = 2.0
"""How long it may take to answer that it was asked to end."""

KILLED_S = 5.0
"""How long the system may take to end what was killed."""

LOOK_EVERY_S = 0.02


def stop(places: Places, *, stop_s: float = STOP_S) -> bool:
    """End the daemon of a home and return when it is gone.

    Args:
        places: The home.
        stop_s: After how long it is killed, with everything below it; what was written stays whole.

    Returns:
        Whether there was one.

    Raises:
        DaemonError: If it cannot be ended.
    """
    if not is_held(places):
        return False
    pid, _ = read_holder(places)
    deadline = time.monotonic() + stop_s
    try:
        Connection(places, timeout_s=min(ANSWER_S, stop_s)).call("POST", "/v1/stop", {})
    except DaemonError:
        # it has not begun to listen, has ended to, or hangs.
        _signal(pid)
    if _is_gone(places, pid, deadline):
        return True
    # children first listed: what is left of them could go on holding the vector store.
    kill(family(pid) if _is_daemon(pid) else [])
    if _is_gone(places, pid, time.monotonic() + KILLED_S):
        return True
    raise DaemonError(
        f"the indexer, pid {pid or 'unknown'}, does not end", hint=f"see {places.log_dir / 'indexer.log'}"
    )


def _is_gone(places: Places, pid: int, deadline: float) -> bool:
    """Wait until this daemon no longer holds the lock; another one may."""
    while is_held(places) and read_holder(places)[0] == pid:
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def _signal(pid: int) -> None:
    if _is_daemon(pid):
        os.kill(pid, signal.SIGTERM)


def _is_daemon(pid: int) -> bool:
    """Tell whether a process looks like a daemon; the holder of a lock may live in another container."""
    # deferred: only a daemon that does not answer is looked at.
    import psutil

    try:
        return bool(pid) and "indexer" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
