"""Blocking work beside the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run blocking work in a thread of its own, and return or raise what it does.

    Unlike those of `asyncio.to_thread`, the thread does not keep the app from ending. When the
    caller is cancelled, what comes of the work is dropped.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[], None]) -> None:
        if not future.cancelled():
            how()

    def run() -> None:
        try:
            how = partial(future.set_result, work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - raised where the work is waited for
            how = partial(future.set_exception, error)
        # the loop is gone when the app has ended.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, how)

    threading.Thread(target=run, name=getattr(work, "__name__", "work"), daemon=True).start()
    return await future
