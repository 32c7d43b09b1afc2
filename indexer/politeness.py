"""Letting a process stand back behind others; what the system refuses is done without."""

import contextlib
import os
import sys

import psutil

LOWEST_BEST_EFFORT = 7


def stand_back(pid: int, *, nice: int, io_priority: str) -> None:
    """Lower the priority of a process that was just started, and of the threads that it will start.

    Args:
        pid: The process.
        nice: How far behind our own priority.
        io_priority: "idle", "low" or "normal"; only Linux knows such a thing.
    """
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if nice:
            process.nice(min(19, os.nice(0) + nice))
        if sys.platform == "linux":
            if io_priority == "idle":
                process.ionice(psutil.IOPRIO_CLASS_IDLE)
            elif io_priority == "low":
                process.ionice(psutil.IOPRIO_CLASS_BE, LOWEST_BEST_EFFORT)
