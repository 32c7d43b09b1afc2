"""The last prompt's state in a file, so that the next start need not read that prompt again."""

import contextlib
import json
import logging
import os
import shutil
import struct
import zlib
from array import array
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from assistant.engine.llama.prefixes import Kept
from assistant.engine.llama.states import Checkpoint, Copy, take_memory

logger = logging.getLogger(__name__)

_MAGIC = b"kb prompt 1\n"
_HEAD = struct.Struct("<II")
"""Length and checksum of the description that follows."""

_MAX_HEAD_BYTES = 1 << 20
_DISK_SHARE = 4
"""The disk must have room for so many of them."""


def save(path: Path, kept: Kept, *, identity: str) -> bool:
    """Write a snapshot in place of the one that is there; says whether that worked.

    Args:
        path: The file; only its owner may read it.
        kept: What to write.
        identity: Names the model and all that a state depends on.
    """
    state = kept.load()
    if state is None:
        return False
    tokens = array("i", kept.tokens).tobytes()
    parts: list[bytes | Copy] = [tokens, state, *(each.data for each in kept.checkpoints)]
    head = json.dumps(
        {
            "identity": identity,
            "lowest": kept.lowest,
            "checkpoints": [[each.length, each.lowest] for each in kept.checkpoints],
            "parts": [[len(part), zlib.crc32(part)] for part in parts],
        }
    ).encode()
    try:
        if sum(map(len, parts)) * _DISK_SHARE > shutil.disk_usage(path.parent).free:
            return False
        # made for its owner alone, and never seen half-written.
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(_MAGIC + _HEAD.pack(len(head), zlib.crc32(head)) + head)
                file.writelines(parts)
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except OSError as error:
        logger.warning("prompt.not_saved reason=%s", error.strerror)
        return False
    return True


def open_snapshot(path: Path, *, identity: str) -> Kept | None:
    """Read which prompt a snapshot holds; its state is read when it is wanted.

    A snapshot that is damaged or of another model is deleted.

    Returns:
        `None` if there is none for this model.
    """
    try:
        with path.open("rb") as file, _deleting(path):
            head, start = _read_head(file)
            if head["identity"] != identity:
                raise ValueError("another model's")
            sizes = [size for size, _ in head["parts"]]
            if start + sum(sizes) != path.stat().st_size:
                raise ValueError("not its whole length")
            tokens = array("i", _read_part(file, *head["parts"][0])[:]).tolist()
            file.seek(start + sizes[0] + sizes[1])
            checkpoints = tuple(
                Checkpoint(length, lowest, _read_part(file, *part))
                for (length, lowest), part in zip(head["checkpoints"], head["parts"][2:], strict=True)
            )
    except (OSError, ValueError, KeyError, TypeError, IndexError, struct.error) as error:
        if not isinstance(error, FileNotFoundError):
            logger.warning("prompt.not_restored reason=%s", type(error).__name__)
        return None

    def load() -> Copy | None:
        try:
            with path.open("rb") as file, _deleting(path):
                file.seek(start + sizes[0])
                return _read_part(file, *head["parts"][1])
        except (OSError, ValueError) as error:
            logger.warning("prompt.not_restored reason=%s", type(error).__name__)
            return None

    return Kept(tokens, head["lowest"], checkpoints, load)


@contextlib.contextmanager
def _deleting(path: Path) -> Iterator[None]:
    """Delete a snapshot that turns out to be of no use."""
    try:
        yield
    except Exception:
        path.unlink(missing_ok=True)
        raise


def _read_head(file: BufferedReader) -> tuple[dict[str, Any], int]:
    """Return the description of the parts, and where the first begins."""
    start = file.read(len(_MAGIC) + _HEAD.size)
    if not start.startswith(_MAGIC):
        raise ValueError("no snapshot")
    size, checksum = _HEAD.unpack(start[len(_MAGIC) :])
    if size > _MAX_HEAD_BYTES or zlib.crc32(head := file.read(size)) != checksum:
        raise ValueError("damaged")
    description: dict[str, Any] = json.loads(head)
    return description, file.tell()


def _read_part(file: BufferedReader, size: int, checksum: int) -> Copy:
    data = take_memory(size)
    if file.readinto(data) != size or zlib.crc32(data) != checksum:
        raise ValueError("damaged")
    return data
