"""The status as rows of one screen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.overview import describe, essence, fitted, rows
from indexer.types import Progress

NOW = 1_800_000_000.0
LIMIT = "sudo sysctl fs.inotify.max_user_watches=1048576"
TOO_MANY = f"it has more folders than the system watches; `{LIMIT}` raises the limit"

BUSY = Progress(
    files_done=12,
    files_total=1340,
    chunks_done=1204,
    chunks_per_s=35.2,
    seconds_left=40.0,
    current="/notes/cabin.md",
    is_idle=False,
)


def root(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "files": 1_204, "is_away": False, "not_watched": "", "watching": "watched", **more}


def status(**more: Any) -> dict[str, Any]:
    """Return what a daemon says that is at rest, with some of it changed."""
    return {
        "state": "idle",
        "version": "0.1.0",
        "pid": 4711,
        "embedding": {"model": "all-MiniLM-L6-v2", "device": "cpu", "dtype": "bfloat16"},
        "building": None,
        "memory_mb": 312,
        "roots": [root("/home/ada/notes")],
        "files": {"pending": 0, "indexed": 1_200, "partial": 3, "skipped": 1, "failed": 0},
        "chunks": 12_345,
        "embedded_total": 12_345,
        "queue": 0,
        "pending": 0,
        "as_of": NOW,
        "paused_until": None,
        "paused_why": "",
        "retry": {"count": 0, "next_at": None},
        "rebuilding": None,
        "disk_bytes": {"catalog": 12_300_000, "chroma": 20_000_000, "logs": 300_000},
        "progress": {**BUSY.to_json(), "is_idle": True},
        "fault": None,
        "recovered": None,
        "last_errors": [],
        **more,
    }


WORST = status(
    state="stopped",
    roots=[root(f"/home/ada/{'very-' * 20}long/{name}", not_watched=TOO_MANY) for name in ("a", "b")]
    + [root("/mnt/disk", is_away=True)],
    files={"pending": 9, "indexed": 1, "partial": 1, "skipped": 1, "failed": 99},
    queue=1_328,
    pending=1_328,
    as_of=NOW - 300,
    paused_until=NOW + 3600,
    paused_why="by you",
    retry={"count": 2, "next_at": NOW + 30},
    rebuilding={"done": 10, "total": 20_000},
    building={
        "model": "bge-small",
        "answering": "all-MiniLM-L6-v2",
        "progress": BUSY.to_json(),
        "waiting_for": ["/mnt/disk"],
        "error": None,
    },
    progress=BUSY.to_json(),
    fault={"kind": "StoreError", "message": "the disk is full", "hint": "", "retry_at": NOW + 120},
    last_errors=[
        {"path": f"/home/ada/{n}.pdf", "reason": "damaged", "at": NOW - n} for n in range(20, 0, -1)
    ],
)


def said_of(said: dict[str, Any], label: str) -> list[str]:
    return [text for each, text in rows(said, now=NOW) if each == label]


def test_a_daemon_at_rest_says_little() -> None:
    """What it is, its folders, its files, how current it is and what it takes; and nothing else."""
    assert rows(status(), now=NOW) == [
        ("indexer", "idle, pid 4711, version 0.1.0"),
        ("folder", "/home/ada/notes (1,204 files)"),
        ("watching", "1 of 1 folder"),
        ("files", "1,200 indexed, 3 partial, 1 skipped"),
        ("chunks", "12,345"),
        ("current as of", "now"),
        ("embedding", "all-MiniLM-L6-v2, cpu, bfloat16"),
        ("takes", "312 MB of memory, 33 MB of disk (catalog 12 MB, chroma 20 MB, logs 0.3 MB)"),
    ]


def test_a_reranker_says_what_it_does() -> None:
    """Where one is configured, its last sentence stands below the embedding model; else nothing does."""
    trouble = "[search] reranker: /models/ce is not a folder of a cross-encoder"
    assert ("reranker", trouble) in rows(status(reranker=trouble), now=NOW)
    assert "reranker" not in dict(rows(status(reranker=""), now=NOW))


def test_all_at_once_is_one_screen() -> None:
    """Three folders, a fault, a pause, a queue, another model and errors fit 80 columns and 24 lines."""
    lines = fitted(rows(WORST, now=NOW), 80)
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80


def test_a_fault_says_when_it_is_tried_again() -> None:
    """Whoever reads it need not do anything."""
    assert said_of(WORST, "fault") == ["the disk is full; tried again in 2 min"]


@pytest.mark.parametrize(
    ("until", "why", "said"),
    [
        ("resume", "by you", "by you, until `kb indexer resume`"),
        (None, "on battery", "on battery"),
    ],
)
def test_a_pause_says_why_and_until_when(until: str | None, why: str, said: str) -> None:
    """By a person until they say so, or by the computer for itself."""
    assert said_of(status(paused_until=until, paused_why=why), "paused") == [said]


def test_a_pause_for_a_while_names_its_end() -> None:
    """By the clock on the wall."""
    (said,) = said_of(WORST, "paused")
    assert said.startswith("by you, until ")
    assert said[-3] == ":"


def test_a_queue_says_how_long_it_takes() -> None:
    """Files that wait, rate, time left, and the file at hand."""
    assert said_of(WORST, "queue") == [
        "1,328 files wait; 12/1,340 files, 1,204 chunks, 35/s, 40 s left - /notes/cabin.md"
    ]


def test_what_is_not_watched_says_why_and_how_to_change_it() -> None:
    """The reason for each folder, and the command once."""
    reasons = said_of(WORST, "not watched")
    assert len(reasons) == 2
    assert reasons[0].endswith("/a: it has more folders than the system watches; looked at every 10 min")
    assert said_of(WORST, "limit") == [f"`{LIMIT}` raises it"]
    assert said_of(WORST, "watching") == ["0 of 3 folders"]
    nfs = status(roots=[root("/nas", not_watched="on a nfs file system, whose changes are not reported")])
    assert said_of(nfs, "not watched") == [
        "/nas: on a nfs file system, whose changes are not reported; looked at every 10 min"
    ]
    assert said_of(nfs, "limit") == []


def test_a_folder_that_is_away_is_named() -> None:
    """With what becomes of its files."""
    assert said_of(WORST, "folder")[-1] == (
        "/mnt/disk (1,204 files), away: gone or emptied, and nothing of it forgotten"
    )


def test_what_is_not_current_says_how_old_it_is() -> None:
    """The moment that the index agrees with, and what is missing since."""
    assert said_of(WORST, "current as of") == ["5 min ago, 1,328 files to go"]
    assert said_of(status(as_of=0), "current as of") == ["not yet"]
    assert said_of(status(pending=1), "current as of") == ["0 s ago, 1 file to go"]


def test_an_index_begun_anew_is_told_for_a_day() -> None:
    """What happened to it and when; later it is history."""
    noted = {"message": "the catalog was damaged, and everything is indexed again", "at": NOW - 180}
    assert said_of(status(recovered=noted), "recovered") == [f"{noted['message']}, 3 min ago"]
    assert said_of(status(recovered={**noted, "at": NOW - 100_000}), "recovered") == []


def test_retries_say_how_many_and_when() -> None:
    """Files that failed and are tried again by themselves."""
    assert said_of(WORST, "retries") == ["2 files, next in 30 s"]


def test_another_model_shows_how_far_it_is() -> None:
    """What is built, how far, and what it waits for; or why it cannot go on."""
    (said,) = said_of(WORST, "building")
    assert said.startswith("the index for bge-small: 12/1,340 files")
    assert said.endswith("; it waits for /mnt/disk")
    stuck = status(building={"model": "bge-small", "answering": "x", "error": "there is no such folder"})
    assert said_of(stuck, "building") == ["the index for bge-small cannot go on: there is no such folder"]


def test_errors_are_few_and_the_newest_first() -> None:
    """The rest is a command away."""
    assert said_of(WORST, "error") == [f"/home/ada/{n}.pdf: damaged, {n} s ago" for n in (1, 2, 3)]
    assert said_of(WORST, "more") == ["`kb files --state failed`"]
    assert said_of(status(), "more") == []


def test_many_folders_are_left_to_their_own_command() -> None:
    """One screen stays one screen."""
    said = status(roots=[root(f"/{number}") for number in range(9)])
    assert len(said_of(said, "folder")) == 6
    assert said_of(said, "more") == ["3 folders: `kb roots`"]


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(["a", "folder", "current as of"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300),
        )
    ),
    width=st.integers(40, 200),
)
def test_lines_fit_and_keep_both_ends(lines: list[tuple[str, str]], width: int) -> None:
    """None is wider than the terminal; a short one is whole, a long one keeps how it begins and ends."""
    for (label, text), line in zip(lines, fitted(lines, width), strict=True):
        assert len(line) <= width
        assert line.startswith(label)
        assert line.endswith(text[-5:])
        assert text in line or "…" in line


def test_only_what_matters_makes_a_new_block() -> None:
    """Memory, time and the file at hand change all the time; a file more is news."""
    calm = status()
    assert essence({**calm, "memory_mb": 400, "as_of": NOW + 5, "progress": BUSY.to_json()}) == essence(calm)
    assert essence({**calm, "queue": 1}) != essence(calm)


def test_progress_is_one_line() -> None:
    """Files, chunks, rate, time left and the file at hand."""
    assert describe(BUSY) == "12/1,340 files, 1,204 chunks, 35/s, 40 s left - /notes/cabin.md"
