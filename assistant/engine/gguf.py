"""The head of a GGUF file: what it says of itself, and which tensors it holds.

Read by a small parser of its own, because a face must not load llama.cpp to
say that a download is incomplete, and the library of the format takes a quarter
of a second for it.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.errors import ModelFileError

MAGIC = b"GGUF"

_LONGEST_ARRAY = 1024
"""Longer arrays (vocabularies, merges, scores) are passed over; one value per layer is kept."""

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_MAX_COUNT = 1 << 24
"""More tensors or keys than this means that the file is damaged."""

_MAX_DIMENSIONS = 8
_LENGTH = struct.Struct("<Q")

_BLOCKS = {
    # ggml type: (elements of a block, bytes of a block)
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file."""

    name: str
    shape: tuple[int, ...]
    """The dimension that is contiguous in memory first."""

    kind: int
    """Its data type as ggml numbers it."""

    size_bytes: int
    """0 if the data type is not known here."""


@dataclass(frozen=True, kw_only=True)
class GgufHead:
    """What the head of a GGUF says."""

    metadata: Mapping[str, Any]
    """Key to value; arrays are lists, and `None` where they are long."""

    tensors: tuple[Tensor, ...]
    """Of this file alone, where a model comes in several."""

    needed_bytes: int
    """Size of the file if it is whole."""

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture; empty if it does not say."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def name(self) -> str:
        """The name that its makers gave it; may be empty."""
        return str(self.metadata.get("general.name", ""))

    @cached_property
    def parameters(self) -> int:
        """Numbers in all tensors; 0 for a bare vocabulary."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)

    @property
    def context_tokens(self) -> int:
        """Context it was trained on; 0 if it does not say."""
        return int(self.of_architecture("context_length") or 0)

    @property
    def file_type(self) -> int | None:
        """Quantisation as llama.cpp numbers it; `None` if it does not say."""
        return self.metadata.get("general.file_type")

    @property
    def template(self) -> str:
        """Its chat template (Jinja); empty if it has none."""
        return str(self.metadata.get("tokenizer.chat_template") or "")

    def of_architecture(self, key: str) -> Any:
        """Return a value that is kept under the architecture's own name; `None` if there is none."""
        return self.metadata.get(f"{self.architecture}.{key}")


def check_magic(file: Path) -> None:
    """Refuse what is no GGUF file at all, by its first bytes.

    Raises:
        ModelFileError: Saying what the file begins with instead.
    """
    try:
        with file.open("rb") as stream:
            begin = stream.read(8)
    except OSError as error:
        raise ModelFileError(f"cannot read {file}: {error.strerror}") from error
    if not begin:
        raise ModelFileError(f"{file.name} is not a GGUF file: it is empty")
    if begin[:4] != MAGIC:
        shown = begin[:5].decode("ascii", "replace").encode("unicode_escape").decode("ascii")
        shown = shown if begin[:5].isascii() else begin[:4].hex(" ")
        hint = "download the file itself" if begin.startswith((b"<", b"version ")) else ""
        raise ModelFileError(f"{file.name} is not a GGUF file: it begins with '{shown}'", hint=hint)


def read_head(file: Path) -> GgufHead:
    """Read the head of a GGUF; takes some 50 ms for a large vocabulary.

    Raises:
        ModelFileError: If the file is no GGUF, is damaged or cut short.
    """
    check_magic(file)
    size = file.stat().st_size
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            head = _parse(data)
    except EOFError:
        raise ModelFileError(
            f"{file.name} is cut short: it ends inside its head, after {_amount(size)}"
        ) from None
    except (ValueError, OverflowError) as error:
        raise ModelFileError(f"{file.name} is damaged: {error}") from error
    if size < head.needed_bytes:
        raise ModelFileError(
            f"{file.name} is cut short: {_amount(size)} of {_amount(head.needed_bytes)} are there",
            hint="finish the download",
        )
    return head


class _Reader:
    """Reads little-endian values off a mapped file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.at = 4

    def numbers(self, form: str) -> tuple[Any, ...]:
        """Read some numbers; `form` as in `struct`.

        Raises:
            EOFError: If the file ends first.
        """
        try:
            found = struct.unpack_from(form, self._data, self.at)
        except struct.error:
            raise EOFError from None
        self.at += struct.calcsize(form)
        return found

    def string(self) -> str:
        """Read a string."""
        (length,) = self.numbers("<Q")
        begin = self.at
        self.skip(length)
        return self._data[begin : self.at].decode("utf-8", "replace")

    def skip(self, count: int) -> None:
        """Pass over some bytes."""
        self.at += count
        if self.at > len(self._data):
            raise EOFError

    def value(self, kind: int) -> Any:
        """Read one value; a long array is passed over and stands as `None`."""
        if kind == _STRING:
            return self.string()
        if form := _SCALARS.get(kind):
            return self.numbers(form)[0]
        if kind != _ARRAY:
            raise ValueError(f"value type {kind} is unknown")
        item, count = self.numbers("<IQ")
        if count <= _LONGEST_ARRAY and (item == _STRING or item in _SCALARS):
            return [self.value(item) for _ in range(count)]
        if form := _SCALARS.get(item):
            self.skip(count * struct.calcsize(form))
        elif item == _STRING:
            self._skip_strings(count)
        else:
            raise ValueError(f"array type {item} is unknown")
        return None

    def _skip_strings(self, count: int) -> None:
        # a loop of its own: vocabularies hold half a million strings.
        data, at, unpack = self._data, self.at, _LENGTH.unpack_from
        try:
            for _ in range(count):
                at += 8 + unpack(data, at)[0]
        except struct.error:
            raise EOFError from None
        self.at = at


def _parse(data: mmap.mmap) -> GgufHead:
    reader = _Reader(data)
    (version,) = reader.numbers("<I")
    if version not in (2, 3):
        raise ValueError(f"GGUF version {version} is unknown")
    tensors, keys = reader.numbers("<QQ")
    if tensors > _MAX_COUNT or keys > _MAX_COUNT:
        raise ValueError(f"it claims {tensors} tensors and {keys} keys")
    values: dict[str, Any] = {}
    for _ in range(keys):
        key = reader.string()
        values[key] = reader.value(*reader.numbers("<I"))
    found: list[Tensor] = []
    data_bytes = 0
    for _ in range(tensors):
        name = reader.string()
        (dimensions,) = reader.numbers("<I")
        if dimensions > _MAX_DIMENSIONS:
            raise ValueError(f"tensor {name} claims {dimensions} dimensions")
        shape = reader.numbers(f"<{dimensions}Q")
        kind, offset = reader.numbers("<IQ")
        # a type that is not known here counts nothing: llama.cpp knows better whether the file is whole.
        block, block_bytes = _BLOCKS.get(kind, (1, 0))
        size_bytes = math.prod(shape) // block * block_bytes
        found.append(Tensor(name, shape, kind, size_bytes))
        data_bytes = max(data_bytes, offset + size_bytes)
    alignment = values.get("general.alignment") or 32
    data_start = -(-reader.at // alignment) * alignment
    return GgufHead(
        metadata=values,
        tensors=tuple(found),
        needed_bytes=data_start + data_bytes if data_bytes else reader.at,
    )


def _amount(count: int) -> str:
    """Write a number of bytes for a person: "5.1 MB"."""
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
