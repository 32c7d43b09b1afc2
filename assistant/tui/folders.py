"""Folders as somebody types them: what a path means, what stands there, and how it goes on."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

MOST_ENTRIES = 200_000
"""Of one folder that are looked at; who has more of them types the name."""

_VAULT_DEPTH = 3
"""How far below the home notes of Obsidian are looked for."""

_MOST_LOOKED_AT = 2_000
"""Folders that are looked into for vaults."""

_USUAL = (
    "Documents",
    "Notes",
    "notes",
    "Obsidian",
    "Zettelkasten",
    "wiki",
    "org",
    "Desktop",
    "Downloads",
)
"""Where people keep what they may want to ask about, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The folders in a folder."""

    names: tuple[str, ...]
    """In the order in which people read them; hidden ones too."""

    is_cut: bool = False
    """Whether the folder holds more than was looked at."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A folder that somebody may want to have indexed."""

    path: Path
    note: str = ""
    """Why, in a few words; may be empty."""


def list_folders(directory: Path, *, most: int = MOST_ENTRIES) -> Listing:
    """List the folders in a folder, links to folders as well.

    Raises:
        OSError: If it cannot be read.
    """
    names: list[str] = []
    with os.scandir(directory) as entries:
        for number, entry in enumerate(entries):
            if number >= most:
                return Listing(_sorted(names), is_cut=True)
            if _is_folder(entry):
                names.append(entry.name)
    return Listing(_sorted(names))


def split_typed(typed: str, *, home: Path, here: Path) -> tuple[Path, str]:
    """Read a path that is being typed: the folder it stands in, and the beginning of what comes next.

    Args:
        typed: What was typed; `~` is the home, and a path without a slash begins in `here`.
        home: The person's home directory.
        here: Where relative paths begin.
    """
    if typed in {"~", ".."} or typed.endswith("/.."):
        typed += "/"
    above, slash, begun = typed.rpartition("/")
    if not slash:
        return here, begun
    return expanded(above + "/", home=home, here=here), begun


def expanded(typed: str, *, home: Path, here: Path) -> Path:
    """Return the absolute path that was typed; nothing is asked of the disk."""
    if typed == "~" or typed.startswith("~/"):
        typed = f"{home}/{typed[2:]}"
    return Path(os.path.normpath(here / typed))


def matching(names: Iterable[str], begun: str, *, is_hidden_shown: bool = False) -> list[str]:
    """Return the names that go on from what was typed, then those that hold it; case makes no difference.

    Hidden names are left out unless a dot was typed, or they are asked for.
    """
    sought = begun.lower()
    listed = [name for name in names if is_hidden_shown or begun.startswith(".") or not name.startswith(".")]
    first = [name for name in listed if name.lower().startswith(sought)]
    return first + [name for name in listed if sought in name.lower() and not name.lower().startswith(sought)]


def completed(names: Sequence[str], begun: str) -> str:
    """Return what was typed, as far as all names that go on from it agree; one alone gets its slash."""
    going_on = [name for name in names if name.lower().startswith(begun.lower())]
    if not going_on:
        return f"{names[0]}/" if len(names) == 1 else begun
    if len(going_on) == 1:
        return f"{going_on[0]}/"
    begins = zip(*(name.lower() for name in going_on), strict=False)
    shared = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, begins))
    return going_on[0][:shared] if shared > len(begun) else begun


def shown(path: Path, *, home: Path) -> str:
    """Write a path as people do, the home as `~`."""
    if path == home:
        return "~"
    return f"~/{path.relative_to(home)}" if home in path.parents else str(path)


def suggestions(home: Path, *, indexed: Collection[Path] = ()) -> list[Suggestion]:
    """List folders that are there and may be wanted: vaults of Obsidian first, then the usual ones.

    Args:
        home: The person's home directory.
        indexed: What is indexed already, and with it everything below, is not suggested.
    """
    found: dict[Path, Suggestion] = {}
    for vault in _vaults(home):
        found[vault] = Suggestion(vault, "notes of Obsidian")
    for name in _USUAL:
        path = home / name
        # on some disks "Notes" and "notes" are one.
        if path not in found and path.is_dir() and not any(_is_same(path, other) for other in found):
            found[path] = Suggestion(path)
    return [
        each
        for each in found.values()
        if not any(root == each.path or root in each.path.parents for root in indexed)
    ]


def _vaults(home: Path) -> Iterator[Path]:
    """Look for vaults near the home, those that are nearer first; hidden folders hold none."""
    level, looked_at = [home], 0
    for _ in range(_VAULT_DEPTH):
        below: list[Path] = []
        for folder in level:
            looked_at += 1
            if looked_at > _MOST_LOOKED_AT:
                return
            try:
                names = list_folders(folder, most=_MOST_LOOKED_AT).names
            except OSError:
                continue
            if ".obsidian" in names and folder != home:
                yield folder
                continue
            below += [folder / name for name in names if not name.startswith(".")]
        level = below


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # a link in a circle, or into what is closed.
        return False


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name.lower(), name)))
