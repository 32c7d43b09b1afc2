"""What is known of a file, in rows."""

from typing import Any

import pytest

from assistant.stories import rows

NOW = 1_800_000_000.0


def explained(**more: Any) -> dict[str, Any]:
    """Return what a daemon says of an indexed file, with some of it changed."""
    return {
        "path": "/notes/a.md",
        "state": "indexed",
        "reason": "",
        "hint": "",
        "root": "/notes",
        "is_root_away": False,
        "leads_to": None,
        "chunks": 5,
        "pages_without_text": [],
        "since": NOW - 180,
        "indexed_at": NOW - 60,
        "attempts": 0,
        "retry_at": None,
        "has_changed": False,
        "queue_place": None,
        "queue_length": 0,
        "waits_for": "",
        "files": None,
        "is_findable": True,
        **more,
    }


def said_of(label: str, **more: Any) -> list[str]:
    return [text for each, text in rows(explained(**more), now=NOW) if each == label]


def test_an_indexed_file_is_five_lines() -> None:
    """Path, state since when, folder, chunks, and when it was indexed."""
    labels = [label for label, _ in rows(explained(), now=NOW)]
    assert labels == ["path", "state", "folder", "chunks", "indexed"]
    (state,) = said_of("state")
    assert state.startswith("indexed, since 20")
    assert state.endswith(" (3 min ago)")


@pytest.mark.parametrize(
    ("retry_at", "attempts", "said"),
    [
        (NOW + 120, 2, "in 2 min, after 2 attempts"),
        (NOW - 5, 1, "now, after 1 attempt"),
        (None, 1, "when it changes, after 1 attempt"),
    ],
)
def test_a_failed_file_says_when_it_is_tried_again(retry_at: float | None, attempts: int, said: str) -> None:
    """By itself or with a change, and how often it was tried."""
    assert said_of("tried again", state="failed", retry_at=retry_at, attempts=attempts) == [said]


def test_pages_without_text_are_named() -> None:
    """Each of them, but no more than a person reads."""
    assert said_of("no text", pages_without_text=[2]) == ["on page 2"]
    assert said_of("no text", pages_without_text=[2, 5]) == ["on pages 2, 5"]
    (many,) = said_of("no text", pages_without_text=list(range(1, 100)))
    assert many.endswith("19, 20, …")


def test_a_file_that_waits_says_where_and_for_what() -> None:
    """Its place in the queue, and why the queue stands still if it does."""
    assert said_of("queue", queue_place=3, queue_length=1_200) == ["3 of 1,200"]
    paused = {"queue_place": 1, "queue_length": 1, "waits_for": "indexing is paused"}
    assert said_of("stopped", **paused) == ["indexing is paused"]
    full = {"state": "unseen", "waits_for": "the disk is full", "retry_at": NOW + 60}
    assert said_of("stopped", **full) == ["the disk is full; tried again in 60 s"]


def test_a_folder_counts_its_files() -> None:
    """By state; none is said as well."""
    assert said_of("files", files={"pending": 0, "indexed": 12, "failed": 2}) == ["12 indexed, 2 failed"]
    assert said_of("files", files={"indexed": 0}) == ["none"]


def test_links_and_folders_that_are_away_are_named() -> None:
    """Where a link leads, and that what is indexed of a folder is not there at the moment."""
    assert said_of("leads to", leads_to="/notes/b.md") == ["/notes/b.md"]
    assert said_of("folder", is_root_away=True) == ["/notes (away)"]
