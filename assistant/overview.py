"""The status of the indexer as rows of one screen; pure."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.times import ago, ahead, as_of, counted, duration, megabytes
from indexer.types import FileStatus, Progress

Row = tuple[str, str]
"""What it is about, and what is said of it."""

STATES = [status.value for status in FileStatus]

RECOVERED_S = 86_400.0
"""How long it is told that a damaged index was begun anew."""

ERRORS_SHOWN = 3
ROOTS_SHOWN = 6
"""More folders than this are left to `kb roots`."""

_COMMAND = re.compile(r"`(sudo [^`]+)`")


def rows(said: Mapping[str, Any], *, now: float) -> list[Row]:
    """Return what a person wants to know of the indexer, each in one line.

    Args:
        said: What the daemon says.
        now: Seconds since the epoch.
    """
    return [
        ("indexer", f"{said['state']}, pid {said['pid']}, version {said['version']}"),
        *_hindrances(said, now),
        *_work(said, now),
        *_folders(said["roots"]),
        *_content(said, now),
        *_costs(said),
        *_errors(said, now),
    ]


def essence(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the status is worth a new block where the old one cannot be redrawn."""
    kept = (
        "state",
        "roots",
        "files",
        "chunks",
        "queue",
        "paused_until",
        "paused_why",
        "fault",
        "last_errors",
    )
    return {key: said.get(key) for key in kept}


def describe(progress: Progress) -> str:
    """Write progress in one line: files, chunks, rate, time left, and the file at hand."""
    parts = [
        f"{progress.files_done:,}/{progress.files_total:,} files",
        counted(progress.chunks_done, "chunk"),
    ]
    if progress.chunks_per_s >= 1:
        parts.append(f"{progress.chunks_per_s:.0f}/s")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    line = ", ".join(parts)
    return f"{line} - {progress.current}" if progress.current else line


def fitted(lines: Sequence[Row], width: int) -> list[str]:
    """Align rows and cut what is too long out of their middle, where paths are least telling.

    Args:
        lines: The rows, already plain.
        width: Columns there are.
    """
    indent = max((len(label) for label, _ in lines), default=0) + 2
    return [f"{label:<{indent}}{_cut(text, max(20, width - indent))}" for label, text in lines]


def _cut(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"


def _hindrances(said: Mapping[str, Any], now: float) -> list[Row]:
    """Say what keeps the indexer from its work."""
    found: list[Row] = []
    if fault := said.get("fault"):
        retry_at = fault.get("retry_at")
        again = f"; tried again {ahead(retry_at, now=now)}" if retry_at else ""
        found.append(("fault", f"{fault['message']}{again}"))
    if why := said.get("paused_why"):
        until = said.get("paused_until")
        end = ""
        if isinstance(until, int | float):
            end = f", until {time.strftime('%H:%M', time.localtime(until))}"
        elif until:
            end = ", until `kb indexer resume`"
        found.append(("paused", f"{why}{end}"))
    if (recovered := said.get("recovered")) and now - recovered["at"] < RECOVERED_S:
        found.append(("recovered", f"{recovered['message']}, {ago(recovered['at'], now=now)}"))
    return found


def _work(said: Mapping[str, Any], now: float) -> list[Row]:
    """Say what is going on."""
    found: list[Row] = []
    progress = Progress.from_json(said["progress"])
    if not progress.is_idle:
        count = said.get("queue", 0)
        waiting = f"{counted(count, 'file')} {'waits' if count == 1 else 'wait'}"
        found.append(("queue", f"{waiting}; {describe(progress)}"))
    if building := said.get("building"):
        found.append(("building", _building(building)))
    if rebuilding := said.get("rebuilding"):
        done, total = rebuilding["done"], rebuilding["total"]
        found.append(("compacting", f"the vector store, {done:,} of {total:,} vectors"))
    retry = said.get("retry") or {}
    if retry.get("count"):
        again = f", next {ahead(retry['next_at'], now=now)}" if retry.get("next_at") else ""
        found.append(("retries", f"{counted(retry['count'], 'file')}{again}"))
    return found


def _building(building: Mapping[str, Any]) -> str:
    """Say how far the index of another embedding model is."""
    text = f"the index for {building['model']}"
    if building.get("error"):
        return f"{text} cannot go on: {building['error']}"
    if building.get("progress"):
        text += f": {describe(Progress.from_json(building['progress']))}"
    if waiting := building.get("waiting_for"):
        text += f"; it waits for {', '.join(waiting)}"
    return text


def _folders(roots: Sequence[Mapping[str, Any]]) -> list[Row]:
    found: list[Row] = []
    limit = ""
    for root in roots[:ROOTS_SHOWN]:
        away = ", away: gone or emptied, and nothing of it forgotten" if root.get("is_away") else ""
        found.append(("folder", f"{root['path']} ({counted(root.get('files', 0), 'file')}){away}"))
        reason = root.get("not_watched") or ""
        if reason and not away:
            command = _COMMAND.search(reason)
            limit = command[1] if command else limit
            short = reason.partition(";")[0] if command else reason
            found.append(("not watched", f"{root['path']}: {short}; looked at every 10 min"))
    if more := len(roots) - ROOTS_SHOWN:
        found += [("more", f"{counted(more, 'folder')}: `kb roots`")] if more > 0 else []
    if limit:
        found.append(("limit", f"`{limit}` raises it"))
    watched = sum(not root.get("is_away") and not root.get("not_watched") for root in roots)
    if roots:
        found.append(("watching", f"{watched} of {counted(len(roots), 'folder')}"))
    return found


def _content(said: Mapping[str, Any], now: float) -> list[Row]:
    counts = said["files"]
    files = ", ".join(f"{counts[key]:,} {key}" for key in STATES if counts.get(key)) or "none"
    moment, pending = said.get("as_of"), said.get("pending", 0)
    current = as_of(moment, pending, now=now) if moment else "not yet"
    if pending:
        current += f", {counted(pending, 'file')} to go"
    return [("files", files), ("chunks", f"{said.get('chunks', 0):,}"), ("current as of", current)]


def _costs(said: Mapping[str, Any]) -> list[Row]:
    """Say what it runs with, and what it takes."""
    found: list[Row] = []
    if embedding := said.get("embedding"):
        named = [str(embedding[key]) for key in ("model", "device", "dtype") if embedding.get(key)]
        found.append(("embedding", ", ".join(named)))
    if reranker := said.get("reranker"):
        found.append(("reranker", str(reranker)))
    taken = [f"{said['memory_mb']:,.0f} MB of memory"] if said.get("memory_mb") else []
    if disk := said.get("disk_bytes"):
        parts = ", ".join(f"{name} {megabytes(disk[name])}" for name in ("catalog", "chroma", "logs"))
        taken.append(f"{megabytes(sum(disk.values()))} of disk ({parts})")
    return [*found, ("takes", ", ".join(taken))] if taken else found


def _errors(said: Mapping[str, Any], now: float) -> list[Row]:
    """Name the last errors, the newest first."""
    errors = said.get("last_errors", [])
    found = [
        ("error", f"{error['path']}: {error['reason']}, {ago(error['at'], now=now)}")
        for error in errors[: -ERRORS_SHOWN - 1 : -1]
    ]
    if said["files"].get("failed", 0) > len(found):
        found.append(("more", "`kb files --state failed`"))
    return found
