"""Which files the names in a set mean."""

from pathlib import Path

import pytest

from assistant.evaluation.cases import Case, GoldPassage
from assistant.evaluation.sources import IndexedFiles

NOTES, WORK = Path("/home/ada/notes"), Path("/srv/work")
FILES = IndexedFiles(
    [NOTES / "home/cabin.md", NOTES / "plan.md", WORK / "plan.md", WORK / "2026/plan.md", WORK / "cabin.md"],
    [NOTES, WORK],
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("/home/ada/notes/plan.md", [NOTES / "plan.md"]),
        ("home/cabin.md", [NOTES / "home/cabin.md"]),
        ("notes/home/cabin.md", [NOTES / "home/cabin.md"]),
        ("./2026/plan.md", [WORK / "2026/plan.md"]),
        ("plan.md", [NOTES / "plan.md", WORK / "plan.md"]),
        ("cabin.md", [WORK / "cabin.md"]),
        ("/elsewhere/plan.md", []),
        ("abin.md", []),
        ("home/plan.md", []),
    ],
)
def test_a_file_is_found_by_whatever_it_is_called(name: str, meant: list[Path]) -> None:
    """Absolute, from a root, from the folder above it; of several roots each counts."""
    assert FILES.find(name) == frozenset(meant)


def test_the_end_of_a_path_will_do_where_no_root_has_it() -> None:
    """A set that came with a folder names files relative to that, wherever the root begins."""
    files = IndexedFiles([NOTES / "sets/a/corpus/govt/1.md", NOTES / "sets/b/2.md"], [NOTES])
    assert files.find("govt/1.md") == {NOTES / "sets/a/corpus/govt/1.md"}
    assert files.find("2.md") == {NOTES / "sets/b/2.md"}


def test_a_home_and_a_link_above_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index knows real paths, people those that they type."""
    real = tmp_path.resolve() / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    files = IndexedFiles([real / "a.md"], [real])
    assert files.find(str(tmp_path / "link" / "a.md")) == {real / "a.md"}
    monkeypatch.setenv("HOME", str(real))
    assert files.find("~/a.md") == {real / "a.md"}


def test_what_a_question_expects_is_said_in_files() -> None:
    """A source that is not indexed is expected all the same; a passage without a file may stand anywhere."""
    case = Case(
        id="1",
        line=1,
        question="?",
        sources=("home/cabin.md", "gone.md"),
        passages=(GoldPassage("gone.md", "a"), GoldPassage("", "b")),
    )
    gold = FILES.gold_of(case)
    assert gold.files == (frozenset([NOTES / "home/cabin.md"]), frozenset())
    assert gold.all_files == {NOTES / "home/cabin.md"}
    assert gold.passages == ((frozenset(), "a"), (frozenset(), "b"))


def test_names_that_help_nobody_are_listed() -> None:
    """Those that are not indexed, and those that fit several files."""
    cases = [Case(id="1", line=1, question="?", sources=("gone.md", "plan.md", "cabin.md"))]
    assert FILES.unknown(cases) == ["gone.md"]
    assert FILES.ambiguous(cases) == ["plan.md"]
