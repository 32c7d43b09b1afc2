"""Disk state and catalog state in, jobs out; pure.

A root that is away is the caller's to notice: seen from here an empty disk
means that everything was deleted.
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.types import FileState


@dataclass(frozen=True, slots=True)
class Seen:
    """What one side believes of a file; equal beliefs mean that nothing is to be done."""

    state: FileState
    skip: str = ""
    """The rule that leaves the file out; empty for a file that is read."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Forget a file."""

    path: Path


@dataclass(frozen=True, slots=True)
class Upsert:
    """Read a file and index what it holds now."""

    path: Path
    state: FileState
    attempt: int = 1
    """Which try this is, of a file that failed before in this very state."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Record that a rule leaves a file out, and forget what was indexed of it."""

    path: Path
    state: FileState
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """Let a file go on under another path if it holds the same; else forget the one and read the other."""

    old: Path
    path: Path
    state: FileState


Job = Delete | Move | Upsert | Skip


def reconcile(on_disk: Mapping[Path, Seen], cataloged: Mapping[Path, Seen]) -> list[Job]:
    """List the jobs that bring the catalog in step with the disk.

    Deletes come first, then moves, so that a moved file never has two live
    copies, then what is skipped, then what is to be read; each kind is in path
    order, so that two runs do the same work alike.
    """
    gone = sorted(cataloged.keys() - on_disk.keys())
    changed = sorted(path for path, seen in on_disk.items() if cataloged.get(path) != seen)
    moves = _moves(
        {path: cataloged[path].state for path in gone if not cataloged[path].skip},
        {path: on_disk[path].state for path in changed if not on_disk[path].skip},
        is_known=cataloged.keys(),
    )
    left = {move.old for move in moves}
    arrived = {move.path for move in moves}
    return [
        *(Delete(path) for path in gone if path not in left),
        *moves,
        *(Skip(path, on_disk[path].state, on_disk[path].skip) for path in changed if on_disk[path].skip),
        *(
            Upsert(path, on_disk[path].state)
            for path in changed
            if not on_disk[path].skip and path not in arrived
        ),
    ]


def _moves(
    gone: Mapping[Path, FileState], changed: Mapping[Path, FileState], *, is_known: Container[Path]
) -> list[Move]:
    """Pair paths that are gone with others that have the same inode, size and time now.

    Where a file has several names, those that stay alike are paired first.
    """
    left: dict[FileState, list[Path]] = {}
    for path, state in gone.items():
        left.setdefault(state, []).append(path)
    moves: list[Move] = []
    for path, state in sorted(changed.items(), key=lambda item: (item[0] in is_known, item[0])):
        candidates = [old for old in left.get(state, ()) if old.suffix.lower() == path.suffix.lower()]
        if candidates:
            old = min(candidates, key=lambda each: (each.name != path.name, each))
            left[state].remove(old)
            moves.append(Move(old, path, state))
    return sorted(moves, key=lambda move: move.path)


def covering(path: Path, roots: Collection[Path]) -> Path | None:
    """Return the root that holds a path, which may be the path itself; `None` where there is none.

    Of nested roots it is the innermost: the walk of the outer one does not come there.
    """
    holders = [root for root in roots if root == path or root in path.parents]
    return max(holders, key=lambda root: len(root.parts), default=None)


def priority(state: FileState, *, now_s: float) -> tuple[int, int]:
    """Rank a file in the queue: what was just written first, then the small ones; lower is earlier.

    Ages count in doublings of an hour, so that among files of about the same
    age the small ones win.

    Args:
        state: What the disk says of the file.
        now_s: Seconds since the epoch.
    """
    age_h = max(0, int((now_s - state.mtime_ns / 1e9) / 3600))
    return age_h.bit_length(), state.size_bytes
