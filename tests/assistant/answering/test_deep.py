"""Search in several steps."""

import itertools
import json

import pytest

from assistant.answering import answer
from assistant.answering.asking import Asking
from assistant.answering.deep import answer_deeply
from assistant.answering.results import Clock
from assistant.config import AnswerSettings
from assistant.types import AnswerFinished, AnswerText, Question
from tests.assistant.answering.scripted import (
    FakeLibrary,
    ScriptedGenerator,
    ask,
    cut,
    finished,
    notices,
    steps,
)

LIBRARY = [
    cut("who.md", "The cabin belongs to Ada."),
    cut("ada.md", "Ada lives in Malmö."),
    cut("city.md", "Malmö lies at the strait."),
]
QUESTION = Question(text="Where does the owner of the cabin live?", is_deep=True)


def search(query: str) -> str:
    return json.dumps({"action": "search", "query": query})


ANSWER = json.dumps({"action": "answer", "query": ""})


def kept(events: list[object]) -> list[str]:
    """Return the steps that are told for good."""
    return [step.text for step in steps(events) if step.is_kept]  # type: ignore[arg-type]


def test_the_model_searches_until_it_has_what_it_needs() -> None:
    """Every step is shown and kept; the answer is written from all that was found."""
    generator = ScriptedGenerator(search("Ada lives"), search("Malmö"), ANSWER, "In Malmö [2].")
    events = ask(QUESTION, FakeLibrary(*LIBRARY), generator)
    assert kept([*events]) == [
        f"searched for “{QUESTION.text}”: 2 passages of 2 files",
        "searched for “Ada lives”: 1 passage more of 1 file",
        "searched for “Malmö”: nothing new",
    ]
    result = finished(events)
    assert result.steps == tuple(kept([*events]))
    assert {passage.path.name for passage in result.passages} == {"who.md", "ada.md", "city.md"}
    assert result.answered
    assert result.to_json()["steps"] == kept([*events])
    *choices, last = generator.options
    assert all(option.schema is not None and option.thinking == "off" for option in choices)
    assert last.schema is None


def test_what_the_model_saw_stays_as_it_was() -> None:
    """Each step adds to the prompt of the one before, so that the engine reads only what is new."""
    generator = ScriptedGenerator(search("Ada"), search("strait"), ANSWER, "In Malmö [1].")
    ask(QUESTION, FakeLibrary(*LIBRARY), generator)
    *choices, _ = generator.asked
    for before, after in itertools.pairwise(choices):
        assert after[: len(before)] == before
        assert len(after) == len(before) + 2


def test_a_search_that_was_done_is_refused() -> None:
    """In whatever order and form of its words; a model without other ideas is not asked for ever."""
    searcher = FakeLibrary(*LIBRARY)
    generator = ScriptedGenerator(
        search("lives Ada"), search("Ada living"), search("Ada, lives!"), "In Malmö [1]."
    )
    events = ask(QUESTION, searcher, generator)
    assert [query for query, _, _ in searcher.asked] == [QUESTION.text, "lives Ada"]
    assert "searched for already" in generator.asked[2][-1].content
    assert len(generator.asked) == 4
    assert finished(events).answered


def test_a_refused_search_may_be_followed_by_a_better_one() -> None:
    """One repetition does not end the searching."""
    searcher = FakeLibrary(*LIBRARY)
    ask(QUESTION, searcher, ScriptedGenerator(search(QUESTION.text), search("Ada"), ANSWER, "In Malmö [1]."))
    assert [query for query, _, _ in searcher.asked] == [QUESTION.text, "Ada"]


def test_the_steps_are_bounded() -> None:
    """However many searches a model would like."""
    queries = [search(f"word {number}") for number in range(50)]
    generator = ScriptedGenerator(*queries[:3], "In Malmö [1].")
    events = ask(QUESTION, FakeLibrary(*LIBRARY), generator, AnswerSettings(deep_steps=3))
    assert len(kept([*events])) == 4
    assert finished(events).answered


def test_the_time_is_bounded() -> None:
    """What is there when it is up is answered from, and that is told."""
    generator = ScriptedGenerator(search("Ada"), search("Malmö"), "In Malmö [1].")
    asking = Asking(
        question=QUESTION,
        text=QUESTION.text,
        searcher=FakeLibrary(*LIBRARY),
        generator=generator,
        settings=AnswerSettings(deep_time_s=10),
        clock=Clock(),
    )
    ticks = itertools.count(0, 4)
    events = list(answer_deeply(asking, generator, now=lambda: float(next(ticks))))
    assert notices(events) == ["the search ended after 10 s; [answer] deep_time_s allows more"]
    assert [options.time_limit_s for options in generator.options[:2]] == [3.0, 1.0]
    assert isinstance(events[-1], AnswerFinished)
    assert events[-1].answer.answered


@pytest.mark.parametrize(
    "malformed",
    [
        "no object",
        "{",
        "[]",
        '{"action": "search"}',
        '{"action": "dance", "query": "Ada"}',
        search(" "),
        "null",
    ],
)
def test_a_malformed_step_ends_the_searching(malformed: str) -> None:
    """The answer is written from what is there, whatever the model wrote; twice, as it may try again."""
    attempts = (
        [malformed] * 2
        if malformed in {"no object", "{", "[]", "null", '{"action": "search"}'}
        else [malformed]
    )
    generator = ScriptedGenerator(*attempts, "Ada's [1].")
    searcher = FakeLibrary(*LIBRARY)
    result = finished(ask(QUESTION, searcher, generator))
    assert (result.answered, len(searcher.asked)) == (True, 1)


@pytest.mark.parametrize("query", [[], {}, 7, None])
def test_a_query_that_is_no_text_ends_the_searching(query: object) -> None:
    """A server that does not hold its model to the schema may send anything."""
    generator = ScriptedGenerator(json.dumps({"action": "search", "query": query}), "Ada's [1].")
    assert finished(ask(QUESTION, FakeLibrary(*LIBRARY), generator)).answered


def test_a_query_cannot_leave_its_object() -> None:
    """What comes back to the model as its own words is the object that it wrote."""
    generator = ScriptedGenerator(search('a "quoted" \n</passage> \\ name'), ANSWER, "Ada's [1].")
    ask(QUESTION, FakeLibrary(*LIBRARY), generator)
    reply = generator.asked[1][2].content
    assert json.loads(reply)["query"] == 'a "quoted" ‹/passage> \\ name'


def test_a_full_context_ends_the_searching() -> None:
    """Nothing is asked that would not fit."""
    text = "The cabin of the owner. " + "word " * 60
    searcher = FakeLibrary(*(cut(f"{number}.md", f"{text} {number}") for number in range(200)))
    queries = [search(f"word {number} cabin") for number in range(20)]
    generator = ScriptedGenerator(*queries[:1], context_tokens=700)
    events = ask(QUESTION, searcher, generator, AnswerSettings(deep_steps=20, max_tokens=50))
    assert isinstance(events[-1], AnswerFinished)


def test_a_deep_search_stays_in_the_file_that_is_named() -> None:
    """All its searches do."""
    searcher = FakeLibrary(*LIBRARY)
    generator = ScriptedGenerator(search("Malmö"), ANSWER, "In Malmö [1].")
    ask(Question(text="what does ada.md say about the cabin?", is_deep=True), searcher, generator)
    assert {filters.within for _, _, filters in searcher.asked} == {(str(LIBRARY[1][0].path),)}


def test_without_a_model_one_search_has_to_do() -> None:
    """Which is told."""
    events = ask(QUESTION, FakeLibrary(*LIBRARY))
    assert notices(events) == ["a deep search takes a model; this is from a single search"]


def test_closing_stops_the_model_in_the_middle_of_its_answer() -> None:
    """Nothing is left open, whether it searches or answers."""
    for stop_at in range(1, 30):
        generator = ScriptedGenerator(search("Ada"), ANSWER, "In Malmö, says the note [1].")
        events = answer(
            QUESTION, searcher=FakeLibrary(*LIBRARY), generator=generator, settings=AnswerSettings()
        )
        for _ in range(stop_at):
            if isinstance(next(events, None), AnswerText):
                break
        events.close()
        assert generator.open_chats == 0
