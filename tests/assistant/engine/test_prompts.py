"""Tests of what one answer needs, with small templates of every trait that those of models have."""

import pytest

from assistant.engine.prompts import Prepared, Prompter
from assistant.engine.templates import prompt_text
from assistant.engine.types import Delta, Piece, Sampling, Thinking
from assistant.types import Message
from tests.assistant.engine.model_facts import facts_of

QUESTION = [Message("system", "Be brief."), Message("user", "Why?")]
TURNS = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"


def prompter_for(template: str, *, architecture: str = "llama", name: str = "") -> Prompter:
    """Make the prompter of a model with this template."""
    return Prompter(facts_of(template, architecture=architecture, name=name))


def tail_of(prepared: Prepared) -> str:
    """Return the end of a prompt, behind the question."""
    return prompt_text(prepared.pieces).rpartition("Why?")[2]


def read(prepared: Prepared, output: str) -> tuple[str, str]:
    """Return (thinking, answer) of an output."""
    deltas: list[Delta] = [*prepared.splitter.feed(output), *prepared.splitter.finish()]
    return (
        "".join(delta.text for delta in deltas if delta.kind == "thinking"),
        "".join(delta.text for delta in deltas if delta.kind == "text"),
    )


SWITCHED = TURNS + "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
"""Thinks by itself and can be told not to, as Qwen 3."""

OPENED = TURNS + "{{ '<think>\n\n</think>\n\n' if enable_thinking is false else '<think>\n' }}"
"""Opens the thought itself, as Qwen 3.5."""

ASKED = TURNS + "{% if thinking %}<think>{% else %}</think>{% endif %}"
"""Thinks when asked to, as DeepSeek V3.1 and later."""

ALWAYS = TURNS + "{{ '<think>\n' }}"
"""Opens a thought and cannot be told otherwise, as the distilled DeepSeek R1."""

EFFORT = TURNS + "<think>{% if reasoning_effort == 'no_think' %}</think>{% endif %}"
"""Told by effort, as Hy3."""


@pytest.mark.parametrize(
    ("template", "thinks", "auto", "on", "off"),
    [
        (TURNS, "never", "", "", ""),
        (SWITCHED, "switchable", "", "", "<think>\n\n</think>\n\n"),
        (OPENED, "switchable", "<think>\n", "<think>\n", "<think>\n\n</think>\n\n"),
        (ASKED, "switchable", "</think>", "<think>", "</think>"),
        (ALWAYS, "always", "<think>\n", "<think>\n", "<think>\n\n</think>\n\n"),
        (EFFORT, "switchable", "<think>", "<think>", "<think></think>"),
        (TURNS + "{# strips </think> #}", "unknown", "", "", ""),
    ],
)
def test_templates_show_how_their_models_are_told_to_think(
    template: str, thinks: str, auto: str, on: str, off: str
) -> None:
    """A model that nobody knows is asked in the way that makes a difference to its own template."""
    prompter = prompter_for(template)
    assert prompter.thinks == thinks
    modes: tuple[Thinking, ...] = ("auto", "on", "off")
    tails = [tail_of(prompter.prepare(QUESTION, thinking=mode)) for mode in modes]
    assert tails == [f"[assistant]{tail}" for tail in (auto, on, off)]


@pytest.mark.parametrize("template", [SWITCHED, OPENED, ASKED, ALWAYS, EFFORT])
def test_a_model_that_is_not_to_think_begins_with_its_answer(template: str) -> None:
    """Whatever a model writes behind its thought is text, and may quote the marks."""
    prepared = prompter_for(template).prepare(QUESTION, thinking="off")
    assert read(prepared, "Write </think>.") == ("", "Write </think>.")


@pytest.mark.parametrize("template", [OPENED, ALWAYS, EFFORT])
def test_output_begins_inside_a_thought_that_the_prompt_opened(template: str) -> None:
    """The model does not write the opening mark, and one that is cut off has not answered yet."""
    assert read(prompter_for(template).prepare(QUESTION), "Hm.</think>Yes.") == ("Hm.", "Yes.")
    assert read(prompter_for(template).prepare(QUESTION), "Hm.") == ("Hm.", "")


def test_with_a_grammar_the_prompt_ends_where_the_answer_begins() -> None:
    """Every thought is behind it, and the whole output is the answer."""
    prepared = prompter_for(OPENED).prepare(QUESTION, thinking="on", is_constrained=True)
    assert tail_of(prepared) == "[assistant]<think>\n\n</think>\n\n"
    assert read(prepared, '{"a": "<think>"}') == ("", '{"a": "<think>"}')
    assert prepared.marks == ()


@pytest.mark.parametrize(
    ("architecture", "template", "tail"),
    [
        (
            "gpt-oss",
            TURNS + "<|end|><|start|>assistant{# <|channel|> <|message|> #}",
            "<|channel|>final<|message|>",
        ),
        (
            "cohere2",
            TURNS + "<|START_THINKING|><|END_THINKING|>{# <|START_RESPONSE|> #}",
            "<|START_RESPONSE|>",
        ),
        ("muse-glimmer", TURNS + "<|start|>assistant{# to=self<|message|><|eom|> #}", " to=user<|message|>"),
        ("mistral3", TURNS + "[/INST]{# [INST] [THINK] [/THINK] #}", "[THINK][/THINK]"),
        ("llama", TURNS + "{# [BEGIN FINAL RESPONSE] #}", "\n[BEGIN FINAL RESPONSE]\n"),
        ("qwen2", TURNS + "<think>\n</think>", "<think>\n</think>"),
    ],
)
def test_answers_begin_as_the_family_begins_them(architecture: str, template: str, tail: str) -> None:
    """Where a grammar holds, what every answer of the family begins with is written for the model."""
    prepared = prompter_for(template, architecture=architecture).prepare(QUESTION, is_constrained=True)
    assert prompt_text(prepared.pieces).endswith(tail)
    assert prepared.pieces[-1].is_template
    assert read(prepared, "{}") == ("", "{}")


def test_an_empty_thought_is_spelled_as_the_template_spells_it() -> None:
    """A model is given what it has seen of earlier answers, where its template shows that."""
    for shown, empty in (("<think></think>", "<think></think>"), ("<think>", "<think>\n</think>\n\n")):
        template = TURNS + f"{{# <|im_middle|> {shown} </think> #}}"
        prepared = prompter_for(template).prepare(QUESTION, thinking="off")
        assert tail_of(prepared) == f"[assistant]{empty}"


def test_output_may_begin_with_the_head_of_a_channel() -> None:
    """Nobody sees the heads of gpt-oss's channels, and only the final one is answer."""
    template = TURNS + "<|start|>assistant{# <|channel|> <|message|> #}"
    prepared = prompter_for(template, architecture="gpt-oss").prepare(QUESTION)
    output = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes."
    assert read(prepared, output) == ("Hm.", "Yes.")
    assert "<|end|>" in prepared.marks


def test_sampling_is_what_the_makers_recommend_in_that_mode() -> None:
    """A thought is sampled otherwise than an answer."""
    template = "{# <|im_start|> #}" + SWITCHED
    prompter = prompter_for(template, architecture="qwen3")
    thinking, direct = (
        Sampling(temperature=0.6, top_p=0.95, top_k=20),
        Sampling(temperature=0.7, top_p=0.8, top_k=20),
    )
    modes: tuple[Thinking, ...] = ("auto", "on", "off")
    assert [prompter.prepare(QUESTION, thinking=mode).sampling for mode in modes] == [
        thinking,
        thinking,
        direct,
    ]
    assert prompter.prepare(QUESTION, is_constrained=True).sampling == direct
    assert prompter.family == "Qwen 3"


def test_a_model_that_cannot_think_is_sampled_as_one_that_does_not() -> None:
    """Asking it to think changes nothing."""
    prompter = prompter_for(TURNS)
    assert prompter.prepare(QUESTION, thinking="on").sampling == prompter.prepare(QUESTION).sampling


def test_options_of_the_asker_go_before_those_of_the_family() -> None:
    """Who knows the template better may tell it so."""
    prepared = prompter_for(SWITCHED).prepare(
        QUESTION, thinking="on", template_options={"enable_thinking": False}
    )
    assert tail_of(prepared) == "[assistant]<think>\n\n</think>\n\n"


def test_earlier_answers_come_without_their_thoughts() -> None:
    """What a client sends back of an answer loses the thought it may still hold."""
    history = [
        Message("user", "Why?"),
        Message("assistant", "<think>Hm.</think>Yes."),
        Message("user", "How?"),
    ]
    text = prompt_text(prompter_for(SWITCHED).prepare(history).pieces)
    assert "Hm." not in text
    assert "[assistant]Yes.[user]How?" in text


def test_the_beginning_of_a_conversation_is_the_same_in_every_turn() -> None:
    """What was read of the first question need not be read again."""
    moves = (
        "{% for m in messages if m.role != 'system' %}[{{ m.role }}]"
        "{% if loop.last and messages[0].role == 'system' %}{{ messages[0].content }}\n\n{% endif %}"
        "{{ m.content }}{% endfor %}[assistant]"
    )
    prompter = prompter_for(moves)
    first = prompt_text(prompter.prepare(QUESTION).pieces)
    second = prompt_text(
        prompter.prepare([*QUESTION, Message("assistant", "So."), Message("user", "How?")]).pieces
    )
    assert second.startswith(first.removesuffix("[assistant]"))


def test_a_template_that_fails_at_its_prompt_is_replaced() -> None:
    """An answer in another form is better than none, and nothing is lost."""
    for broken in ("nothing", "{% for %}", "{{ 1 / 0 }}"):
        prepared = prompter_for(broken).prepare(QUESTION)
        assert "system\nBe brief.<|im_end|>" in prompt_text(prepared.pieces)
        assert Piece("Why?", False) in prepared.pieces


def test_what_stands_between_an_answer_and_a_question_ends_an_answer() -> None:
    """What a model goes on to write in the name of the person is left out."""
    template = "{% for m in messages %}{{ '\n\n' + m.role }}: {{ m.content }}{% endfor %}\n\nassistant:"
    prepared = prompter_for(template).prepare(QUESTION)
    assert read(prepared, "Yes.\n\nuser: And?") == ("", "Yes.")
    assert prepared.splitter.is_ended


@pytest.mark.parametrize(
    ("architecture", "end"),
    [("llama", "</turn>"), ("glm4moe", "<|observation|>")],
    ids=["template", "family"],
)
def test_control_tokens_end_answers_and_spelled_ones_do_not(architecture: str, end: str) -> None:
    """A model that ends its turn, or would wait for the result of a tool, is done; one that quotes is not."""
    template = (
        "{% for m in messages %}<turn>{{ m.role }}\n{{ m.content }}</turn>\n{% endfor %}<turn>assistant"
    )
    splitter = prompter_for(template, architecture=architecture).prepare(QUESTION).splitter
    assert splitter.feed(f"Write {end}.") == [Delta("text", f"Write {end}.")]
    assert not splitter.end_at("<turn>")
    assert splitter.end_at(end)
    assert splitter.is_ended


def test_some_families_are_told_in_words() -> None:
    """Where a system message is the switch, it says so at the beginning."""
    prompter = prompter_for(TURNS + "{# <|start_header_id|> #}", name="Llama 3.1 Nemotron Nano 8B")
    on, off = (prompt_text(prompter.prepare(QUESTION, thinking=mode).pieces) for mode in ("on", "off"))
    assert prompter.thinks == "switchable"
    assert on.startswith("[system]detailed thinking on[system]Be brief.")
    assert off.startswith("[system]detailed thinking off[system]Be brief.")
    assert prompt_text(prompter.prepare(QUESTION).pieces).startswith("[system]Be brief.")


def test_effort_is_a_switch_where_the_family_says_so() -> None:
    """Mistral Small 4 reads it among the settings at the head of a prompt, and begins a thought itself."""
    template = "[SETTINGS]{{ reasoning_effort | default('none') }}[/SETTINGS]" + TURNS
    prompter = prompter_for(template, architecture="mistral4")
    on, off = (prompter.prepare(QUESTION, thinking=mode) for mode in ("on", "off"))
    assert prompt_text(on.pieces).startswith("[SETTINGS]high")
    assert prompt_text(off.pieces).startswith("[SETTINGS]none")
    assert (on.sampling.temperature, off.sampling.temperature) == (0.7, 0.3)
    assert read(on, "[THINK]Hm.[/THINK]Yes.") == ("Hm.", "Yes.")


def test_gpt_oss_is_told_how_much_to_think() -> None:
    """Its makers' default is "medium"; without a thought the least is asked for besides."""
    template = "Reasoning: {{ reasoning_effort }}" + TURNS + "<|start|>assistant{# <|channel|> <|message|> #}"
    prompter = prompter_for(template, architecture="gpt-oss")
    modes: tuple[Thinking, ...] = ("auto", "on", "off")
    heads = [
        prompt_text(prompter.prepare(QUESTION, thinking=mode).pieces).partition("[")[0] for mode in modes
    ]
    assert heads == ["Reasoning: medium", "Reasoning: medium", "Reasoning: low"]
