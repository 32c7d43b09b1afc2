"""Files whose bytes are indexed already need neither be read nor embedded: moves, copies, re-saves."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from indexer.catalog import Adoption, FileRecord
from indexer.extract import format_of
from indexer.types import FileState
from indexer.walk import state_of

_PIECE_BYTES = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW


class Known(Protocol):
    """What is asked of the index."""

    def may_adopt(self, source: Path, path: Path, content_hash: str) -> bool:
        """Tell whether a file is indexed with these bytes, and what is stored would do for another path."""

    def copies_of(self, content_hash: str) -> list[Path]:
        """List some of the files that are indexed and hold these bytes."""


class Nothing:
    """An index that knows no file."""

    def may_adopt(self, source: Path, path: Path, content_hash: str) -> bool:  # noqa: ARG002
        """Know nothing."""
        return False

    def copies_of(self, content_hash: str) -> list[Path]:  # noqa: ARG002
        """Know nothing."""
        return []


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file at one moment."""

    state: FileState
    content_hash: str
    """BLAKE2b-128, hexadecimal, as extraction has it."""


def content_of(root: Path, path: Path) -> Content | None:
    """Hash a file of a root, passing through no link on the way there.

    Returns:
        `None` if it is no regular file, cannot be read, or changes meanwhile; extraction says why.

    Raises:
        FileNotFoundError: If it is gone, or leads out of the root by now.
    """
    try:
        descriptor = _open_below(root, path)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
            raise FileNotFoundError(errno.ENOENT, "it is gone") from error
        return None
    try:
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                return None
            digest = hashlib.blake2b(digest_size=16)
            while piece := stream.read(_PIECE_BYTES):
                digest.update(piece)
            after = os.fstat(descriptor)
    except OSError:
        return None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return None
    return Content(state_of(after), digest.hexdigest())


def adoption_of(
    index: Known, root: Path, path: Path, content: Content, *, moved_from: Path | None = None
) -> Adoption | None:
    """Find a file by whose row another one can be indexed; `None` where it has to be read.

    Args:
        index: What is known.
        root: The root of the file.
        path: The file.
        content: What it holds.
        moved_from: Where it was until now, if that is known.
    """
    content_hash = content.content_hash

    def would_do(source: Path) -> bool:
        return are_read_alike(source, path) and index.may_adopt(source, path, content_hash)

    candidates = [path] if moved_from is None else [moved_from, path]
    source = next(filter(would_do, candidates), None)
    if source is None and moved_from is None:
        source = next(filter(would_do, index.copies_of(content_hash)), None)
    if source is None:
        return None
    return Adoption(
        path=path,
        root=root,
        state=content.state,
        content_hash=content_hash,
        source=source,
        is_move=source == moved_from,
    )


def is_outdated(seen: Adoption | FileRecord) -> bool:
    """Tell whether a file is there and is not as it was when it was looked at."""
    try:
        return state_of(seen.path.lstat()) != seen.state
    except OSError:
        return False


def are_read_alike(one: Path, other: Path) -> bool:
    """Tell by their names alone whether the same bytes make the same document of two files."""
    if one.name.lower() == other.name.lower():
        return True
    suffix = one.suffix.lower()
    return bool(suffix) and suffix == other.suffix.lower() and format_of(one) == format_of(other)


def _open_below(root: Path, path: Path) -> int:
    """Open a file by its folders one by one, so that none of them can be a link."""
    *above, name = path.relative_to(root).parts
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in above:
            inner = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(name, _FLAGS, dir_fd=folder)
    finally:
        os.close(folder)
