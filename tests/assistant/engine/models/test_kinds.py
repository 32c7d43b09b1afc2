"""Tests of telling kinds of GGUF apart by what they say of themselves."""

from pathlib import Path
from typing import Any

import pytest

from assistant.engine.gguf import read_head
from assistant.engine.llama import load_model
from assistant.engine.models.kinds import kind_of
from assistant.errors import ModelFileError
from tests.assistant.engine.models.ggufs import WORDS, write_head
from tests.models.shapes import SHAPES, write_shape

WEIGHTS = {"token_embd.weight": (1, (64, 32))}


@pytest.mark.parametrize(
    ("architecture", "more", "tensors", "kind"),
    [
        ("llama", {}, WEIGHTS, "chat"),
        ("qwen3", {"qwen3.pooling_type": 0}, WEIGHTS, "chat"),
        ("pangu-embedded", {}, WEIGHTS, "chat"),
        ("qwen3", {"qwen3.pooling_type": 3}, WEIGHTS, "embedding"),
        ("qwen3", {"qwen3.pooling_type": 4}, WEIGHTS, "reranker"),
        ("qwen3", {}, {**WEIGHTS, "cls.output.weight": (1, (64, 2))}, "reranker"),
        ("bert", {"bert.attention.causal": False}, WEIGHTS, "embedding"),
        ("bert", {"bert.classifier.output_labels": ["yes", "no"]}, WEIGHTS, "reranker"),
        ("nomic-bert-moe", {}, WEIGHTS, "embedding"),
        ("gemma-embedding", {}, {**WEIGHTS, "dense_2.weight": (1, (64, 64))}, "embedding"),
        ("llama", {"llama.attention.causal": False}, WEIGHTS, "embedding"),
        ("clip", {}, WEIGHTS, "projector"),
        ("", {"general.type": "mmproj"}, WEIGHTS, "projector"),
        ("clip", {"clip.has_vision_encoder": True}, WEIGHTS, "projector"),
        ("llama", {"general.type": "adapter"}, WEIGHTS, "other"),
        ("", {"general.type": "imatrix"}, WEIGHTS, "other"),
        ("llama", {}, {}, "other"),
        ("eagle3", {}, WEIGHTS, "draft"),
        ("gemma4-assistant", {}, WEIGHTS, "draft"),
        ("dream", {"dream.attention.causal": False}, WEIGHTS, "other"),
        ("qwen3tts", {}, WEIGHTS, "other"),
    ],
)
def test_kinds_by_metadata(
    architecture: str, more: dict[str, Any], tensors: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    """Pooling, classes and what it looks at tell what a model is for."""
    file = write_head(tmp_path / "m.gguf", {"general.architecture": architecture, **WORDS, **more}, tensors)
    assert kind_of(read_head(file)) == kind


def test_what_has_no_vocabulary_speaks_no_language(tmp_path: Path) -> None:
    """Weights of image models come as GGUF too."""
    assert kind_of(read_head(write_head(tmp_path / "m.gguf", {"general.architecture": "flux"}))) == "other"


@pytest.mark.parametrize("name", SHAPES)
def test_every_architecture_that_chats_is_a_chat_model(name: str, tmp_path: Path) -> None:
    """None is taken for something else because of how its metadata is written."""
    assert kind_of(read_head(write_shape(tmp_path, name))) == "chat"


def test_what_cannot_answer_is_not_loaded(tmp_path: Path) -> None:
    """An embedding model is refused by its head, before llama.cpp sees it."""
    file = write_head(tmp_path / "embed.gguf", {"general.architecture": "nomic-bert", **WORDS})
    with pytest.raises(ModelFileError) as caught:
        load_model(file, context_tokens=0, gpu_layers=0, threads=1)
    assert caught.value.message == "embed.gguf is an embedding model, which finds text and writes none"
