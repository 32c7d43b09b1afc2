"""Tiny GGUF models with random weights in the shape of every architecture that people bring.

`table` says what a real model of each shape writes into its file, in small; which tensors
that makes is asked of llama.cpp itself, so that a newer llama.cpp that wants
another tensor gets it. Weights are random, the same on every machine, and scaled so that
the model babbles lower-case words and never ends an answer by itself.
"""

from tests.models.shapes.dialects import DIALECTS
from tests.models.shapes.shape import Shape
from tests.models.shapes.table import SHAPES
from tests.models.shapes.writing import write_shape

__all__ = ["DIALECTS", "SHAPES", "Shape", "write_shape"]
