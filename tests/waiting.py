"""Waiting in tests for what happens in another process or thread."""

import time
from collections.abc import Callable

PATIENCE_S = 200.0
"""What takes longer never happens, even where many processes share few cores."""


def wait_until(is_true: Callable[[], bool], *, what: str, pause_s: float = 0.02) -> None:
    """Wait until something holds, and fail if it never does.

    Args:
        is_true: Asked again and again.
        what: What is waited for, as a clause.
        pause_s: How long to wait between two times.
    """
    end = time.monotonic() + PATIENCE_S
    while not is_true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(pause_s)
