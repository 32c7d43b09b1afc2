"""Asking daemon and engine how they are, over and over, in a thread.

A daemon that went away is started again from here, so that the app heals by itself.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.tui.backend import Backend
from assistant.tui.state import EngineState, IndexState
from indexer.errors import KbError

if TYPE_CHECKING:
    from indexer.client import IndexerClient

PAUSE_S = 1.0
"""Between two looks while nothing goes on."""

BUSY_PAUSE_S = 0.25
"""Between two looks while something moves."""

AFTER_ERROR_S = 2.0
"""After a daemon that does not answer, before it is tried again."""


class Watching:
    """Looks at daemon and engine until it is stopped.

    Args:
        backend: Where they are.
        tell_index: Told how the daemon is whenever that was looked at; called in the thread.
        tell_engine: Told how the engine is; called in the thread.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        tell_index: Callable[[IndexState], None],
        tell_engine: Callable[[EngineState], None],
    ) -> None:
        self._backend = backend
        self._tell_index = tell_index
        self._tell_engine = tell_engine
        self._stopped = threading.Event()
        self._wishes = (threading.Event(), threading.Event())

    def start(self) -> None:
        """Begin to look, each at its own pace: one that hangs does not hide the other."""
        for target, wish in zip((self._watch_index, self._watch_engine), self._wishes, strict=True):
            threading.Thread(target=target, args=(wish,), name=target.__name__, daemon=True).start()

    def look_now(self) -> None:
        """Do not wait for the next look."""
        for wish in self._wishes:
            wish.set()

    def stop(self) -> None:
        """End; does not wait for a look that is under way."""
        self._stopped.set()
        self.look_now()

    def _watch_index(self, wish: threading.Event) -> None:
        client: IndexerClient | None = None
        said: dict[str, object] = {}
        while not self._stopped.is_set():
            try:
                if client is None:
                    client = self._backend.index()
                said = client.status()
            except KbError as error:
                client = None
                state, pause_s = IndexState(said=said, error=error.message), AFTER_ERROR_S
            else:
                state = IndexState(said=said)
                pause_s = PAUSE_S if state.said["progress"]["is_idle"] else BUSY_PAUSE_S
            if self._stopped.is_set():
                return
            self._tell_index(state)
            wish.wait(pause_s)
            wish.clear()

    def _watch_engine(self, wish: threading.Event) -> None:
        while not self._stopped.is_set():
            state = engine_state(self._backend)
            if self._stopped.is_set():
                return
            self._tell_engine(state)
            wish.wait(BUSY_PAUSE_S if state.kind == "loading" else PAUSE_S)
            wish.clear()


def engine_state(backend: Backend) -> EngineState:
    """Look how the engine is; never starts one."""
    if backend.settings.model.url:
        return _server_state(backend)
    if not backend.has_model:
        return EngineState(kind="none")
    said = backend.engine_status()
    if said is None:
        return EngineState(kind="asleep", model=backend.model_name)
    name = str(said.get("name") or said["model"]).rpartition("/")[2]
    if said["state"] == "loading":
        return EngineState(kind="loading", model=name, share=float(said["progress"]), said=said)
    if "error" in said:
        return EngineState(kind="failed", model=name, error=said["error"]["message"], said=said)
    return EngineState(kind="ready", model=name, said=said)


def _server_state(backend: Backend) -> EngineState:
    # deferred: most people have no server.
    from assistant.engine.remote.address import is_surely_here, read_address

    url = backend.settings.model.url
    try:
        is_remote = not is_surely_here(read_address(url))
    except KbError as error:
        return EngineState(kind="failed", model=url, error=error.message)
    return EngineState(kind="server", model=backend.model_name, is_remote=is_remote)
