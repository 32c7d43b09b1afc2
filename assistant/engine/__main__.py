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
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import uvicorn

from assistant.engine.gguf import check_magic, read_head
from assistant.engine.launch import EXIT_ANOTHER_RUNS, Launch, is_listening
from assistant.engine.runner import LoadedModel, Runner
from assistant.errors import ModelFileError
from indexer import logs
from indexer.errors import KbError
from indexer.paths import Places

logger = logging.getLogger(__name__)

FIRST_QUESTION_S = 60
"""An engine that nobody has asked yet waits at least so long."""

STOP_S = 30.0
"""A model that has not let go after so long is left to the operating system."""

FAILURE_SHOWN_S = 3.0
"""An engine whose model did not load tells why for so long."""


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
    runner = Runner(lambda on_progress: _load(launch, on_progress))
    with _listen(places.engine_socket) as listener:
        runner.start()
        # deferred: the model loads meanwhile.
        from assistant.engine.server import Api

        def leave() -> None:
            places.engine_socket.unlink(missing_ok=True)
            server.should_exit = True

        api = Api(runner, model_file=launch.model, identity=launch.identity(), leave=leave)
        server = _Server(
            uvicorn.Config(
                api.app,
                loop="asyncio",
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
            )
        )

        def leave_now() -> None:
            api.is_leaving = True
            runner.give_up()
            leave()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, leave_now)
        idle = asyncio.create_task(_leave_when_idle(runner, launch.keep_alive_s, leave))
        try:
            await server.serve(sockets=[listener])
        finally:
            idle.cancel()
            places.engine_socket.unlink(missing_ok=True)
    try:
        await asyncio.wait_for(asyncio.to_thread(runner.stop), STOP_S)
    except TimeoutError:
        # a hung driver must not keep the lock, and the memory of the GPU, for ever.
        logger.error("engine.killed reason=stuck")
        os._exit(1)


class _Server(uvicorn.Server):
    """A server that leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing; uvicorn's own would end the process before the model is freed."""
        yield


async def _leave_when_idle(runner: Runner, keep_alive_s: int, leave: Callable[[], None]) -> None:
    """Call `leave` once nobody has asked for long enough, or the model has failed to load."""
    await runner.settled.wait()
    if runner.failure:
        await asyncio.sleep(FAILURE_SHOWN_S)
        leave()
        return
    while True:
        patience_s = keep_alive_s if runner.answers else max(keep_alive_s, FIRST_QUESTION_S)
        left_s = 0.0 if runner.is_busy else runner.last_used + patience_s - time.monotonic()
        if left_s <= 0 and not runner.is_busy:
            leave()
            return
        await asyncio.sleep(min(max(left_s, 0.05), 1.0))


def _load(launch: Launch, on_progress: Callable[[float], bool]) -> LoadedModel:
    check_magic(launch.model)
    # deferred: this runs beside the import of the server.
    from assistant.engine.llama import load_model

    try:
        return load_model(
            launch.model,
            context_tokens=launch.context_tokens,
            gpu_layers=launch.gpu_layers,
            threads=launch.threads or _physical_cores(),
            on_progress=on_progress,
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


def _listen(path: Path) -> socket.socket:
    """Listen on a Unix socket that only its owner may open; the lock is ours, so an old one is stale."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(64)
    return listener


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
