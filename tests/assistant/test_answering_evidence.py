"""What the one core makes of evidence: numbers, doubts, strictness, and knowledge that is the model's own."""

from assistant.types import AnswerText, Doubted
from tests.assistant.test_answering import KEY, RENT, ask, finished, notices, shown
from tests.fakes import FakeGenerator, FakeSearcher, make_passage


def test_sources_are_numbered_as_they_are_used() -> None:
    """What the model calls 2 and uses first is shown as 1, in the text, the citations and the passages."""
    events = ask(generator=FakeGenerator(["The key is under the pot [", "2]. The rent is 4,200 kr [1]."]))
    result = finished(events)
    assert shown(events) == result.text == "The key is under the pot [1]. The rent is 4,200 kr [2]."
    assert [(one.n, one.passage) for one in result.citations] == [(1, KEY), (2, RENT)]
    assert result.passages == (KEY, RENT)


def test_a_sentence_that_no_passage_bears_is_doubted() -> None:
    """The doubt comes right behind it, and the answer names it."""
    events = ask(generator=FakeGenerator(["The rent is due on 6 May [1]. The key is under the pot [2]."]))
    result = finished(events)
    (span,) = result.unsupported
    assert result.text[span.start : span.end] == "The rent is due on 6 May [1]."
    at = events.index(Doubted())
    assert "".join(one.text for one in events[:at] if isinstance(one, AnswerText)) == (
        "The rent is due on 6 May [1]."
    )


def test_a_strict_answer_holds_only_what_passages_bear() -> None:
    """The rest is left out and counted."""
    events = ask(
        generator=FakeGenerator(["The rent is due on 6 May [1]. ", "The key is under the pot [2]."]),
        is_strict=True,
    )
    assert shown(events) == finished(events).text == "The key is under the pot [1]."
    assert notices(events) == ["1 sentence left out: the passages do not say so"]


def test_a_strict_answer_of_which_nothing_remains_is_none() -> None:
    """Then the files do not say, and the nearest passages are there."""
    events = ask(generator=FakeGenerator(["Sure! The rent is due on 6 May [1]."]), is_strict=True)
    result = finished(events)
    assert (result.answered, result.text, result.passages) == (False, "", (RENT, KEY))


FAR = make_passage("Sourdough needs patience.", name="bread.md", similarity=0.05)


def test_a_model_is_not_asked_where_nothing_speaks_of_it() -> None:
    """Where the evidence leaves no hope, the nearest passages are all there is."""
    generator = FakeGenerator(["On 5 May [1]."])
    result = finished(ask(searcher=FakeSearcher([FAR]), generator=generator))
    assert (result.answered, result.passages, generator.messages) == (False, (FAR,), [])
    assert result.evidence < 0.08


def test_own_knowledge_answers_what_the_files_do_not() -> None:
    """Asked for, the model answers without passages; it is said before, marked, and nothing is cited."""
    generator = FakeGenerator(["In 1901 [1]."])
    events = ask(searcher=FakeSearcher([FAR]), generator=generator, allows_own_knowledge=True)
    result = finished(events)
    assert (result.answered, result.is_own_knowledge) == (True, True)
    assert result.text == shown(events) == "In 1901."
    assert (result.citations, result.unsupported) == ((), ())
    assert notices(events) == ["not in your files; what follows is the model's own knowledge"]
    assert "Sourdough" not in "".join(message.content for message in generator.messages)


def test_own_knowledge_is_for_what_the_files_do_not_say() -> None:
    """Where they do, they are cited as ever."""
    result = finished(
        ask(generator=FakeGenerator(["The key is under the pot [2]."]), allows_own_knowledge=True)
    )
    assert not result.is_own_knowledge
    assert [one.passage for one in result.citations] == [KEY]
