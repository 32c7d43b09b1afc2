"""A real cross-encoder reads question and passage together, as many as time allows."""

from pathlib import Path

import pytest

from indexer.embedding.reranking import BATCH_TEXTS, Reranker
from indexer.errors import ConfigError
from tests.models.tiny_reranker import write_tiny_reranker

TEXTS = [
    "Hens lay eggs.",
    "The server needs a switch.",
    "Bread is baked at four.",
    "It rains.",
    "Ships sail.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny cross-encoder."""
    folder = tmp_path_factory.mktemp("reranker") / "tiny"
    write_tiny_reranker(folder)
    return folder


@pytest.fixture(scope="module")
def reranker(folder: Path) -> Reranker:
    """A tiny cross-encoder, loaded."""
    return Reranker.load(folder, device="cpu", threads=1)


def test_every_text_gets_its_score(reranker: Reranker) -> None:
    """With time enough all are read, each the same by itself and among others."""
    scores = reranker.scores("where do hens live?", TEXTS, budget_ms=60_000)
    assert len(scores) == len(TEXTS)
    assert len(set(scores)) > 1
    alone = reranker.scores("where do hens live?", TEXTS[3:4], budget_ms=60_000)
    assert alone == pytest.approx(scores[3:4], abs=1e-5)
    assert reranker.scores("when does bread bake?", TEXTS, budget_ms=60_000) != scores


def test_without_time_nothing_is_read(reranker: Reranker) -> None:
    """What would not be done in time by the pace so far is not begun."""
    assert reranker.scores("where do hens live?", TEXTS, budget_ms=0) == []


def test_a_budget_ends_the_reading(reranker: Reranker) -> None:
    """Long texts are read in small parts, and only as many as fit."""
    long = ["word " * 20_000] * (8 * BATCH_TEXTS)
    scores = reranker.scores("where do hens live?", long, budget_ms=30)
    assert len(scores) < len(long)


def test_it_says_where_it_runs(reranker: Reranker) -> None:
    """Its name is that of its folder."""
    assert (reranker.name, reranker.device) == ("tiny", "cpu")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """What is not there is named, with what to do."""
    with pytest.raises(ConfigError, match="is not a folder of a cross-encoder") as caught:
        Reranker.load(tmp_path / "nowhere", device="cpu", threads=1)
    assert "CrossEncoder" in caught.value.hint


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    """Whatever the libraries raise becomes one sentence."""
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        Reranker.load(tmp_path, device="cpu", threads=1)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A classifier with several outputs ranks nothing."""
    write_tiny_reranker(tmp_path / "three", outputs=3)
    with pytest.raises(ConfigError, match="gives 3 scores instead of one"):
        Reranker.load(tmp_path / "three", device="cpu", threads=1)
