"""Tests of thinking through a real engine, with models whose marks are control tokens or are not."""

from pathlib import Path

import pytest

from assistant.engine.client import EngineClient, open_engine
from assistant.engine.types import ChatOptions, Delta, Finished, Thinking
from assistant.types import Message
from indexer.paths import Places
from tests.assistant.engine.conftest import settings_for
from tests.models.wired_gguf import CHATML, write_scripted_model

QUESTION = [Message("user", "Why?")]

BRACKETS = (
    ("[THINK]", "Hm", ".", "[/THINK]", "Yes", "!"),
    "{# [INST] [THINK] [/THINK] #}",
    ("[THINK]", "[/THINK]"),
)
"""As Ministral 3 Reasoning: begins a thought by itself, and no template tells it not to."""

PIPES = (
    ("<|channel>", "thought", " Hm", ".", "<channel|>", "Yes", "!"),
    "{{ '<|channel>thought\n<channel|>' if enable_thinking is false }}",
    ("<|channel>", "<channel|>"),
)
"""As Gemma 4: a channel whose name is a word."""

TAGS = (
    ("<think>", "Hm", ".", "</think>", "Yes", "!"),
    "{{ '<think>\n</think>' if enable_thinking is false }}",
    ("<think>", "</think>"),
)


def write_model(
    folder: Path, kind: tuple[tuple[str, ...], str, tuple[str, ...]], *, are_marks_control: bool
) -> Path:
    """Write a model that thinks "Hm." and answers "Yes!"."""
    script, template, marks = kind
    return write_scripted_model(
        folder / "thinks.gguf",
        script,
        template=CHATML + template,
        more_marks=marks,
        are_marks_control=are_marks_control,
    )


def ask(client: EngineClient, thinking: Thinking, *, thinking_tokens: int = 0) -> tuple[str, str, Finished]:
    """Return what the model thinks, what it answers, and how that ended."""
    options = ChatOptions(max_tokens=32, temperature=0, thinking=thinking, thinking_tokens=thinking_tokens)
    *deltas, finished = client.chat(QUESTION, options)
    assert isinstance(finished, Finished)
    texts = {
        kind: "".join(each.text for each in deltas if isinstance(each, Delta) and each.kind == kind)
        for kind in ("thinking", "text")
    }
    return texts["thinking"].strip(), texts["text"].strip(), finished


@pytest.mark.parametrize(
    ("kind", "are_marks_control"),
    [(BRACKETS, True), (PIPES, False), (TAGS, True), (TAGS, False)],
    ids=["brackets", "pipes", "control tags", "user-defined tags"],
)
def test_thoughts_are_told_apart_and_left_out(
    kind: tuple[tuple[str, ...], str, tuple[str, ...]],
    are_marks_control: bool,
    places: Places,
    tmp_path: Path,
) -> None:
    """Whatever kind of token the marks are, the answer is the same, with a thought and without one."""
    model = write_model(tmp_path, kind, are_marks_control=are_marks_control)
    client = open_engine(places, settings_for(model))
    assert [ask(client, mode)[:2] for mode in ("auto", "on", "off")] == [
        ("Hm.", "Yes!"),
        ("Hm.", "Yes!"),
        ("", "Yes!"),
    ]


def test_a_thought_that_takes_too_long_is_cut_short(places: Places, tmp_path: Path) -> None:
    """The mark that ends it is written for the model, which goes on with its answer."""
    client = open_engine(places, settings_for(write_model(tmp_path, BRACKETS, are_marks_control=True)))
    thinking, text, finished = ask(client, "on", thinking_tokens=1)
    assert (thinking, text) == ("Hm", "Yes!")
    assert finished.usage.thinking_tokens == 1


@pytest.mark.parametrize(
    ("template", "script", "text"),
    [
        (
            "{% for m in messages %}<turn>{{ m.role }}\n{{ m.content }}</turn>{% endfor %}"
            "{{ '<turn>assistant\n' }}",
            ("Write", " </tu", "rn>", ".", "</turn>"),
            "Write </turn>.",
        ),
        (
            "{% for m in messages %}{{ '\n\n' + m.role }}: {{ m.content }}{% endfor %}"
            "{{ '\n\nassistant:\n' }}",
            ("Yes", "!", "\n\nuser", ":"),
            "Yes!",
        ),
    ],
    ids=["control token", "words"],
)
def test_a_model_that_has_no_end_is_stopped_where_its_turn_ends(
    template: str, script: tuple[str, ...], text: str, places: Places, tmp_path: Path
) -> None:
    """At what its template writes behind an answer, and not where a control token is only spelled."""
    model = write_scripted_model(
        tmp_path / "endless.gguf", script, template=template, is_endless=True, more_marks=("</turn>",)
    )
    _, answer, finished = ask(open_engine(places, settings_for(model)), "auto")
    assert answer == text
    assert (finished.reason, finished.usage.completion_tokens) == ("stop", len(script))
