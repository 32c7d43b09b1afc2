"""Reading the bytes of one file, in the child: what hangs here can be killed."""

import errno
import os
import stat
from pathlib import Path

from indexer.errors import DocumentError, PermanentError, TransientError


def load(path: Path) -> bytes:
    """Read a regular file whole.

    Raises:
        PermanentError: If it is something else than a file.
        TransientError: If it cannot be read now, or changes meanwhile.
    """
    try:
        # without waiting: opening a named pipe would otherwise last until somebody writes to it.
        # and no link: it may have taken the file's place since it was looked at, and lead anywhere.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as stream:
            before = os.fstat(descriptor)
            if stat.S_ISDIR(before.st_mode):
                raise PermanentError("it is a directory")
            if not stat.S_ISREG(before.st_mode):
                raise PermanentError("it is not a regular file")
            data = stream.read()
            after = os.fstat(descriptor)
    except OSError as error:
        raise explain(error) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise TransientError("it changed while it was being read")
    return data


def explain(error: OSError) -> DocumentError:
    """Say what the system's refusal to read a file means."""
    if isinstance(error, FileNotFoundError):
        return TransientError("it is gone")
    if isinstance(error, IsADirectoryError):
        return PermanentError("it is a directory")
    if error.errno == errno.ELOOP:
        return TransientError("it became a symbolic link")
    if isinstance(error, PermissionError):
        return TransientError("permission denied", hint="make the file readable for your user")
    return TransientError(f"it cannot be read: {error.strerror or error}")
