"""A load that is begun before whoever needs what is loaded is there.

Nearly all of it is native work, beside which Python can import the server.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

LoadedT = TypeVar("LoadedT")

_TURN_S = 1e-4
"""How long whoever loads waits for Python.

llama.cpp tells thousands of lines as it loads. At each it would wait for 5 ms while Python imports something.
"""


class Loading(Generic[LoadedT]):
    """Loads in a thread of its own, from now on.

    Args:
        load: Is given a function that takes the loaded share, 0 to 1, and says whether to go on.
    """

    def __init__(self, load: Callable[[Callable[[float], bool]], LoadedT]) -> None:
        self._load = load
        self._on_progress: Callable[[float], bool] = lambda _: True
        self._loaded: list[LoadedT] = []
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="load")
        self.began = time.perf_counter()
        self._thread.start()

    def finish(self, on_progress: Callable[[float], bool]) -> LoadedT:
        """Wait for what is loaded.

        Args:
            on_progress: Is told the loaded share from now on, and says whether to go on.

        Raises:
            Exception: Whatever `load` raised.
        """
        self._on_progress = on_progress
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._loaded[0]

    def call_off(self) -> None:
        """Let it not go on; what is loaded already stays so."""
        self._on_progress = lambda _: False

    def _run(self) -> None:
        turn_s = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)
        try:
            self._loaded.append(self._load(self._report))
        # it is raised again for whoever finishes.
        except Exception as error:  # noqa: BLE001
            self._failure = error
        finally:
            sys.setswitchinterval(turn_s)

    def _report(self, share: float) -> bool:
        return self._on_progress(share)
