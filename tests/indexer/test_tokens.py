"""Tests of counting tokens, with the bundled model's own tokenizer."""

from pathlib import Path

import pytest

from indexer.tokens import TokenCounter
from tests.indexer.tokenizer import minilm_counter


def test_no_text_is_too_long_to_be_counted() -> None:
    """The truncation to 128 tokens that the tokenizer file asks for is off."""
    assert minilm_counter().count(["cabin " * 1000]) == [1000]


def test_special_tokens_do_not_count() -> None:
    """Two words are two tokens, and nothing is none."""
    assert minilm_counter().count(["red cabin", ""]) == [2, 0]


def test_no_padding_makes_texts_alike() -> None:
    """A short text beside a long one keeps its own count."""
    assert minilm_counter().count(["lake", "lake " * 300]) == [1, 300]


def test_offsets_are_code_points() -> None:
    """Spans slice the text also after characters of two and four bytes."""
    text = "Ünal 🏠 lake"
    spans = minilm_counter().offsets(text)
    assert text[slice(*spans[-1])] == "lake"
    assert text[slice(*spans[0])].startswith("Ü")


def test_there_are_as_many_offsets_as_tokens() -> None:
    """Counting and placing agree on a long text."""
    text = "The unbelievable boathouse, rebuilt in 1987. " * 100
    assert len(minilm_counter().offsets(text)) == minilm_counter().count([text])[0]


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    """What cannot be read says which file it was."""
    file = tmp_path / "tokenizer.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=str(file)):
        TokenCounter.load(file)
