"""Starting an engine's process, and telling whether one has ended."""

import contextlib
import os
import time

from assistant.engine.client.endings import find_ending
from assistant.engine.launch import Launch, is_listening
from assistant.errors import EngineUnavailableError
from indexer.children import spawn_detached
from indexer.paths import Places

_HANDOVER_S = 660.0
"""How long an engine that is leaving may take: it writes the answers it has begun, and frees its model."""


def start_engine(places: Places, launch: Launch) -> None:
    """Start an engine; returns as soon as one can be talked to, ours or one that was started beside it.

    Raises:
        EngineUnavailableError: If it ends at once or never answers.
    """
    places.create()
    log = places.log_dir / "engine.log"
    hint = f"its log is {log}"
    try:
        pid = spawn_detached(
            "assistant.engine", launch.arguments(places), work_dir=places.work_dir, log_file=log
        )
    except OSError as error:
        raise EngineUnavailableError(f"cannot start the engine: {error.strerror}") from error
    end = time.monotonic() + _HANDOVER_S
    while not is_listening(places.engine_socket):
        if has_ended(pid) and not is_listening(places.engine_socket):
            what = find_ending(log, pid).after("the engine ended as it started")
            raise EngineUnavailableError(what, hint=hint)
        if time.monotonic() > end:
            raise EngineUnavailableError("the engine does not answer", hint=hint)
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    """Say whether a process is gone; one of our own children is also reaped."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        with contextlib.suppress(PermissionError):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
    return False
