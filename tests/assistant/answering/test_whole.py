"""Questions about one file."""

import pytest

from assistant.answering import answer
from assistant.config import AnswerSettings
from assistant.prompting import NOT_FOUND
from assistant.types import Notice, Question, Step, Turn
from indexer.errors import UsageError
from indexer.types import Filters
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
from tests.fakes import VAULT

LEASE = """# Lease

The lease of the flat began in March 2024 with Oskar Berg.
It runs for three years and renews itself.

## Rent

The rent is 900 euros a month, due on the fifth.
It rises with the index of prices each January.

## Notice

Notice periods are three months for the tenant.
The landlord must give six months of notice."""
PLAN = "The plan is to sail to Gotland in June.\n\nThe boat needs new ropes before June."
BOOK = "\n\n".join(
    f"## Chapter {number}\n\nIn chapter {number} keeper {number} lights lamp {number} and waits for ships."
    for number in range(1, 61)
)
LIBRARY = [cut("lease.md", LEASE), cut("work/plan.md", PLAN), cut("book.md", BOOK)]


def library() -> FakeLibrary:
    return FakeLibrary(*LIBRARY)


def test_a_file_is_read_as_a_whole_in_its_order() -> None:
    """One prompt holds every passage as it stands in the file, and the answer cites the exact lines."""
    generator = ScriptedGenerator("The rent is 900 euros [4]. Notice takes three months [6].")
    events = ask("summarise lease.md", library(), generator)
    (messages,) = generator.asked
    content = messages[-1].content
    assert content.index("[1] notes/lease.md, line 1\n") < content.index("[2] ") < content.index("[3] ")
    assert "The passages are the whole of notes/lease.md, in order." in content
    assert content.endswith("Question: summarise lease.md")
    result = finished(events)
    assert result.answered
    assert {one.passage.path.name for one in result.citations} == {"lease.md"}
    assert are_exact(result)
    assert Step("reading lease.md") in events


def test_what_a_file_says_about_something_is_answered_from_it_alone() -> None:
    """With a model all of it is read; without one its own passages answer."""
    generator = ScriptedGenerator("Three months [6].")
    assert finished(ask("what does lease.md say about notice periods?", library(), generator)).answered
    assert "Gotland" not in generator.asked[0][-1].content
    searcher = library()
    result = finished(ask("what does plan.md say about June?", searcher))
    assert {passage.path.name for passage in result.passages} == {"plan.md"}
    assert {filters.within for _, _, filters in searcher.asked} == {(str(VAULT / "work/plan.md"),)}


def test_without_a_model_a_file_does_not_say_what_it_does_not() -> None:
    """Sentences that share nothing with what is asked of a file are no answer."""
    result = finished(ask("what does lease.md say about submarines?", library()))
    assert (result.answered, result.text) == (False, "")


def test_without_a_model_a_summary_is_made_of_the_files_sentences() -> None:
    """Each stands in the file word for word, behind its section's heading, with its exact place."""
    result = finished(ask("tl;dr of lease.md", library()))
    lines = result.text.splitlines()
    assert 3 <= len(lines) <= 8
    assert any(line.startswith("Rent: The rent is 900 euros") for line in lines)
    assert any(line.startswith("Notice: ") for line in lines)
    assert are_exact(result)
    assert [one.n for one in result.citations] == sorted(one.n for one in result.citations)
    assert [result.passages[one.n - 1] for one in result.citations] == [
        one.passage for one in result.citations
    ]


def test_a_long_file_is_read_in_parts() -> None:
    """Notes are made of every part, with progress, and the answer cites the passages themselves."""
    generator = ScriptedGenerator("Keeper 1 lights lamp 1 and waits for ships [2][120].", context_tokens=800)
    events = ask("summarise book.md", library(), generator, AnswerSettings(max_tokens=100))
    told = steps(events)
    total = told[-1].total
    assert total > 2
    assert [step for step in told if step.total == total] == [
        Step("reading book.md", done, total) for done in range(total)
    ]
    *parts, last = [messages[-1].content for messages in generator.asked]
    assert len(parts) == total
    passages = LIBRARY[2]
    read = "".join(parts)
    assert all(
        f"[{n}] notes/book.md, " in read and one.text in read for n, one in enumerate(passages, start=1)
    )
    # of the marks of a part those are kept that name its own passages.
    assert last.count("Keeper 1 lights lamp 1") == total
    assert (last.count("[2]"), last.count("[120]")) == (1, 1)
    result = finished(events)
    assert result.citations[0].passage == passages[1]
    assert are_exact(result)
    assert result.steps == ("reading book.md",)


def test_parts_that_say_nothing_cost_no_room() -> None:
    """Where none says anything, the files do not say, and no answer is asked for."""
    generator = ScriptedGenerator(NOT_FOUND, context_tokens=800)
    events = ask("what does book.md say about whales?", library(), generator, AnswerSettings(max_tokens=100))
    assert not finished(events).answered
    assert all("Note in short statements" in messages[-1].content for messages in generator.asked)


def test_a_question_of_a_long_file_reads_what_is_nearest() -> None:
    """Past some parts not all of it is read, which is told; what is read stays in order."""
    text = "\n\n".join(f"Page {number} tells of ropes." + " And of wind." * 40 for number in range(400))
    searcher = FakeLibrary(cut("log.md", text + "\n\nThe mast broke in the strait."))
    generator = ScriptedGenerator("It broke in the strait [2].", context_tokens=900)
    events = ask("what does log.md say about the mast?", searcher, generator, AnswerSettings(max_tokens=100))
    assert any("log.md is too long to be read at once" in told for told in notices(events))
    assert any("The mast broke" in messages[-1].content for messages in generator.asked)


def test_closing_stops_the_model_while_it_makes_notes() -> None:
    """Whoever goes away in the middle of a long file ends the reading."""
    generator = ScriptedGenerator("The keeper waits [1].", context_tokens=800)
    events = answer(
        Question(text="summarise book.md"),
        searcher=library(),
        generator=generator,
        settings=AnswerSettings(max_tokens=100),
    )
    while not generator.open_chats:
        next(events)
    events.close()
    assert (generator.open_chats, len(generator.asked)) == (0, 1)


def test_the_file_at_hand_is_the_one_that_is_searched() -> None:
    """`--in FILE "summarise"` names the file; a folder or two files do not."""
    inside = Filters(within=(str(VAULT / "work/plan.md"),))
    searcher = library()
    result = finished(ask(Question(text="summarise", filters=inside), searcher))
    assert "Gotland" in result.text
    assert searcher.read == [VAULT / "work/plan.md"]
    both = Filters(within=(*inside.within, str(VAULT / "lease.md")))
    searcher = library()
    ask(Question(text="summarise", filters=both), searcher)
    assert searcher.read == []


def test_the_file_at_hand_may_be_the_one_that_was_cited() -> None:
    """In a conversation, "summarise it" is of the one file that the answer before was from."""
    turn = Turn(
        question="Where to?", standalone="Where to?", answer="Gotland [1].", sources=(VAULT / "work/plan.md",)
    )
    searcher = library()
    ask(Question(text="summarise it", turns=(turn,)), searcher)
    assert searcher.read == [VAULT / "work/plan.md"]


def test_a_bare_name_counts_if_there_is_one_such_file() -> None:
    """A stem that the index knows is a file; one that it does not know is a subject."""
    searcher = library()
    ask("summarise the lease", searcher)
    assert searcher.read == [VAULT / "lease.md"]
    searcher = library()
    events = ask("summarise the voyage to Gotland", searcher)
    assert (searcher.read, notices(events)) == ([], [])


def test_a_name_that_nothing_has_is_told() -> None:
    """The answer is then from all files, and nobody takes it for that file's."""
    events = ask("summarise missing.md", library())
    assert notices(events) == ["no indexed file is called missing.md; this is from all of them"]


def test_a_name_that_several_have_is_asked_about() -> None:
    """A summary of one of them would be of the wrong one as often as not."""
    searcher = FakeLibrary(cut("a/plan.md", PLAN), cut("b/plan.md", PLAN + " More."))
    with pytest.raises(UsageError) as caught:
        ask("summarise plan.md", searcher)
    assert caught.value.message == "2 files are called plan.md"
    assert caught.value.hint == "say which one, by its folder: notes/a/plan.md, notes/b/plan.md"
    assert finished(ask("summarise a/plan.md", searcher)).answered
    # a question may be answered from either.
    result = finished(ask("what does plan.md say about June?", searcher))
    assert {passage.path.parent.name for passage in result.passages} == {"a", "b"}


def test_a_file_without_text_is_told_why() -> None:
    """What the indexer knows of it is said, and there is no answer."""
    searcher = FakeLibrary(*LIBRARY, reasons={"scan.pdf": "no text on pages 1, 2"})
    events = ask("summarise scan.pdf", searcher)
    assert not finished(events).answered
    assert notices(events) == ["notes/scan.pdf holds no text that could be read: no text on pages 1, 2"]


@pytest.mark.parametrize("context_tokens", [800, 16_000])
def test_a_file_with_text_is_summarised_whatever_the_model_says(context_tokens: int) -> None:
    """Where it refuses, the file's own sentences stand in, and that is told."""
    generator = ScriptedGenerator(NOT_FOUND, context_tokens=context_tokens)
    events = ask("summarise book.md", library(), generator, AnswerSettings(max_tokens=100))
    assert notices(events) == ["the model did not summarise it; these are the file's own sentences"]
    result = finished(events)
    assert (result.answered, result.model) == (True, None)
    assert are_exact(result)


def test_piped_text_is_what_a_summary_is_of() -> None:
    """With text beside the question no file is looked for."""
    searcher = library()
    generator = ScriptedGenerator("They want money.")
    ask(Question(text="summarise", extra="Send money."), searcher, generator)
    assert searcher.read == []
    assert "<extra>\nSend money.\n</extra>" in generator.asked[0][-1].content


def test_the_next_question_of_a_file_begins_as_the_one_before() -> None:
    """So the engine has read the file already."""
    generator = ScriptedGenerator("900 euros [2].")
    ask("what does lease.md say about rent?", library(), generator)
    turn = Turn(question="what does lease.md say about rent?", standalone="", answer="900 euros [1].")
    ask(Question(text="what does lease.md say about notice?", turns=(turn,)), library(), generator)
    first, then = generator.asked
    assert then[: len(first)] == first


def test_a_summary_is_said_in_one_place() -> None:
    """What was shown while it was written is the text of the answer."""
    events = ask("summarise lease.md", library())
    assert shown(events) == finished(events).text
    assert not any(isinstance(event, Notice) for event in events)
