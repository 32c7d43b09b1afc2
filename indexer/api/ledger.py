"""What is known: the status on one page, the folders, and what became of every file."""

import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from indexer.api.answers import Endpoint, described, json_answer
from indexer.api.current import Current
from indexer.api.requests import absolute, number, parameters_of
from indexer.api.threads import Threads
from indexer.api.why import Explainer
from indexer.errors import UsageError
from indexer.index import Index
from indexer.index.rebuild import recovery_of
from indexer.pipeline import Pipeline
from indexer.types import FileEntry, FileStatus

MAX_FILES = 10_000
"""Files listed in one answer at most."""


class LedgerRoutes:
    """Reading what the index knows.

    Args:
        current: What is listed, and what is still to be done.
        describe: Facts that only the daemon knows: version, pid, embedding, memory.
        is_ready: Whether the embedding model is loaded.
        unwatched: Returns the roots that cannot be watched, each with the reason.
        threads: Where blocking calls run.
    """

    def __init__(
        self,
        *,
        current: Current,
        describe: Callable[[], dict[str, Any]],
        is_ready: Callable[[], bool],
        unwatched: Callable[[], Mapping[Path, str]],
        threads: Threads,
    ) -> None:
        self._current = current
        self._describe = describe
        self._is_ready = is_ready
        self._unwatched = unwatched
        self._threads = threads

    @property
    def _index(self) -> Index:
        return self._current.index

    @property
    def _pipeline(self) -> Pipeline:
        return self._current.pipeline

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """List (method, path, endpoint)."""
        return [
            ("GET", "/v1/status", self._status),
            ("GET", "/v1/roots", self._roots),
            ("GET", "/v1/files", self._files),
            ("GET", "/v1/why", self._why),
        ]

    async def _status(self, _: Request) -> Response:
        return json_answer(await self._threads.run(self._status_now))

    async def _roots(self, _: Request) -> Response:
        return json_answer({"roots": await self._threads.run(self._list_roots)})

    async def _files(self, request: Request) -> Response:
        asked = parameters_of(request)
        status = _status_asked(asked)
        under = absolute(asked["under"][0]) if "under" in asked else None
        limit = min(number(asked, "limit", MAX_FILES), MAX_FILES)
        offset = number(asked, "offset", 0)
        text = asked.get("text", [""])[0]
        entries, total = await self._threads.run(self._list_files, status, under, text, limit, offset)
        return json_answer({"files": [entry.to_json() for entry in entries], "total": total})

    async def _why(self, request: Request) -> Response:
        path = absolute(parameters_of(request).get("path", [""])[0])
        explainer = Explainer(self._index, self._pipeline)
        return json_answer((await self._threads.run(explainer.explain, path)).to_json())

    def _status_now(self) -> dict[str, Any]:
        progress = self._pipeline.progress()
        fault = self._pipeline.fault
        rebuilding = self._index.rebuilding
        counts = {status.value: count for status, count in self._index.counts().items()}
        pending = self._pipeline.pending_count
        if fault is not None:
            state = "stopped"
        elif not self._is_ready():
            state = "starting"
        elif self._pipeline.paused_until is not None:
            state = "paused"
        else:
            state = "idle" if progress.is_idle else "indexing"
        return {
            "state": state,
            **self._describe(),
            "roots": self._list_roots(),
            "files": {**counts, FileStatus.PENDING.value: pending},
            "chunks": self._index.chunk_count(),
            "embedded_total": self._index.embedded_total,
            "queue": pending,
            "pending": pending,
            "as_of": self._pipeline.as_of,
            "paused_until": self._pipeline.paused_until,
            "paused_why": self._pipeline.paused_why,
            "retry": {"count": self._index.retry_count(), "next_at": self._index.next_retry()},
            "rebuilding": rebuilding and dict(zip(("done", "total"), rebuilding, strict=True)),
            "disk_bytes": disk_bytes(self._pipeline.home),
            "progress": progress.to_json(),
            "fault": fault and {**described(fault)["error"], "retry_at": self._pipeline.troubles.retry_at},
            "recovered": recovery_of(self._index.meta("recovered")),
            "last_errors": self._pipeline.troubles.last_errors,
        }

    def _list_roots(self) -> list[dict[str, Any]]:
        counts = self._index.root_counts()
        away, unwatched = self._pipeline.away, self._unwatched()
        return [
            {
                "path": str(root),
                "files": counts.get(root, 0),
                "is_away": root in away,
                "not_watched": unwatched.get(root, ""),
                "watching": "away" if root in away else unwatched.get(root, "watched"),
            }
            for root in self._index.roots()
        ]

    def _list_files(
        self, status: FileStatus | None, under: Path | None, text: str, limit: int, offset: int
    ) -> tuple[list[FileEntry], int]:
        """List the ledger, or, where it knows nothing yet, what waits to be entered; and count all of it."""
        if status is not FileStatus.PENDING:
            total = self._index.file_count(status=status, under=under, text=text)
            if total or status is not None:
                entries = self._index.files(status=status, under=under, text=text, limit=limit, offset=offset)
                return entries, total
        pending = [
            entry
            for entry in self._pipeline.pending()
            if (under is None or under == entry.path or under in entry.path.parents)
            and text.casefold() in str(entry.path).casefold()
        ]
        return pending[offset : offset + limit], len(pending)


def _status_asked(asked: Mapping[str, Sequence[str]]) -> FileStatus | None:
    if "status" not in asked:
        return None
    try:
        return FileStatus(asked["status"][0])
    except ValueError:
        allowed = ", ".join(status.value for status in FileStatus)
        raise UsageError(f"there is no status {asked['status'][0]!r}; allowed: {allowed}") from None


def disk_bytes(home: Path) -> dict[str, int]:
    """Add up what a home takes on the disk: catalogs with their logs, vector stores, log files.

    Indexes of other embedding models count as well.
    """
    indexes = [home, *home.glob("editions/*")]
    return {
        "catalog": sum(_size(path) for each in indexes for path in each.glob("catalog*")),
        "chroma": sum(_size(path) for each in indexes for path in each.glob("chroma*/**/*")),
        "logs": sum(_size(path) for path in home.glob("log/*")),
    }


def _size(path: Path) -> int:
    try:
        status = path.lstat()
    except OSError:
        # deleted meanwhile.
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
