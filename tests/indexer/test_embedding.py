"""Embedding with real sentence-transformers models: the bundled one, and a tiny one made here."""

import copy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling

from indexer.config import EmbeddingSettings
from indexer.embedding import Embedder, batches_by_length, bundled_folder, check_weights
from indexer.embedding.questions import PackedLinear, Questions, normalized
from indexer.errors import ConfigError
from indexer.tokens import TokenCounter
from tests.models.tiny_embedder import write_tiny_embedder

TEXTS = [
    "Hens lay eggs in the barn, and the cock crows at four.",
    "short",
    "def add(a, b):\n    return a + b",
    "Die Kühe stehen auf der Weide, und niemand melkt sie.",
    "The server room needs a new switch. " * 20,
    "x" * 3_000,
    "",
]


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """Return the bundled model as it is loaded without any setting."""
    return Embedder.load(EmbeddingSettings(threads=1), cache_dir=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small random model with prompts for queries and documents."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    write_tiny_embedder(folder)
    return folder


def load(folder: Path, cache_dir: Path) -> Embedder:
    """Load a model from a folder."""
    return Embedder.load(EmbeddingSettings(model=str(folder), threads=1), cache_dir=cache_dir)


def test_the_chosen_number_format_is_faithful(bundled: Embedder, tmp_path: Path) -> None:
    """What runs fast here gives the same vectors as float32, to a cosine of .998 at least."""
    plain = Embedder.load(EmbeddingSettings(dtype="float32", device="cpu", threads=1), cache_dir=tmp_path)
    assert plain.dtype == "float32"
    assert plain.fingerprint == bundled.fingerprint
    cosines = (plain.embed_documents(TEXTS) * bundled.embed_documents(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.998


def test_vectors_are_those_of_sentence_transformers(bundled: Embedder) -> None:
    """Each text gets the vector that the library's own call gives, in the order of the texts, at length 1."""
    vectors = bundled.embed_documents(TEXTS)
    plain = SentenceTransformer(str(bundled_folder()), device="cpu", local_files_only=True)
    expected = normalized(plain.encode(TEXTS, show_progress_bar=False))
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), 384), np.dtype(np.float32))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert (vectors * expected).sum(axis=1).min() > 0.998
    assert bundled.embed_documents([]).shape == (0, 384)


def test_a_query_is_near_its_answer(bundled: Embedder) -> None:
    """The bundled model does what it is there for."""
    query = bundled.embed_query("When does the rooster wake us?")
    assert query.shape == (384,)
    assert int(np.argmax(bundled.embed_documents(TEXTS) @ query)) == 0


def test_prompts_of_the_model_are_used_and_counted(tiny_model: Path, tmp_path: Path) -> None:
    """Queries and documents get their own prompts, and a chunk leaves room for its prompt."""
    embedder = load(tiny_model, tmp_path)
    plain = SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True)
    as_document = normalized(plain.encode(["a passage to be found: hens"], show_progress_bar=False))[0]
    as_query = normalized(plain.encode(["find this: hens"], show_progress_bar=False))[0]
    assert float(embedder.embed_documents(["hens"])[0] @ as_document) > 0.99
    assert float(embedder.embed_query("hens") @ as_query) > 0.99
    # 40 tokens, less [CLS] and [SEP], less "a passage to be found :".
    assert embedder.capacity_tokens == 40 - 2 - 6
    assert embedder.dim == 32


@pytest.fixture(scope="module")
def plain() -> SentenceTransformer:
    """Return the bundled model as its library loads it, in float32."""
    return SentenceTransformer(str(bundled_folder()), device="cpu", local_files_only=True)


def test_a_question_has_the_vector_that_the_library_gives_it(plain: SentenceTransformer) -> None:
    """Whatever is done to be quick."""
    questions = Questions(plain)
    for text in TEXTS:
        expected = normalized(plain.encode_query([text], show_progress_bar=False))[0]
        assert questions.embed(text) @ expected > 0.99999


def test_weights_are_packed_where_torch_can(plain: SentenceTransformer) -> None:
    """On x86, and for a model that reckons in float32; the model itself is left as it is."""
    before = [type(module) for module in plain.modules()]
    is_there = "fbgemm" in torch.backends.quantized.supported_engines
    assert Questions(plain).is_packed is is_there
    assert not Questions(copy.deepcopy(plain).bfloat16()).is_packed
    assert [type(module) for module in plain.modules()] == before


def test_a_model_that_cannot_be_packed_answers_all_the_same(
    plain: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without FBGEMM, where there is no such operation."""

    def fail(self: PackedLinear, linear: object) -> None:
        raise RuntimeError("no FBGEMM")

    monkeypatch.setattr(PackedLinear, "__init__", fail)
    questions = Questions(plain)
    assert not questions.is_packed
    assert questions.embed("hens") @ normalized(plain.encode_query(["hens"]))[0] > 0.99999


def test_packed_weights_that_do_not_do_the_same_are_not_used(
    plain: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a model with weights that half precision cannot hold."""
    forward = PackedLinear.forward
    monkeypatch.setattr(PackedLinear, "forward", lambda self, rows: forward(self, rows).clamp(-0.1, 0.1))
    questions = Questions(plain)
    assert not questions.is_packed
    assert questions.embed("hens") @ normalized(plain.encode_query(["hens"]))[0] > 0.99999


def test_a_chunk_of_full_capacity_is_read_to_its_end(bundled: Embedder) -> None:
    """The last of 254 tokens still changes the vector; one more token no longer does."""
    words = ["hen"] * bundled.capacity_tokens
    full, changed, longer = bundled.embed_documents(
        [" ".join(words), " ".join([*words[:-1], "tax"]), " ".join([*words, "tax"])]
    )
    assert float(full @ changed) < 0.9999
    assert float(full @ longer) > 0.99999


def test_windows_cover_a_text(bundled: Embedder) -> None:
    """A text has one window for each 24 tokens or part of them, special tokens counted."""
    words = ["hen"] * 23
    ((positions, made),) = bundled.embedding_documents([" ".join(words[:22]), " ".join(words)])
    sizes = {
        position: len(packed) // (bundled.dim // 2)
        for position, packed in zip(positions, made.windows, strict=True)
    }
    assert sizes == {0: 1, 1: 2}


def test_a_model_that_does_not_average_has_no_windows(tiny_model: Path, tmp_path: Path) -> None:
    """Where a text's vector is that of its first token, its parts have none."""
    plain = SentenceTransformer(str(tiny_model), device="cpu", local_files_only=True)
    folder = tmp_path / "first token"
    SentenceTransformer(modules=[plain[0], Pooling(32, pooling_mode="cls")], device="cpu").save(
        str(folder), create_model_card=False
    )
    ((_, with_mean),) = load(tiny_model, tmp_path).embedding_documents(["hens"])
    ((_, with_first),) = load(folder, tmp_path).embedding_documents(["hens"])
    assert len(with_mean.windows) == 1
    assert with_first.windows == ()


def test_the_fingerprint_is_of_the_model_and_not_of_its_place(tiny_model: Path, tmp_path: Path) -> None:
    """A copy elsewhere has the same one; other weights, or other prompts, have another."""
    original = load(tiny_model, tmp_path).fingerprint
    copy = tmp_path / "elsewhere"
    shutil.copytree(tiny_model, copy)
    (copy / "README.md").write_text("words about the model", encoding="utf-8")
    assert load(copy, tmp_path).fingerprint == original
    prompts = copy / "config_sentence_transformers.json"
    prompts.write_text(prompts.read_text(encoding="utf-8").replace("find this", "look for"), encoding="utf-8")
    assert load(copy, tmp_path).fingerprint != original


def test_a_tokenizer_that_is_not_shipped_is_written(tiny_model: Path, tmp_path: Path) -> None:
    """The file that chunking counts with is the model's own, or is made where the model has only words."""
    assert load(tiny_model, tmp_path).tokenizer_file == tiny_model / "tokenizer.json"
    assert not (tmp_path / "tokenizer.json").exists()
    wordy = tmp_path / "wordy"
    shutil.copytree(tiny_model, wordy)
    (wordy / "tokenizer.json").unlink()
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(bundled_folder() / name, wordy / name)
    file = load(wordy, tmp_path).tokenizer_file
    assert file == tmp_path / "tokenizer.json"
    shipped = TokenCounter.load(tiny_model / "tokenizer.json")
    assert TokenCounter.load(file).count(TEXTS) == shipped.count(TEXTS)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """A folder that is not there, or holds something else, is named together with the key."""
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(
            ConfigError, match=rf"^\[embedding\] model: {folder} is not a folder of"
        ) as caught:
            load(folder, tmp_path)
        assert "modules.json" in caught.value.hint


def test_a_damaged_model_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    """Weights that were cut off are one sentence that names the folder."""
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    (weights,) = broken.rglob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ConfigError, match=rf"^\[embedding\] model: {broken} cannot be loaded: "):
        load(broken, tmp_path)


def test_damaged_bundled_weights_are_refused(tmp_path: Path) -> None:
    """Weights that are not the published ones are never loaded."""
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"these are not the weights")
    with pytest.raises(ConfigError, match=rf"^the bundled embedding model {weights} is damaged$"):
        check_weights(weights, sha256="00" * 32)
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        check_weights(tmp_path / "gone", sha256="00" * 32)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Asking for Apple's GPU on a machine without one names the key and the remedy."""
    with pytest.raises(ConfigError, match=r"^\[embedding\] device = 'mps': ") as caught:
        Embedder.load(EmbeddingSettings(device="mps"), cache_dir=tmp_path)
    assert caught.value.hint == 'set it to "auto"'


@given(
    lengths=st.lists(st.integers(0, 5_000), max_size=60),
    max_chars=st.integers(1, 10_000),
    max_texts=st.integers(1, 20),
)
def test_batches_hold_every_text_once_within_their_limits(
    lengths: list[int], max_chars: int, max_texts: int
) -> None:
    """No text is lost or doubled, no batch is too large, and lengths only fall."""
    batches = list(batches_by_length(lengths, max_chars=max_chars, max_texts=max_texts))
    order = [position for batch in batches for position in batch]
    assert sorted(order) == list(range(len(lengths)))
    assert all(
        a >= b for a, b in zip([lengths[at] for at in order], [lengths[at] for at in order][1:], strict=False)
    )
    for batch in batches:
        longest = max(lengths[position] for position in batch)
        assert len(batch) <= max_texts
        assert len(batch) == 1 or len(batch) * longest <= max_chars


def test_a_text_without_a_vector_stays_zero() -> None:
    """A row of zeros has no direction, and dividing it by its length must not make it one."""
    np.testing.assert_array_equal(
        normalized([[3.0, 4.0], [0.0, 0.0]]), np.array([[0.6, 0.8], [0, 0]], np.float32)
    )
