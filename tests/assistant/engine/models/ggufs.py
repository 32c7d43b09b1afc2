"""GGUF files that hold a head and no weights, and damaged ones; written without any library."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WORDS = {"tokenizer.ggml.model": "gpt2"}
"""What tells a language model from what makes images."""


def write_head(
    path: Path,
    metadata: Mapping[str, Any],
    tensors: Mapping[str, tuple[int, Sequence[int]]] | None = None,
) -> Path:
    """Write a GGUF whose head says what is wanted, with a hole in the place of its weights.

    Args:
        path: Where it goes; folders are made.
        metadata: Texts, whole numbers, truth values and lists of texts or numbers.
        tensors: ggml's number of the type and the shape, by name.
    """
    tensors = {"token_embd.weight": (1, (64, 32))} if tensors is None else tensors
    data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        data += _text(key) + _value(value)
    sizes = {0: 4.0, 1: 2.0, 8: 34 / 32, 12: 144 / 256, 14: 210 / 256, 39: 17 / 32}
    offset = 0
    for name, (kind, shape) in tensors.items():
        data += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        data += struct.pack("<IQ", kind, offset)
        count = 1
        for side in shape:
            count *= side
        offset += -(-int(count * sizes[kind]) // 32) * 32
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        # a hole: a model of many gigabytes takes none of the disk.
        file.truncate(-(-len(data) // 32) * 32 + offset)
    return path


def with_number(source: Path, target: Path, key: str, value: int) -> Path:
    """Copy a GGUF with another 32-bit number under one of its keys."""
    data = source.read_bytes()
    spelled = key.encode()
    at = data.index(struct.pack("<Q", len(spelled)) + spelled) + 8 + len(spelled)
    assert struct.unpack_from("<I", data, at) == (4,), f"{key} is no 32-bit number"
    target.write_bytes(data[: at + 4] + struct.pack("<I", value) + data[at + 8 :])
    return target


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
        case [*numbers]:
            return struct.pack(f"<IIQ{len(numbers)}I", 9, 4, len(numbers), *numbers)
    raise TypeError(f"{value!r} has no place in a head")
