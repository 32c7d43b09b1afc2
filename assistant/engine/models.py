"""A model's name or path → its GGUF file, and what the head of the file says.

Names are looked up in kb's own folder and the configured ones; nothing is
copied. The head is read by a small parser of its own, because a face must not
load llama.cpp to say that a download is incomplete.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import mmap
import os
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import ModelFileError, ModelNotFoundError

MAGIC = b"GGUF"
_SEARCH_DEPTH = 4
"""Folders below a models folder that are looked into; publisher/repository/file needs 2."""

_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_NOT_CHAT = ("mmproj", "ggml-vocab")
"""File names that begin so hold an image projector or a bare vocabulary."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHead:
    """What the head of a GGUF says."""

    architecture: str
    name: str
    parameters: int
    """Numbers in all tensors of this file; 0 for a bare vocabulary."""

    context_tokens: int
    """Context it was trained on; 0 if it does not say."""

    file_type: int | None
    """Quantisation as llama.cpp numbers it; `None` if it does not say."""

    has_template: bool
    needed_bytes: int
    """Size of the file if it is whole."""


def find_model(name: str, folders: Sequence[Path]) -> Path:
    """Resolve what a person typed or configured.

    Args:
        name: A path, a file name, its stem, or the beginning of one that no other model shares;
            upper and lower case are the same in names. Empty means that no model is configured.
        folders: Where names are looked up, first folder first.

    Returns:
        The absolute path of an existing file; of a split model, its first part.

    Raises:
        ModelNotFoundError: If nothing or more than one thing has that name.
        ModelFileError: If parts of a split model are missing.
    """
    if not name:
        raise ModelNotFoundError(
            "no model is configured",
            hint="set [model] path in the config file to a GGUF file, or give --model",
        )
    path = Path(name).expanduser()
    if path.is_file():
        return _first_part(path.absolute())
    if path.is_dir():
        raise ModelNotFoundError(f"{path} is a folder, not a GGUF file")
    if len(path.parts) > 1:
        raise ModelNotFoundError(f"there is no file {path}")
    models = list(list_models(folders))
    wanted = name.lower()
    for matches in (
        [file for file in models if file.name.lower() == wanted],
        [file for file in models if model_name(file).lower() == wanted],
        [file for file in models if file.name.lower().startswith(wanted)],
    ):
        # the same name in two folders: the first folder wins.
        if len({file.name.lower() for file in matches}) == 1:
            return _first_part(matches[0])
        if matches:
            raise ModelNotFoundError(f"{name} could be any of {_list_names(matches)}")
    places = ", ".join(map(str, folders))
    others = f"; there are {_list_names(models)}" if models else ", nor any other"
    raise ModelNotFoundError(
        f"there is no model {name} in {places}{others}", hint="give the path of a GGUF file"
    )


def model_name(file: Path) -> str:
    """Return the name of a model file as people write it: no suffix, no part number."""
    return _PART.sub("", file.stem)


def list_models(folders: Iterable[Path]) -> Iterator[Path]:
    """List the chat models in some folders, in order; of a split model, its first part."""
    for folder in folders:
        for directory, below, names in os.walk(folder.expanduser().absolute(), followlinks=True):
            below.sort()
            if len(Path(directory).relative_to(folder.expanduser().absolute()).parts) >= _SEARCH_DEPTH:
                below.clear()
            for name in sorted(names):
                part = _PART.search(name.removesuffix(".gguf"))
                is_chat = name.endswith(".gguf") and not name.lower().startswith(_NOT_CHAT)
                if is_chat and (part is None or int(part[1]) == 1):
                    yield Path(directory) / name


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


def read_head(file: Path) -> ModelHead:
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
        """Read one value; arrays are passed over and stand as `None`."""
        if kind == _STRING:
            return self.string()
        if form := _SCALARS.get(kind):
            return self.numbers(form)[0]
        if kind != _ARRAY:
            raise ValueError(f"value type {kind} is unknown")
        item, count = self.numbers("<IQ")
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


def _parse(data: mmap.mmap) -> ModelHead:
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
    parameters = data_bytes = 0
    for _ in range(tensors):
        name = reader.string()
        (dimensions,) = reader.numbers("<I")
        if dimensions > _MAX_DIMENSIONS:
            raise ValueError(f"tensor {name} claims {dimensions} dimensions")
        count = math.prod(reader.numbers(f"<{dimensions}Q"))
        kind, offset = reader.numbers("<IQ")
        # a type that is not known here counts nothing: llama.cpp knows better whether the file is whole.
        block, block_bytes = _BLOCKS.get(kind, (1, 0))
        parameters += count
        data_bytes = max(data_bytes, offset + count // block * block_bytes)
    alignment = values.get("general.alignment") or 32
    data_start = -(-reader.at // alignment) * alignment
    architecture = str(values.get("general.architecture", ""))
    return ModelHead(
        architecture=architecture,
        name=str(values.get("general.name", "")),
        parameters=parameters,
        context_tokens=values.get(f"{architecture}.context_length", 0),
        file_type=values.get("general.file_type"),
        has_template="tokenizer.chat_template" in values,
        needed_bytes=data_start + data_bytes if data_bytes else reader.at,
    )


def _first_part(file: Path) -> Path:
    """Return the first part of a split model, all of whose parts must be there; other files as they are."""
    part = _PART.search(file.stem)
    if part is None:
        return file
    total = int(part[2])
    stem = file.stem[: part.start()]
    parts = [file.with_name(f"{stem}-{n:05}-of-{total:05}{file.suffix}") for n in range(1, total + 1)]
    if missing := [each.name for each in parts if not each.is_file()]:
        raise ModelFileError(f"{stem} comes in {total} files, and {missing[0]} is missing")
    return parts[0]


def _list_names(files: Iterable[Path]) -> str:
    names = list(dict.fromkeys(map(model_name, files)))
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def _amount(count: int) -> str:
    """Write a number of bytes for a person: "5.1 MB"."""
    value = float(count)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
