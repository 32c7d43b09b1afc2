"""A root, or some places in it, beside what the ledger says of them."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from indexer.catalog import FileRow
from indexer.reconcile import Delete, Job, Seen, reconcile
from indexer.rules import RULE_FILES
from indexer.types import FileState
from indexer.walk import Listing, Stamps, Unreadable, WalkRules, look, path_of, scan, state_of


class LedgerFiles(Protocol):
    """What is asked of the ledger."""

    def file_rows(self, under: Path) -> dict[bytes, FileRow]:
        """Return the rows of a folder's files, or of a file by itself, by path."""


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
    that did not change. An ignore file that was another one for a while does not come
    back the same: the system notes when it did, and nobody can set that time.
    """

    def __init__(self) -> None:
        self._entered: dict[Path, dict[bytes, Stamps]] = {}

    def of(self, root: Path) -> Mapping[bytes, Stamps]:
        """Return the folders of a root that are remembered."""
        return self._entered.get(root, {})

    def replace(self, root: Path, entered: dict[bytes, Stamps]) -> None:
        """Remember what a sweep of a whole root found."""
        self._entered[root] = entered


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
    rows: dict[bytes, FileRow] = {}
    for place in places or [root]:
        rows.update(ledger.file_rows(place))
    differing = _Differing(root, rules)
    entered: dict[bytes, Stamps] = {}
    unreadable: list[Unreadable] = []
    files = 0
    has_more = False
    found = (
        look(root, places, rules, avoid=avoid)
        if places
        else scan(root, rules, avoid=avoid, before=memory.of(root), known=rows)
    )
    for item in found:
        if is_stopped():
            return None
        if isinstance(item, Unreadable):
            unreadable.append(item)
            continue
        files += len(item.files) + item.unchanged
        has_more = has_more or item.leaves_out_folders
        is_settled = differing.add(item, rows)
        if is_settled:
            entered[item.folder] = item.stamps
    if not places:
        memory.replace(root, entered)
    on_disk, cataloged = differing.on_disk, differing.cataloged
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


class _Differing:
    """The files that the ledger does not know as they are, on either side."""

    def __init__(self, root: Path, rules: WalkRules) -> None:
        self._start = len(os.fspath(root)) + 1
        self._rules = rules
        self.on_disk: dict[Path, Seen] = {}
        self.cataloged: dict[Path, Seen] = {}

    def add(self, item: Listing, rows: dict[bytes, FileRow]) -> bool:
        """Compare the files of a folder, and take their rows out.

        Returns:
            Whether the ledger agrees with the rules on every file that did not change.
        """
        is_settled = True
        take = rows.pop
        for path, status in item.files:
            row = take(path, None)
            absolute = os.fsdecode(path)
            skip = self._rules.file_reason(absolute[self._start :], status, item.chain)
            if (
                row is not None
                and row[1] == status.st_size
                and row[2] == status.st_mtime_ns
                and row[3] == status.st_ino
                and skip == (row[4] or "")
            ):
                # at the first sweep these are nearly all: no object is made of them.
                continue
            seen, known = Seen(state_of(status), skip), None if row is None else _seen(row)
            if seen != known:
                self.on_disk[Path(absolute)] = seen
                if known is not None:
                    self.cataloged[Path(absolute)] = known
                    is_settled = is_settled and known.state != seen.state
        return is_settled


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
