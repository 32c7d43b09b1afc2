"""Vectors of the stretches of a chunk, so that one good sentence is not lost in a long passage.

While a chunk is embedded its tokens have vectors too, each already coloured by
the whole chunk. Their means over stretches of `WINDOW_TOKENS` cost nothing more
to compute, and the best of them tells how well any one place of the chunk
answers a question. Only directions matter, and 4 bits a number rank as well as
32, so a window takes `dim / 2` bytes. Late chunking after Günther et al., 2024,
https://doi.org/10.48550/arXiv.2409.04701; the best place of a passage as its
score after Khattab and Zaharia, "ColBERT", SIGIR 2020,
https://doi.org/10.1145/3397271.3401075.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.types import Vectors

WINDOW_TOKENS = 24
"""Length of a window; 16 to 48 rank alike."""

_CLIPPED_AT = 3.0
"""Standard deviations beyond which a number is cut off, so that the others keep their resolution."""

_LARGEST = 7
"""Of 4 bits with a sign; what is stored is this much higher, 0 to 14."""


def pack_windows(rows: npt.ArrayLike) -> bytes:
    """Pack the windows of one chunk.

    Args:
        rows: `(windows, dim)`, of any length; `dim` is even.

    Returns:
        `windows * dim / 2` bytes.
    """
    numbers = np.asarray(rows, np.float32)
    step = _CLIPPED_AT * numbers.std(axis=1, keepdims=True) / _LARGEST
    levels = np.clip(np.round(numbers / np.where(step > 0, step, 1)), -_LARGEST, _LARGEST)
    halves = (levels + _LARGEST).astype(np.uint8)
    return (halves[:, 0::2] << 4 | halves[:, 1::2]).tobytes()


def best_windows(packed: Sequence[bytes], query: Vectors) -> list[float]:
    """Return the cosine similarity of the best window of each chunk.

    Args:
        packed: What `pack_windows` returned for each chunk, none of them empty.
        query: Vector of the query, `(dim,)`, of length 1.
    """
    if not packed:
        return []
    width = len(query) // 2
    counts = [len(windows) // width for windows in packed]
    halves = np.frombuffer(b"".join(packed), np.uint8).reshape(-1, width)
    high = (halves >> 4).astype(np.float32) - _LARGEST
    low = (halves & 15).astype(np.float32) - _LARGEST
    lengths = np.sqrt(np.einsum("ij,ij->i", high, high) + np.einsum("ij,ij->i", low, low))
    similarity = (high @ query[0::2] + low @ query[1::2]) / np.maximum(lengths, 1)
    starts = np.concatenate(([0], np.cumsum(counts[:-1], dtype=np.intp)))
    return [float(best) for best in np.maximum.reduceat(similarity, starts)]
