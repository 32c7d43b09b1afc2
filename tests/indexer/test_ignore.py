"""Ignore files: git's meaning of patterns, and files that cannot be used."""

import logging
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.ignore import MOST_BYTES, IgnoreFile, IgnoreFiles, Level, decide, parse, stamp_of

PIECES = ["a", "b", "ab", "*", "**", "?", "/", "[ab]", "[!a]", "[^b-z]", "[]a]", "\\a", "\\*", ".md", "x"]
LINES = st.lists(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", "", "", "!", "/"]),
            st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
            st.sampled_from(["", "", "/", " ", "\r"]),
        ),
    ),
    max_size=5,
)
TREE = [
    *("a", "b.md", "ab/a", "ab/b.md", "ab/ab/x", "b/ab/a.md", "b/a/b/a", "x/a.md", "x/b/ab.md", "x/x/x/a"),
    *("*", "a*", "b/*a", "ab/]"),
]


def read(root: Path) -> set[str]:
    """List the files below a folder that its ignore files leave in, going down as a walk does."""
    files = IgnoreFiles()
    found: set[str] = set()

    def look(folder: Path) -> None:
        chain = files.chain(str(root), str(folder))
        for entry in folder.iterdir():
            relative = str(entry.relative_to(root))
            if entry.name in {".git", ".gitignore"} or decide(chain, relative, is_folder=entry.is_dir()):
                continue
            if entry.is_dir():
                look(entry)
            else:
                found.add(relative)

    look(root)
    return found


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for name in TREE:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=LINES, below=LINES)
def test_patterns_mean_what_they_mean_to_git(repository: Path, top: list[str], below: list[str]) -> None:
    """Whatever stands in two ignore files, git and we leave the same files out."""
    (repository / ".gitignore").write_text("\n".join(top), encoding="utf-8", newline="")
    (repository / "ab" / ".gitignore").write_text("\n".join(below), encoding="utf-8", newline="")
    # no excludes of the person who runs the tests.
    command = ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repository, check=True, capture_output=True).stdout
    expected = {name for name in os.fsdecode(listed).split("\0") if name and ".gitignore" not in name}
    assert read(repository) == expected


@pytest.mark.parametrize(
    ("line", "path", "is_out"),
    [
        ("build/", "build", True),
        ("[[:digit:]]*.md", "7.md", True),
        ("[[:digit:]]*.md", "x.md", False),
        ("[[:nothing:]]", "n", False),
        ("[z-a]", "m", False),
        ("foo\\ ", "foo ", True),
        ("\\!important", "!important", True),
        ("# a comment", "# a comment", False),
        ("a/**/z", "a/z", True),
        ("a/**/b/**/c", "a/x/b/y/y/c", True),
        ("a/**/b/**/c", "a/x/y/c", False),
        ("a/**/b/**/c", "a/b/c", True),
        ("/a[!b]c", "a/c", False),
        ("/a?c", "a/c", False),
        ("/**", "deep/inside", True),
        ("caf\udce9.md", "caf\udce9.md", True),
    ],
)
def test_a_pattern_means_some_paths(line: str, path: str, is_out: bool) -> None:
    """Classes, escapes, gaps and names that are no UTF-8 are understood."""
    level = Level(start=0, files=(IgnoreFile(".gitignore", parse([line])[0]),))
    assert bool(decide((level,), path, is_folder=True)) is is_out


def test_the_pattern_that_wins_is_named_by_file_and_line(tmp_path: Path) -> None:
    """The deeper folder wins, in one folder .kbignore, and in one file the last line."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (tmp_path / ".gitignore").write_text("*.log\n*.md\n", encoding="utf-8")
    (notes / ".gitignore").write_text("# drafts\n\ndraft*\n*.tmp\n", encoding="utf-8")
    (notes / ".kbignore").write_text("!draft.md\nold*\n", encoding="utf-8")
    chain = IgnoreFiles().chain(str(tmp_path), str(notes))
    reasons = {
        name: decide(chain, f"notes/{name}", is_folder=False)
        for name in ("draft.md", "draft.txt", "a.log", "old.tmp", "plain")
    }
    assert reasons == {
        "draft.md": "",
        "draft.txt": "notes/.gitignore line 3: draft*",
        "a.log": ".gitignore line 1: *.log",
        "old.tmp": "notes/.kbignore line 2: old*",
        "plain": "",
    }


@pytest.mark.parametrize("line", ["!", "/", "[a", "a\\", "*" + "x" * 5_000, "*//b"])
def test_a_line_that_can_never_match_is_passed_over(line: str) -> None:
    """The lines around it count as if it were not there."""
    patterns, unusable = parse(["a", line, "b"])
    assert [pattern.text for pattern in patterns] == ["a", "b"]
    assert unusable == (2,)


def test_what_is_unusable_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file is read again only when it changed, so its faults are told once, and without what it holds."""
    (tmp_path / ".gitignore").write_text("secret[\n", encoding="utf-8")
    files = IgnoreFiles()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert files.chain(str(tmp_path), str(tmp_path)) == ()
    assert [re.sub(r"path=\S+ ", "", record.getMessage()) for record in caplog.records] == [
        "ignore_lines_unusable lines=[1]"
    ]


def test_a_file_that_cannot_be_used_leaves_nothing_out(tmp_path: Path) -> None:
    """A link, a pipe, a folder and a file that is too large are passed over."""
    for name in ("link", "pipe", "folder", "large", "bytes"):
        (tmp_path / name).mkdir()
    (tmp_path / "patterns").write_text("*\n", encoding="utf-8")
    (tmp_path / "link" / ".gitignore").symlink_to(tmp_path / "patterns")
    os.mkfifo(tmp_path / "pipe" / ".gitignore")
    (tmp_path / "folder" / ".gitignore").mkdir()
    (tmp_path / "large" / ".gitignore").write_bytes(b"*\n" * MOST_BYTES)
    (tmp_path / "bytes" / ".gitignore").write_bytes(b"\xff\xfe\x00\n*\n")
    files = IgnoreFiles()
    used = [
        folder.name
        for folder in sorted(tmp_path.iterdir())
        if folder.is_dir() and files.chain(str(tmp_path), str(folder))
    ]
    assert used == ["bytes"]


def test_a_file_whose_permissions_change_is_read_again(tmp_path: Path) -> None:
    """One that could not be read may now, and neither its size nor its time tells."""
    path = tmp_path / ".gitignore"
    path.write_text("*\n", encoding="utf-8")
    path.chmod(0o400)
    before = path.lstat()
    path.chmod(0o600)
    assert path.lstat().st_mtime_ns == before.st_mtime_ns
    assert stamp_of(path.lstat()) != stamp_of(before)


def test_no_pattern_takes_long() -> None:
    """Wildcards before what is not there are not tried in every combination, which would never end."""
    hostile = ["*a" * 60 + "b", "**/" + "*a*/**/" * 20 + "b", "?*" * 100 + "!", "/**" * 50 + "/b"]
    level = Level(start=0, files=(IgnoreFile(".gitignore", parse(hostile)[0]),))
    assert decide((level,), "/".join(["a" * 120] * 30), is_folder=False) == ""
