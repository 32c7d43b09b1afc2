"""What a filter that is being typed may become."""

from datetime import datetime
from pathlib import Path

import pytest

from indexer.errors import UsageError
from indexer.search import offer

NOW = datetime(2026, 11, 28, 13, 30).astimezone().timestamp()


class Files:
    """Counts as of some files, and what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def tag_counts(self, beginning: str, *, limit: int) -> dict[str, int]:
        self.asked.append(beginning)
        return dict(list({"work": 3, "work/plans": 2}.items())[:limit])

    def ending_counts(self) -> dict[str, int]:
        return {"md": 5, "py": 2, "txt": 1, "": 1, "zzz": 9}

    def place_counts(self, typed: str, *, limit: int) -> dict[str, int]:
        self.asked.append(typed)
        return dict(list({f"{typed}jects/": 4, f"{typed}x.md": 1}.items())[:limit])


def offers(name: str, typed: str, *, limit: int = 20) -> list[tuple[str, int | None]]:
    """Return values and counts."""
    return [(each.value, each.files) for each in offer(Files(), name, typed, limit=limit, now=NOW)]


@pytest.mark.parametrize("name", ["in", "exclude", "-in", "IN"])
def test_places_are_offered_with_their_files(name: str) -> None:
    """To all filters that take one."""
    assert offers(name, "pro") == [("projects/", 4), ("prox.md", 1)]


def test_a_home_directory_is_written_as_it_was_typed() -> None:
    """A tilde is looked up as what it stands for."""
    files = Files()
    (first, _) = offer(files, "in", "~/pro", limit=5, now=NOW)
    assert (first.value, files.asked) == ("~/projects/", [f"{Path.home()}/pro"])
    assert offers("in", "./pro", limit=1) == [("./projects/", 4)]


def test_kinds_are_offered_that_have_files() -> None:
    """By the number of files, kinds before endings; an ending that means nothing to filters is left out."""
    assert offers("type", "") == [
        ("notes", 6),
        ("markdown", 5),
        ("md", 5),
        ("code", 2),
        ("python", 2),
        ("text", 2),
        ("py", 2),
        ("txt", 1),
    ]
    assert offers("type", "md,py") == [("md,python", 2)]


def test_tags_are_offered() -> None:
    """As they are kept; several stand side by side, and a mark before one does not count."""
    assert offers("tag", "wo") == [("work", 3), ("work/plans", 2)]
    assert offers("tag", "#home,#Wo") == [("#home,work", 3), ("#home,work/plans", 2)]


def test_what_is_typed_already_is_not_offered() -> None:
    """Nothing would come of taking it."""
    assert offers("tag", "work") == [("work/plans", 2)]


def test_dates_are_offered() -> None:
    """Uncounted."""
    assert offers("since", "last-") == [("last-week", None), ("last-month", None), ("last-year", None)]
    assert offers("before", "2026-1", limit=1) == [("2026-11", None)]


def test_no_other_filter_is_completed() -> None:
    """Nothing is passed over in silence."""
    with pytest.raises(UsageError, match="no filter 'size'"):
        offers("size", "")
