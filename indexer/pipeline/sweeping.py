"""A root, or some places in it, beside what the ledger says of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from indexer.reconcile import Delete, Job, Seen, reconcile
from indexer.types import FileEntry, FileStatus
from indexer.walk import MARKERS_OF_EXCLUDED_DIRECTORIES, Found, Unreadable, WalkRules, look, walk

ALL_FILES = 1 << 60


class LedgerFiles(Protocol):
    """What is asked of the ledger."""

    def files(self, *, under: Path, limit: int) -> list[FileEntry]:
        """List the files of a folder, or a file by itself."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a sweep found out."""

    jobs: tuple[Job, ...]
    """What is to be done, in order."""

    files: int
    """Files on disk that were looked at."""

    unreadable: tuple[Unreadable, ...]
    """Places of which nothing is known, so that nothing in them is forgotten."""

    is_emptied: bool
    """Whether everything that was indexed of a whole root is gone at once, as after an unmount."""


def compare(
    ledger: LedgerFiles,
    root: Path,
    places: Sequence[Path],
    rules: WalkRules,
    *,
    avoid: Sequence[Path],
    is_stopped: Callable[[], bool],
) -> Comparison | None:
    """Compare the disk with the ledger.

    Args:
        ledger: What is known.
        root: The root.
        places: Where to look, none inside another; empty for all of the root.
        rules: What is left out.
        avoid: Folders that are not entered, and of which nothing is forgotten.
        is_stopped: Asked now and then.

    Returns:
        `None` if it was stopped.

    Raises:
        RootAwayError: If the root does not exist.
    """
    on_disk: dict[Path, Seen] = {}
    unreadable: list[Unreadable] = []
    found = look(root, places, rules, avoid=avoid) if places else walk(root, rules, avoid=avoid)
    for item in found:
        if is_stopped():
            return None
        if isinstance(item, Found):
            on_disk[item.path] = Seen(item.state, item.skip)
        else:
            unreadable.append(item)
    unknown = {*avoid, *(item.path for item in unreadable)}
    cataloged = {
        entry.path: Seen(entry.state, entry.reason if entry.status is FileStatus.SKIPPED else "")
        for place in places or [root]
        for entry in ledger.files(under=place, limit=ALL_FILES)
        if entry.path not in unknown and unknown.isdisjoint(entry.path.parents)
    }
    jobs = tuple(reconcile(on_disk, cataloged))
    return Comparison(
        jobs=jobs,
        files=len(on_disk),
        unreadable=tuple(unreadable),
        is_emptied=not places and not on_disk and any(isinstance(job, Delete) for job in jobs),
    )


def outermost(root: Path, paths: Collection[Path]) -> list[Path]:
    """Return the places to look at for some paths, none inside another, in order; empty for all of the root.

    Where a file says that its folder is left out, the folder is the place.
    """
    places = {path.parent if path.name in MARKERS_OF_EXCLUDED_DIRECTORIES else path for path in paths}
    if root in places:
        return []
    return sorted(
        path for path in places if root in path.parents and not any(above in places for above in path.parents)
    )
