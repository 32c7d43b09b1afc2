"""From what is typed to passages: filters and time, over a real catalog."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.dates import seconds_of
from indexer.errors import UsageError
from indexer.index import Index, NewDocument
from indexer.search import Found, find, search
from indexer.types import EVERYTHING, FileState, Filters
from tests.indexer.documents import make_chunks
from tests.indexer.fakes import InMemoryWorker

ROOT = Path("/vault")
NOW = datetime(2026, 11, 28, 13, 30).astimezone().timestamp()
LAST_WEEK = seconds_of(date(2026, 11, 18))
LONG_AGO = seconds_of(date(2023, 1, 1))


class WideWorker(InMemoryWorker):
    """Has room for enough words that two of them hardly ever look alike."""

    dim = 1024


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Return an index of a few notes."""
    index = Index(Catalog.open(tmp_path / "catalog.sqlite"), WideWorker())
    index.add_root(ROOT)
    put(index, "work/budget.md", "The budget of the museum is #finance", at=LONG_AGO)
    put(index, "work/drafts/budget.txt", "The budget of the museum is larger now", at=LAST_WEEK)
    put(index, "home/rent.md", "The rent of the flat is due on the third.", at=LONG_AGO)
    put(index, "home/2026-11-20.md", "We saw the museum and the river.", at=LONG_AGO)
    yield index
    index.close()


def put(index: Index, name: str, *texts: str, at: float) -> None:
    """Index a file of a moment."""
    state = FileState(size_bytes=1, mtime_ns=int(at * 1e9), inode=1)
    document = NewDocument(
        path=ROOT / name, root=ROOT, state=state, title=Path(name).stem, chunks=make_chunks(texts)
    )
    index.put_documents([document])


def ask(index: Index, query: str, filters: Filters = EVERYTHING) -> Found:
    """Find at a fixed time."""
    return find(index, query, top_k=4, filters=filters, now=NOW)


def names(found: Found) -> list[str]:
    """Return the files in order, below the root."""
    return [str(passage.path.relative_to(ROOT)) for passage in found.passages]


def test_without_filters_everything_is_searched_and_nothing_said(index: Index) -> None:
    """The question comes back as it was."""
    found = ask(index, " budget of the museum ")
    assert len(found.passages) == 4
    assert (found.question, found.filters, found.remarks) == ("budget of the museum", EVERYTHING, ())


def test_a_passage_tells_when_its_file_is_from(index: Index) -> None:
    """By its own account, or its last change."""
    dated = {passage.path.name: passage.dated for passage in ask(index, "museum").passages}
    assert dated["2026-11-20.md"] == seconds_of(date(2026, 11, 20))
    assert dated["rent.md"] == LONG_AGO


def test_filters_that_are_typed_confine_the_search(index: Index) -> None:
    """They are no words to look for, and what was understood is said."""
    found = ask(index, "budget in:work -in:drafts tag:finance type:md")
    assert names(found) == ["work/budget.md"]
    assert found.question == "budget"
    assert found.filters == Filters(within=("work",), exclude=("drafts",), types=("md",), tags=("finance",))
    assert found.remarks == ("only files in “work”, not in “drafts”, of type md, tagged #finance",)


def test_filters_that_are_given_confine_what_is_typed(index: Index) -> None:
    """What is typed never widens what was given."""
    found = ask(index, "museum in:work", Filters(within=("home",)))
    assert found.passages == ()
    assert ask(index, "museum in:budget.md", Filters(within=("work",))).passages[0].path.name == "budget.md"


def test_dates_that_are_given_are_said(index: Index) -> None:
    """A person sees which days were meant; other options need no words."""
    found = ask(index, "museum", Filters(since=seconds_of(date(2026, 11, 1))))
    assert set(names(found)) == {"work/drafts/budget.txt", "home/2026-11-20.md"}
    assert found.remarks == ("only files dated since 1 November 2026",)
    assert ask(index, "museum", Filters(within=("work",))).remarks == ()


def test_a_value_that_makes_no_sense_is_words(index: Index) -> None:
    """Typed it is a remark, given it is an error."""
    found = ask(index, "museum since:foo")
    assert len(found.passages) == 4
    assert found.remarks == ("“foo” is no date, so “since:foo” was searched for as words",)
    with pytest.raises(UsageError, match=r"^there is no kind of file “foo”$"):
        ask(index, "museum", Filters(types=("foo",)))


def test_a_name_that_nothing_bears_is_told(index: Index) -> None:
    """Typed it finds nothing and says why, given it is an error, to leave out it is a remark."""
    found = ask(index, "museum in:wrok")
    assert found.passages == ()
    assert found.remarks == (
        'no indexed file or folder is called “wrok”; to search for the words, write "in:wrok"',
    )
    with pytest.raises(UsageError, match=r"^no indexed file or folder is called “wrok”$"):
        ask(index, "museum", Filters(within=("work", "wrok")))
    found = ask(index, "museum", Filters(exclude=("wrok",)))
    assert (len(found.passages), found.remarks) == (4, ("nothing indexed is called “wrok”",))


def test_filters_that_leave_nothing_are_told(index: Index) -> None:
    """The one that is to blame where one is."""
    assert ask(index, "museum tag:nil").remarks == ("no file has the tag #nil",)
    assert ask(index, "museum in:home type:txt").remarks == ("there is no file in “home”, of type txt",)


def test_filters_alone_are_no_question(index: Index) -> None:
    """There is nothing to rank by."""
    with pytest.raises(UsageError, match=r"^there are only filters, and nothing to search for$"):
        ask(index, "in:work")
    with pytest.raises(UsageError, match=r"^the question is empty$"):
        ask(index, "  ")


def test_when_a_file_was_made_confines_the_search(index: Index) -> None:
    """The date is shown, comes back as a filter, and is no word to look for."""
    found = ask(index, "what did I write last week about the museum?")
    assert set(names(found)) == {"work/drafts/budget.txt", "home/2026-11-20.md"}
    assert found.question == "what did I write about the museum?"
    assert found.filters == Filters(
        since=seconds_of(date(2026, 11, 16)), before=seconds_of(date(2026, 11, 23))
    )
    assert found.remarks == ("only files dated 16–22 November 2026: “last week”",)


def test_a_time_without_files_confines_nothing(index: Index) -> None:
    """An answer is never lost to a time that no file is from."""
    found = ask(index, "notes from May 1968 about the museum")
    assert len(found.passages) == 4
    assert found.question == "notes from May 1968 about the museum"
    assert found.remarks == ("no file is dated May 1968 (“from May 1968”), so all were searched",)


def test_a_time_of_something_else_comes_first_only(index: Index) -> None:
    """Files of that time pass others that fit a little better, and none is lost."""
    plain = ask(index, "our budget of the museum")
    found = ask(index, "our budget of the museum last week")
    assert plain.passages[0].path.name == "budget.md"
    assert found.passages[0].path.name == "budget.txt"
    assert set(names(found)) == set(names(plain))
    assert found.filters == EVERYTHING
    assert found.remarks == ("files dated 16–22 November 2026 first: “last week”",)


def test_questions_about_the_world_are_left_alone(index: Index) -> None:
    """Time in them is a word like others."""
    plain = ask(index, "what happened in the museum in May 1968?")
    assert (len(plain.passages), plain.remarks) == (4, ())


def test_the_newest_of_near_equals_comes_first(index: Index) -> None:
    """Which is said where it changes the order."""
    found = ask(index, "the latest budget of the museum")
    assert names(found)[:2] == ["work/drafts/budget.txt", "work/budget.md"]
    assert found.remarks == ("newer files first: “latest”",)
    assert ask(index, "the latest rent of the flat").remarks == ()


def test_where_no_file_is_newer_nothing_changes(index: Index) -> None:
    """A search for the newest, or by a time that all files are from, is the same search."""
    for name in ("a", "b", "c", "d", "e"):
        put(index, f"same/{name}.md", f"The latest report {name} of our river is ready", at=LONG_AGO)
    same = Filters(within=("same",))
    for question in ("the latest report of our river", "our report of the river in January 2023"):
        found = find(index, question, top_k=2, filters=same, now=NOW)
        plain = search(index, question, top_k=2, scope=index.scope(same))
        assert [each.chunk_id for each in found.passages] == [each.chunk_id for each in plain]
        assert found.remarks == ()


def test_typed_dates_have_the_last_word(index: Index) -> None:
    """Who writes a filter needs no reading between the lines."""
    found = ask(index, "what did I write last week about the museum since:2020-01 before:2024-01")
    assert set(names(found)) == {"work/budget.md", "home/rent.md"}
    assert found.question == "what did I write last week about the museum"


def test_filters_in_the_other_words_of_a_question_do_not_count(index: Index) -> None:
    """Those of the question do; the others are no words either."""
    found = find(index, "budget in:work", beside="museum in:home", top_k=4, now=NOW)
    assert set(names(found)) == {"work/budget.md", "work/drafts/budget.txt"}
    assert found.question == "budget"
    plain = find(index, "budget in:work", beside="museum", top_k=4, now=NOW)
    assert found.passages == plain.passages
