"""Ignore files: `.gitignore` and `.kbignore`, with git's meaning of patterns.

A pattern is matched against an entry itself and never against the folders
above it: whoever asks goes down from the root and enters no folder that is left
out, which is why nothing below such a folder can be brought back. Both sides of
a match may come from an unpacked archive, so a pattern becomes a regular
expression that cannot backtrack without end, and a file that cannot be used is
passed over instead of breaking a sweep. pathspec was tried: there `a[!b]c` matches
`a/c`, `[[:digit:]]` is unknown, and expressions backtrack; a test holds ours equal to git.
"""

import errno
import itertools
import logging
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

logger = logging.getLogger(__name__)

IGNORE_FILES = (".kbignore", ".gitignore")
"""In one folder the first wins over the second."""

MOST_BYTES = 128_000
"""A larger ignore file is passed over."""

MOST_PATTERN_CHARS = 4_096
"""A longer pattern is passed over; no path is as long."""

Stamp = tuple[int, int, int, int]
"""Size, time of change, of its content and at all, in nanoseconds, and inode of an ignore file."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file."""

    line: int
    """Its number, from 1."""

    text: str
    is_negated: bool
    """Whether it brings back what an earlier one leaves out."""

    is_for_folders: bool
    is_for_names: bool
    """Whether it is matched against the last part of a path alone."""

    literal: str
    """What it is matched against where it has no wildcards; empty otherwise."""

    regex: re.Pattern[str] | None

    def matches(self, relative: str, *, is_folder: bool) -> bool:
        """Tell whether an entry is meant.

        Args:
            relative: Its path below the folder of the ignore file.
            is_folder: Whether it is a folder.
        """
        if self.is_for_folders and not is_folder:
            return False
        name = relative.rpartition("/")[2] if self.is_for_names else relative
        if self.regex is None:
            return name == self.literal
        return self.regex.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class IgnoreFile:
    """The patterns of one file."""

    name: str
    """What it is called to a person: its path below the root."""

    patterns: tuple[Pattern, ...]

    def decide(self, relative: str, *, is_folder: bool) -> Pattern | None:
        """Return the last pattern that means an entry, or `None`."""
        for pattern in reversed(self.patterns):
            if pattern.matches(relative, is_folder=is_folder):
                return pattern
        return None


@dataclass(frozen=True, slots=True)
class Level:
    """The ignore files of one folder."""

    start: int
    """Where the part of a path begins, counted below the root, that stands below the folder."""

    files: tuple[IgnoreFile, ...]
    """The first wins."""


Chain = tuple[Level, ...]
"""The ignore files above an entry, outermost folder first."""


def decide(chain: Chain, relative: str, *, is_folder: bool) -> str:
    """Name the pattern that leaves an entry out, by file and line; empty if none does.

    Args:
        chain: The ignore files above it.
        relative: Its path below the root.
        is_folder: Whether it is a folder.
    """
    for level in reversed(chain):
        for file in level.files:
            pattern = file.decide(relative[level.start :], is_folder=is_folder)
            if pattern is not None:
                return "" if pattern.is_negated else f"{file.name} line {pattern.line}: {pattern.text}"
    return ""


def parse(lines: Iterable[str]) -> tuple[tuple[Pattern, ...], tuple[int, ...]]:
    """Read the lines of an ignore file.

    Returns:
        The patterns in order, and the numbers of lines that are none and can never match.
    """
    patterns: list[Pattern] = []
    unusable: list[int] = []
    for number, line in enumerate(lines, start=1):
        text = _trimmed(line)
        if not text or text.startswith("#"):
            continue
        bare = text.removeprefix("!")
        is_negated, is_for_folders = bare != text, bare.endswith("/")
        bare = bare.removesuffix("/")
        literal = bare.removeprefix("/") if _WILD.isdisjoint(bare) else ""
        try:
            regex = None if literal else re.compile(translate(bare), re.DOTALL)
        except (ValueError, re.error, RecursionError, OverflowError):
            unusable.append(number)
            continue
        patterns.append(
            Pattern(
                line=number,
                text=text,
                is_negated=is_negated,
                is_for_folders=is_for_folders,
                is_for_names="/" not in bare,
                literal=literal,
                regex=regex,
            )
        )
    return tuple(patterns), tuple(unusable)


def translate(pattern: str) -> str:
    """Return a regular expression for a pattern without `!` and closing slash.

    Raises:
        ValueError: If it can never match.
    """
    if not pattern or len(pattern) > MOST_PATTERN_CHARS:
        raise ValueError(pattern)
    # two stars that fill a segment of a path are any number of folders.
    return _joined(
        [
            None if "/" in pattern and len(part) > 1 and not part.strip("*") else _segment(part)
            for part in _split(pattern.removeprefix("/"))
        ]
    )


def _joined(segments: Sequence[str | None]) -> str:
    """Join the expressions of segments; `None` is any number of folders."""
    # what stands between two gaps may as well be found where it occurs first, so nothing is tried twice.
    runs: list[list[str]] = [[]]
    for segment in segments:
        if segment is None:
            runs.append([])
        else:
            runs[-1].append(segment)
    first, *rest = runs
    result = "/".join(first) + ("/" if first and rest else "")
    for run in rest[:-1]:
        if run:
            result += f"(?>(?:[^/]+/)*?{'/'.join(run)}/)"
    if rest:
        result += f"(?:[^/]+/)*{'/'.join(rest[-1])}" if rest[-1] else ".+"
    return result


def _split(pattern: str) -> list[str]:
    """Split at slashes; one inside brackets belongs to them, as does what is escaped to it."""
    parts, start, at = [], 0, 0
    while at < len(pattern):
        if pattern[at] == "\\" and pattern[at + 1 : at + 2] != "/":
            at += 1
        elif pattern[at] == "[" and (found := _bracket(pattern, at)) is not None:
            at = found[1] - 1
        elif pattern[at] == "/":
            parts.append(pattern[start:at].removesuffix("\\"))
            start = at + 1
        at += 1
    return [*parts, pattern[start:]]


def _segment(glob: str) -> str:
    """Return the expression of one segment.

    Raises:
        ValueError: If it can never match.
    """
    if not glob:
        raise ValueError(glob)
    runs: list[str] = [""]
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            if at == 1 or glob[at - 2] != "*" or runs[-1]:
                runs.append("")
        elif char == "?":
            runs[-1] += "[^/]"
        elif char == "\\":
            if at == len(glob):
                raise ValueError(glob)
            runs[-1] += re.escape(glob[at])
            at += 1
        elif char == "[":
            found = _bracket(glob, at - 1)
            if found is None:
                raise ValueError(glob)
            runs[-1] += found[0]
            at = found[1]
        else:
            runs[-1] += re.escape(char)
    first, *rest = runs
    between = "".join(f"(?>[^/]*?{run})" for run in rest[:-1] if run)
    # the name of an entry is never empty, so a lone star needs no care.
    return first + between + (f"[^/]*{rest[-1]}" if rest else "")


_WILD = frozenset("*?[\\")

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def _bracket(glob: str, at: int) -> tuple[str, int] | None:
    """Return the expression of the brackets that open at a place, and their end; `None` if they stay open."""
    at += 1
    is_negated = glob[at : at + 1] in {"!", "^"}
    at += is_negated
    begin, last, items = at, "", ""
    while at < len(glob) and (glob[at] != "]" or at == begin):
        if glob.startswith("[:", at) and (end := glob.find("]", at + 2)) > 0 and glob[end - 1] == ":":
            if end - 1 < at + 2 or (named := _CLASSES.get(glob[at + 2 : end - 1])) is None:
                return None
            items, last, at = items + named, "", end + 1
            continue
        if glob[at] == "-" and last and glob[at + 1 : at + 2] not in {"", "]"}:
            at += 1 + (glob[at + 1] == "\\")
            if at >= len(glob):
                return None
            if last <= glob[at]:
                items += f"{re.escape(last)}-{re.escape(glob[at])}"
            last = ""
        else:
            at += glob[at] == "\\"
            if at >= len(glob):
                return None
            last = glob[at]
            items += re.escape(last)
        at += 1
    if at >= len(glob):
        return None
    if is_negated:
        return f"[^/{items}]", at + 1
    return (f"(?!/)[{items}]" if items else "(?!)"), at + 1


def _trimmed(line: str) -> str:
    """Return a line without its end and the spaces there; one after a backslash stays."""
    text = line.removesuffix("\n").removesuffix("\r")
    bare = text.rstrip(" ")
    escapes = len(bare) - len(bare.rstrip("\\"))
    return text[: len(bare) + 1] if escapes % 2 and len(bare) < len(text) else bare


class IgnoreFiles:
    """The ignore files on disk, each read once for as long as it stays the same. Thread-safe."""

    def __init__(self) -> None:
        self._parsed: dict[str, tuple[Stamp, IgnoreFile]] = {}

    def level(self, root: str, folder: str, found: Mapping[str, os.stat_result]) -> Level | None:
        """Return what the ignore files of a folder say, `None` if nothing.

        Args:
            root: The root, without a slash at its end.
            folder: The folder: the root or one below it.
            found: Which of `IGNORE_FILES` stand there, each with what `lstat` says of it.
        """
        files = [self._file(root, f"{folder}/{name}", found[name]) for name in IGNORE_FILES if name in found]
        used = tuple(file for file in files if file.patterns)
        return Level(start=max(0, len(folder) - len(root)), files=used) if used else None

    def level_at(self, root: str, folder: str) -> Level | None:
        """Look for the ignore files of one folder; see `level`."""
        found = {name: status for name in IGNORE_FILES if (status := _lstat(f"{folder}/{name}"))}
        return self.level(root, folder, found) if found else None

    def chain(self, root: str, folder: str) -> Chain:
        """Look for the ignore files of a folder and of those above it, up to the root."""
        below = folder[len(root) + 1 :].split("/") if folder != root else []
        places = itertools.accumulate(below, lambda above, part: f"{above}/{part}", initial=root)
        return tuple(level for place in places if (level := self.level_at(root, place)) is not None)

    def _file(self, root: str, path: str, status: os.stat_result) -> IgnoreFile:
        stamp = stamp_of(status)
        known = self._parsed.get(path)
        if known is None or known[0] != stamp:
            known = stamp, IgnoreFile(path[len(root) + 1 :], _load(path))
            self._parsed[path] = known
        return known[1]


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what tells whether an ignore file changed."""
    # a file that became readable changed in nothing but its third time.
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _load(path: str) -> tuple[Pattern, ...]:
    """Read an ignore file; one that cannot be used has no patterns."""
    try:
        lines = _read(path).removeprefix("\ufeff").split("\n")
    except OSError as error:
        # without its content: a link or a large file may be anything.
        logger.warning("ignore_file_unusable path=%r reason=%r", path, (error.strerror or "").lower())
        return ()
    patterns, unusable = parse(lines)
    if unusable:
        logger.warning("ignore_lines_unusable path=%r lines=%r", path, list(unusable[:10]))
    return patterns


def _read(path: str) -> str:
    # neither waiting at a pipe nor following a link.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file")
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OSError(errno.EFBIG, "File too large")
    # names of files are decoded alike, so bytes that are no UTF-8 match themselves.
    return data.decode("utf-8", "surrogateescape")
