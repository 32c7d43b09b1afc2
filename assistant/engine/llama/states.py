"""What a model makes of a prompt, copied out of a context and put back into it."""

import ctypes
from dataclasses import dataclass
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt

WHOLE = 0
PARTIAL = llama.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
"""Only what cannot be cut back: sliding windows and recurrent states."""

Copy = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The part of a state that cannot be cut back, as it was behind the first tokens."""

    length: int
    """Tokens before it."""

    lowest: int
    """Lowest position that it still holds."""

    data: Copy


def size_of(context: Any, flags: int = WHOLE) -> int:
    """Return the bytes that `copy_out` takes."""
    return int(llama.llama_state_seq_get_size_ext(context, 0, flags))


def copy_out(context: Any, flags: int = WHOLE) -> Copy | None:
    """Copy the state of a context's sequence; `None` if llama.cpp fails."""
    size = size_of(context, flags)
    data = np.empty(size, np.uint8)
    written = llama.llama_state_seq_get_data_ext(context, _pointer(data), size, 0, flags)
    return data if size and written == size else None


def copy_in(context: Any, data: Copy, flags: int = WHOLE) -> bool:
    """Put a state back; says whether that worked."""
    return bool(llama.llama_state_seq_set_data_ext(context, _pointer(data), data.size, 0, flags))


def _pointer(data: Copy) -> Any:
    return data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
