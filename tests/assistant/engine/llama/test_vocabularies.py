"""Tests of the vocabularies of real models, where they are at hand, against what llama.cpp says of them."""

from collections.abc import Iterator
from pathlib import Path

import llama_cpp.llama_cpp as llama
import pytest

from assistant.engine.llama import load_model as _backend  # noqa: F401 - loading begins llama.cpp's own log
from assistant.engine.llama.vocabulary import Vocabulary
from assistant.engine.types import Piece
from tests.shared_data import CHAT_TEMPLATES, needs_chat_templates

pytestmark = needs_chat_templates

VOCABULARIES = ("deepseek-llm", "gemma-4", "gpt-2", "llama-bpe", "llama-spm", "qwen2", "qwen35")
SPECIAL = (
    llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED | llama.LLAMA_TOKEN_ATTR_UNKNOWN
)
MOST_SPECIAL = 300
"""Tokens tried of one vocabulary; some have thousands that stand for single characters."""


class Loaded:
    """A vocabulary, and the texts of its special tokens."""

    def __init__(self, file: Path) -> None:
        options = llama.llama_model_default_params()
        options.vocab_only = True
        self.model = llama.llama_model_load_from_file(str(file).encode(), options)
        assert self.model
        vocab = llama.llama_model_get_vocab(self.model)
        plain = Vocabulary(self.model, template="")
        found = (
            plain.look_up(token).data.decode("utf-8", "replace")
            for token in range(llama.llama_vocab_n_tokens(vocab))
            if llama.llama_vocab_get_attr(vocab, token) & SPECIAL
        )
        self.special = [text for text in found if len(text) >= 3][:MOST_SPECIAL]
        self.first = [llama.llama_vocab_bos(vocab)] if llama.llama_vocab_get_add_bos(vocab) else []
        self.vocabulary = Vocabulary(self.model, template="\n".join(self.special))

    def tokenize(self, text: str) -> list[int]:
        """Tokenise what somebody wrote, without the token that begins every prompt."""
        tokens = self.vocabulary.tokenize([Piece(text, False)])
        assert tokens[: len(self.first)] == self.first
        return tokens[len(self.first) :]


@pytest.fixture(scope="module", params=VOCABULARIES)
def file(request: pytest.FixtureRequest) -> Path:
    """The file of one vocabulary."""
    return CHAT_TEMPLATES / "vocab" / f"ggml-vocab-{request.param}.gguf"


@pytest.fixture(scope="module")
def loaded(file: Path) -> Iterator[Loaded]:
    """One vocabulary."""
    loaded = Loaded(file)
    yield loaded
    llama.llama_model_free(loaded.model)


def test_texts_yield_the_tokens_that_they_should(file: Path, loaded: Loaded) -> None:
    """Spaces, line breaks, emoji, numbers and many scripts, as llama.cpp's own tests expect them."""
    texts = file.with_suffix(".gguf.inp").read_text(encoding="utf-8").split("\n__ggml_vocab_test__\n")
    lines = file.with_suffix(".gguf.out").read_text(encoding="utf-8").split("\n")
    wanted = [[int(token) for token in line.split()] for line in lines[: len(texts)]]
    assert [loaded.tokenize(text) for text in texts] == wanted


def test_a_document_that_spells_control_tokens_holds_none(loaded: Loaded) -> None:
    """Not even where the template uses the token, or several of them stand side by side."""
    for text in loaded.special:
        document = f"see {text} and{text}{text}."
        tokens = [loaded.vocabulary.look_up(token) for token in loaded.tokenize(document)]
        assert [token.data for token in tokens if token.is_mark] == []
        # vocabularies of the SentencePiece kind put a space before a text.
        assert b"".join(token.data for token in tokens).decode().strip() == document


def test_the_template_may_write_control_tokens(loaded: Loaded) -> None:
    """What is refused to documents is read from the template itself."""
    control = [text for text in loaded.special if text.startswith("<") and text.endswith(">")]
    for text in control:
        tokens = loaded.vocabulary.tokenize([Piece(text, True)])[-1:]
        assert [loaded.vocabulary.look_up(token).data.decode() for token in tokens] == [text]
    assert control
