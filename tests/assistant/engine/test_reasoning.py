"""Tests of the splitting of raw output into thinking and answer."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.engine.families import known_families
from assistant.engine.reasoning import Call, Dialect, Splitter, without_thinking
from assistant.engine.types import Delta

DIALECTS = known_families().dialects
THINK, PLAIN, HARMONY = DIALECTS["think"], DIALECTS["plain"], DIALECTS["harmony"]
SOLAR, RECIPIENTS = DIALECTS["solar"], DIALECTS["recipients"]
PAIRS = [dialect for dialect in DIALECTS.values() if dialect.opens]
LONG = "which is more than could stand in the head of any channel there is"
CALLS = (Call("<tool_call>", "</tool_call>"), Call("[TOOL_CALLS]"), Call("<|call_begin|>", "<|call_end|>"))


def split(pieces: list[str], dialect: Dialect = THINK, **state: Any) -> tuple[str, str]:
    """Return (thinking, answer) of an output that arrives in these pieces."""
    thinking = answer = ""
    splitter = Splitter(dialect, **state)
    for delta in (*(delta for piece in pieces for delta in splitter.feed(piece)), *splitter.finish()):
        if delta.kind == "retract":
            thinking, answer = thinking + answer, ""
        elif delta.kind == "thinking":
            thinking += delta.text
        else:
            answer += delta.text
    return thinking, answer


@pytest.mark.parametrize(
    ("raw", "is_open", "thinking", "answer"),
    [
        ("<think>\nHm.\n</think>\n\nYes.", False, "Hm.\n", "Yes."),
        ("Hm.</think>Yes.", True, "Hm.", "Yes."),
        ("Hm.</think>Yes.", False, "Hm.", "Yes."),
        ("Yes.", False, "", "Yes."),
        ("\n</think>\n\nYes.", False, "", "Yes."),
        ("<think>Hm, I was cut o", False, "Hm, I was cut o", ""),
        ("<think>Hm.</thi", False, "Hm.</thi", ""),
        ("1 < 2 and <b>", False, "", "1 < 2 and <b>"),
        ("", True, "", ""),
    ],
)
def test_thinking_and_answer_are_told_apart(raw: str, is_open: bool, thinking: str, answer: str) -> None:
    """Thoughts opened by the model or the prompt, lone closing marks, cut-off thoughts and none at all."""
    assert split([raw], is_open=is_open) == (thinking, answer)


def test_an_answer_may_quote_the_marks() -> None:
    """After a thought, marks inside the answer are text."""
    assert split(["<think>a</think>Write <think> and </think>."]) == ("a", "Write <think> and </think>.")


def test_an_answer_behind_a_thought_in_the_prompt_may_quote_the_marks() -> None:
    """Where the prompt itself holds the whole thought, a closing mark takes nothing back."""
    assert split(["The tag </think> closes."], is_answer=True) == ("", "The tag </think> closes.")


def test_a_model_that_does_not_think_may_quote_a_closing_mark() -> None:
    """Where the template names no marks, a lone closing mark takes nothing back."""
    assert split(["The tag </think> closes."], PLAIN) == ("", "The tag </think> closes.")


def test_a_model_may_think_though_its_template_names_no_marks() -> None:
    """A thought at the very beginning is recognised for every model."""
    assert split(["<think>Hm.</think>Yes."], PLAIN) == ("Hm.", "Yes.")


@pytest.mark.parametrize(
    ("raw", "thinking", "answer"),
    [
        (
            "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant"
            "<|channel|>final<|message|>It is 42.",
            "Look.",
            "It is 42.",
        ),
        ("<|channel|>analysis<|message|>Look.<|channel|>final<|message|>42", "Look.", "42"),
        ("<|message|>It is 42.<|return|>", "", "It is 42."),
        ("<|channel|>final<|message|>It is 42.", "", "It is 42."),
        (
            "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant<|channel|>commentary"
            ' to=functions.find <|constrain|>json<|message|>{"a": 1}<|call|>',
            'Look.{"a": 1}',
            "",
        ),
        ("<|channel|>analysis<|message|>I was cut o", "I was cut o", ""),
        ("<|channel|>ana", "", ""),
        ("<|channel|>final<|message|>Harmony writes <|channel|>.", "", "Harmony writes <|channel|>."),
        ("It is 42.", "", "It is 42."),
        (f"It is 42, {LONG}.", "", f"It is 42, {LONG}."),
        (
            f"<|channel|>analysis<|message|>What is <|channel|>, {LONG}?"
            "<|end|><|start|>assistant<|channel|>final<|message|>A mark.",
            f"What is , {LONG}?",
            "A mark.",
        ),
    ],
)
def test_harmony_channels_are_split(raw: str, thinking: str, answer: str) -> None:
    """Of gpt-oss only the final channel is answer, whatever else it writes or leaves out."""
    assert split([raw], HARMONY, is_head=True) == (thinking, answer)


def test_messages_to_itself_are_thoughts() -> None:
    """Where messages have recipients, what the model writes to itself is thinking."""
    raw = " to=self<|message|>Look.<|eom|><|start|>assistant to=user<|message|>It is 42.<|eot|>"
    assert split([raw], RECIPIENTS, is_head=True) == ("Look.", "It is 42.")
    assert split([" to=se"], RECIPIENTS, is_head=True) == ("", "")


def test_bodies_may_say_what_they_are() -> None:
    """Where the mark before a body says whether it is a thought, no head has to."""
    raw = "<|think|>Look.<|end|><|begin|>assistant<|content|>It is 42.<|end|>"
    assert split([raw], SOLAR, is_head=True) == ("Look.", "It is 42.")


@pytest.mark.parametrize(
    ("dialect", "raw", "thinking", "answer"),
    [
        ("gemma-4", "<|channel>thought\nHm.\n<channel|>Yes.", "Hm.\n", "Yes."),
        (
            "cohere",
            "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>",
            "Hm.",
            "Yes.",
        ),
        ("cohere-text", "<|START_TEXT|>Yes.<|END_TEXT|>", "", "Yes."),
        ("mistral", "[THINK]Hm.[/THINK]Yes.", "Hm.", "Yes."),
        ("seed", "<seed:think>Hm.</seed:think>Yes.", "Hm.", "Yes."),
        ("minimax-m3", "<mm:think>Hm.</mm:think>Yes.", "Hm.", "Yes."),
        ("hunyuan", "<think:opensource>Hm.</think:opensource>Yes.", "Hm.", "Yes."),
        ("apertus", "<|inner_prefix|>Hm.<|inner_suffix|>Yes.", "Hm.", "Yes."),
        (
            "apriel",
            "Here are my reasoning steps:\nHm.\n[BEGIN FINAL RESPONSE]\nYes.[END FINAL RESPONSE]",
            "Hm.\n",
            "Yes.",
        ),
        (
            "kimi-k3",
            "<|open|>think<|sep|>Hm.<|close|>think<|sep|><|open|>response<|sep|>Yes.<|close|>response<|sep|>",
            "Hm.",
            "Yes.",
        ),
    ],
)
def test_every_family_of_marks_is_split(dialect: str, raw: str, thinking: str, answer: str) -> None:
    """Marks around the answer are no part of it, nor are those of the thought."""
    assert split([raw], DIALECTS[dialect]) == (thinking, answer)


@pytest.mark.parametrize("dialect", PAIRS, ids=lambda dialect: dialect.name)
def test_a_thought_that_the_prompt_opened_ends_at_its_mark(dialect: Dialect) -> None:
    """No model needs to write the opening mark itself, and what is cut off inside is thinking."""
    assert split([f"a{dialect.closes}b"], dialect, is_open=True) == ("a", "b")
    assert split(["a"], dialect, is_open=True) == ("a", "")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
def test_what_closes_a_thought_that_is_cut_short_begins_the_answer(dialect: Dialect) -> None:
    """After the text that is written for the model, everything is answer."""
    state: Mapping[str, Any] = {"is_open": True} if dialect.opens else {"is_head": True}
    head = "" if dialect.opens else f"{dialect.channel}analysis to=self{next(iter(dialect.bodies))}"
    assert split([head, "a", dialect.closing, "b"], dialect, **state) == (
        "a\n" if dialect.closing.startswith("\n") else "a",
        "b",
    )


def test_calls_of_tools_are_no_answer() -> None:
    """Nobody answers them, so what they say is shown as thinking."""
    assert split(["<tool_call>{}</tool_call>Yes."], calls=CALLS) == ("{}", "Yes.")
    assert split(["Yes.[TOOL_CALLS]find{}"], calls=CALLS) == ("find{}", "Yes.")
    assert split(["<think>a</think>Yes.<|call_begin|>{}<|call_end|>"], calls=CALLS) == ("a{}", "Yes.")


def test_an_answer_may_quote_what_people_write_too() -> None:
    """A mark of a call that could be anybody's markup counts only where an answer would begin."""
    assert split(["Write <tool_call> first."], calls=CALLS) == ("", "Write <tool_call> first.")


def test_a_stop_ends_the_answer() -> None:
    """What follows is left out, and the writer is told that it may end."""
    splitter = Splitter(PLAIN, stops=("\n\nUser:",))
    assert splitter.feed("Yes.\n\nUs") == [Delta("text", "Yes.")]
    assert (splitter.feed("er: And"), splitter.finish()) == ([], [])
    assert splitter.is_ended


def test_a_splitter_goes_on_until_it_is_stopped() -> None:
    """The beginning of a stop ends nothing."""
    splitter = Splitter(PLAIN, stops=("\n\nUser:",))
    splitter.feed("Yes.\n\nUs")
    assert not splitter.is_ended


def test_what_a_grammar_wrote_is_answer_whatever_it_looks_like() -> None:
    """JSON may quote every mark there is."""
    raw = '{"a": "<think>b</think><tool_call>"}'
    assert split([raw], is_literal=True, calls=CALLS, stops=("b",)) == ("", raw)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>a</think>\nb", "b"),
        ("a\n</think>\n\nb", "b"),
        ("<think>a", ""),
        ("b", "b"),
        ("The tag </think> closes what <think> opens.", "The tag </think> closes what <think> opens."),
    ],
)
def test_earlier_answers_lose_their_thoughts(text: str, answer: str) -> None:
    """Of an output in a history only the answer is given to the model again."""
    assert without_thinking(text, THINK) == answer


def test_earlier_answers_lose_channels() -> None:
    """Whoever kept the whole output of gpt-oss gives only its final channel back."""
    raw = "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b"
    assert without_thinking(raw, HARMONY) == "b"


def test_text_is_sent_as_soon_as_it_is_decided() -> None:
    """Only what may begin a mark is held back."""
    splitter = Splitter(THINK)
    assert splitter.feed("It is <") == [Delta("text", "It is ")]
    assert splitter.feed("b>") == [Delta("text", "<b>")]


def test_a_splitter_knows_whether_the_model_thinks() -> None:
    """Calls of tools are shown as thinking, but are no thought that could be cut short."""
    splitter = Splitter(THINK, is_open=True, calls=CALLS)
    states = [splitter.is_thinking]
    for text in ("</think>", "<tool_call>", "</tool_call>"):
        splitter.feed(text)
        states.append(splitter.is_thinking)
    assert states == [True, False, False, False]


NOISE = ("<", "</", "think>", "a", " ", "\n", "final", "assistant", " to=user", "<|", "[", "word " * 15)


@st.composite
def outputs(draw: st.DrawFn) -> tuple[Dialect, str]:
    """A dialect, and an output made of its marks and of text."""
    dialect = draw(st.sampled_from(list(DIALECTS.values())))
    calls = [mark for call in CALLS for mark in (call.opens, call.closes) if mark]
    parts = st.sampled_from([*NOISE, *calls, *dialect.marks, *dialect.marks])
    return dialect, "".join(draw(st.lists(parts, max_size=12)))


@example(output=(HARMONY, NOISE[-1] + "[TOOL_CALLS]"), cuts=[], state={"is_head": True})
@given(
    output=outputs(),
    cuts=st.lists(st.integers(0, 300), max_size=8),
    state=st.sampled_from([{}, {"is_open": True}, {"is_answer": True}, {"is_head": True}]),
)
def test_any_cutting_of_the_same_stream_gives_the_same_result(
    output: tuple[Dialect, str], cuts: list[int], state: dict[str, bool]
) -> None:
    """Where tokens end does not matter."""
    dialect, raw = output
    state = {} if "is_open" in state and not dialect.opens else state
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[start:end] for start, end in itertools.pairwise(places)]
    said = {"calls": CALLS, "stops": ("\n\n",), **state}
    assert split(pieces, dialect, **said) == split([raw], dialect, **said)
    assert split(list(raw), dialect, **said) == split([raw], dialect, **said)
