"""Who holds the lock of a home: the daemon's process, and the release of kb that it is of."""

import os

from indexer.paths import Places
from indexer.release import Release


def is_held(places: Places) -> bool:
    """Tell whether a daemon holds the lock of a home, whether it listens or not."""
    # deferred: a search does not ask.
    import fcntl

    try:
        descriptor = os.open(places.indexer_lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_holder(places: Places) -> tuple[int, Release | None]:
    """Return what the last holder of the lock wrote there: its process id, and its release.

    0 and `None` stand for what is not written, as on a full disk.
    """
    try:
        pid, _, release = places.indexer_lock.read_text("ascii", "replace").partition("\n")
    except OSError:
        return 0, None
    return int(pid) if pid.isdecimal() else 0, Release.parse(release)


def write_holder(descriptor: int, pid: int, release: Release) -> None:
    """Write into a lock who holds it."""
    text = f"{pid}\n{release}\n".encode("ascii")
    # written over first: that needs no room on a full disk.
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))
