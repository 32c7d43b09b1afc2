"""The engine's process: `python -m assistant.engine --model FILE`.

The socket answers before the model is loaded, so that clients can tell loading
from absence. A lock held for life makes the engine the only one of its home; an
engine that leaves takes its socket away first, so that the next one, which
waits for the lock, is never mistaken for it.
"""

import asyncio
import contextlib
import faulthandler
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from assistant.engine.gguf import check_magic, read_head
from assistant.engine.launch import EXIT_ANOTHER_RUNS, Launch, is_listening
from assistant.engine.runner import LoadedModel, Runner
from assistant.engine.server.door import Door
from assistant.errors import ModelFileError
from indexer import logs
from indexer.errors import KbError
from indexer.paths import Places

if TYPE_CHECKING:
    from assistant.engine.server.api import Api

logger = logging.getLogger(__name__)

FIRST_QUESTION_S = 60
"""An engine that nobody has asked yet waits at least so long."""

STOP_S = 30.0
"""A model that has not let go after so long is left to the operating system."""

FAILURE_SHOWN_S = 3.0
"""An engine whose model did not load tells why for so long."""

ANSWER_READ_S = 30.0
"""How long an engine that leaves by itself waits for clients that have not read everything."""

LOOK_S = 0.5
"""How often it is looked whether to leave."""


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
        asyncio.run(_serve(places, launch))
        logger.info("engine.left")
    return 0


async def _serve(places: Places, launch: Launch) -> None:
    runner = Runner(lambda on_progress: _load(places, launch, on_progress))
    door = Door(places.engine_socket)
    runner.start()
    try:
        await _answer(runner, door, launch)
    finally:
        # whatever went wrong: a thread that waits for questions would keep the process for ever.
        door.take_away()
        try:
            await asyncio.wait_for(asyncio.to_thread(runner.stop), STOP_S)
        except TimeoutError:
            # a hung driver must not keep the lock, and the memory of the GPU, for ever.
            logger.error("engine.killed reason=stuck")
            os._exit(1)


async def _answer(runner: Runner, door: Door, launch: Launch) -> None:
    """Answer until nobody needs the engine any more."""
    # deferred: the model loads meanwhile.
    from assistant.engine.server.api import Api
    from assistant.engine.server.serving import Server

    def leave(within_s: float) -> None:
        door.take_away()
        server.end(within_s=within_s)

    api = Api(runner, model_file=launch.model, identity=launch.identity(), leave=leave)
    server = Server(api.app)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, api.leave_now)
    watching = asyncio.create_task(_leave_in_time(runner, api, door, keep_alive_s=launch.keep_alive_s))
    warming_up = asyncio.create_task(api.warm_up())
    try:
        await server.serve(sockets=[door.listener])
    finally:
        watching.cancel()
        warming_up.cancel()


async def _leave_in_time(runner: Runner, api: "Api", door: Door, *, keep_alive_s: int) -> None:
    """Leave once nobody has asked for long enough, or nobody can, or asking is of no use."""
    await runner.settled.wait()
    if runner.failure:
        await asyncio.sleep(FAILURE_SHOWN_S)
        api.leave(ANSWER_READ_S)
        return
    while (reason := _reason_to_leave(runner, door, keep_alive_s)) is None:
        await asyncio.sleep(LOOK_S)
    logger.info("engine.leaving reason=%s", reason)
    api.leave(ANSWER_READ_S)


def _reason_to_leave(runner: Runner, door: Door, keep_alive_s: int) -> str | None:
    if runner.is_busy:
        return None
    if runner.is_unfit:
        # whatever took the memory or broke the driver, the next engine plans anew.
        return "failed"
    if not door.is_there():
        return "no_door"
    patience_s = keep_alive_s if runner.answers else max(keep_alive_s, FIRST_QUESTION_S)
    return "idle" if runner.last_used + patience_s <= time.monotonic() else None


def _load(places: Places, launch: Launch, on_progress: Callable[[float], bool]) -> LoadedModel:
    check_magic(launch.model)
    # deferred: this runs beside the import of the server.
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
