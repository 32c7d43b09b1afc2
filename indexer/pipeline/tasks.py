"""The pieces of work that the pipeline's queue hands out, and which of them go first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from indexer.reconcile import Upsert

URGENT_FILES = 64
"""More files than this at once were not saved by a person, but copied, unpacked or checked out."""

URGENT_BYTES = 1_000_000
"""A larger file would hold up the next small one."""

FRESH_S = 60.0
"""A file that a sweep of a whole root finds counts as just saved for so long."""


class Lane(Enum):
    """Which of the two reading threads a piece of work is for."""

    URGENT = "urgent"
    """What somebody just did: a few places to look at, a few small files to read."""

    BULK = "bulk"
    """Whole roots, and all other files."""


class Hold(Enum):
    """Which files are not read for now, because indexing is paused."""

    NOTHING = "nothing"
    BULK = "bulk"
    """All but what somebody just saved."""

    ALL = "all"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Compare a root with the disk, or some files and folders of it."""

    root: Path
    below: frozenset[Path] = frozenset()
    """Where to look; empty for everywhere."""

    @property
    def lane(self) -> Lane:
        """The thread that it is for."""
        return Lane.URGENT if self.below else Lane.BULK


@dataclass(frozen=True, slots=True)
class Read:
    """Read one file of a root."""

    root: Path
    upsert: Upsert
    is_urgent: bool = field(default=False, compare=False)
    """Whether somebody just saved the file: it overtakes whatever else is on its way into the index."""

    number: int = field(default=0, compare=False)
    """Counts up; of two reads of one file the higher is the later one. 0 outside of a queue."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.upsert.path

    @property
    def lane(self) -> Lane:
        """The thread that it is for."""
        return Lane.URGENT if self.is_urgent else Lane.BULK


Work = Sweep | Read


def is_held(read: Read, hold: Hold) -> bool:
    """Tell whether a file is not to be read for now."""
    return hold is Hold.ALL or (hold is Hold.BULK and not read.is_urgent)


def urgent_paths(upserts: Sequence[Upsert], *, is_hinted: bool, now_s: float) -> frozenset[Path]:
    """Return which of the files that were found to have changed together are to be read at once.

    Args:
        upserts: The files.
        is_hinted: Whether somebody was seen to change these very places, so that their age does not matter.
        now_s: Seconds since the epoch.
    """
    just_saved = [
        upsert.path
        for upsert in upserts
        if upsert.state.size_bytes <= URGENT_BYTES
        and (is_hinted or abs(now_s - upsert.state.mtime_ns / 1e9) < FRESH_S)
    ]
    return frozenset(just_saved) if len(just_saved) <= URGENT_FILES else frozenset()
