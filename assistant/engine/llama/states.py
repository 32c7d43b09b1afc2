"""What a model makes of a prompt, copied out of a context and put back into it."""

import ctypes
import mmap
from dataclasses import dataclass
from typing import Any

from assistant.engine.llama.bindings import llama

WHOLE = 0
PARTIAL = llama.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
"""Only what cannot be cut back: sliding windows and recurrent states."""

Copy = mmap.mmap
"""Memory of its own, which the system has back as soon as it is dropped."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The part of a state that cannot be cut back, as it was behind the first tokens."""

    length: int
    """Tokens before it."""

    lowest: int
    """Lowest position that it still holds."""

    data: Copy


def take_memory(size: int) -> Copy:
    """Take so many bytes, at least 1; each is only really taken once something is written there."""
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def size_of(context: Any, flags: int = WHOLE) -> int:
    """Return the bytes that `copy_out` takes."""
    return int(llama.llama_state_seq_get_size_ext(context, 0, flags))


def copy_out(context: Any, flags: int = WHOLE) -> Copy | None:
    """Copy the state of a context's sequence; `None` if llama.cpp fails."""
    size = size_of(context, flags)
    if not size:
        return None
    data = take_memory(size)
    written = llama.llama_state_seq_get_data_ext(context, _bytes_of(data), size, 0, flags)
    return data if written == size else None


def copy_in(context: Any, data: Copy, flags: int = WHOLE) -> bool:
    """Put a state back; says whether that worked."""
    return bool(llama.llama_state_seq_set_data_ext(context, _bytes_of(data), len(data), 0, flags))


def _bytes_of(data: Copy) -> Any:
    return (ctypes.c_uint8 * len(data)).from_buffer(data)
