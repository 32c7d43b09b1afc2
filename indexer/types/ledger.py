"""What is known of every file, and how far indexing has come."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self


class FileStatus(StrEnum):
    """The one state of a file in the ledger."""

    PENDING = "pending"
    """Seen, not yet looked into."""

    INDEXED = "indexed"
    PARTIAL = "partial"
    """Indexed, with something missing that `reason` names."""

    SKIPPED = "skipped"
    """Left out by the rule that `reason` names."""

    FAILED = "failed"
    """Not indexed because of the error that `reason` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What the disk says of a file; equal states mean that nothing is to be done."""

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One row of the ledger."""

    path: Path
    status: FileStatus
    state: FileState
    reason: str = ""
    chunks: int = 0
    pages_without_text: int = 0
    indexed_at: float | None = None
    """Seconds since the epoch of the last time it was indexed; `None` if never."""

    since: float | None = None
    """Seconds since the epoch at which it came to this status for this reason; `None` if nobody knows."""

    attempts: int = 0
    """How often reading it failed while it was as it is."""

    retry_at: float | None = None
    """Seconds since the epoch at which it is tried again although it did not change; `None` for never."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API and for `--json`."""
        return {
            "path": str(self.path),
            "status": self.status.value,
            "reason": self.reason,
            "size_bytes": self.state.size_bytes,
            "mtime_ns": self.state.mtime_ns,
            "inode": self.state.inode,
            "chunks": self.chunks,
            "pages_without_text": self.pages_without_text,
            "indexed_at": self.indexed_at,
            "since": self.since,
            "attempts": self.attempts,
            "retry_at": self.retry_at,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            path=Path(value["path"]),
            status=FileStatus(value["status"]),
            state=FileState(size_bytes=value["size_bytes"], mtime_ns=value["mtime_ns"], inode=value["inode"]),
            reason=value["reason"],
            chunks=value["chunks"],
            pages_without_text=value["pages_without_text"],
            indexed_at=value["indexed_at"],
            since=value["since"],
            attempts=value["attempts"],
            retry_at=value["retry_at"],
        )


@dataclass(frozen=True, slots=True)
class FilesPage:
    """Some rows of the ledger."""

    entries: tuple[FileEntry, ...]
    total: int
    """How many rows there are of what was asked for, on all pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far indexing has come; one of these is sent whenever it moves."""

    files_done: int
    files_total: int
    chunks_done: int
    """Chunks made searchable since the work began."""

    chunks_per_s: float
    seconds_left: float | None
    """`None` while there is too little to tell from."""

    current: str
    """Path being worked on; empty between files."""

    is_idle: bool
    """True when nothing is left to do; the last event of a stream."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(**value)
