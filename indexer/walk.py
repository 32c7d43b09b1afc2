"""The files under a root, each with what the disk says of it and the rule that leaves it out, if one does.

Links are never followed: what they lead to is either inside the root, and
found there, or outside, and not ours to read. Hidden entries are left out
because keys, tokens and caches live there.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from pathspec import GitIgnoreSpec

from indexer.errors import ConfigError, UsageError
from indexer.types import FileState

EXCLUDED_DIRECTORIES = frozenset(
    {
        "$RECYCLE.BIN",
        "CVS",
        "System Volume Information",
        "__MACOSX",
        "__pycache__",
        "_darcs",
        "bower_components",
        "lost+found",
        "node_modules",
        "site-packages",
    }
)
"""Folders that hold no documents of a person; hidden ones are left out anyway."""

EXCLUDED_FILES = frozenset({"Thumbs.db", "desktop.ini", "ehthumbs.db", "Icon\r"})
"""What file managers leave behind."""

MARKERS_OF_EXCLUDED_DIRECTORIES = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})
"""A folder that holds one of these is a cache or a Python environment."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or a link to one."""

    path: Path
    state: FileState
    skip: str = ""
    """The rule that leaves the file out; empty for a file to be read."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place that could not be looked at, so that nothing is known of it or below it."""

    path: Path
    reason: str


class RootAwayError(Exception):
    """The root itself does not exist at the moment: an unmounted disk, a renamed folder."""


class WalkRules:
    """Which files are left out, and why.

    Args:
        exclude: Patterns as in .gitignore, matched against the path below the root.
        max_file_bytes: Larger files are left out.
        is_supported: Whether there is a reader for a path, by its name.

    Raises:
        ConfigError: If a pattern cannot be understood.
    """

    def __init__(
        self,
        *,
        exclude: Sequence[str] = (),
        max_file_bytes: int,
        is_supported: Callable[[Path], bool],
    ) -> None:
        self._patterns = tuple(exclude)
        try:
            self._spec = GitIgnoreSpec.from_lines(self._patterns)
        except ValueError as error:
            raise ConfigError(
                f"[index] exclude holds a pattern that cannot be understood: {error}"
            ) from error
        self._max_file_bytes = max_file_bytes
        self._is_supported = is_supported

    def enters(self, name: str, relative: str) -> bool:
        """Tell whether a folder is looked into.

        Args:
            name: Its last part.
            relative: Its path below the root.
        """
        if name.startswith(".") or name in EXCLUDED_DIRECTORIES:
            return False
        return not self._excluded_by(relative + "/")

    def may_matter(self, relative: str) -> bool:
        """Tell whether a change at a path below the root can change what is indexed, by its name alone."""
        *above, name = PurePath(relative).parts
        path = ""
        for part in above:
            path += part
            if not self.enters(part, path):
                return False
            path += os.sep
        return not name.startswith(".") and name not in EXCLUDED_FILES

    def reaches(self, root: Path, folder: Path) -> bool:
        """Tell whether the walk of a root comes to a folder below it."""
        relative = folder.relative_to(root)
        steps = [relative, *relative.parents][:-1]
        return all(self.enters(step.name, str(step)) and not _is_marked(root / step) for step in steps)

    def skip_reason(self, path: Path, relative: str, status: os.stat_result) -> str:
        """Name the rule that leaves a file out; empty if it is to be read.

        Args:
            path: Its absolute path.
            relative: Its path below the root.
            status: What `lstat` says of it.
        """
        if not stat.S_ISREG(status.st_mode):
            is_link = stat.S_ISLNK(status.st_mode)
            reason = (
                "a symbolic link; add what it leads to with `kb add`" if is_link else "not a regular file"
            )
        elif path.name.startswith("."):
            reason = "a hidden file"
        elif path.name in EXCLUDED_FILES:
            reason = "a file of the file manager"
        elif pattern := self._excluded_by(relative):
            reason = f"[index] exclude: {pattern}"
        elif not self._is_supported(path):
            # "Mr. Smith" has a suffix for pathlib only.
            named = path.suffix and not any(map(str.isspace, path.suffix))
            reason = f"no reader for {f'{path.suffix.lower()} files' if named else 'files without a suffix'}"
        elif status.st_size > self._max_file_bytes:
            reason = f"larger than {self._max_file_bytes // 1_000_000} MB ([index] max_file_mb)"
        else:
            reason = ""
        return reason

    def _excluded_by(self, relative: str) -> str:
        """Return the pattern of the config that matches a path, or an empty string."""
        if not self._patterns:
            return ""
        found = self._spec.check_file(relative)
        if not found.include or found.index is None:
            return ""
        return self._patterns[found.index]


def walk(
    root: Path, rules: WalkRules, *, avoid: Iterable[Path] = (), start: Path | None = None
) -> Iterator[Found | Unreadable]:
    """Look at everything under a root, folder by folder, in order of names.

    Folders that the rules leave out are not entered and not reported. What
    vanishes during the walk is not reported either.

    Args:
        root: Where to begin.
        rules: What is left out.
        avoid: Folders that are not entered either: kb's own home, roots of their own.
        start: A folder below the root to look at alone.

    Raises:
        RootAwayError: If the root does not exist, or is no folder any more.
    """
    base = os.fspath(root)
    if not stat.S_ISDIR(_mode_of_root(base)):
        raise RootAwayError(base)
    avoided = frozenset(map(os.fspath, avoid))
    folders = [base if start is None else os.fspath(start)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                listing = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == base and error.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise RootAwayError(base) from error
            if error.errno != errno.ENOENT:
                yield Unreadable(Path(folder), reason_of(error))
            continue
        if folder != base and any(entry.name in MARKERS_OF_EXCLUDED_DIRECTORIES for entry in listing):
            continue
        below: list[str] = []
        for entry in listing:
            relative = entry.path[len(base) + 1 :]
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.path not in avoided and rules.enters(entry.name, relative):
                        below.append(entry.path)
                    continue
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                yield Unreadable(Path(entry.path), reason_of(error))
                continue
            path = Path(entry.path)
            yield Found(path, state_of(status), rules.skip_reason(path, relative, status))
        # the last is taken first.
        folders.extend(reversed(below))


def look(
    root: Path, paths: Iterable[Path], rules: WalkRules, *, avoid: Sequence[Path] = ()
) -> Iterator[Found | Unreadable]:
    """Look at some files and folders of a root, as `walk` would when it comes to them.

    Args:
        root: The root they are in.
        paths: What to look at, none inside another; what does not exist is not reported.
        rules: What is left out.
        avoid: Folders that are not entered.

    Raises:
        RootAwayError: If the root does not exist, or is no folder any more.
    """
    if not stat.S_ISDIR(_mode_of_root(os.fspath(root))):
        raise RootAwayError(os.fspath(root))
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
        relative = str(path.relative_to(root))
        if not stat.S_ISDIR(status.st_mode):
            yield Found(path, state_of(status), rules.skip_reason(path, relative, status))
        elif rules.enters(path.name, relative):
            yield from walk(root, rules, avoid=avoid, start=path)


def _is_marked(folder: Path) -> bool:
    return any(os.path.lexists(folder / name) for name in MARKERS_OF_EXCLUDED_DIRECTORIES)


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


def _mode_of_root(base: str) -> int:
    try:
        return os.stat(base).st_mode  # noqa: PTH116 - the walk speaks strings
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            raise RootAwayError(base) from error
        return stat.S_IFDIR
