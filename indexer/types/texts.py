"""Files as they are spoken of, and their text as it is indexed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from indexer.types.ledger import FileStatus
from indexer.types.passages import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file that a name may stand for."""

    path: Path
    """Absolute."""

    root: Path
    title: str
    status: FileStatus
    reason: str = ""
    """Why it cannot be read, or not as a whole."""

    chunks: int = 0
    """Chunks that can be found; 0 for a file without any text."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object for the API."""
        return {
            "path": str(self.path),
            "root": str(self.root),
            "title": self.title,
            "status": self.status.value,
            "reason": self.reason,
            "chunks": self.chunks,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            path=Path(value["path"]),
            root=Path(value["root"]),
            title=value["title"],
            status=FileStatus(value["status"]),
            reason=value["reason"],
            chunks=value["chunks"],
        )


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file as it is indexed, or a part of it."""

    passages: tuple[Passage, ...]
    """In reading order, without overlap; nothing was searched for, so their scores are 0."""

    total: int
    """All passages of the file."""
