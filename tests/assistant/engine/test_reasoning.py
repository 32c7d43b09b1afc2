"""Tests of the splitting of raw output into thinking and answer."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.reasoning import DIALECTS, HARMONY, PLAIN, Dialect, Splitter, find_dialect, is_opened_by
from assistant.engine.types import Delta

THINK = find_dialect("{{ '<think>' }} {{ '</think>' }}")


def split(pieces: list[str], dialect: Dialect = THINK, *, is_open: bool = False) -> tuple[str, str]:
    """Return (thinking, answer) of an output that arrives in these pieces."""
    thinking = answer = ""
    splitter = Splitter(dialect, is_open=is_open)
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


def test_a_model_that_does_not_think_may_quote_a_closing_mark() -> None:
    """Where the template names no marks, a lone closing mark takes nothing back."""
    assert split(["The tag </think> closes."], PLAIN) == ("", "The tag </think> closes.")


def test_a_model_may_think_though_its_template_names_no_marks() -> None:
    """A thought at the very beginning is recognised for every model."""
    assert split(["<think>Hm.</think>Yes."], PLAIN) == ("Hm.", "Yes.")


def test_harmony_channels_are_split() -> None:
    """Of gpt-oss only the final channel is answer; the heads of channels are nobody's."""
    raw = (
        "<|channel|>analysis<|message|>Look it up.<|end|><|start|>assistant"
        "<|channel|>final<|message|>It is 42."
    )
    assert split([raw], HARMONY) == ("Look it up.", "It is 42.")


def test_text_is_sent_as_soon_as_it_is_decided() -> None:
    """Only what may begin a mark is held back."""
    splitter = Splitter(THINK)
    assert splitter.feed("It is <") == [Delta("text", "It is ")]
    assert splitter.feed("b>") == [Delta("text", "<b>")]


@pytest.mark.parametrize("dialect", [dialect for dialect in DIALECTS if dialect.opens])
def test_every_dialect_is_found_and_split(dialect: Dialect) -> None:
    """A template that names a dialect's marks selects it, and its thoughts are split off."""
    template = f"{{{{ '{dialect.opens}' }}}} {{{{ '{dialect.closes}' }}}}"
    assert find_dialect(template) == dialect
    assert split([f"{dialect.opens}a{dialect.closes}b"], dialect) == ("a", "b")


def test_a_prompt_that_opens_a_thought_is_recognised() -> None:
    """A prompt that ends with the opening mark, white space aside, opens the thought."""
    assert is_opened_by("<|im_start|>assistant\n<think>\n", THINK)
    assert not is_opened_by("<|im_start|>assistant\n<think>\n\n</think>\n\n", THINK)


PARTS = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<",
        "</",
        "think>",
        "a",
        " ",
        "\n",
        "<|channel|>",
        "final",
        "<|message|>",
        "<|end|>",
    ]
)


@given(
    parts=st.lists(PARTS, max_size=12),
    cuts=st.lists(st.integers(0, 120), max_size=8),
    is_open=st.booleans(),
    dialect=st.sampled_from([THINK, PLAIN, HARMONY]),
)
def test_any_cutting_of_the_same_stream_gives_the_same_result(
    parts: list[str], cuts: list[int], is_open: bool, dialect: Dialect
) -> None:
    """Where tokens end does not matter."""
    raw = "".join(parts)
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[start:end] for start, end in itertools.pairwise(places)]
    assert split(pieces, dialect, is_open=is_open) == split([raw], dialect, is_open=is_open)
