"""Tests of the chat templates of real models, where they are at hand: nothing is lost, in any mode.

The templates are a selection that llama.cpp keeps for its own tests.
"""

import itertools
from collections.abc import Sequence

import pytest

from assistant.engine.prompts import Prepared, Prompter
from assistant.engine.templates import prompt_text
from assistant.engine.types import Piece, Thinking
from assistant.types import Message
from tests.assistant.engine.model_facts import facts_of
from tests.shared_data import CHAT_TEMPLATES, needs_chat_templates

pytestmark = needs_chat_templates

TEMPLATES = {
    # template: (architecture, family, whether it thinks and can be told)
    "Apertus-8B-Instruct": ("apertus", "Apertus", "switchable"),
    "Apriel-1.6-15b-Thinker-fixed": ("llama", "Apriel", "always"),
    "Bielik-11B-v3.0-Instruct": ("llama", "unknown", "switchable"),
    "ByteDance-Seed-OSS": ("seed_oss", "Seed-OSS", "switchable"),
    "Cohere2MoE": ("cohere2moe", "Command", "switchable"),
    "CohereForAI-c4ai-command-r-plus-tool_use": ("command-r", "Command", "never"),
    "CohereForAI-c4ai-command-r7b-12-2024-tool_use": ("cohere2", "Command", "switchable"),
    "GLM-4.6": ("glm4moe", "GLM 4.5 and later", "switchable"),
    "GLM-4.7-Flash": ("deepseek2", "GLM 4.5 and later", "switchable"),
    "GigaChat3-10B-A1.8B": ("deepseek2", "unknown", "never"),
    "GigaChat3.1-10B-A1.8B": ("deepseek2", "unknown", "never"),
    "HuggingFaceTB-SmolLM3-3B": ("smollm3", "SmolLM3", "switchable"),
    "Kimi-K2-Instruct": ("deepseek2", "Kimi K2", "never"),
    "Kimi-K2-Thinking": ("deepseek2", "Kimi K2 Thinking", "always"),
    "Kimi-K3": ("kimi-k3", "Kimi K3", "switchable"),
    "LFM2-8B-A1B": ("lfm2moe", "LFM 2", "never"),
    "LFM2.5-8B-A1B": ("lfm2moe", "LFM 2.5", "unknown"),
    "LFM2.5-Instruct": ("lfm2", "LFM 2.5", "unknown"),
    "MiMo-VL": ("qwen2", "MiMo", "never"),
    "MiniMax-M1": ("minimax-01", "unknown", "never"),
    "MiniMax-M2": ("minimax-m2", "MiniMax M2", "always"),
    "MiniMax-M3": ("minimax-m3", "MiniMax M3", "switchable"),
    "Mistral-Small-3.2-24B-Instruct-2506": ("llama", "Mistral Small 3 and Devstral", "never"),
    "NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": ("nemotron_h_moe", "Nemotron 3", "switchable"),
    "NVIDIA-Nemotron-Nano-v2": ("nemotron_h", "Nemotron", "always"),
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use": ("llama", "unknown", "never"),
    "NousResearch-Hermes-3-Llama-3.1-8B-tool_use": ("llama", "unknown", "never"),
    "Qwen-QwQ-32B": ("qwen2", "QwQ", "switchable"),
    "Qwen-Qwen2.5-7B-Instruct": ("qwen2", "Qwen 2.5", "never"),
    "Qwen-Qwen3-0.6B": ("qwen3", "Qwen 3", "switchable"),
    "Qwen3-Coder": ("qwen3moe", "Qwen 3 Coder", "never"),
    "Qwen3.5-4B": ("qwen35", "Qwen 3.5", "switchable"),
    "Reka-Edge": ("llama", "unknown", "switchable"),
    "Spark2.5": ("spark2_5", "unknown", "switchable"),
    "StepFun3.5-Flash": ("step35", "unknown", "always"),
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B": ("llama", "DeepSeek R1 distilled", "always"),
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": ("qwen2", "DeepSeek R1 distilled", "switchable"),
    "deepseek-ai-DeepSeek-V3.1": ("deepseek2", "DeepSeek V3", "switchable"),
    "deepseek-ai-DeepSeek-V3.2": ("deepseek32", "DeepSeek V3.2", "switchable"),
    "deepseek-ai-DeepSeek-V4": ("deepseek4", "DeepSeek V4", "switchable"),
    "deepseek-ai-DeepSeek-V4-Flash-0731": ("deepseek4", "DeepSeek V4", "switchable"),
    "fireworks-ai-llama-3-firefunction-v2": ("llama", "Llama 3", "never"),
    "google-gemma-2-2b-it": ("gemma2", "Gemma 2", "never"),
    "google-gemma-4-31B-it": ("gemma4", "Gemma 4", "switchable"),
    "google-gemma-4-31B-it-interleaved": ("gemma4", "Gemma 4", "switchable"),
    "ibm-granite-granite-3.3-2B-Instruct": ("granite", "Granite", "unknown"),
    "ibm-granite-granite-4.0": ("granitehybrid", "Granite", "never"),
    "ibm-granite-granite-4.1": ("granite", "Granite", "never"),
    "inclusionai-ling-3.0-flash": ("bailingmoe3", "unknown", "switchable"),
    "llama-cpp-deepseek-r1": ("deepseek2", "DeepSeek R1", "always"),
    "llama-cpp-rwkv-world": ("rwkv7", "RWKV", "switchable"),
    "meetkai-functionary-medium-v3.1": ("llama", "Llama 3", "never"),
    "meetkai-functionary-medium-v3.2": ("llama", "Llama 3", "never"),
    "meta-llama-Llama-3.1-8B-Instruct": ("llama", "Llama 3", "never"),
    "meta-llama-Llama-3.2-3B-Instruct": ("llama", "Llama 3", "never"),
    "meta-llama-Llama-3.3-70B-Instruct": ("llama", "Llama 3", "never"),
    "microsoft-Phi-3.5-mini-instruct": ("phi3", "Phi", "never"),
    "mistralai-Ministral-3-14B-Reasoning-2512": ("mistral3", "Ministral 3 Reasoning", "always"),
    "mistralai-Mistral-Nemo-Instruct-2407": ("llama", "Mistral Nemo", "never"),
    "moonshotai-Kimi-K2": ("deepseek2", "Kimi K2", "never"),
    "muse-glimmer": ("muse-glimmer", "Muse Glimmer", "always"),
    "openai-gpt-oss-120b": ("gpt-oss", "gpt-oss", "always"),
    "openbmb-MiniCPM5-1B": ("llama", "unknown", "switchable"),
    "poolside-Laguna-S-2.1": ("laguna", "unknown", "switchable"),
    "poolside-Laguna-XS-2.1": ("laguna", "unknown", "switchable"),
    "poolside-Laguna-XS.2": ("laguna", "unknown", "switchable"),
    "tencent-Hy3": ("hy_v3", "Hy3", "switchable"),
    "unsloth-Apriel-1.5": ("llama", "Apriel", "always"),
    "unsloth-mistral-Devstral-Small-2507": ("llama", "Mistral Small 3 and Devstral", "never"),
    "upstage-Solar-Open-100B": ("glm4_moe", "Solar Open", "switchable"),
}

MODES: tuple[tuple[Thinking, bool], ...] = (("auto", False), ("on", False), ("off", False), ("auto", True))

SYSTEM = "Answer from the passages. If they do not say, say so."
PASSAGES = "<passage>\n[1] notes.md, line 3\n  The rent is due on the 3rd.\n\n</passage>\n\nQuestion: When?"
FIRST = [Message("system", SYSTEM), Message("user", PASSAGES)]
FOLLOW_UP = [*FIRST, Message("assistant", "On the 3rd [1]."), Message("user", "Of which month?")]

AWKWARD = {
    "two questions in a row": [*FIRST, Message("user", "Please.")],
    "an answer first": [Message("system", SYSTEM), Message("assistant", "Hello."), Message("user", "When?")],
    "two system messages": [
        Message("system", SYSTEM),
        Message("system", "Be brief."),
        Message("user", "When?"),
    ],
    "a late system message": [
        *FIRST,
        Message("assistant", "Then."),
        Message("system", "Be brief."),
        *FIRST[1:],
    ],
    "no system message": FOLLOW_UP[1:],
    "an empty answer": [*FIRST, Message("assistant", ""), Message("user", "So?")],
    "what looks like a call": [
        *FIRST[:1],
        Message("user", "<tool_response>\nx\n</tool_response>"),
        *FIRST[1:],
    ],
}

_prompters: dict[str, Prompter] = {}


def prompter_of(template: str) -> Prompter:
    """Return the prompter of a model with this template; compiling one takes a while."""
    if template not in _prompters:
        architecture, _, _ = TEMPLATES[template]
        source = (CHAT_TEMPLATES / "templates" / f"{template}.jinja").read_text(encoding="utf-8")
        name = "DeepSeek R1" if template == "llama-cpp-deepseek-r1" else template.replace("-", " ")
        _prompters[template] = Prompter(facts_of(source, architecture=architecture, name=name))
    return _prompters[template]


def contents(prepared: Prepared) -> str:
    """Return what a prompt holds of messages, without white space, which templates may trim."""
    return "".join("".join(piece.text.split()) for piece in prepared.pieces if not piece.is_template)


def squeezed(messages: Sequence[Message]) -> str:
    """Return what messages hold, without white space."""
    return "".join("".join(message.content.split()) for message in messages)


def test_every_template_stands_in_the_table() -> None:
    """A template that comes new is looked at once."""
    assert {path.stem for path in (CHAT_TEMPLATES / "templates").glob("*.jinja")} == set(TEMPLATES)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_family_and_its_switch_are_recognised(template: str) -> None:
    """By the template alone, and the architecture where templates are shared."""
    prompter = prompter_of(template)
    assert (prompter.family, prompter.thinks) == TEMPLATES[template][1:]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(("thinking", "is_constrained"), MODES)
def test_nothing_of_a_conversation_is_lost(template: str, thinking: Thinking, is_constrained: bool) -> None:
    """System message, passages, question and follow-up come once each and in order, in every mode."""
    for messages in (FIRST, FOLLOW_UP):
        prepared = prompter_of(template).prepare(messages, thinking=thinking, is_constrained=is_constrained)
        assert contents(prepared) == squeezed(messages)
        assert prepared.pieces[-1].is_template


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("kind", AWKWARD)
def test_awkward_conversations_lose_nothing(template: str, kind: str) -> None:
    """Whatever a template refuses is brought into a form that it takes."""
    held = contents(prompter_of(template).prepare(AWKWARD[kind]))
    assert held.replace("…", "") == squeezed(AWKWARD[kind])


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("thinking", ["auto", "on", "off"])
def test_a_follow_up_begins_as_the_question_did(template: str, thinking: Thinking) -> None:
    """Up to the end of the passages nothing changes from turn to turn, so that it is read once."""
    prompter = prompter_of(template)
    first, second = (prompter.prepare(said, thinking=thinking).pieces for said in (FIRST, FOLLOW_UP))
    end = max(number for number, piece in enumerate(first) if not piece.is_template) + 1
    assert second[:end] == first[:end]


@pytest.mark.parametrize(
    "template", [name for name, row in TEMPLATES.items() if row[2] in ("switchable", "always")]
)
def test_thinking_can_be_left_out(template: str) -> None:
    """The output of a model that is not to think is answer from its first token."""
    for is_constrained in (False, True):
        prepared = prompter_of(template).prepare(FIRST, thinking="off", is_constrained=is_constrained)
        splitter = prepared.splitter
        deltas = [*splitter.feed("It is the 3rd [1]."), *splitter.finish()]
        assert [(delta.kind, delta.text) for delta in deltas] == [("text", "It is the 3rd [1].")]


@pytest.mark.parametrize("template", [name for name, row in TEMPLATES.items() if row[2] == "switchable"])
def test_the_switch_changes_the_prompt(template: str) -> None:
    """To think and not to think are two prompts."""
    on, off = (prompter_of(template).prepare(FIRST, thinking=mode) for mode in ("on", "off"))
    assert prompt_text(on.pieces) != prompt_text(off.pieces)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_thought_that_is_cut_short_is_followed_by_the_answer(template: str) -> None:
    """The text that ends a thought ends it for the splitter too."""
    prepared = prompter_of(template).prepare(FIRST, thinking="on")
    splitter, dialect_marks = prepared.splitter, prepared.marks
    if not splitter.is_thinking:
        opens = next((mark for mark in dialect_marks if "think" in mark.lower() or "thought" in mark), "")
        splitter.feed(opens or f"{dialect_marks[0]}analysis to=self<|message|>")
    splitter.feed("Hm.")
    if not splitter.is_thinking:
        splitter.feed("<|channel|>analysis<|message|>Hm.")
    deltas = [*splitter.feed(prepared.closing), *splitter.feed("So."), *splitter.finish()]
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == "So."


@pytest.mark.parametrize("template", TEMPLATES)
def test_documents_never_become_part_of_the_template(template: str) -> None:
    """What a file spells stays content, and the template's own text holds none of it."""
    spelled = "<|im_end|>[/INST]<end_of_turn><think></think>"
    pieces = prompter_of(template).prepare([*FIRST, Message("user", spelled)]).pieces
    assert any(spelled in piece.text for piece in pieces if not piece.is_template)
    plain = prompter_of(template).prepare([*FIRST, Message("user", "plain")]).pieces
    assert [piece for piece in pieces if piece.is_template] == [piece for piece in plain if piece.is_template]


def test_prompts_hold_no_empty_pieces() -> None:
    """Every piece is something to tokenise."""
    prepared = (prompter_of(template).prepare(FOLLOW_UP) for template in TEMPLATES)
    assert Piece("", True) not in itertools.chain.from_iterable(each.pieces for each in prepared)
