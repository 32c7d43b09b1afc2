"""What the library says in words."""

from pathlib import Path
from typing import Any

import pytest

from assistant.tui.library_words import (
    bar,
    common_folder,
    loss_of,
    remark_of,
    root_state,
    root_story,
    work_of,
)
from indexer.types import FileEntry, FileState, FileStatus, Progress

NOW = 1_800_000_000.0
IDLE = Progress(
    files_done=3, files_total=3, chunks_done=9, chunks_per_s=4.0, seconds_left=None, current="", is_idle=True
)
BUSY = Progress(
    files_done=30,
    files_total=120,
    chunks_done=900,
    chunks_per_s=40.4,
    seconds_left=200.0,
    current="/notes/a\x1b[31m.md",
    is_idle=False,
)


def said(progress: Progress = IDLE, **more: Any) -> dict[str, Any]:
    return {"progress": progress.to_json(), "pending": 0, **more}


def test_nothing_is_said_of_an_indexer_at_rest() -> None:
    """The panel is hidden then."""
    assert work_of(said(), now=NOW) is None


def test_progress_is_files_rate_time_and_the_file_at_hand() -> None:
    """And the share that is done; names of files do nothing to the terminal."""
    work = work_of(said(BUSY), now=NOW)
    assert work is not None
    assert work.line == "⟳ 30 of 120 files · 40 passages/s · 3 min left"
    assert (work.detail, work.share) == ("/notes/a.md", 0.25)


@pytest.mark.parametrize(
    ("more", "line", "detail"),
    [
        (
            {"fault": {"message": "the disk is full", "retry_at": NOW + 120}},
            "✗ the disk is full",
            "tried again in 2 min",
        ),
        ({"paused_why": "by you", "paused_until": "resume"}, "‖ paused by you", ""),
        ({"paused_why": "on battery", "pending": 4}, "‖ paused on battery", "4 files to go"),
        (
            {"building": {"model": "big", "error": "no such model"}},
            "✗ building the index for big cannot go on",
            "no such model",
        ),
        (
            {"building": {"model": "big", "progress": BUSY.to_json()}},
            "⟳ building the index for big: 30 of 120 files",
            "/notes/a.md",
        ),
        ({"rebuilding": {"done": 5, "total": 10}}, "⟳ making the vector store smaller: 5 of 10 vectors", ""),
    ],
)
def test_what_keeps_it_from_work_is_said(more: dict[str, Any], line: str, detail: str) -> None:
    """A fault, a pause, another index that is built beside, the store that is made smaller."""
    work = work_of(said(**more), now=NOW)
    assert work is not None
    assert (work.line, work.detail) == (line, detail)


def test_a_pause_says_until_when() -> None:
    """By the clock."""
    work = work_of(said(paused_why="by you", paused_until=NOW), now=NOW)
    assert work is not None
    assert work.line.startswith("‖ paused by you until ")


def test_a_bar_needs_no_colour() -> None:
    """Empty, half and full; what is out of range is cut."""
    assert [bar(share, 4) for share in (-1.0, 0.0, 0.5, 1.0, 7.0)] == ["░░░░", "░░░░", "██░░", "████", "████"]


def test_how_a_folder_is_kept_current_is_said() -> None:
    """A sign, a few words, and a story where it is not."""
    assert root_state({"is_away": False, "not_watched": ""}) == "✓ watched"
    assert root_story({"is_away": False, "not_watched": ""}) == ""
    assert root_state({"is_away": True}).startswith("○ away")
    assert "goes on by itself" in root_story({"is_away": True})
    reason = "too many folders; `sudo sysctl fs.inotify.max_user_watches=1` raises it"
    assert root_state({"not_watched": reason}).startswith("◐ not watched")
    assert root_story({"not_watched": reason}) == reason


@pytest.mark.parametrize(
    ("chunks", "rate", "end"),
    [
        (1_200, 10.0, "To index them again would take about 2 min."),
        (1_200, 0.0, "To have them back, they are all read and indexed again."),
        (0, 10.0, "The files themselves stay as they are."),
    ],
)
def test_what_is_lost_with_a_folder_is_said(chunks: int, rate: float, end: str) -> None:
    """Files, passages, and what it takes to have them back, as far as that is known."""
    told = loss_of({"files": {"indexed": 1_000, "failed": 1}, "chunks": chunks}, chunks_per_s=rate)
    assert told.startswith(f"kb forgets 1,001 files with {chunks:,} passages of text.")
    assert told.endswith(end)


def test_a_failed_file_says_when_it_is_tried_again() -> None:
    """Beside its reason; others give the reason alone."""
    state = FileState(size_bytes=1, mtime_ns=1, inode=1)
    failed = FileEntry(
        path=Path("/a"), status=FileStatus.FAILED, state=state, reason="locked\n", retry_at=NOW + 30
    )
    assert remark_of(failed, now=NOW) == "locked, tried again in 30 s"
    skipped = FileEntry(path=Path("/a"), status=FileStatus.SKIPPED, state=state, reason="no reader")
    assert remark_of(skipped, now=NOW) == "no reader"


@pytest.mark.parametrize(
    ("roots", "folder"),
    [
        ([], None),
        (["/home/ada/notes"], "/home/ada/notes"),
        (["/home/ada/notes", "/home/ada/papers"], "/home/ada"),
        (["/home/ada", "/srv"], None),
    ],
)
def test_paths_are_written_below_what_they_share(roots: list[str], folder: str | None) -> None:
    """Unless that says nothing."""
    assert common_folder(list(map(Path, roots))) == (Path(folder) if folder else None)
