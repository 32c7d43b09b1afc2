"""What stands under a root: its files folder by folder, each with what the disk says of it.

Links are never followed: what they lead to is either inside the root, and
found there, or outside, and not ours to read. A walk compares nothing and makes
no object of a file but its path in bytes and its `stat`, because nearly all files
of nearly all walks are unchanged.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.catalog import FileRow
from indexer.errors import UsageError
from indexer.ignore import IGNORE_FILES, Chain, Stamp, stamp_of
from indexer.rules import MARKERS_OF_EXCLUDED_DIRECTORIES, RULE_FILES, WalkRules
from indexer.types import FileState

__all__ = [
    "Entered",
    "Found",
    "Listing",
    "RootAwayError",
    "Unreadable",
    "WalkRules",
    "check_root",
    "look",
    "path_of",
    "reason_of",
    "scan",
    "state_of",
    "walk",
]

Stamps = tuple[Stamp | None, ...]
"""What `IGNORE_FILES` of a folder were; empty where there are none."""

Entered = Mapping[bytes, Stamps]
"""The folders that a walk came to, each with its ignore files."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or a link to one."""

    path: Path
    state: FileState
    skip: str = ""
    """The rule that leaves the file out; empty for a file to be read."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one folder."""

    folder: bytes
    files: list[tuple[bytes, os.stat_result]]
    """Path and what `lstat` says; everything but folders, and but what is known to be as it was."""

    unchanged: int
    """How many files are as `known` has them, under the same rules as before."""

    chain: Chain
    """The ignore files that count for them."""

    stamps: Stamps
    leaves_out_folders: bool
    """Whether a pattern keeps the walk out of a folder in it."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place that could not be looked at, so that nothing is known of it or below it."""

    path: Path
    reason: str


class RootAwayError(Exception):
    """The root itself does not exist at the moment: an unmounted disk, a renamed folder."""


def scan(
    root: Path,
    rules: WalkRules,
    *,
    avoid: Iterable[Path] = (),
    start: Path | None = None,
    before: Entered | None = None,
    known: dict[bytes, FileRow] | None = None,
) -> Iterator[Listing | Unreadable]:
    """List the folders of a root that the rules do not leave out, each before those in it.

    What vanishes meanwhile is not reported.

    Args:
        root: Where to begin.
        rules: What is left out.
        avoid: Folders that are not entered either: kb's own home, roots of their own.
        start: A folder below the root to look at alone, to which the walk of the root comes.
        before: The folders of an earlier walk.
        known: What the ledger has. Rows of files that did not change, and of which the rules
            can say nothing new, are taken out: such files are counted and not listed.

    Raises:
        RootAwayError: If the root does not exist, or is no folder any more.
    """
    base = os.fsencode(root)
    if not stat.S_ISDIR(_mode_of_root(base)):
        raise RootAwayError(root)
    name = os.fspath(root)
    avoided = frozenset(map(os.fsencode, avoid))
    before = {} if before is None else before
    known = {} if known is None else known
    chain = () if start is None else rules.files.chain(name, os.fspath(start.parent))
    pending = [(base if start is None else os.fsencode(start), chain, start is None)]
    while pending:
        folder, chain, is_as_before = pending.pop()
        content = _Content()
        is_as_before = is_as_before and folder in before
        try:
            content.list(folder, known if is_as_before else {})
        except OSError as error:
            if folder == base and error.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise RootAwayError(root) from error
            if error.errno != errno.ENOENT:
                yield Unreadable(path_of(folder), reason_of(error))
            continue
        stamps: Stamps = ()
        if content.special:
            if folder != base and not MARKERS_OF_EXCLUDED_DIRECTORIES.isdisjoint(content.special):
                continue
            level = rules.files.level(name, os.fsdecode(folder), content.special)
            chain = chain if level is None else (*chain, level)
            stamps = _stamps_of(content.special)
        yield from content.unreadable
        if is_as_before and before[folder] != stamps:
            is_as_before = False
            content.ask_again(known)
        below = [
            path
            for path in content.folders
            if path not in avoided
            and ((is_as_before and path in before) or _enters(rules, base, path, chain))
        ]
        has_more = len(below) < len(content.folders) and any(
            path not in avoided and not os.path.basename(path).startswith(b".")  # noqa: PTH119 - bytes
            for path in set(content.folders).difference(below)
        )
        yield Listing(folder, content.files, len(content.unchanged), chain, stamps, has_more)
        below.sort(reverse=True)
        pending.extend((path, chain, is_as_before) for path in below)


class _Content:
    """What stands in one folder."""

    __slots__ = ("files", "folders", "special", "unchanged", "unreadable")

    def __init__(self) -> None:
        self.files: list[tuple[bytes, os.stat_result]] = []
        self.folders: list[bytes] = []
        self.special: dict[str, os.stat_result] = {}
        self.unchanged: list[FileRow] = []
        self.unreadable: list[Unreadable] = []

    def list(self, folder: bytes, known: dict[bytes, FileRow]) -> None:
        """List a folder, and take out the rows of files that are known as they are.

        Nothing is kept of such a file but its row, which makes a sweep a sixth faster.

        Raises:
            OSError: If it cannot be listed.
        """
        take = known.pop
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        self.folders.append(entry.path)
                        continue
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    self.unreadable.append(Unreadable(path_of(entry.path), reason_of(error)))
                    continue
                path = entry.path
                row = take(path, None)
                if row is None:
                    self.files.append((path, status))
                elif row[1] == status.st_size and row[2] == status.st_mtime_ns and row[3] == status.st_ino:
                    self.unchanged.append(row)
                else:
                    known[path] = row
                    self.files.append((path, status))
                if entry.name in _RULE_FILES:
                    self.special[os.fsdecode(entry.name)] = status

    def ask_again(self, known: dict[bytes, FileRow]) -> None:
        """Have the rules asked also of files that did not change, because the rules did."""
        for row in self.unchanged:
            with contextlib.suppress(OSError):
                # gone meanwhile, it is missed by the next walk.
                self.files.append((row[0], os.lstat(row[0])))
                known[row[0]] = row
        self.unchanged.clear()


_RULE_FILES = frozenset(map(os.fsencode, RULE_FILES))


def _stamps_of(special: Mapping[str, os.stat_result]) -> Stamps:
    found = [special.get(name) for name in IGNORE_FILES]
    return tuple(status and stamp_of(status) for status in found) if any(found) else ()


def _enters(rules: WalkRules, base: bytes, path: bytes, chain: Chain) -> bool:
    relative = os.fsdecode(path[len(base) + 1 :])
    return not rules.folder_reason(relative.rpartition("/")[2], relative, chain)


def walk(
    root: Path, rules: WalkRules, *, avoid: Iterable[Path] = (), start: Path | None = None
) -> Iterator[Found | Unreadable]:
    """Look at everything that `scan` comes to, in order of names, and ask the rules about every file."""
    for item in scan(root, rules, avoid=avoid, start=start):
        if isinstance(item, Unreadable):
            yield item
            continue
        for path, status in sorted(item.files):
            absolute = path_of(path)
            relative = os.fspath(absolute)[len(os.fspath(root)) + 1 :]
            yield Found(absolute, state_of(status), rules.file_reason(relative, status, item.chain))


def look(
    root: Path, paths: Iterable[Path], rules: WalkRules, *, avoid: Sequence[Path] = ()
) -> Iterator[Listing | Unreadable]:
    """Look at some files and folders of a root, as `scan` would when it comes to them.

    Args:
        root: The root they are in.
        paths: What to look at, none inside another; what does not exist is not reported.
        rules: What is left out.
        avoid: Folders that are not entered.

    Raises:
        RootAwayError: If the root does not exist, or is no folder any more.
    """
    if not stat.S_ISDIR(_mode_of_root(os.fsencode(root))):
        raise RootAwayError(root)
    for path in paths:
        above = [folder for folder in path.parents if root in folder.parents]
        if any(path == each or each in path.parents for each in avoid):
            continue
        if not rules.reaches(root, path.parent):
            continue
        try:
            if any(stat.S_ISLNK(folder.lstat().st_mode) for folder in above):
                continue
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield Unreadable(path, reason_of(error))
            continue
        if not stat.S_ISDIR(status.st_mode):
            chain = rules.files.chain(os.fspath(root), os.fspath(path.parent))
            files = [(os.fsencode(path), status)]
            yield Listing(os.fsencode(path.parent), files, 0, chain, (), False)
        elif rules.reaches(root, path):
            yield from scan(root, rules, avoid=avoid, start=path)


def path_of(path: bytes) -> Path:
    """Return a path as the rest of kb speaks of it."""
    return Path(os.fsdecode(path))


def state_of(status: os.stat_result) -> FileState:
    """Return what is remembered of a file's `stat`."""
    return FileState(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


def reason_of(error: OSError) -> str:
    """Say why the system refused, in a few lower-case words."""
    return (error.strerror or type(error).__name__).lower()


def check_root(path: Path, *, home: Path) -> Path:
    """Return the real path of a folder that may become a root.

    Args:
        path: An absolute path.
        home: kb's own directory, which is never indexed.

    Raises:
        UsageError: If there is no such folder, it cannot be read, or indexing it makes no sense.
    """
    try:
        real = path.resolve(strict=True)
        is_folder = real.is_dir()
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (OSError, RuntimeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "a loop of links"
        raise UsageError(f"{path} cannot be read: {reason}") from error
    if not is_folder:
        raise UsageError(f"{path} is a file, not a folder", hint=f"run `kb add {path.parent}`")
    if real == Path(real.anchor):
        raise UsageError(f"{path} is the whole file system", hint="add the folders that hold your documents")
    home = home.resolve()
    if real == home or home in real.parents:
        raise UsageError(f"{path} is where kb keeps its own files", hint="add a folder of your documents")
    try:
        with os.scandir(real):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error
    return real


def _mode_of_root(base: bytes) -> int:
    try:
        return os.stat(base).st_mode  # noqa: PTH116 - the walk speaks strings
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            raise RootAwayError(os.fsdecode(base)) from error
        return stat.S_IFDIR
