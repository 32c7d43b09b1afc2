"""File events → settled batches of paths; the only importer of watchdog.

An event is a hint that something changed near a path, never a fact: events are
lost, come late, or name places that moved meanwhile. So nothing is read off
them but paths, and whoever gets a batch looks at the disk. What cannot be
watched is said so and left to sweeps: file systems of other machines, whose
changes nobody reports, and roots with more folders than the system lets us watch.
"""

import errno
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Collection
from pathlib import Path

import psutil
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from indexer.settling import FLOOD_PATHS, Settling

logger = logging.getLogger(__name__)

REMOTE_SYSTEMS = frozenset(
    {"9p", "afpfs", "afs", "ceph", "cifs", "davfs", "drvfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)
"""File systems that are changed by machines whose changes this one is not told of."""

_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
"""Reading a file makes events too; those are ours."""

_OVERFLOW_LOGGERS = ("watchdog.observers.inotify_c", "watchdog.observers.read_directory_changes")

# a folder that is made while it is walked gets its watch twice, which is harmless.
warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)

LIMIT_HINT = "sudo sysctl fs.inotify.max_user_watches=1048576"


class Watcher:
    """Watches roots, and reports what settled there. Thread-safe.

    Args:
        is_wanted: Tells whether a change at a path in a root matters.
        probe_folder: A small folder of kb's own, watched for a moment to see whether there is room.
        types: Returns (mount point, type) of the file systems; for tests.
    """

    def __init__(
        self,
        *,
        is_wanted: Callable[[Path, str], bool],
        probe_folder: Path,
        types: Callable[[], list[tuple[str, str]]] | None = None,
    ) -> None:
        self._on_changes: Callable[[Path, Collection[Path], float], None] = lambda *_: None
        self._is_wanted = is_wanted
        self._probe_folder = probe_folder
        self._types = types or _mounted
        self._wake = threading.Condition()
        self._settling: dict[Path, Settling] = {}
        self._watches: dict[Path, ObservedWatch] = {}
        self._unwatched: dict[Path, str] = {}
        self._stale: set[Path] = set()
        self._handed_on: tuple[int, float] | None = None
        self._closed_at: float | None = None
        self._observer = Observer()
        self._thread = threading.Thread(target=self._report, name="settling", daemon=True)
        self._overflow = _OverflowHandler(self.report_all)

    def start(self, on_changes: Callable[[Path, Collection[Path], float], None]) -> None:
        """Start the threads; before it nothing is reported.

        Args:
            on_changes: Gets a root, what changed in it, and when the first of that did, in seconds
                since the epoch; from a thread of the watcher's own. No paths mean that anything
                may have changed. Must not wait for long.
        """
        self._on_changes = on_changes
        for name in _OVERFLOW_LOGGERS:
            logging.getLogger(name).addHandler(self._overflow)
        self._observer.start()
        self._thread.start()

    def close(self) -> None:
        """Stop watching; what has not settled is found by the next sweep."""
        for name in _OVERFLOW_LOGGERS:
            logging.getLogger(name).removeHandler(self._overflow)
        with self._wake:
            self._closed_at = time.monotonic()
            self._wake.notify_all()
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def follow(self, root: Path) -> None:
        """Watch a root, if that is possible; one that is watched already stays so.

        Takes a while for a root of many folders. Changes from the return on are reported.
        """
        with self._wake:
            is_stale = root in self._stale
        if is_stale:
            self.forget(root)
        with self._wake:
            if root in self._watches or self._closed_at is not None:
                return
            self._settling.setdefault(root, Settling())
        if kind := remote_type(root, self._types()):
            self._say_unwatched(root, f"on a {kind} file system, whose changes are not reported")
            return
        try:
            watch = self._observer.schedule(
                _Handler(self, root), os.fspath(root), recursive=True, event_filter=_EVENTS
            )
        except OSError as error:
            self._say_unwatched(root, _why(error))
            return
        try:
            self._probe()
        except OSError as error:
            # taken back: it would be added to by the next try, and leave no room for other roots.
            self._observer.unschedule(watch)
            self._say_unwatched(root, _why(error))
            return
        with self._wake:
            self._watches[root] = watch
            self._unwatched.pop(root, None)
        logger.info("root_watched path=%r", str(root))

    def forget(self, root: Path) -> None:
        """Stop watching a root."""
        with self._wake:
            watch = self._watches.pop(root, None)
            self._settling.pop(root, None)
            self._unwatched.pop(root, None)
            self._stale.discard(root)
        if watch is not None:
            self._observer.unschedule(watch)

    def reasons(self) -> dict[Path, str]:
        """Return the roots that are not watched, or not wholly, each with the reason."""
        with self._wake:
            return dict(self._unwatched)

    def is_watching(self, root: Path) -> bool:
        """Tell whether every change of a root is reported."""
        with self._wake:
            return root in self._watches and root not in self._stale

    def unsettled(self) -> tuple[int, float | None]:
        """Count the paths that changed and are not reported yet.

        Returns:
            Their number, and when the first of them changed, in seconds since the epoch; after `close`
            at the latest when that was, because nobody knows what changed since.
        """
        with self._wake:
            count, firsts = 0, [self._closed_at]
            for settling in self._settling.values():
                count += len(settling)
                firsts.append(settling.first())
            if self._handed_on is not None:
                count += self._handed_on[0]
                firsts.append(self._handed_on[1])
        first = min((each for each in firsts if each is not None), default=None)
        return count, None if first is None else _epoch(first)

    def note(self, root: Path, path: str, *, is_open: bool) -> None:
        """Record an event; called by watchdog's thread."""
        is_root = path == os.fspath(root)
        if not is_root and not self._is_wanted(root, path):
            return
        with self._wake:
            settling = self._settling.get(root)
            if settling is not None:
                if is_root:
                    # the root itself is gone, and what may stand there again has no watch.
                    self._stale.add(root)
                settling.note(path, now=time.monotonic(), is_open=is_open)
                self._wake.notify_all()

    def report_all(self) -> None:
        """Report that anything may have changed in every root, because events were lost.

        Once at once, and once more when watchdog has had the time to make its watches anew.
        """
        with self._wake:
            roots = list(self._watches)
            for root in roots:
                self._settling[root].note(os.fspath(root), now=time.monotonic(), is_open=True)
            self._wake.notify_all()
        logger.warning("events_lost roots=%d", len(roots))
        for root in roots:
            self._on_changes(root, (), time.time())

    def hurry(self) -> None:
        """Report at once what has not settled, because somebody asks for the disk as it is now."""
        with self._wake:
            for root, settling in self._settling.items():
                first = settling.first()
                if first is not None:
                    self._hand_on(root, settling.take_all(), first)

    def _hand_on(self, root: Path, paths: list[str], first: float) -> None:
        places = () if len(paths) > FLOOD_PATHS else tuple(map(Path, paths))
        self._on_changes(root, places, _epoch(first))

    def _probe(self) -> None:
        """Try one more watch: what watchdog could not watch inside a root it does not tell."""
        watch = self._observer.schedule(FileSystemEventHandler(), os.fspath(self._probe_folder))
        self._observer.unschedule(watch)

    def _say_unwatched(self, root: Path, reason: str) -> None:
        with self._wake:
            self._unwatched[root] = reason
        logger.warning("root_not_watched path=%r reason=%r", str(root), reason)

    def _report(self) -> None:
        while True:
            batches: list[tuple[Path, list[str], float]] = []
            with self._wake:
                self._handed_on = None
                while self._closed_at is None:
                    now = time.monotonic()
                    for root, settling in self._settling.items():
                        first = settling.first()
                        if first is not None and (paths := settling.take(now=now)):
                            batches.append((root, paths, first))
                    if batches:
                        # until it is handed on, it is nobody else's.
                        count = sum(len(paths) for _, paths, _ in batches)
                        self._handed_on = (count, min(first for _, _, first in batches))
                        break
                    dues = [due for each in self._settling.values() if (due := each.due()) is not None]
                    self._wake.wait(max(0.0, min(dues) - now) if dues else None)
                else:
                    return
            for root, paths, first in batches:
                self._hand_on(root, paths, first)


def _epoch(monotonic: float) -> float:
    """Return a time of the monotonic clock in seconds since the epoch."""
    return time.time() - (time.monotonic() - monotonic)


class _Handler(FileSystemEventHandler):
    def __init__(self, watcher: Watcher, root: Path) -> None:
        self._watcher = watcher
        self._root = root

    def dispatch(self, event: FileSystemEvent) -> None:
        is_open = isinstance(event, FileModifiedEvent)
        for path in (event.src_path, event.dest_path):
            if path:
                self._watcher.note(self._root, os.fsdecode(path), is_open=is_open)


class _OverflowHandler(logging.Handler):
    """watchdog tells of lost events nowhere but in its log."""

    def __init__(self, on_overflow: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_overflow = on_overflow

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage().lower():
            self._on_overflow()


def remote_type(path: Path, mounted: Collection[tuple[str, str]]) -> str:
    """Return the type of the file system a path is on if others change it unseen; else an empty string.

    Args:
        path: An absolute path.
        mounted: (mount point, type) of the file systems.
    """
    holders = [
        (len(point), kind) for point, kind in mounted if path == Path(point) or Path(point) in path.parents
    ]
    kind = max(holders)[1] if holders else ""
    return kind if kind in REMOTE_SYSTEMS or kind.startswith("fuse") else ""


def _mounted() -> list[tuple[str, str]]:
    return [(each.mountpoint, each.fstype) for each in psutil.disk_partitions(all=True)]


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"it has more folders than the system watches; `{LIMIT_HINT}` raises the limit"
    if error.errno == errno.EMFILE:
        hint = "sudo sysctl fs.inotify.max_user_instances=1024"
        return f"the system watches for too many programs already; `{hint}` raises the limit"
    return f"the system refuses to watch it: {(error.strerror or str(error)).lower()}"
