"""Names of quantisations; pure."""

from collections import Counter
from collections.abc import Iterable

from assistant.engine.gguf import Tensor

_GUESSED = 1024
"""The bit with which llama.cpp marks a file type that it guessed."""

_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL",
    26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0",
    37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0",
}  # fmt: skip
"""llama.cpp's numbers for the recipes of quantisation."""

_TENSOR_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K",
    11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
    19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 28: "F64", 29: "IQ1_M", 30: "BF16",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0", 42: "Q2_0",
}  # fmt: skip
"""ggml's numbers for types of tensors."""


def quantisation_name(file_type: object, tensors: Iterable[Tensor]) -> str:
    """Name the quantisation of a model: "Q4_K_M".

    Args:
        file_type: What the metadata says; anything else than a number that is known counts nothing.
        tensors: The type that most bytes have is the name where the metadata has none.

    Returns:
        Empty if there is nothing to tell it by.
    """
    if isinstance(file_type, int) and not file_type & _GUESSED and (name := _FILE_TYPES.get(file_type)):
        return name
    taken: Counter[int] = Counter()
    for tensor in tensors:
        taken[tensor.kind] += tensor.size_bytes
    for kind, size in taken.most_common():
        if size and kind in _TENSOR_TYPES:
            return _TENSOR_TYPES[kind]
    return ""
