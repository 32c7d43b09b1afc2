"""Filters that are typed in a question."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import seconds_of
from indexer.errors import UsageError
from indexer.search.asking import both, checked, describe, read_filters
from indexer.types import EVERYTHING, Filters

NOW = datetime(2026, 11, 28, 13, 30).astimezone().timestamp()
JANUARY = seconds_of(date(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "question", "filters"),
    [
        ("rent in:work", "rent", Filters(within=("work",))),
        ("in:work rent due", "rent due", Filters(within=("work",))),
        ('rent in:"My Notes" due', "rent due", Filters(within=("My Notes",))),
        ("rent in:'My Notes'", "rent", Filters(within=("My Notes",))),
        ("in:a in:b x", "x", Filters(within=("a", "b"))),
        ("x in:*.md", "x", Filters(within=("*.md",))),
        ("x in:/usr/notes", "x", Filters(within=("/usr/notes",))),
        ("x in:notes/work", "x", Filters(within=("notes/work",))),
        ("x exclude:drafts -in:old", "x", Filters(exclude=("drafts", "old"))),
        ("x type:pdf", "x", Filters(types=("pdf",))),
        ("x Type:PDF,md", "x", Filters(types=("pdf", "md"))),
        ("x tag:#work tag:Home/Roof", "x", Filters(tags=("work", "home/roof"))),
        ("x tag:a,b", "x", Filters(tags=("a", "b"))),
        ("x since:2026-01", "x", Filters(since=JANUARY)),
        ("x after:2026 before:2026-02", "x", Filters(since=JANUARY, before=seconds_of(date(2026, 2, 1)))),
        ("x since:yesterday", "x", Filters(since=seconds_of(date(2026, 11, 27)))),
        ('x since:"last week"', "x", Filters(since=seconds_of(date(2026, 11, 16)))),
        ("x since:3-weeks-ago", "x", Filters(since=seconds_of(date(2026, 11, 7)))),
        ("x since:7d", "x", Filters(since=seconds_of(date(2026, 11, 21)))),
        (
            "x since:2025 since:2026 before:2028 before:2027",
            "x",
            Filters(since=JANUARY, before=seconds_of(date(2027, 1, 1))),
        ),
        ("what is due in:work?", "what is due", Filters(within=("work",))),
        ("is it due (in:work)", "is it due (in:work)", EVERYTHING),
        ("in:work", "", Filters(within=("work",))),
    ],
)
def test_a_filter_is_a_name_and_its_value(text: str, question: str, filters: Filters) -> None:
    """Wherever it stands it is taken out, and the rest is what is searched for."""
    asked = read_filters(text, NOW)
    assert (asked.question, asked.filters, asked.remarks) == (question, filters, ())


@pytest.mark.parametrize(
    "text",
    [
        "when does the 12:30 train leave",
        "see https://example.org/in:side?type:pdf",
        "what is std::type and a::in::b",
        "in: work",
        "note: since: x",
        "the type: it is",
        "type::pdf in::work",
        'the words "in:work since:2026" in quotes',
        "the words “type:pdf” in others",
        "`tag:x` in code",
        "main:in:work",
        "-type:pdf --in:x",
        "in://host/share",
        "tag:",
        "  two  spaces ",
        "{since:2026}",
        "",
    ],
)
def test_other_text_is_left_as_it_is(text: str) -> None:
    """Addresses, times of day, code and what stands in quotes hold no filters."""
    assert read_filters(text, NOW).question == text
    assert read_filters(text, NOW).filters == EVERYTHING
    assert read_filters(text, NOW).remarks == ()


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("x since:foo", "“foo” is no date, so “since:foo” was searched for as words"),
        ("x before:2026-13", "“2026-13” is no date, so “before:2026-13” was searched for as words"),
        ("x type:error", "there is no kind of file “error”, so “type:error” was searched for as words"),
        ("x tag:#", "“#” is no tag, so “tag:#” was searched for as words"),
        ("x in:..", "“..” is no name of a folder or file, so “in:..” was searched for as words"),
    ],
)
def test_a_value_that_makes_no_sense_is_searched_for(text: str, remark: str) -> None:
    """It stays in the question, and a sentence says so."""
    asked = read_filters(text, NOW)
    assert (asked.question, asked.filters, asked.remarks) == (text, EVERYTHING, (remark,))


def test_what_makes_sense_counts_beside_what_does_not() -> None:
    """One wrong filter does not spoil the others."""
    asked = read_filters("x since:foo in:work y", NOW)
    assert (asked.question, asked.filters) == ("x since:foo y", Filters(within=("work",)))
    assert len(asked.remarks) == 1


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    """Whatever is typed, text without filters comes back as it was."""
    asked = read_filters(text, NOW)
    assert asked.filters != EVERYTHING or asked.question == text


@given(
    st.text(alphabet="ab:/\"'`# -*~.\n", max_size=12),
    st.sampled_from(["in", "type", "tag", "since", "before", "exclude", "-in"]),
    st.text(max_size=12),
)
def test_no_filter_is_too_strange(before: str, name: str, value: str) -> None:
    """Names with any value before or behind them are filters, or words."""
    asked = read_filters(f"{before} {name}:{value} x", NOW)
    assert asked.filters != EVERYTHING or asked.question == f"{before} {name}:{value} x"


def test_filters_that_were_given_must_make_sense() -> None:
    """They are no words of a question; tags are looked for as they are kept."""
    with pytest.raises(UsageError, match=r"^there is no kind of file “foo”$"):
        checked(Filters(types=("pdf", "foo")))
    with pytest.raises(UsageError, match=r"^“#” is no tag$"):
        checked(Filters(tags=("#",)))
    assert checked(Filters(tags=("#Work",))).tags == ("work",)


def test_the_narrower_time_counts() -> None:
    """What is given and what is typed hold together."""
    assert both(Filters(since=1, before=9), Filters(since=3)) == Filters(since=3, before=9)
    assert both(Filters(within=("a",), tags=("x",)), Filters(tags=("y",))) == Filters(
        within=("a",), tags=("x", "y")
    )


def test_filters_are_said_in_words() -> None:
    """In the order of their importance, with days for moments."""
    filters = Filters(
        within=("work", str(Path.home() / "n")),
        exclude=("old",),
        types=("pdf",),
        tags=("a", "b"),
        since=JANUARY,
    )
    words = "in “work” or “~/n”, not in “old”, of type pdf, tagged #a and #b, dated since 1 January 2026"
    assert describe(filters) == words
    assert describe(EVERYTHING) == ""
