"""How long the stages of one search take."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

GivenT = ParamSpec("GivenT")
MadeT = TypeVar("MadeT")


class Clock:
    """Adds up what each stage takes; stages may run side by side, each in a thread of its own."""

    def __init__(self) -> None:
        self.spent_ms: dict[str, float] = {}

    def timed(
        self, stage: str, step: Callable[GivenT, MadeT], *given: GivenT.args, **named: GivenT.kwargs
    ) -> MadeT:
        """Carry out a step of a stage, and return what it returns."""
        started = time.perf_counter()
        try:
            return step(*given, **named)
        finally:
            took_ms = (time.perf_counter() - started) * 1000
            self.spent_ms[stage] = self.spent_ms.get(stage, 0.0) + took_ms
