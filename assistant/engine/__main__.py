"""The engine's process: `python -m assistant.engine --model FILE`.

The socket answers before the model is loaded, so that clients can tell loading
from absence. A lock held for life makes the engine the only one of its home; an
engine that leaves takes its socket away first, so that the next one, which
waits for the lock, is never mistaken for it.
"""

import contextlib
import faulthandler
import fcntl
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from assistant.engine.gguf import check_magic, read_head
from assistant.engine.launch import EXIT_ANOTHER_RUNS, Launch, is_listening
from assistant.engine.loading import Loading
from assistant.engine.server.door import Door
from assistant.errors import ModelFileError
from indexer import logs
from indexer.errors import KbError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.engine.runner import LoadedModel

logger = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Serve until idle or told to leave; returns the exit code."""
    # a native crash writes its name to the log, where the client finds it.
    faulthandler.enable()
    places, launch = Launch.parse(arguments)
    try:
        places.create()
        logs.set_up(places.log_dir / "engine.log")
    except KbError as error:
        sys.stderr.write(f"kb: error: {error.message}\n")
        return 4
    lock = _take_lock(places)
    if lock is None:
        logger.info("engine.left reason=another")
        return EXIT_ANOTHER_RUNS
    with contextlib.closing(lock):
        logger.info("engine.started model=%s", launch.model.name)
        _serve(places, launch)
        logger.info("engine.left")
    return 0


def _serve(places: Places, launch: Launch) -> None:
    """Load the model, and import meanwhile all that the load does not need."""
    door = Door(places.engine_socket)
    with contextlib.suppress(Exception):
        # not within the load, where it takes turns with the server's import; what fails here fails there.
        import assistant.engine.llama  # noqa: F401
    loading = Loading(lambda on_progress: _load(places, launch, on_progress))
    try:
        # deferred: the model loads meanwhile.
        from assistant.engine.server.staying import serve

        serve(loading, door, launch)
    finally:
        # whatever went wrong: a model that still loads would keep the process.
        door.take_away()
        loading.call_off()


def _load(places: Places, launch: Launch, on_progress: Callable[[float], bool]) -> "LoadedModel":
    check_magic(launch.model)
    # deferred: a build of llama.cpp that cannot be imported is a model that cannot be loaded.
    from assistant.engine.llama import load_model

    try:
        return load_model(
            launch.model,
            context_tokens=launch.context_tokens,
            gpu_layers=launch.gpu_layers,
            threads=launch.threads or _physical_cores(),
            kv_type=launch.kv_type,
            batch_tokens=launch.batch_tokens,
            on_progress=on_progress,
            snapshot=places.prompt_state,
            draft=launch.draft,
            identity=launch.identity(),
        )
    except ModelFileError:
        # our own words for the commonest case, a download that was cut short; else llama.cpp's reason stands.
        read_head(launch.model)
        raise


def _physical_cores() -> int:
    """Count the cores that this process may use; two threads on one core slow each other down."""
    # deferred: not needed where the number is configured.
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def _take_lock(places: Places) -> BinaryIO | None:
    """Become the only engine of this home; waits for one that is leaving.

    Returns:
        The lock, held until it is closed; `None` if another engine serves.
    """
    lock = places.engine_lock.open("ab")
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if is_listening(places.engine_socket):
                lock.close()
                return None
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
