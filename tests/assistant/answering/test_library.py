"""Questions about what there is."""

import time
from dataclasses import replace

import pytest

from assistant.answering.library import MOST_LISTED, files_speaking, newest_first
from assistant.config import AnswerSettings
from assistant.prompting import NOT_FOUND
from assistant.types import Question, Step, Understood
from indexer.types import EVERYTHING, Filters, SearchResult
from tests.assistant.answering.scripted import (
    FakeLibrary,
    ScriptedGenerator,
    are_exact,
    ask,
    cut,
    finished,
    notices,
    shown,
    steps,
)
from tests.fakes import FakeSearcher, make_passage

DAY = 86_400.0
MAY = time.mktime((2026, 5, 3, 12, 0, 0, 0, 0, -1))


def notes(count: int) -> FakeLibrary:
    """Return a library of so many notes about sourdough, a day apart, and some about other things."""
    bread = [
        cut(
            f"bread {number}.md",
            f"# Bread {number}\n\nThe sourdough {number} rose well.",
            dated=MAY - number * DAY,
        )
        for number in range(count)
    ]
    return FakeLibrary(*bread, cut("sea.md", "The sea was calm."), cut("car.md", "The car needs oil."))


def test_without_a_model_files_are_listed_newest_first() -> None:
    """Each with its date, its name and its best sentence, cited; how many there are is said first."""
    events = ask("what did I write about sourdough?", notes(3))
    result = finished(events)
    assert result.text == shown(events)
    assert result.text.splitlines() == [
        "3 files speak of sourdough.",
        "- 2026-05-03 notes/bread 0.md: The sourdough 0 rose well. [1]",
        "- 2026-05-02 notes/bread 1.md: The sourdough 1 rose well. [2]",
        "- 2026-05-01 notes/bread 2.md: The sourdough 2 rose well. [3]",
    ]
    assert [one.n for one in result.citations] == [1, 2, 3]
    assert are_exact(result)


def test_what_is_not_shown_is_counted() -> None:
    """A list that is not complete says so, and more of it can be asked for."""
    text = finished(ask("list all notes about sourdough", notes(30))).text
    assert text.startswith(f"30 files speak of sourdough. Shown are {MOST_LISTED}.\n")
    assert len(text.splitlines()) == MOST_LISTED + 1
    text = finished(
        ask("list all notes about sourdough", notes(30), settings=AnswerSettings(passages=50))
    ).text
    assert text.startswith("30 files speak of sourdough.\n")


def test_a_count_beyond_what_is_looked_through_is_the_least() -> None:
    """Where more passages may speak of it than were searched, the number is no upper bound."""
    assert finished(ask("how many notes mention sourdough?", notes(320))).text.startswith(
        "At least 200 files mention sourdough. Shown are 20."
    )


@pytest.mark.parametrize("question", ["list all notes about sourdough", "how many notes mention sourdough?"])
def test_a_model_is_not_asked_to_count(question: str) -> None:
    """Which files there are and how many is a matter of code."""
    generator = ScriptedGenerator("Some.")
    assert finished(ask(question, notes(3), generator)).text.startswith("3 files ")
    assert generator.asked == []


def test_a_model_tells_what_the_files_say() -> None:
    """It reads a passage of every file, in one prompt where they fit, and is told how many speak of it."""
    generator = ScriptedGenerator("The sourdough rose well [1][2].")
    events = ask("what did I write about sourdough?", notes(12), generator)
    assert notices(events) == ["12 files speak of sourdough"]
    (messages,) = generator.asked
    assert messages[-1].content.count("<passage>") == 12
    result = finished(events)
    assert [one.passage.path.name for one in result.citations] == ["bread 0.md", "bread 1.md"]
    assert result.model == "scripted.gguf"


def test_many_files_are_read_in_parts() -> None:
    """Notes of every part, with progress; the numbers are those of the passages."""
    generator = ScriptedGenerator("The sourdough rose well [1].", context_tokens=700)
    events = ask("what did I write about sourdough?", notes(50), generator, AnswerSettings(max_tokens=100))
    total = steps(events)[-1].total
    assert total > 1
    assert Step("reading 50 files", total - 1, total) in events
    result = finished(events)
    assert result.citations[0].passage.path.name == "bread 0.md"
    assert result.steps == ("reading 50 files",)


def test_a_file_with_many_passages_does_not_crowd_out_others() -> None:
    """What is read holds the best of every file before the second of any."""
    diary = cut("diary.md", "\n\n".join(f"The sourdough sourdough of day {n}." for n in range(200)))
    others = [cut(f"bread {number}.md", f"The sourdough {number} rose.") for number in range(40)]
    generator = ScriptedGenerator("Yes [1].", context_tokens=32_000)
    ask("what did I write about sourdough?", FakeLibrary(diary, *others), generator)
    content = generator.asked[0][-1].content
    assert all(f"notes/bread {number}.md" in content for number in range(40))
    assert content.count("notes/diary.md") == 20


def test_nothing_is_said_of_what_no_file_speaks_of() -> None:
    """There is no list of the nearest files in place of one, and no model is asked."""
    generator = ScriptedGenerator("Whales.")
    result = finished(ask("what did I write about whales?", notes(3), generator))
    assert (result.answered, generator.asked) == (False, [])


def test_a_mention_needs_all_the_words() -> None:
    """What is only near in meaning, or holds one of two words, does not mention it."""
    near = make_passage("The leaven grew.", name="a.md", similarity=0.9)
    half = make_passage("Ada rowed home.", name="b.md", similarity=0.9)
    full = make_passage("Lindqvist, Ada: 070-1", name="c.md", similarity=0.1)
    named = make_passage("Her number is 070-2.", name="Ada Lindqvist.md", similarity=0.1)
    found = files_speaking("Ada Lindqvist", [near, half, full, named], is_mention=True)
    assert [file.best for file in found] == [full, named]
    found = files_speaking("sourdough", [near, half, full], is_mention=False)
    assert [file.best for file in found] == [near, half, full][:2]


def test_one_of_several_words_may_be_enough() -> None:
    """What is said with "or" is."""
    text = finished(ask("which files mention sea or oil?", notes(3))).text
    assert text.splitlines()[0] == "2 files mention sea or oil."


def test_files_without_a_date_come_last() -> None:
    """In the order in which they were found."""
    dated = cut("new.md", "x", dated=5.0)[0], cut("old.md", "x", dated=1.0)[0]
    bare = make_passage("x", name="a.md"), make_passage("x", name="b.md")
    files = files_speaking("x", [bare[0], dated[1], bare[1], dated[0]])
    assert [file.best.path.name for file in newest_first(files)] == ["new.md", "old.md", "a.md", "b.md"]


def test_the_time_is_understood_by_the_search() -> None:
    """It confines what is searched, is told, and is no word that a file must hold."""

    class Dating(FakeSearcher):
        def search(
            self, query: str, *, top_k: int = 8, filters: Filters = EVERYTHING, beside: str = ""
        ) -> SearchResult:
            if query == "what did I write from 2026":
                filters = replace(filters, since=1.0)
            found = super().search(query, top_k=top_k, filters=filters, beside=beside)
            return replace(found, remarks=("only files dated 2026",) if "2026" in query else ())

    searcher = Dating([make_passage("The invoice of the plumber.", name="i.md")])
    events = ask("how many invoices from 2026 do I have?", searcher)
    result = finished(events)
    assert result.text.startswith("1 file speaks of invoices.\n")
    assert result.filters == Filters(since=1.0)
    assert [query for query, _, _ in searcher.asked] == ["what did I write from 2026", "invoices"]
    assert any(isinstance(event, Understood) and event.remarks for event in events)


def test_files_alone_are_counted_whatever_they_hold() -> None:
    """Who asks for the notes of a time does not ask for the word."""
    text = finished(
        ask("how many notes from last week do I have?", FakeSearcher([make_passage("Rain.")]))
    ).text
    assert text.startswith("1 file found.\n")


def test_a_model_may_tell_what_no_file_does() -> None:
    """Where its own knowledge is allowed, a question of the library goes on as any other."""
    generator = ScriptedGenerator("Whales are mammals.")
    question = Question(text="what did I write about whales?", allows_own_knowledge=True)
    result = finished(ask(question, notes(3), generator))
    assert (result.answered, result.is_own_knowledge) == (True, True)


def test_where_the_model_tells_nothing_there_is_a_list() -> None:
    """Files that speak of it are there, whatever the model makes of them."""
    events = ask("what did I write about sourdough?", notes(2), ScriptedGenerator(NOT_FOUND))
    assert notices(events) == [
        "2 files speak of sourdough",
        "the model told nothing of them; this is a list",
    ]
    assert finished(events).text.startswith("2 files speak of sourdough.\n- ")
