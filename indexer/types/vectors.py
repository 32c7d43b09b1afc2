"""What an embedding model makes of texts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    # types only: the faces import this module, and numpy costs them 60 ms.
    import numpy as np
    import numpy.typing as npt

Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""Embeddings: `(dim,)` for one, `(n, dim)` for a batch, float32, L2-normalised."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What an embedding model makes of texts."""

    vectors: Vectors
    """One row per text."""

    windows: tuple[bytes, ...] = ()
    """Per text, what `indexer.windows` packs; empty where the model has none."""
