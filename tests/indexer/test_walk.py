"""The walk over a root: what is found, what is left out and why."""

import os
from pathlib import Path

import pytest

from indexer.errors import ConfigError, UsageError
from indexer.walk import Found, RootAwayError, Unreadable, WalkRules, check_root, walk


def rules(*exclude: str, max_file_bytes: int = 1_000_000) -> WalkRules:
    return WalkRules(
        exclude=exclude,
        max_file_bytes=max_file_bytes,
        is_supported=lambda path: path.suffix in {".md", ".txt"},
    )


def write(path: Path, text: str = "words") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found(root: Path, walk_rules: WalkRules) -> dict[str, str]:
    """Map each path below the root to the rule that leaves it out."""
    items = [item for item in walk(root, walk_rules) if isinstance(item, Found)]
    return {str(item.path.relative_to(root)): item.skip for item in items}


def test_files_are_found_in_every_folder_in_order(tmp_path: Path) -> None:
    """Everything is visited once, folder by folder, by name."""
    for name in ("b.md", "a.md", "sub/deep/c.txt", "alpha/d.md"):
        write(tmp_path / name)
    assert list(found(tmp_path, rules())) == ["a.md", "b.md", "alpha/d.md", "sub/deep/c.txt"]


def test_the_state_is_what_stat_says(tmp_path: Path) -> None:
    """Size, time and inode come from the file itself."""
    path = write(tmp_path / "a.md", "four")
    (item,) = walk(tmp_path, rules())
    assert isinstance(item, Found)
    status = path.stat()
    assert (item.state.size_bytes, item.state.mtime_ns, item.state.inode) == (
        4,
        status.st_mtime_ns,
        status.st_ino,
    )


@pytest.mark.parametrize(
    "name", [".git/a.md", ".obsidian/a.md", "node_modules/a.md", "x/__pycache__/a.md", "cache/CACHEDIR.TAG"]
)
def test_folders_without_documents_are_not_entered(tmp_path: Path, name: str) -> None:
    """Version control, caches, environments and hidden folders are passed over."""
    write(tmp_path / name)
    write(tmp_path / "cache" / "thumb.md")
    write(tmp_path / "cache" / "CACHEDIR.TAG")
    write(tmp_path / "env" / "pyvenv.cfg")
    write(tmp_path / "env" / "lib" / "a.md")
    write(tmp_path / "kept.md")
    assert found(tmp_path, rules()) == {"kept.md": ""}


def test_a_root_inside_a_hidden_folder_is_walked(tmp_path: Path) -> None:
    """Whoever adds a hidden folder means it."""
    root = tmp_path / ".notes"
    write(root / "a.md")
    assert found(root, rules()) == {"a.md": ""}


def test_the_home_of_kb_is_not_entered(tmp_path: Path) -> None:
    """What kb stores is never indexed, wherever it is."""
    write(tmp_path / "kb" / "a.md")
    assert list(walk(tmp_path, rules(), avoid=[tmp_path / "kb"])) == []


def test_the_rules_know_which_folders_a_walk_comes_to(tmp_path: Path) -> None:
    """A folder below a hidden or excluded one is not reached, everything else is."""
    reached = [
        name
        for name in ("a", "a/b", ".a", ".a/b", "x/node_modules/y", "old")
        if rules("old/").reaches(tmp_path, tmp_path / name)
    ]
    assert reached == ["a", "a/b"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("photo.PNG", "no reader for .png files"),
        ("Makefile", "no reader for files without a suffix"),
        ("Mr. Smith", "no reader for files without a suffix"),
        (".secrets.md", "a hidden file"),
        ("Thumbs.db", "a file of the file manager"),
    ],
)
def test_a_skipped_file_names_its_rule(tmp_path: Path, name: str, reason: str) -> None:
    """What is left out is still reported, with the reason a person can read."""
    write(tmp_path / name)
    assert found(tmp_path, rules()) == {name: reason}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "id_rsa",
            "server.pem",
            "My.KEY",
            ".env",
            ".env.local.md",
            "prod.env",
            "credentials.json",
            ".htpasswd",
        ),
        *("my-service-account-3.json", "client_secret_12.json", "vault.kdbx", "home.ovpn", "wallet.dat"),
    ],
)
def test_keys_and_credentials_are_never_read(tmp_path: Path, name: str) -> None:
    """Not even where an ignore file or the config brings them back."""
    write(tmp_path / name)
    write(tmp_path / ".kbignore", "!*\n")
    walk_rules = WalkRules(exclude=["!*"], max_file_bytes=99, is_supported=lambda _: True)
    assert found(tmp_path, walk_rules)[name] == "a key or credential file"


@pytest.mark.parametrize("name", ["monkey.md", "environment.txt", "keys.md", "credentials.md", "id_rsa.md"])
def test_notes_about_keys_are_no_keys(tmp_path: Path, name: str) -> None:
    """A name that only sounds like one is read."""
    write(tmp_path / name)
    assert found(tmp_path, rules()) == {name: ""}


def test_the_config_wins_over_ignore_files(tmp_path: Path) -> None:
    """Both in leaving out and in bringing back."""
    for name in ("a.md", "b.md", "c.md"):
        write(tmp_path / name)
    write(tmp_path / ".gitignore", "b.md\nc.md\n")
    write(tmp_path / ".kbignore", "!a.md\n")
    assert found(tmp_path, rules("a.md", "!b.md")) == {
        ".gitignore": "a hidden file",
        ".kbignore": "a hidden file",
        "a.md": "[index] exclude: a.md",
        "b.md": "",
        "c.md": ".gitignore line 2: c.md",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.md", ""),
        ("", ""),
        ("sub", ""),
        ("missing.txt", ""),
        ("missing.png", "no reader for .png files"),
        ("sub/draft.md", "sub/.gitignore line 2: draft*"),
        ("sub/out", "sub/.gitignore line 3: out/"),
        ("sub/out/deep/a.md", "sub/.gitignore line 3: out/"),
        (".hidden/a.md", "in the hidden folder .hidden"),
        ("x/node_modules/y/a.md", "in the folder x/node_modules, which holds what programs made"),
        ("env/lib/a.md", "in the folder env, which pyvenv.cfg marks as made by a program"),
    ],
)
def test_the_first_rule_on_the_way_to_a_path_explains_it(tmp_path: Path, name: str, reason: str) -> None:
    """A folder that is not entered explains everything in it."""
    for each in ("a.md", "sub/draft.md", "sub/out/deep/a.md", "env/lib/a.md"):
        write(tmp_path / each)
    write(tmp_path / "sub" / ".gitignore", "# not these\ndraft*\nout/\n!out/deep/a.md\n")
    write(tmp_path / "env" / "pyvenv.cfg")
    assert rules().explain(tmp_path, tmp_path / name) == reason


@pytest.mark.parametrize(
    ("name", "may"),
    [
        ("a.md", True),
        (".gitignore", True),
        ("sub/.kbignore", True),
        (".git/.gitignore", False),
        ("old/a.md", False),
        (".a.md.swp", False),
        ("Thumbs.db", False),
    ],
)
def test_names_tell_which_changes_may_matter(name: str, may: bool) -> None:
    """Nothing is looked up on disk for an event, so ignore files that may have gone do not count."""
    assert rules("old/").may_matter(name) is may


def test_a_file_above_the_limit_is_skipped(tmp_path: Path) -> None:
    """The limit counts decimal megabytes and includes its own value."""
    write(tmp_path / "fits.md", "x" * 2_000_000)
    write(tmp_path / "large.md", "x" * 2_000_001)
    assert found(tmp_path, rules(max_file_bytes=2_000_000)) == {
        "fits.md": "",
        "large.md": "larger than 2 MB ([index] max_file_mb)",
    }


def test_patterns_of_the_config_are_those_of_gitignore(tmp_path: Path) -> None:
    """Negation, anchoring and folders work, and the pattern that wins is the reason."""
    for name in ("draft-1.md", "draft-keep.md", "old/a.md", "sub/old/b.md", "sub/top.md", "top.md"):
        write(tmp_path / name)
    assert found(tmp_path, rules("draft-*", "!draft-keep.md", "old/", "/top.md")) == {
        "draft-1.md": "[index] exclude: draft-*",
        "draft-keep.md": "",
        "sub/top.md": "",
        "top.md": "[index] exclude: /top.md",
    }


def test_a_pattern_that_makes_no_sense_is_a_config_error() -> None:
    """A lone negation is refused before anything is walked."""
    with pytest.raises(ConfigError, match=r"^\[index\] exclude holds a pattern"):
        rules("!")


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to a file, to a folder, to nowhere and to its own parent are all one skipped entry each."""
    outside = write(tmp_path / "outside" / "secret.md")
    root = tmp_path / "root"
    write(root / "a.md")
    (root / "file.md").symlink_to(root / "a.md")
    (root / "folder").symlink_to(outside.parent)
    (root / "nowhere.md").symlink_to(root / "missing.md")
    (root / "parent").symlink_to(root)
    reason = "a symbolic link, which is not followed; a folder elsewhere can be added with `kb add`"
    assert found(root, rules()) == {
        "a.md": "",
        "file.md": reason,
        "folder": reason,
        "nowhere.md": reason,
        "parent": reason,
    }


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    """A named pipe with the suffix of a document would hang whoever reads it."""
    os.mkfifo(tmp_path / "pipe.md")
    assert found(tmp_path, rules()) == {"pipe.md": "not a regular file"}


def test_a_name_that_is_not_utf8_survives(tmp_path: Path) -> None:
    """The path that comes out opens the file that went in."""
    name = os.fsdecode(b"caf\xe9.md")
    write(tmp_path / name)
    (item,) = walk(tmp_path, rules())
    assert item.path.read_text(encoding="utf-8") == "words"


def test_a_missing_root_is_away(tmp_path: Path) -> None:
    """A root that does not exist is told from one that is empty."""
    assert found(tmp_path, rules()) == {}
    with pytest.raises(RootAwayError):
        list(walk(tmp_path / "missing", rules()))
    with pytest.raises(RootAwayError):
        list(walk(write(tmp_path / "file.md"), rules()))


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    """Nothing is known below it, and the rest is walked."""
    write(tmp_path / "a.md")
    # a name too long to be opened stands for a folder without permission: root reads those.
    deep = tmp_path
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=descriptor)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
        deep = deep / ("d" * 250)
    os.close(descriptor)
    items = list(walk(tmp_path, rules()))
    assert [item.path.name for item in items if isinstance(item, Found)] == ["a.md"]
    (unreadable,) = [item for item in items if isinstance(item, Unreadable)]
    assert unreadable.reason == "file name too long"
    assert unreadable.path in deep.parents


def test_the_real_path_of_a_root_is_returned(tmp_path: Path) -> None:
    """Two names of one folder become one root."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    assert check_root(tmp_path / "link", home=tmp_path / "kb") == folder.resolve()


def test_a_root_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """The sentence names the path."""
    with pytest.raises(UsageError) as caught:
        check_root(tmp_path / "missing", home=tmp_path / "kb")
    assert caught.value.message == f"{tmp_path}/missing does not exist"


def test_a_file_as_root_is_refused_with_its_folder_as_hint(tmp_path: Path) -> None:
    """The remedy is the folder that holds the file."""
    path = write(tmp_path / "a.md")
    with pytest.raises(UsageError) as caught:
        check_root(path, home=tmp_path / "kb")
    assert caught.value.message == f"{path} is a file, not a folder"
    assert caught.value.hint == f"run `kb add {tmp_path}`"


def test_the_whole_file_system_is_refused(tmp_path: Path) -> None:
    """Nobody means `/`."""
    with pytest.raises(UsageError, match=r"^/ is the whole file system$"):
        check_root(Path("/"), home=tmp_path)


def test_the_home_of_kb_is_refused(tmp_path: Path) -> None:
    """Neither kb's directory nor a folder inside it becomes a root; one above it does."""
    home = tmp_path / "kb"
    (home / "log").mkdir(parents=True)
    for path in (home, home / "log"):
        with pytest.raises(UsageError) as caught:
            check_root(path, home=home)
        assert caught.value.message == f"{path} is where kb keeps its own files"
    assert check_root(tmp_path, home=home) == tmp_path.resolve()


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is a sentence, not a traceback."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(UsageError, match=r"/a cannot be read: a loop of links$"):
        check_root(tmp_path / "a", home=tmp_path / "kb")
