"""How long the engine stays: it serves until it is idle, is told to leave, or is of no use."""

import asyncio
import logging
import os
import signal
import time

from assistant.engine.launch import Launch
from assistant.engine.loading import Loading
from assistant.engine.runner import LoadedModel, Runner
from assistant.engine.server.api import Api
from assistant.engine.server.door import Door
from assistant.engine.server.serving import Server

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


def serve(loading: Loading[LoadedModel], door: Door, launch: Launch) -> None:
    """Answer with the model that is being loaded until nobody needs the engine any more."""
    asyncio.run(_serve(loading, door, launch))


async def _serve(loading: Loading[LoadedModel], door: Door, launch: Launch) -> None:
    runner = Runner(loading.finish, began=loading.began)
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


async def _leave_in_time(runner: Runner, api: Api, door: Door, *, keep_alive_s: int) -> None:
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
