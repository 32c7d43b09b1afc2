"""What llama.cpp says: warnings and errors go to our log, and what is asked for is collected."""

import contextlib
import ctypes
import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.engine.llama.bindings import llama

logger = logging.getLogger(__name__)

_WARN, _ERROR, _CONTINUED = 3, 4, 5

_MIB = 1024**2
_BUFFER = re.compile(r"(\S+) +(model|KV|RS|compute|output) buffer size = +([\d.]+) MiB")
_CACHE = re.compile(r": size = +([\d.]+) MiB \(")
_OUT_OF_MEMORY = re.compile(
    r"out of (device )?memory|(un|fail\w* to )(able to )?alloc|bad_alloc|cudaMalloc", re.IGNORECASE
)


class Log:
    """What llama.cpp says: warnings and errors go to our log, and what is asked for is collected.

    llama-cpp-python's own callback reads the levels wrongly: it prints warnings and hides errors.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[int, str]] | None = None
        self._level = 0
        # kept alive: llama.cpp goes on calling it.
        self._callback = llama.llama_log_callback(self._receive)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _receive(self, level: int, text: bytes, _: Any) -> None:
        line = text.decode("utf-8", "replace").rstrip("\n")
        with self._lock:
            level = self._level if level == _CONTINUED else level
            self._level = level
            if self._kept is not None:
                self._kept.append((level, line))
        if level >= _WARN and line.strip(". "):
            logger.log(logging.WARNING if level == _WARN else logging.ERROR, "llama_cpp said=%s", line)

    @contextlib.contextmanager
    def collect(self) -> Iterator[list[tuple[int, str]]]:
        """Collect (level, line) pairs for as long as the context lasts."""
        kept: list[tuple[int, str]] = []
        with self._lock:
            self._kept = kept
        try:
            yield kept
        finally:
            with self._lock:
                self._kept = None


def failure_reason(lines: Sequence[tuple[int, str]]) -> str:
    """Find in llama.cpp's log why something failed; the first error is the cause of the others."""
    for level, line in lines:
        if level >= _ERROR and line.strip():
            # "function: error loading model: what happened" → "what happened"
            return re.sub(r"^(?:\w+: |error loading model[^:]*: )+", "", line).strip()
    return "it gives no reason"


def offloaded_layers(lines: Sequence[tuple[int, str]]) -> tuple[int, int] | None:
    """Read (layers on the GPU, layers in all) from the log of a load."""
    for _, line in lines:
        if match := re.search(r"offloaded (\d+)/(\d+) layers to GPU", line):
            return int(match[1]), int(match[2])
    return None


def is_out_of_memory(lines: Sequence[tuple[int, str]]) -> bool:
    """Say whether something failed for want of memory."""
    return any(level >= _WARN and _OUT_OF_MEMORY.search(line) for level, line in lines)


@dataclass(frozen=True, slots=True)
class Buffers:
    """What llama.cpp has taken of which memory, to a hundredth of a MiB."""

    sizes: Mapping[tuple[str, str], int]
    """By the buffer's name ("CUDA0", "CUDA_Host", "CPU_Mapped") and what it holds ("model", "KV" …)."""

    cache_bytes: int
    """What is kept of tokens, wherever it stands; also where nothing is really taken."""

    def of_gpus(self, kind: str = "") -> int:
        """Return what is taken of the GPUs, for one kind of contents or all."""
        return sum(
            size
            for (name, held), size in self.sizes.items()
            if kind in ("", held) and not name.startswith("CPU") and not name.endswith("_Host")
        )

    def of_kind(self, kind: str) -> int:
        """Return what is taken for one kind of contents, wherever it stands."""
        return sum(size for (_, held), size in self.sizes.items() if held == kind)


def read_buffers(lines: Sequence[tuple[int, str]]) -> Buffers:
    """Read what was taken off the log of a load."""
    sizes: dict[tuple[str, str], int] = {}
    cache = 0.0
    for _, line in lines:
        if match := _BUFFER.search(line):
            place = match[1], match[2]
            sizes[place] = sizes.get(place, 0) + int(float(match[3]) * _MIB)
        elif match := _CACHE.search(line):
            cache += float(match[1]) * _MIB
    return Buffers(sizes, int(cache))
