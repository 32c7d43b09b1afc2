"""What the library screen says of folders, files and the work, in a few words each; pure."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.terminal import plain_line
from assistant.times import ahead, counted, duration
from indexer.types import FileEntry, FileStatus, Progress

SIGNS = {
    FileStatus.INDEXED: "✓",
    FileStatus.PARTIAL: "◐",
    FileStatus.SKIPPED: "–",
    FileStatus.FAILED: "✗",
    FileStatus.PENDING: "…",
}
"""Stand before a file, beside the word of its state or in the list of that state."""

STATES: tuple[FileStatus | None, ...] = (
    None,
    FileStatus.INDEXED,
    FileStatus.PARTIAL,
    FileStatus.SKIPPED,
    FileStatus.FAILED,
    FileStatus.PENDING,
)
"""What can be listed, in the order of its names in the bar; `None` for all."""

EMPTY = {
    None: "no file is known here yet",
    FileStatus.INDEXED: "no file is indexed here yet",
    FileStatus.PARTIAL: "of no file anything is missing",
    FileStatus.SKIPPED: "no file is left out",
    FileStatus.FAILED: "no file has failed",
    FileStatus.PENDING: "no file waits",
}
"""Said where a list is empty."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the indexer is at."""

    line: str
    detail: str = ""
    share: float | None = None
    """How much of it is done, 0 to 1; `None` where that cannot be said."""


def work_of(said: Mapping[str, Any], *, now: float) -> Work | None:
    """Say what the indexer is at, or what keeps it from its work; `None` where there is nothing to say.

    Args:
        said: What it says of itself.
        now: Seconds since the epoch.
    """
    if fault := said.get("fault"):
        retry_at = fault.get("retry_at")
        again = f"tried again {ahead(retry_at, now=now)}" if retry_at else ""
        return Work(f"✗ {plain_line(fault['message'])}", again)
    progress = Progress.from_json(said["progress"])
    share = progress.files_done / progress.files_total if progress.files_total else None
    if why := said.get("paused_why"):
        until = said.get("paused_until")
        end = ""
        if isinstance(until, int | float):
            end = f" until {time.strftime('%H:%M', time.localtime(until))}"
        waiting = counted(said.get("pending", 0), "file")
        return Work(f"‖ paused {plain_line(why)}{end}", f"{waiting} to go" if said.get("pending") else "")
    if progress.is_idle:
        return _beside(said)
    rate = f"{progress.chunks_per_s:.0f} passages/s" if progress.chunks_per_s >= 1 else ""
    left = f"{duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    files = f"⟳ {progress.files_done:,} of {counted(progress.files_total, 'file')}"
    return Work(" · ".join(filter(None, (files, rate, left))), plain_line(progress.current), share)


def _beside(said: Mapping[str, Any]) -> Work | None:
    """Say what goes on beside the files: an index of another embedding model, and the store made smaller."""
    if building := said.get("building"):
        line = f"⟳ building the index for {plain_line(str(building['model']))}"
        if building.get("error"):
            return Work(f"✗ {line[2:]} cannot go on", plain_line(str(building["error"])))
        if building.get("progress"):
            progress = Progress.from_json(building["progress"])
            share = progress.files_done / progress.files_total if progress.files_total else None
            files = f"{progress.files_done:,} of {counted(progress.files_total, 'file')}"
            return Work(f"{line}: {files}", plain_line(progress.current), share)
        return Work(line)
    if rebuilding := said.get("rebuilding"):
        done, total = rebuilding["done"], rebuilding["total"]
        return Work(
            f"⟳ making the vector store smaller: {done:,} of {total:,} vectors", "", done / max(1, total)
        )
    return None


def bar(share: float, width: int) -> str:
    """Draw how much is done with characters that need no colour."""
    filled = round(min(max(share, 0.0), 1.0) * width)
    return "█" * filled + "░" * (width - filled)


def root_state(root: Mapping[str, Any]) -> str:
    """Say in a few words how a folder is, with a sign before them."""
    if root.get("is_away"):
        return "○ away: gone or emptied, and nothing of it forgotten"
    if root.get("not_watched"):
        return "◐ not watched, looked at every 10 min"
    return "✓ watched"


def root_story(root: Mapping[str, Any]) -> str:
    """Say at length why a folder is not kept current by itself; empty if it is."""
    if root.get("is_away"):
        return (
            "The folder is gone, or was emptied at once, as when its disk is not there. What was indexed of"
            " it can still be found, and goes on by itself when it is back."
        )
    return plain_line(str(root.get("not_watched") or ""))


def loss_of(said: Mapping[str, Any], *, chunks_per_s: float) -> str:
    """Say what is lost with a folder, and what it would take to have it back.

    Args:
        said: What the daemon knows of the folder.
        chunks_per_s: How fast it indexed last; 0 if nobody knows.
    """
    files, chunks = sum((said.get("files") or {}).values()), said.get("chunks", 0)
    lost = f"{counted(files, 'file')} with {counted(chunks, 'passage')} of text"
    sentence = f"kb forgets {lost}. The files themselves stay as they are."
    if chunks and chunks_per_s >= 1:
        sentence += f" To index them again would take about {duration(chunks / chunks_per_s)}."
    elif chunks:
        sentence += " To have them back, they are all read and indexed again."
    return sentence


def shown_path(path: Path, root: Path | None) -> str:
    """Write a path below the folder that is looked at, and as it is elsewhere."""
    if root is not None and root in path.parents:
        path = path.relative_to(root)
    return plain_line(str(path))


def common_folder(roots: "list[Path]") -> Path | None:
    """Return the folder whose name every path of a list would begin with; `None` if there is none."""
    if not roots:
        return None
    if len(roots) == 1:
        return roots[0]
    common = Path(os.path.commonpath(roots))
    return common if len(common.parts) > 2 else None


def remark_of(entry: FileEntry, *, now: float) -> str:
    """Say why a file is in its state, and what comes next; empty where nothing is to be said."""
    reason = plain_line(entry.reason)
    if entry.status is not FileStatus.FAILED:
        return reason
    again = "" if entry.retry_at is None else f"tried again {ahead(entry.retry_at, now=now)}"
    return ", ".join(filter(None, (reason, again)))
