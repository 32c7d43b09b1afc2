"""What ended an engine, as far as its log and the system tell."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TAIL_BYTES = 65_536
_ANEW = "ask again, which starts it anew"
_WHAT_FITS = f"{_ANEW} with what fits by then"
_SMALLER = f"{_ANEW}; if it happens again, take a smaller model or set [model] context_tokens lower"

_NO_GPU_MEMORY = re.compile(
    r"CUDA error: out of memory|cudaMalloc failed: out of memory|OutOfDeviceMemory"
    r"|failed to allocate Metal buffer|kIOGPUCommandBufferCallbackErrorOutOfMemory"
)
_NO_MEMORY = re.compile(r"bad_alloc|MemoryError|Cannot allocate memory")
_OTHERS = (
    re.compile(r"((?:CUDA|ROCm|MUSA) error: [^\"\n]+)"),
    re.compile(r"(GGML_ASSERT\(.*\) failed)"),
    re.compile(r"Fatal Python error: (.+)"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an engine ended."""

    reason: str = ""
    """What is known of it, to stand behind a colon; empty if nothing is."""

    hint: str = _ANEW
    is_orderly: bool = False
    """Whether it left by itself, as it does when it is idle."""

    def after(self, what: str) -> str:
        """Put the reason behind what happened."""
        return f"{what}: {self.reason}" if self.reason else what


def find_ending(log: Path, pid: int, *, was_memory_short: bool = False) -> Ending:
    """Say what ended an engine.

    Args:
        log: The engines' log.
        pid: Its process; 0 for the last one that was started.
        was_memory_short: Whether the system ended a process for want of memory since it was asked.
    """
    last_run = _last_run(log, pid)
    if last_run is None:
        return Ending()
    if re.search(r" engine\.(?:left|killed)\b", last_run):
        return Ending(is_orderly=True)
    # what did not keep the model from being loaded is not what it ended of.
    if last_words := _last_words(last_run.rpartition(" model.ready ")[2]):
        return last_words
    # nothing else leaves a process no time for a last word.
    if was_memory_short:
        return Ending("the system killed it because memory ran out", _SMALLER)
    return Ending("it was killed from outside")


def memory_kills(file: Path = Path("/proc/vmstat")) -> int:
    """Count the processes that the system has ended for want of memory; 0 where it does not say."""
    try:
        found = re.search(r"^oom_kill (\d+)$", file.read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def memory_watch(count: Callable[[], int] = memory_kills) -> Callable[[], bool]:
    """Return what says whether the system has ended a process for want of memory since now."""
    before = count()
    return lambda: count() > before


def _last_words(last_run: str) -> Ending | None:
    """Return what a process itself had to say."""
    if _NO_GPU_MEMORY.search(last_run):
        return Ending("the GPU has no memory left, which other programs may have taken", _WHAT_FITS)
    if _NO_MEMORY.search(last_run):
        return Ending("there was no memory left", _SMALLER)
    found = next(filter(None, (pattern.search(last_run) for pattern in _OTHERS)), None)
    return Ending(found[1]) if found else None


def _last_run(log: Path, pid: int) -> str | None:
    """Return what stands in the log since an engine was started; `None` if its start is not to be found."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES))
            tail = stream.read().decode("utf-8", "replace")
    except OSError:
        return None
    _, found, last_run = tail.rpartition(f" pid={pid} engine.started" if pid else " engine.started")
    return last_run if found else None
