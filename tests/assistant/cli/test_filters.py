"""Saying what is searched, through the real command line and daemon."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.assistant.cli.kb import Run, kb

NOTES = {
    "work/2026-05-03.md": "---\ntags: [work/plans]\n---\n# May\n\nThe rent of the office is 900 kr.\n",
    "work/drafts/rent.txt": "The rent of the office may become 950 kr.\n",
    "home/rent.md": "---\ndate: 2024-02-01\n---\nThe rent of the flat is 400 kr. #flat\n",
    "home/My Notes/rent.html": "<html><body><p>The rent of the boat is 70 kr.</p></body></html>",
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A home whose daemon has indexed the notes."""

    home: Path
    vault: Path

    def search(self, *arguments: str) -> tuple[set[str], Run]:
        """Search for passages; return their files below the vault, and how it ended."""
        run = kb(self.home, "search", "--json", *arguments)
        paths = [Path(one["path"]) for one in json.loads(run.out)] if run.out else []
        return {str(path.relative_to(self.vault)) for path in paths}, run


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    """Index a few notes with tags and dates."""
    base = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    made = Shelf(base / "home", base / "vault")
    for name, text in NOTES.items():
        (made.vault / name).parent.mkdir(parents=True, exist_ok=True)
        (made.vault / name).write_text(text, encoding="utf-8")
    try:
        added = kb(made.home, "add", str(made.vault), timeout_s=400)
        assert added.code == 0, added.err
        yield made
    finally:
        kb(made.home, "indexer", "stop")
        shutil.rmtree(base, ignore_errors=True)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--in", "work"], {"work/2026-05-03.md", "work/drafts/rent.txt"}),
        (["--in", "my notes"], {"home/My Notes/rent.html"}),
        (["--in", "home/rent.md", "--in", "*.txt"], {"home/rent.md", "work/drafts/rent.txt"}),
        (["--in", "work", "--exclude", "drafts"], {"work/2026-05-03.md"}),
        (["--type", "html,text"], {"home/My Notes/rent.html", "work/drafts/rent.txt"}),
        (["--tag", "#work"], {"work/2026-05-03.md"}),
        (["--tag", "flat"], {"home/rent.md"}),
        (["--since", "2026-05", "--before", "2026-06"], {"work/2026-05-03.md"}),
        (["--before", "2025"], {"home/rent.md"}),
        (["--since", "yesterday"], {"home/My Notes/rent.html", "work/drafts/rent.txt"}),
    ],
)
def test_options_confine_the_search(shelf: Shelf, options: list[str], found: set[str]) -> None:
    """Names, patterns, kinds, tags and dates, each by itself and together."""
    assert shelf.search(*options, "rent")[0] == found


def test_filters_in_the_query_do_the_same(shelf: Shelf) -> None:
    """What was understood is said on stderr; stdout is the passages."""
    found, run = shelf.search('rent in:"My Notes" since:2020')
    assert found == {"home/My Notes/rent.html"}
    assert run.err == "kb: only files in “My Notes”, dated since 1 January 2020\n"


def test_dates_are_shown(shelf: Shelf) -> None:
    """An expression of time is answered by its date, in the notice and in what is printed."""
    _, run = shelf.search("--before", "2025", "rent")
    assert run.err == "kb: only files dated before 1 January 2025\n"
    assert [Path(one["path"]).name for one in json.loads(run.out) if one["dated"]] == ["rent.md"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--since", "foo"], "kb: error: --since 'foo' is no date\n"),
        (["--type", "foo"], "kb: error: there is no kind of file “foo”\n"),
        (["--tag", "#"], "kb: error: “#” is no tag\n"),
        (["--tag", ""], "kb: error: an empty word is no filter\n"),
        (["--in", "wrok"], "kb: error: no indexed file or folder is called “wrok”\n"),
        (["--in", "./wrok"], "wrok: no such file or directory\n"),
        (["--exclude", ""], "kb: error: an empty name is no folder or file\n"),
    ],
)
def test_options_that_make_no_sense_are_errors(shelf: Shelf, options: list[str], said: str) -> None:
    """One sentence, exit code 2, and nothing on stdout; for `kb ask` as well."""
    run = shelf.search(*options, "rent")[1]
    assert (run.code, run.out) == (2, "")
    assert said in run.err
    assert kb(shelf.home, "ask", "--no-model", *options, "rent").code == 2


def test_in_a_question_they_are_words(shelf: Shelf) -> None:
    """A typed value that makes no sense does not keep the answer back."""
    found, run = shelf.search("rent since:foo")
    assert len(found) == 4
    assert run.err == "kb: “foo” is no date, so “since:foo” was searched for as words\n"


def test_an_answer_is_confined_too(shelf: Shelf) -> None:
    """Options and typed filters reach `kb ask`, and it says how it understood the question."""
    ask = ("ask", "--no-model", "--private")
    run = kb(shelf.home, *ask, "--in", "home", "what is the rent of the flat? tag:flat")
    assert (run.code, "400 kr" in run.out) == (0, True)
    assert "kb: only files in “home”, tagged #flat\n" in run.err
    answer = json.loads(kb(shelf.home, *ask, "--json", "what is the rent of the flat? in:work").out)
    assert answer["filters"] == {"within": ["work"]}
    assert answer["question"] == "what is the rent of the flat?"
    assert all("/work/" in passage["path"] for passage in answer["passages"])


def test_what_was_written_when_is_taken_from_the_question(shelf: Shelf) -> None:
    """The date that is meant is shown; a time without files confines nothing."""
    found, run = shelf.search("notes from February 2024 about the rent")
    assert found == {"home/rent.md"}
    assert run.err == "kb: only files dated February 2024: “from February 2024”\n"
    found, run = shelf.search("notes from February 1968 about the rent")
    assert len(found) == 4
    assert run.err == "kb: no file is dated February 1968 (“from February 1968”), so all were searched\n"
