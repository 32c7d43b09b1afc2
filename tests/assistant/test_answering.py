"""The one core under every face, with scripted parts."""

from collections.abc import Iterator, Sequence

import pytest

from assistant.answering import answer
from assistant.config import AnswerSettings
from assistant.engine.types import Delta, FinishReason, Progress
from assistant.errors import NoAnswerError
from assistant.types import (
    Answer,
    AnswerEvent,
    AnswerFinished,
    AnswerText,
    ModelLoading,
    ModelReady,
    Notice,
    PassagesFound,
    Question,
    Retracted,
    Thinking,
    Waiting,
)
from indexer.errors import UsageError
from indexer.types import EVERYTHING, Filters
from tests.fakes import FakeGenerator, FakeSearcher, make_passage

RENT = make_passage("The rent is due on 5 May.\nIt is 4,200 kr.", name="lease.md")
KEY = make_passage("The key is under the pot.", name="key.md")
SETTINGS = AnswerSettings()


def ask(
    question: str = "When is the rent due?",
    *,
    searcher: FakeSearcher | None = None,
    generator: FakeGenerator | None = None,
    settings: AnswerSettings = SETTINGS,
    extra: str = "",
    filters: Filters = EVERYTHING,
    is_strict: bool = False,
    allows_own_knowledge: bool = False,
) -> list[AnswerEvent]:
    """Return every event of an answer."""
    searcher = searcher or FakeSearcher([RENT, KEY])
    return list(
        answer(
            Question(
                text=question,
                extra=extra,
                filters=filters,
                is_strict=is_strict,
                allows_own_knowledge=allows_own_knowledge,
            ),
            searcher=searcher,
            generator=generator,
            settings=settings,
        )
    )


def finished(events: Sequence[AnswerEvent]) -> Answer:
    """Return the answer that the events end with."""
    assert isinstance(events[-1], AnswerFinished)
    return events[-1].answer


def shown(events: Sequence[AnswerEvent]) -> str:
    """Return the text a face would have on the screen in the end."""
    text = ""
    for event in events:
        if isinstance(event, AnswerText):
            text += event.text
        elif isinstance(event, Retracted):
            text = ""
    return text


def notices(events: Sequence[AnswerEvent]) -> list[str]:
    """Return what a person is told beside the answer."""
    return [event.text for event in events if isinstance(event, Notice)]


def test_an_answer_streams_and_is_cited() -> None:
    """Passages, pieces of text, then the whole answer with what its marks stand for."""
    events = ask(generator=FakeGenerator(["It is due ", "on 5 May", " [1].", "\n"]))
    assert isinstance(events[0], PassagesFound)
    assert [event.text for event in events if isinstance(event, AnswerText)] == [
        "It is due",
        " on 5 May",
        " [1]",
        ".\n",
    ]
    result = finished(events)
    assert result.answered
    assert result.text == "It is due on 5 May [1]."
    assert [(one.n, one.quote) for one in result.citations] == [(1, "The rent is due on 5 May.")]
    assert result.passages == (RENT, KEY)
    assert result.model == "scripted.gguf"
    assert set(result.timings_ms) == {"search", "first_token", "total"}
    assert result.timings_ms["search"] <= result.timings_ms["first_token"] <= result.timings_ms["total"]


def test_the_search_is_asked_as_told() -> None:
    """Number of passages and folders reach the search."""
    searcher = FakeSearcher([RENT] * 20)
    ask(searcher=searcher, settings=AnswerSettings(passages=3), filters=Filters(within=("/vault/notes",)))
    assert searcher.asked == [("When is the rent due?", 3, Filters(within=("/vault/notes",)))]


def test_reasoning_is_no_part_of_the_answer() -> None:
    """Thinking comes as events of its own."""
    events = ask(generator=FakeGenerator([Delta("thinking", "hmm [2]"), "On 5 May [1]."]))
    assert Thinking("hmm [2]") in events
    assert finished(events).text == "On 5 May [1]."
    assert [one.n for one in finished(events).citations] == [1]


def test_a_thought_that_shows_itself_late_is_taken_back() -> None:
    """What was shown before the engine knew better is retracted, and comes as thinking."""
    events = ask(generator=FakeGenerator(["The user asks.", Delta("retract", ""), "On 5 May [1]."]))
    assert Retracted() in events
    assert Thinking("The user asks.") in events
    assert shown(events) == finished(events).text == "On 5 May [1]."


@pytest.mark.parametrize(
    "pieces",
    [
        ["Not in your files."],
        ["Not", " in", " your", " files", "."],
        ["Not in your files. ", "They say [1] little."],
    ],
)
def test_a_refusal_is_no_answer(pieces: list[str]) -> None:
    """Nothing of it is shown, `answered` is false, and the nearest passages are there."""
    many = [make_passage(f"Note {number}.", name=f"{number}.md") for number in range(6)]
    events = ask(searcher=FakeSearcher(many), generator=FakeGenerator(pieces))
    assert shown(events) == ""
    result = finished(events)
    assert (result.answered, result.text, result.citations) == (False, "", ())
    assert result.passages == tuple(many[:3])


def test_a_text_that_begins_like_a_refusal_is_shown() -> None:
    """What was held back comes as soon as it differs."""
    events = ask(generator=FakeGenerator(["Not", " in", " May but in June [1]."]))
    assert shown(events) == "Not in May but in June [1]."
    assert finished(events).answered


def test_an_answer_that_ends_while_held_back_is_shown() -> None:
    """The word No is the beginning of a refusal, and an answer."""
    events = ask(generator=FakeGenerator(["No"]))
    assert shown(events) == finished(events).text == "No"


def test_a_model_that_says_nothing_does_not_answer() -> None:
    """White space alone is no answer."""
    assert not finished(ask(generator=FakeGenerator([" ", "\n"]))).answered


def test_without_passages_the_model_is_not_asked() -> None:
    """An empty index refuses at once."""
    generator = FakeGenerator(["something"])
    result = finished(ask(searcher=FakeSearcher(), generator=generator))
    assert not result.answered
    assert generator.messages == []


def test_piped_text_is_read_without_any_passages() -> None:
    """What was piped in can be asked about before anything is indexed."""
    generator = FakeGenerator(["They want money."])
    result = finished(
        ask("What do they want?", searcher=FakeSearcher(), generator=generator, extra="Send money.")
    )
    assert result.answered
    assert "<extra>\nSend money.\n</extra>" in generator.messages[-1].content


def test_piped_text_has_a_say_in_the_search() -> None:
    """Passages for the question and for the text beside it take turns."""
    searcher = FakeSearcher(by_query={"What do they want?": [RENT, KEY], "The key!": [KEY, RENT]})
    result = finished(
        ask("What do they want?", searcher=searcher, generator=FakeGenerator(["x"]), extra="The key!")
    )
    assert [query for query, _, _ in searcher.asked] == ["What do they want?", "The key!"]
    assert result.passages == (RENT, KEY)


def test_piped_text_holds_no_filters() -> None:
    """It is searched for where the question is, and "in:" is a word in it."""
    searcher = FakeSearcher([RENT])
    filters = Filters(within=("/notes",))
    events = ask("What?", searcher=searcher, filters=filters, extra="error in:main type:pdf")
    assert events
    assert [(query, where) for query, _, where in searcher.asked] == [
        ("What?", filters),
        ("error in main type pdf", filters),
    ]


def test_passages_that_do_not_fit_are_named() -> None:
    """Nothing is cut in silence."""
    passages = [make_passage(f"{number} " + "word " * 100, name=f"{number}.md") for number in range(6)]
    generator = FakeGenerator(["Yes [1]."], context_tokens=900)
    events = ask(
        searcher=FakeSearcher(passages), generator=generator, settings=AnswerSettings(max_tokens=200)
    )
    (notice,) = notices(events)
    left_out = 6 - len(finished(events).passages)
    assert 0 < left_out < 6
    assert (
        notice == f"{left_out} of 6 passages left out: more would not fit the model's context of 900 tokens"
    )


def test_a_shortened_passage_is_named() -> None:
    """Even the cut of a single passage is told."""
    passage = make_passage("\n".join(f"Sentence {number} is here." for number in range(300)))
    events = ask(searcher=FakeSearcher([passage]), generator=FakeGenerator(["Yes [1]."], context_tokens=900))
    assert notices(events) == ["the passage was shortened to fit the model's context of 900 tokens"]


def test_prompt_and_answer_fit_the_context() -> None:
    """The answer may take what the prompt leaves."""
    generator = FakeGenerator(["Yes."], context_tokens=600)
    ask(generator=generator, settings=AnswerSettings(max_tokens=5000))
    words = sum(len(message.content.split()) for message in generator.messages)
    assert words + generator.options.max_tokens <= 600


def test_an_answer_that_was_cut_off_is_named() -> None:
    """An answer that ends at its limit is not passed off as whole."""
    events = ask(generator=FakeGenerator(["It is"], reason="length"), settings=AnswerSettings(max_tokens=64))
    assert notices(events) == ["the answer was cut off after 64 tokens; [answer] max_tokens allows more"]


def test_an_answer_that_fills_the_context_is_named() -> None:
    """Where the setting allows more than there is room for, the setting is not what to change."""
    generator = FakeGenerator(["It is"], reason="length", context_tokens=600)
    (said,) = notices(ask(generator=generator, settings=AnswerSettings(max_tokens=5000)))
    assert f"after {generator.options.max_tokens} tokens, where the model's context of 600 is full" in said
    assert "max_tokens" not in said


def test_a_context_without_room_is_named() -> None:
    """It is not the question that is too long then."""
    with pytest.raises(UsageError) as caught:
        ask("Who?", generator=FakeGenerator(["x"], context_tokens=128))
    assert caught.value.message == (
        "the 32 tokens that scripted.gguf can read at once"
        " leave no room for a question and what belongs to it"
    )
    assert caught.value.hint == "set [model] context_tokens higher, or to 0 for what fits"


def test_an_empty_question_is_refused() -> None:
    """Blank is not a question."""
    with pytest.raises(UsageError, match=r"^the question is empty$"):
        ask(" \n")


def test_a_question_beyond_the_context_is_refused() -> None:
    """A long question is named with its length and the model's limit, and is not cut."""
    with pytest.raises(UsageError) as caught:
        ask("word " * 20_000, generator=FakeGenerator(["x"]))
    assert (
        caught.value.message == "the question is 20,000 tokens long, and scripted.gguf can read 3,008 at once"
    )


def test_piped_text_beyond_the_context_is_refused() -> None:
    """So is a long text beside a short question."""
    with pytest.raises(UsageError, match=r"^the text with the question is 5,000 tokens long"):
        ask("What is this?", generator=FakeGenerator(["x"]), extra="word " * 5000)


def test_a_long_question_without_a_model_is_answered() -> None:
    """The search takes a question of any length."""
    result = finished(ask("When is the rent due? " * 5000))
    assert result.answered


def test_without_a_model_the_files_speak() -> None:
    """The answer is the files' own sentence with its mark; `model` is empty."""
    events = ask()
    result = finished(events)
    assert result.answered
    assert result.text == shown(events) == "The rent is due on 5 May. [1]"
    assert result.model is None
    assert result.citations[0].quote == "The rent is due on 5 May."


def test_without_a_model_piped_text_is_not_passed_over_in_silence() -> None:
    """The person is told that nobody read it."""
    assert notices(ask(extra="a mail")) == [
        "reading the text with the question takes a model; this is what your files say"
    ]


def test_closing_the_events_stops_the_model() -> None:
    """A face that goes away in the middle ends the generation."""
    generator = FakeGenerator(["It ", "is ", "due."])
    events = answer(
        Question(text="When?"), searcher=FakeSearcher([RENT]), generator=generator, settings=SETTINGS
    )
    while not isinstance(next(events), AnswerText):
        pass
    events.close()
    assert generator.is_closed


def test_a_model_that_only_thinks_is_told_so() -> None:
    """Its thoughts are never taken for an answer, nor the files blamed for having none."""
    thoughts = [Delta("thinking", "Hm, 5 May or"), Delta("thinking", " 6 May?")]
    ways: dict[FinishReason, str] = {
        "length": "was still thinking after 1024 tokens",
        "time": "was still thinking after 7 s",
        "stop": "ended with its thoughts",
    }
    for reason, how in ways.items():
        generator = FakeGenerator(thoughts, reason=reason)
        with pytest.raises(NoAnswerError) as caught:
            ask(generator=generator, settings=AnswerSettings(time_limit_s=7))
        assert caught.value.message == f"the model {how} and wrote no answer"


def test_a_model_that_was_cut_off_before_it_began_is_told_so() -> None:
    """The time may be up before the prompt is read; that is no word about the files."""
    generator = FakeGenerator([" "], reason="time")
    with pytest.raises(NoAnswerError) as caught:
        ask(generator=generator, settings=AnswerSettings(time_limit_s=7))
    assert caught.value.message == "the model had not begun after 7 s and wrote no answer"


def test_an_answer_whose_time_is_up_says_so() -> None:
    """What was written stands, and the setting that allows more is named."""
    generator = FakeGenerator(["On 5 May [1]."], reason="time")
    events = ask(generator=generator, settings=AnswerSettings(time_limit_s=7))
    assert notices(events) == ["the answer was cut off after 7 s; [answer] time_limit_s allows more"]
    assert finished(events).text == "On 5 May [1]."
    assert generator.options.time_limit_s == 7


def test_what_goes_on_before_the_answer_is_told() -> None:
    """Loading, the engine's own words, the place in the queue, and how far the prompt is read."""

    class LoadingGenerator(FakeGenerator):
        def loading(self) -> Iterator[float]:
            yield from (0.25, 0.75)

    generator = LoadingGenerator(
        [Progress(queued=2, read_share=0.0), Progress(queued=0, read_share=0.4), "On 5 May [1]."]
    )
    events = ask(generator=generator)
    assert events[1:6] == [
        ModelLoading("scripted.gguf", 0.25),
        ModelLoading("scripted.gguf", 0.75),
        ModelReady({"state": "ready", "context_tokens": 4096}),
        Waiting(2, 0.0),
        Waiting(0, 0.4),
    ]
    assert finished(events).answered
