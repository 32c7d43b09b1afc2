"""A root, or some places in it, beside what the ledger says of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from indexer.catalog import FileRow
from indexer.reconcile import Delete, Job, Seen, reconcile
from indexer.rules import RULE_FILES
from indexer.types import FileState
from indexer.walk import Listing, Stamps, Unreadable, WalkRules, found_at, look, path_of, scan


class LedgerFiles(Protocol):
    """What is asked of the ledger."""

    def file_rows(self, under: Path) -> list[FileRow]:
        """List the rows of a folder's files, or of a file by itself."""


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


class Memory:
    """Where the ledger was found to agree with the rules, so that they are not asked again.

    A folder is remembered with the ignore files it had then. As long as those of
    all folders above it are the same too, the rules can say nothing new of a file
    that did not change.
    """

    def __init__(self) -> None:
        self._entered: dict[Path, dict[bytes, Stamps]] = {}

    def of(self, root: Path) -> dict[bytes, Stamps]:
        """Return the folders of a root that are remembered."""
        return self._entered.get(root, {})

    def replace(self, root: Path, entered: dict[bytes, Stamps]) -> None:
        """Remember a root by a sweep of all of it."""
        self._entered[root] = entered

    def doubt(self, root: Path, listing: Listing) -> None:
        """Forget a folder whose ignore files are not those remembered."""
        entered = self._entered.get(root)
        if entered is not None and entered.get(listing.folder) != listing.stamps:
            entered.pop(listing.folder, None)


def compare(
    ledger: LedgerFiles,
    root: Path,
    places: Sequence[Path],
    rules: WalkRules,
    *,
    avoid: Sequence[Path],
    is_stopped: Callable[[], bool],
    memory: Memory | None = None,
) -> Comparison | None:
    """Compare the disk with the ledger.

    Args:
        ledger: What is known.
        root: The root.
        places: Where to look, none inside another; empty for all of the root.
        rules: What is left out.
        avoid: Folders that are not entered, and of which nothing is forgotten.
        is_stopped: Asked at every folder.
        memory: What earlier sweeps found out about the rules.

    Returns:
        `None` if it was stopped.

    Raises:
        RootAwayError: If the root does not exist.
    """
    memory = Memory() if memory is None else memory
    rows = {row[0]: row for place in places or [root] for row in ledger.file_rows(place)}
    take = rows.pop
    on_disk: dict[Path, Seen] = {}
    cataloged: dict[Path, Seen] = {}
    entered: dict[bytes, Stamps] = {}
    unreadable: list[Unreadable] = []
    files = 0
    has_more = False
    found = (
        look(root, places, rules, avoid=avoid)
        if places
        else scan(root, rules, avoid=avoid, before=memory.of(root))
    )
    for item in found:
        if is_stopped():
            return None
        if isinstance(item, Unreadable):
            unreadable.append(item)
            continue
        files += len(item.files)
        has_more = has_more or item.leaves_out_folders
        is_settled = True
        for path, status in item.files:
            row = take(path, None)
            if (
                row is not None
                and item.is_as_before
                and row[1] == status.st_size
                and row[2] == status.st_mtime_ns
                and row[3] == status.st_ino
            ):
                continue
            file = found_at(root, path, status, rules, item.chain)
            seen = Seen(file.state, file.skip)
            known = None if row is None else _seen(row)
            if seen != known:
                on_disk[file.path] = seen
                if known is not None:
                    cataloged[file.path] = known
                    is_settled = is_settled and known.state != seen.state
        if places:
            memory.doubt(root, item)
        elif is_settled:
            entered[item.folder] = item.stamps
    if not places:
        memory.replace(root, entered)
    unknown = {*avoid, *(item.path for item in unreadable)}
    for path, row in rows.items():
        gone = path_of(path)
        if gone not in unknown and unknown.isdisjoint(gone.parents):
            cataloged[gone] = _seen(row)
    jobs = tuple(reconcile(on_disk, cataloged))
    return Comparison(
        jobs=jobs,
        files=files,
        unreadable=tuple(unreadable),
        is_emptied=not (places or files or has_more) and any(isinstance(job, Delete) for job in jobs),
    )


def _seen(row: FileRow) -> Seen:
    _, size_bytes, mtime_ns, inode, skip = row
    return Seen(FileState(size_bytes=size_bytes, mtime_ns=mtime_ns, inode=inode % (1 << 64)), skip or "")


def outermost(root: Path, paths: Collection[Path]) -> list[Path]:
    """Return the places to look at for some paths, none inside another, in order; empty for all of the root.

    Where a file says what of its folder is left out, the folder is the place.
    """
    places = {path.parent if path.name in RULE_FILES else path for path in paths}
    if root in places:
        return []
    return sorted(
        path for path in places if root in path.parents and not any(above in places for above in path.parents)
    )
