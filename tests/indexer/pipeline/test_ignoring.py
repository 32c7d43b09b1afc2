"""Ignore files take effect by themselves, and rules are asked no more often than they change."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.catalog import Catalog, FileRecord
from indexer.index.ledger import LedgerReads
from indexer.pipeline.items import Gone, Item, Ready, Verdicts
from indexer.pipeline.reading import read_file
from indexer.pipeline.sweeping import Comparison, Memory, compare, outermost
from indexer.pipeline.tasks import Read
from indexer.reconcile import Delete, Move, Skip, Upsert
from indexer.types import FileStatus
from indexer.walk import WalkRules, state_of
from tests.indexer.pipeline.bench import Bench, settle


class Asked:
    """Rules over Markdown files that note each file they are asked about, and a ledger beside them."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "notes"
        self.names: list[str] = []
        self.rules = WalkRules(max_file_bytes=1_000_000, is_supported=self._is_supported)
        self.memory = Memory()
        self.catalog = Catalog.open(tmp_path / "catalog.sqlite")
        with self.catalog.write() as transaction:
            transaction.add_root(self.root)

    def _is_supported(self, path: Path) -> bool:
        self.names.append(path.name)
        return path.suffix == ".md"

    def write(self, name: str, text: str = "words") -> Path:
        """Write a file of the root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def compare(self, places: Sequence[Path] = ()) -> Comparison:
        """Compare, and return what is to be done."""
        self.names.clear()
        compared = compare(
            LedgerReads(self.catalog),
            self.root,
            places,
            self.rules,
            avoid=(),
            is_stopped=lambda: False,
            memory=self.memory,
        )
        assert compared is not None
        return compared

    def sweep(self, places: Sequence[Path] = ()) -> dict[str, str]:
        """Compare, enter what was found, and return the rule of each file, "-" where it is forgotten."""
        done: dict[str, str] = {}
        jobs = self.compare(places).jobs
        with self.catalog.write() as transaction:
            for job in jobs:
                reason = job.reason if isinstance(job, Skip) else "-" if isinstance(job, Delete) else ""
                done[job.path.name] = reason
                if isinstance(job, Delete):
                    transaction.forget([job.path])
                elif isinstance(job, Move):
                    transaction.forget([job.old])
                if isinstance(job, Skip | Upsert | Move):
                    status = FileStatus.SKIPPED if reason else FileStatus.INDEXED
                    transaction.put_file(
                        FileRecord(
                            path=job.path, root=self.root, state=job.state, status=status, reason=reason
                        )
                    )
        return done


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def test_unchanged_files_are_not_asked_about_again(asked: Asked) -> None:
    """After the first sweep only new and changed files are, wherever they are."""
    for name in ("a.md", "sub/b.md", "sub/c.png", "sub/.gitignore"):
        asked.write(name)
    assert set(asked.sweep()) == {"a.md", "b.md", "c.png", ".gitignore"}
    assert asked.sweep() == {}
    assert asked.sweep() == {}
    assert asked.names == []
    asked.write("sub/b.md", "other words")
    assert asked.sweep() == {"b.md": ""}
    assert asked.names == ["b.md"]


def test_a_changed_ignore_file_asks_about_all_below_it(asked: Asked) -> None:
    """Files beside its folder stay as they are."""
    for name in ("a.md", "sub/b.md", "sub/deep/c.md"):
        asked.write(name)
    asked.sweep()
    asked.sweep()
    asked.write("sub/.kbignore", "c*\n")
    assert asked.sweep() == {".kbignore": "a hidden file", "c.md": "sub/.kbignore line 1: c*"}
    assert asked.names == ["b.md"]
    asked.sweep()
    asked.sweep()
    assert asked.names == []
    (asked.root / "sub" / ".kbignore").unlink()
    assert asked.sweep() == {".kbignore": "-", "c.md": ""}


def test_an_ignore_file_that_was_away_is_not_taken_for_unchanged(asked: Asked) -> None:
    """Between two sweeps a hint may have found the folder without it."""
    asked.write("sub/b.md")
    ignore = asked.write("sub/.gitignore", "b*\n")
    asked.sweep()
    asked.sweep()
    ignore.rename(asked.root / "away")
    assert asked.sweep([asked.root / "sub"])["b.md"] == ""
    (asked.root / "away").rename(ignore)
    assert asked.sweep()["b.md"] == "sub/.gitignore line 1: b*"


def test_a_hint_in_a_folder_with_an_ignore_file_is_no_reason_to_ask_about_all_of_it(asked: Asked) -> None:
    """Only an ignore file that changed is."""
    for name in (".gitignore", "a.md", "sub/b.md"):
        asked.write(name)
    asked.sweep()
    asked.sweep()
    asked.sweep([asked.write("a.md", "other words"), asked.root / "sub"])
    asked.sweep()
    assert asked.names == []


def test_a_rule_that_could_not_be_carried_out_is_asked_again(asked: Asked) -> None:
    """What a sweep found and nobody did is found by the next one."""
    asked.write("a.md")
    asked.sweep()
    asked.write(".gitignore", "*.md\n")
    expected = [Path(asked.root / ".gitignore"), Path(asked.root / "a.md")]
    assert [job.path for job in asked.compare().jobs] == expected
    assert [job.path for job in asked.compare().jobs] == expected


FOLDERS = ("", "sub", "sub/deep", "old")
CHANGES = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(FOLDERS), st.sampled_from(["a.md", "b.md", "c.png"])),
    st.tuples(
        st.just("rule"),
        st.sampled_from(FOLDERS),
        st.sampled_from(["a*", "deep/", "!a.md", "*", "/b.md\n!c*"]),
    ),
    st.tuples(
        st.just("delete"), st.sampled_from(FOLDERS), st.sampled_from(["a.md", ".gitignore", ".kbignore"])
    ),
    st.tuples(st.just("move"), st.sampled_from(FOLDERS[1:]), st.sampled_from(["sub", "old", "sub/deep"])),
    st.tuples(st.just("hint"), st.sampled_from(FOLDERS), st.sampled_from(["", "a.md", "deep"])),
    st.tuples(st.just("sweep"), st.just(""), st.just("")),
)


@settings(max_examples=60, deadline=None)
@given(changes=st.lists(CHANGES, max_size=14))
def test_remembering_the_rules_changes_nothing(changes: list[tuple[str, str, str]]) -> None:
    """Whatever happens meanwhile, a sweep that remembers finds what one finds that asks about every file."""
    with tempfile.TemporaryDirectory() as name:
        asked = Asked(Path(name))
        asked.root.mkdir()
        for time_s, (what, folder, item) in enumerate(changes, start=1):
            place = asked.root / folder
            if what == "write":
                path = asked.write(f"{folder}/{item}")
                os.utime(path, (time_s, time_s))
            elif what == "rule":
                rule_file = (".gitignore", ".kbignore")[time_s % 2]
                os.utime(asked.write(f"{folder}/{rule_file}", item), (time_s, time_s))
            elif what == "delete":
                (place / item).unlink(missing_ok=True)
            elif what == "move" and place.is_dir() and not (asked.root / item).exists():
                if Path(folder) not in Path(item).parents and (asked.root / item).parent.is_dir():
                    place.rename(asked.root / item)
            elif what == "hint":
                asked.sweep(outermost(asked.root, [place / item]))
            else:
                asked.sweep()
        asked.sweep()
        asked.memory = Memory()
        assert asked.compare().jobs == ()
        asked.catalog.close()


def test_a_folder_pattern_forgets_what_is_inside(asked: Asked) -> None:
    """Nothing below such a folder is looked at, and a root of which nothing else is left has not emptied."""
    asked.write("build/a.md")
    asked.write("build/deep/b.md")
    asked.sweep()
    asked.rules = WalkRules(exclude=["build/"], max_file_bytes=9, is_supported=lambda _: True)
    asked.memory = Memory()
    compared = asked.compare()
    assert [job.path.name for job in compared.jobs] == ["a.md", "b.md"]
    assert all(isinstance(job, Delete) for job in compared.jobs)
    assert not compared.is_emptied


def test_a_root_that_emptied_is_told_from_one_of_whose_files_one_is_left(asked: Asked) -> None:
    """An unmounted disk leaves an empty folder."""
    paths = [asked.write("a.md"), asked.write("sub/b.md")]
    asked.sweep()
    paths[0].unlink()
    assert not asked.compare().is_emptied
    paths[1].unlink()
    assert asked.compare().is_emptied


@pytest.mark.parametrize("name", [".gitignore", ".kbignore", "CACHEDIR.TAG", "pyvenv.cfg"])
def test_a_file_that_holds_rules_stands_for_its_folder(name: str) -> None:
    """Whatever changes it changes what is left out of the whole folder."""
    root = Path("/r")
    assert outermost(root, [root / "sub" / name, root / "sub" / "a.md"]) == [root / "sub"]
    assert outermost(root, [root / name]) == []


def test_writing_an_ignore_file_is_enough(bench: Bench) -> None:
    """What it leaves out leaves the index, and comes back when it is changed again."""
    bench.write("draft.md", "a draft")
    bench.write("old/a.md", "an old note")
    bench.write("kept.md", "kept words")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    pipeline.look_at(bench.folder, [bench.write(".gitignore", "draft*\nold/\n")])
    settle(pipeline)
    assert bench.ledger() == {
        ".gitignore": ("skipped", "a hidden file"),
        "draft.md": ("skipped", ".gitignore line 1: draft*"),
        "kept.md": ("indexed", ""),
    }
    assert bench.index.chunk_count() == 1
    pipeline.look_at(bench.folder, [bench.write(".kbignore", "!draft.md\n")])
    settle(pipeline)
    assert bench.ledger()["draft.md"] == ("indexed", "")
    pipeline.look_at(bench.folder, [bench.write(".gitignore", "")])
    settle(pipeline)
    assert bench.ledger()["old/a.md"] == ("indexed", "")


@pytest.mark.parametrize(
    ("ignored", "expected"),
    [("old/\n", Gone), ("a.md\n", Verdicts), ("b.md\n", Ready)],
)
def test_a_file_that_waited_is_judged_again_before_it_is_read(
    bench: Bench, ignored: str, expected: type[Item]
) -> None:
    """Its folder may have been left out meanwhile, of which then nothing is kept, or the file itself."""
    path = bench.write("old/a.md")
    read = Read(bench.folder, Upsert(path, state_of(path.lstat())))
    bench.write(".gitignore", ignored)
    rules = WalkRules(max_file_bytes=99, is_supported=lambda _: True)
    item = read_file(read, rules=rules, open_reader=lambda: bench.reader)
    assert isinstance(item, expected)
    assert bench.reader.read == ([path] if expected is Ready else [])
