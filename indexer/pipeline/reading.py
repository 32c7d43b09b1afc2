"""One file of the queue → what is to be written about it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from indexer.errors import DocumentError, PermanentError, TransientError
from indexer.index import NewDocument
from indexer.pipeline.adopting import Content, Known, Nothing, adoption_of, content_of
from indexer.pipeline.work import Read
from indexer.pipeline.writer import Adopted, Gone, Item, Ready, Verdicts, failed, skipped
from indexer.types import FileState
from indexer.walk import WalkRules, reason_of, state_of

if TYPE_CHECKING:
    from indexer.extract.sandbox import Extracted


class Reader(Protocol):
    """What makes chunks of a file; see `indexer.extract.sandbox.Sandbox`."""

    def extract(self, path: Path) -> "Extracted":
        """Read and chunk a file; raises `PermanentError` or `TransientError`."""

    def close(self) -> None:
        """End the child."""


def read_file(
    read: Read,
    *,
    rules: WalkRules,
    open_reader: Callable[[], Reader],
    clock: Callable[[], float] = time.time,
    index: Known | None = None,
) -> Item:
    """Read one file, or find out why it is not to be indexed.

    Args:
        read: The work.
        rules: Which files are left out.
        open_reader: Returns the reader; may wait for the embedding model.
        clock: Seconds since the epoch.
        index: What is indexed already; `None` to read the file in any case.
    """
    path = read.path
    # a folder above that became a link leads to what is not ours.
    is_ours = os.path.realpath(path.parent) == os.fspath(path.parent)
    try:
        status = path.lstat() if is_ours else None
    except (FileNotFoundError, NotADirectoryError):
        status = None
    except OSError as error:
        refused = DocumentError(reason_of(error))
        return failed(read, read.upsert.state, refused, is_lasting=False, now=clock())
    if status is None or not rules.reaches(read.root, path.parent):
        return _gone(read)
    chain = rules.files.chain(os.fspath(read.root), os.fspath(path.parent))
    if reason := rules.file_reason(str(path.relative_to(read.root)), status, chain):
        return skipped(read, state_of(status), reason)
    return _read_allowed(read, state_of(status), open_reader, clock, index or Nothing())


def _read_allowed(
    read: Read,
    state: FileState,
    open_reader: Callable[[], Reader],
    clock: Callable[[], float],
    index: Known,
) -> Item:
    """Read a file that no rule leaves out."""
    path = read.path
    try:
        content = content_of(read.root, path)
        if content is not None:
            state = content.state
            adoption = adoption_of(index, read.root, path, content)
            if adoption is not None:
                return Adopted((adoption,), read)
        extracted = open_reader().extract(path)
        if content is not None:
            state = _state_of_what_was_read(read, content, extracted)
    except FileNotFoundError:
        return _gone(read)
    except DocumentError as error:
        if os.path.lexists(path):
            is_lasting = isinstance(error, PermanentError)
            return failed(read, state, error, is_lasting=is_lasting, now=clock())
        return _gone(read)
    document = NewDocument(
        path=path,
        root=read.root,
        state=state,
        title=extracted.title,
        metadata=extracted.metadata,
        chunks=extracted.chunks,
        pages_without_text=extracted.pages_without_text,
        notes=extracted.notes,
        content_hash=extracted.content_hash,
    )
    return Ready(read, document)


def _state_of_what_was_read(read: Read, content: Content, extracted: "Extracted") -> FileState:
    """Return the state that belongs to the bytes that were extracted.

    The child opens the file by its path and may find other bytes than were hashed, also
    where a folder above has become a link; so what it read must be what stands there.

    Raises:
        TransientError: If it is not.
    """
    if extracted.content_hash == content.content_hash:
        return content.state
    again = content_of(read.root, read.path)
    if again is None or again.content_hash != extracted.content_hash:
        raise TransientError("it changed while it was being read")
    return again.state


def _gone(read: Read) -> Item:
    """Return what is to be done about a file that is not there: nothing, where its whole root is away."""
    try:
        with os.scandir(read.root) as entries:
            is_away = next(entries, None) is None
    except OSError:
        is_away = True
    return Verdicts((), read) if is_away else Gone((read.path,), read)
