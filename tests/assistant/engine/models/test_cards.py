"""Tests of what is told from the head of a model: size, quantisation, licence."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.gguf import GgufHead, Tensor
from assistant.engine.models.cards import Card, card_of, read_card, size_label
from assistant.engine.models.files import ModelFile, model_of_file
from assistant.engine.models.kinds import Kind
from assistant.engine.models.licences import licence_of, licence_of_text
from assistant.engine.models.quantisation import quantisation_name
from tests.assistant.engine.models.ggufs import WORDS, write_head


def card(tmp_path: Path, metadata: dict[str, Any], tensors: dict[str, Any] | None = None) -> Card:
    """Write a head and read its card."""
    head = {"general.architecture": "qwen3moe", **WORDS, **metadata}
    return read_card(model_of_file(write_head(tmp_path / "m.gguf", head, tensors)))


def test_what_a_mixture_of_experts_computes_with(tmp_path: Path) -> None:
    """Of the experts only those that a token is given to; everything else always."""
    tensors = {
        "token_embd.weight": (1, (1000, 1000)),
        "blk.0.attn_q.weight": (1, (1000, 1000)),
        "blk.0.ffn_up_exps.weight": (1, (1000, 100, 160)),
    }
    found = card(tmp_path, {"qwen3moe.expert_count": 16, "qwen3moe.expert_used_count": 2}, tensors)
    assert (found.parameters, found.active_parameters) == (18_000_000, 4_000_000)
    assert found.size_label == "18M-A4.0M"


def test_all_parts_of_a_split_model_count(tmp_path: Path) -> None:
    """Only the first part says what the model is, and each has some of its tensors."""
    parts = [tmp_path / f"m-{number:05}-of-00002.gguf" for number in (1, 2)]
    write_head(parts[0], {"general.architecture": "llama", **WORDS, "llama.context_length": 4096}, {})
    write_head(parts[1], {}, {"token_embd.weight": (1, (1000, 3000))})
    found = read_card(model_of_file(parts[1]))
    assert (found.parameters, found.context_tokens) == (3_000_000, 4096)
    assert found.quantisation == "F16"


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    """The message names the file that is wrong."""
    write_head(tmp_path / "m-00001-of-00002.gguf", {"general.architecture": "llama"})
    (tmp_path / "m-00002-of-00002.gguf").write_bytes(b"GGUF\x03")
    found = read_card(model_of_file(tmp_path / "m-00001-of-00002.gguf"))
    assert found.kind == "unknown"
    assert found.trouble.startswith("m-00002-of-00002.gguf is cut short")


def test_a_blob_is_not_called_by_its_digest(tmp_path: Path) -> None:
    """What is wrong with a model of Ollama is said of the model."""
    blob = tmp_path / f"sha256-{'0' * 64}"
    blob.write_bytes(b"nonsense")
    found = read_card(ModelFile(path=blob, name="qwen3:8b", program="Ollama", parts=(blob,)))
    assert found.trouble == "its blob is not a GGUF file: it begins with 'nonse'"


def test_a_family_has_the_name_that_people_use(tmp_path: Path) -> None:
    """Not the architecture's; what is unknown has none."""
    assert card(tmp_path, {"general.architecture": "gpt-oss"}).family == "gpt-oss"
    assert card(tmp_path, {"general.architecture": "zamba9"}).family == ""


@pytest.mark.parametrize(
    ("label", "parameters", "active", "written"),
    [
        ("30B-A3B", 30_500_000_000, 3_300_000_000, "30B-A3B"),
        ("8B", 8_200_000_000, 8_200_000_000, "8B"),
        ("8x7B", 46_700_000_000, 12_900_000_000, "8x7B"),
        ("70B", 8_000_000_000, 8_000_000_000, "8.0B"),
        ("large", 270_000_000, 270_000_000, "270M"),
        (None, 9_960_000_000, 9_960_000_000, "10B"),
        (None, 671_000_000_000, 37_000_000_000, "671B-A37B"),
        (None, 1_040_000_000_000, 32_000_000_000, "1.0T-A32B"),
        (None, 999, 999, "999"),
        (None, 0, 0, ""),
    ],
)
def test_sizes_in_short(label: str | None, parameters: int, active: int, written: str) -> None:
    """The makers' own words where they fit the tensors, else counted."""
    assert size_label(label, parameters, active) == written


@pytest.mark.parametrize(
    ("file_type", "named"),
    [
        (15, "Q4_K_M"),
        (38, "MXFP4"),
        (0, "F32"),
        (4, "Q4_K"),
        (1024 + 15, "Q4_K"),
        ("x", "Q4_K"),
        (None, "Q4_K"),
    ],
)
def test_quantisations_have_names(file_type: object, named: str) -> None:
    """By llama.cpp's number, else by the type that most bytes have."""
    tensors = [Tensor("a", (1,), 0, 10), Tensor("b", (1,), 12, 90), Tensor("c", (1,), 999, 0)]
    assert quantisation_name(file_type, tensors) == named
    assert quantisation_name(None, []) == ""


@pytest.mark.parametrize(
    ("identifier", "name", "allows", "shown"),
    [
        ("apache-2.0", None, "free", "Apache 2.0"),
        ("MIT", None, "free", "MIT"),
        ("llama3.1", None, "conditions", "Llama 3.1 Community"),
        ("gemma", None, "conditions", "Gemma Terms of Use"),
        ("other", "mnpl", "non-commercial", "Mistral Non-Production"),
        ("other", "qwen-research", "non-commercial", "Qwen Research"),
        ("other", "tongyi-qianwen-research", "non-commercial", "Qwen Research"),
        ("other", "tongyi-qianwen", "conditions", "Qwen"),
        ("other", "modified-mit", "conditions", "Modified MIT"),
        ("other", "deepseek", "conditions", "DeepSeek Model"),
        ("cc-by-nc-4.0", None, "non-commercial", "CC BY-NC 4.0"),
        ("other", "acme-research-only", "non-commercial", "acme-research-only"),
        ("other", "acme", "unknown", "acme"),
        ("other", None, "unknown", ""),
        (None, None, "unknown", ""),
        (["mit"], 7, "unknown", ""),
    ],
)
def test_what_licences_allow(identifier: object, name: object, allows: str, shown: str) -> None:
    """By identifier or name; nothing is guessed where a file says nothing."""
    licence = licence_of(identifier, name, "https://example.org/terms")
    assert (licence.allows, licence.name) == (allows, shown)
    assert licence.link == "https://example.org/terms"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "                       Apache License\n                 Version 2.0, January 2004",
            "Apache 2.0",
        ),
        ("MIT License\n\nCopyright (c) 2023 DeepSeek", "MIT"),
        ("LLAMA 3.3 COMMUNITY LICENSE AGREEMENT\nLlama 3.3 Version Release Date", "Llama 3.3 Community"),
        ("META LLAMA 3 COMMUNITY LICENSE AGREEMENT", "Llama 3 Community"),
        ("Gemma Terms of Use\n\nLast modified: February 21, 2024", "Gemma Terms of Use"),
        ("Qwen RESEARCH LICENSE AGREEMENT\n\nQwen RESEARCH LICENSE", "Qwen Research"),
        ("DEEPSEEK LICENSE AGREEMENT\nVersion 1.0", "DeepSeek Model"),
        ("Modified MIT License\n\nCopyright (c) 2025 Moonshot", "Modified MIT"),
        ("# Mistral AI Research License\nIf You want to use", "Mistral Research"),
        ("All rights reserved.", ""),
    ],
)
def test_licences_are_known_by_their_texts(text: str, shown: str) -> None:
    """Ollama keeps the text itself; its heading names it."""
    assert licence_of_text(text).name == shown


VALUES = st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.text(max_size=9)
KEYS = (
    *("architecture", "type", "name", "file_type", "size_label", "license", "license.name", "license.link"),
    *("alignment", "languages"),
)
OWN_KEYS = (
    *("context_length", "pooling_type", "expert_count", "expert_used_count", "attention.causal"),
    *("classifier.output_labels", "block_count"),
)


@given(
    general=st.dictionaries(st.sampled_from(KEYS), VALUES | st.lists(VALUES, max_size=3)),
    own=st.dictionaries(st.sampled_from(OWN_KEYS), VALUES | st.lists(VALUES, max_size=3)),
    template=VALUES,
    tensors=st.lists(st.tuples(st.text(max_size=9), st.integers(0, 99), st.integers(0, 9)), max_size=4),
)
def test_any_metadata_is_borne(
    general: dict[str, Any], own: dict[str, Any], template: Any, tensors: list[tuple[str, int, int]]
) -> None:
    """A file that says nonsense has a card all the same, and every kind of it is one that is known."""
    architecture = str(general.get("architecture", ""))
    head = GgufHead(
        metadata={
            **{f"general.{key}": value for key, value in general.items()},
            **{f"{architecture}.{key}": value for key, value in own.items()},
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.chat_template": template,
        },
        tensors=tuple(Tensor(name, (size,), kind, size) for name, kind, size in tensors),
        needed_bytes=0,
    )
    found = card_of(ModelFile(path=Path("m.gguf"), name="m", program="folder"), [head])
    assert found.kind in get_args(Kind)
    assert 0 <= found.active_parameters <= found.parameters
    assert json.dumps(asdict(found.licence))


@given(identifier=st.text() | st.none() | st.integers(), name=st.text() | st.none(), text=st.text())
def test_any_licence_is_borne(identifier: object, name: object, text: str) -> None:
    """Whatever stands there, there is a word for it, and a name that fits a line."""
    for licence in (licence_of(identifier, name), licence_of_text(text)):
        assert licence.allows in {"free", "conditions", "non-commercial", "unknown"}
        assert len(licence.name) <= 60
        assert "\n" not in licence.name
