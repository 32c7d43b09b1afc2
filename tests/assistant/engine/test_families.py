"""Tests of the table of families."""

import itertools
import re

import pytest

from assistant.engine.families import TABLE, TableError, find_family, known_families, read_table
from assistant.engine.reasoning import Dialect
from assistant.engine.types import Sampling

SMALL = """
[dialects.plain]
marks = []
opens = "<think>"
closes = "</think>"
closing = "</think>"

[[families]]
name = "rest"
source = "nobody"
match = [{}]
direct = { temperature = 0.5 }
"""


@pytest.mark.parametrize(
    ("architecture", "name", "template", "family"),
    [
        ("qwen3", "Qwen3 8B", "<|im_start|>", "Qwen 3"),
        ("qwen3moe", "Qwen3 Coder 30B A3B Instruct", "<|im_start|>", "Qwen 3 Coder"),
        ("qwen3next", "Qwen3 Coder Next", "", "Qwen 3 Coder Next"),
        ("qwen3next", "Qwen3 Next 80B A3B Thinking", "", "Qwen 3 Next"),
        ("qwen35", "Qwen3.5 4B", "", "Qwen 3.5"),
        ("qwen35moe", "Qwen3.6 35B A3B", "", "Qwen 3.6"),
        ("qwen35", "", "", "Qwen 3.5"),
        ("gemma2", "Gemma 2 9b It", "", "Gemma 2"),
        ("gemma3", "Gemma 3 27b It", "", "Gemma 3"),
        ("gemma4", "Gemma 4 31B It", "", "Gemma 4"),
        ("glm4moe", "GLM 4.6", "", "GLM 4.5 and later"),
        ("deepseek2", "GLM 4.7 Flash", "[gMASK]<sop> <think>", "GLM 4.5 and later"),
        ("glm-dsa", "GLM 5", "", "GLM 5"),
        ("glm4", "GLM 4 32B 0414", "", "GLM 4"),
        ("llama", "Meta Llama 3.1 8B Instruct", "<|start_header_id|>", "Llama 3"),
        ("llama4", "Llama 4 Scout", "", "Llama 4"),
        ("qwen2", "DeepSeek R1 Distill Qwen 7B", "<｜Assistant｜>", "DeepSeek R1 distilled"),
        ("llama", "", "<｜Assistant｜>", "DeepSeek R1 distilled"),
        ("deepseek2", "DeepSeek R1 0528", "<｜Assistant｜>", "DeepSeek R1"),
        ("deepseek2", "DeepSeek V3.1", "<｜Assistant｜><｜User｜>", "DeepSeek V3"),
        ("deepseek32", "DeepSeek V3.2", "", "DeepSeek V3.2"),
        ("deepseek4", "DeepSeek V4 Flash", "", "DeepSeek V4"),
        ("llama", "Mistral Nemo Instruct 2407", "[INST][/INST]", "Mistral Nemo"),
        ("llama", "Mistral Small 3.2", "[SYSTEM_PROMPT][INST][/INST]", "Mistral Small 3 and Devstral"),
        ("mistral3", "Ministral 3 8B Instruct", "[INST][/INST]", "Ministral 3"),
        ("mistral3", "Ministral 3 8B Reasoning", "[THINK][INST][/INST]", "Ministral 3 Reasoning"),
        ("mistral4", "Mistral Small 4", "[THINK][INST][/INST]", "Mistral Small 4"),
        ("gpt-oss", "Gpt Oss 20b", "", "gpt-oss"),
        ("somethingnew", "Something", "{{ messages }}", "unknown"),
        ("", "", "", "unknown"),
    ],
)
def test_families_are_recognised(architecture: str, name: str, template: str, family: str) -> None:
    """By architecture, by what the name says, and by marks in the template where those are shared."""
    assert find_family(architecture=architecture, name=name, template=template).name == family


def test_makers_recommendations_differ_by_thinking() -> None:
    """A thought is sampled otherwise than an answer where the makers say so."""
    family = find_family(architecture="qwen3", name="", template="<|im_start|>")
    assert family.thinking == Sampling(temperature=0.6, top_p=0.95, top_k=20)
    assert family.direct == Sampling(temperature=0.7, top_p=0.8, top_k=20)


def test_one_recommendation_holds_for_both() -> None:
    """A family with one kind of sampling has it with and without a thought."""
    family = find_family(architecture="gpt-oss", name="", template="")
    assert family.thinking == family.direct == Sampling(temperature=1.0, top_p=1.0, top_k=0)


def test_every_family_can_be_found() -> None:
    """No entry stands behind one that takes all of its models."""
    table = known_families()
    for family in table.families:
        found = {
            table.find_family(
                architecture=architecture,
                name=re.sub(r"\\b|\\|\.[*?]", "", condition.name.pattern),
                template=" ".join(condition.marks),
            ).name
            for condition in family.conditions
            for architecture in condition.architectures or {"?"}
        }
        assert family.name in found


def test_every_family_says_where_its_sampling_comes_from() -> None:
    """Nobody has to guess who recommends a temperature."""
    text = TABLE.read_text(encoding="utf-8")
    assert text.count("[[families]]") == len(re.findall(r'^source = ".+"$', text, re.MULTILINE))


@pytest.mark.parametrize("name", known_families().dialects)
def test_every_dialect_is_found_by_its_marks(name: str) -> None:
    """A template that holds a dialect's marks selects it, and none that stands before it."""
    table = known_families()
    template = " ".join(table.dialect_marks[name])
    assert table.find_dialect(table.families[-1], template).name == name


@pytest.mark.parametrize("dialect", known_families().dialects.values(), ids=lambda dialect: dialect.name)
def test_no_mark_is_the_beginning_of_another(dialect: Dialect) -> None:
    """Else it would depend on where tokens end which of the two is seen."""
    marks = {*dialect.marks, *(call.opens for call in known_families().calls)}
    assert [(one, other) for one, other in itertools.permutations(marks, 2) if other.startswith(one)] == []


def test_a_small_table_is_enough() -> None:
    """One dialect and one family take every model."""
    table = read_table(SMALL)
    family = table.find_family(architecture="any", name="", template="")
    assert (family.name, family.direct) == ("rest", Sampling(temperature=0.5, top_p=1, top_k=0))
    assert table.find_dialect(family, "anything").closes == "</think>"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("match = [{}]", 'match = [{ name = "a" }]', "the last family must take every model"),
        ("marks = []", 'marks = ["a"]', "the last dialect must take every template"),
        ('source = "nobody"', "", "family rest has no source"),
        ("temperature = 0.5", 'temperature = "hot"', "temperature of direct of family rest is 'hot'"),
        ("temperature = 0.5", "temperature = 3.0", "direct of family rest is out of range"),
        ("match = [{}]", "match = [{}]\ntinks = true", "family rest has tinks, which means nothing"),
        ("match = [{}]", 'match = [{}]\nthinks = "often"', "family rest cannot think 'often'"),
        ("match = [{}]", 'match = [{}]\ndialect = "x"', "family rest names a dialect that is not there: x"),
        ("match = [{}]", 'match = [{ name = "(" }]', "a match of family rest has a pattern that is none"),
        ('closes = "</think>"', "", "dialect plain needs marks that open and close"),
        ('opens = "<think>"', 'bodies = { "a" = "b" }', "dialect plain has bodies of b"),
    ],
)
def test_mistakes_in_a_table_are_named(old: str, new: str, complaint: str) -> None:
    """Whoever adds a family is told what is wrong with which entry."""
    assert old in SMALL
    with pytest.raises(TableError, match=re.escape(complaint)):
        read_table(SMALL.replace(old, new))
