"""Folders as they are typed."""

import os
from pathlib import Path

import pytest

from assistant.tui.folders import (
    completed,
    expanded,
    list_folders,
    matching,
    shown,
    split_typed,
    suggestions,
)

HOME, HERE = Path("/home/ada"), Path("/srv")


@pytest.mark.parametrize(
    ("typed", "directory", "begun"),
    [
        ("~/no", "/home/ada", "no"),
        ("~", "/home/ada", ""),
        ("~/notes/", "/home/ada/notes", ""),
        ("/", "/", ""),
        ("/var/lo", "/var", "lo"),
        ("da", "/srv", "da"),
        ("data/x", "/srv/data", "x"),
        ("..", "/", ""),
        ("~/notes/..", "/home/ada", ""),
        ("~notes", "/srv", "~notes"),
    ],
)
def test_what_is_typed_names_a_folder_and_a_beginning(typed: str, directory: str, begun: str) -> None:
    """As a shell would take it."""
    assert split_typed(typed, home=HOME, here=HERE) == (Path(directory), begun)


def test_paths_are_written_as_they_are_typed() -> None:
    """The home is `~`, both ways."""
    for typed in ("~", "~/notes", "/var/log"):
        assert shown(expanded(typed, home=HOME, here=HERE), home=HOME) == typed


def test_only_folders_are_listed(tmp_path: Path) -> None:
    """Links to folders as well, hidden ones too; files and links into nothing not."""
    for name in ("b", "A", ".c"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "lost").symlink_to(tmp_path / "nothing")
    listing = list_folders(tmp_path)
    assert listing.names == (".c", "A", "b", "link")
    assert not listing.is_cut


def test_a_folder_that_holds_too_much_is_listed_in_part(tmp_path: Path) -> None:
    """And it is said."""
    for number in range(5):
        (tmp_path / str(number)).mkdir()
    listing = list_folders(tmp_path, most=3)
    assert listing.is_cut
    assert len(listing.names) == 3


def test_names_that_go_on_come_before_those_that_hold_it() -> None:
    """Case makes no difference, and hidden ones come when they are asked for."""
    names = [".notes", "My notes", "Notes", "other"]
    assert matching(names, "no") == ["Notes", "My notes"]
    assert matching(names, ".") == [".notes"]
    assert matching(names, "", is_hidden_shown=True) == names


@pytest.mark.parametrize(
    ("names", "begun", "further"),
    [
        (["notes", "Notizen"], "n", "not"),
        (["notes", "Notizen"], "not", "not"),
        (["notes"], "NO", "notes/"),
        (["My notes"], "no", "My notes/"),
        (["My notes", "old notes"], "no", "no"),
        ([], "x", "x"),
    ],
)
def test_names_are_completed_as_far_as_they_agree(names: list[str], begun: str, further: str) -> None:
    """As a shell does."""
    assert completed(names, begun) == further


def test_folders_that_are_there_are_suggested(tmp_path: Path) -> None:
    """Vaults of Obsidian first; what is indexed, and what is not there, not."""
    (tmp_path / "Sync" / "Brain" / ".obsidian").mkdir(parents=True)
    (tmp_path / "Sync" / "Brain" / "deeper" / ".obsidian").mkdir(parents=True)
    for name in ("Documents", "Desktop"):
        (tmp_path / name).mkdir()
    found = suggestions(tmp_path, indexed=[tmp_path / "Desktop"])
    assert [(each.path.name, each.note) for each in found] == [
        ("Brain", "notes of Obsidian"),
        ("Documents", ""),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A closed folder hides no other."""
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "vault" / ".obsidian").mkdir(parents=True)
    assert [each.path.name for each in suggestions(tmp_path)] == ["vault"]
