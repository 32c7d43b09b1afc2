"""The worker child loads a reranker beside its work; whatever is wrong with it, searches go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.config import EmbeddingSettings, SearchSettings
from indexer.worker import Worker
from tests.homes import short_home
from tests.indexer.pipeline.bench import wait_until
from tests.models.tiny_reranker import write_tiny_reranker

TEXTS = ["Hens lay eggs.", "The server needs a switch.", "Bread is baked at four."]


@contextmanager
def running(reranker: str) -> Iterator[Worker]:
    """Run a real worker child with a reranker."""
    with short_home() as places:
        search = SearchSettings(reranker=reranker, rerank_budget_ms=60_000)
        worker = Worker.start(EmbeddingSettings(threads=1, device="cpu"), places, search=search)
        try:
            yield worker
        finally:
            worker.close()


def test_a_reranker_is_loaded_when_it_is_asked_for(tmp_path: Path) -> None:
    """The first question goes on without it; once it is there, every passage gets a score."""
    write_tiny_reranker(tmp_path / "tiny")
    with running(str(tmp_path / "tiny")) as worker:
        assert worker.reranker == "not asked yet"
        assert worker.rerank("where do hens live?", TEXTS) == ([], "the reranker is still being loaded")
        wait_until(lambda: bool(worker.rerank("where do hens live?", TEXTS)[0]))
        scores, remark = worker.rerank("where do hens live?", TEXTS)
        assert len(scores) == 3
        assert remark == worker.reranker == "tiny read 3 of 3 passages on cpu"
        assert worker.search("hens", 1)[1] == []


def test_a_reranker_that_cannot_be_loaded_is_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once in the log, and with every search that is explained; nothing is raised."""
    with running(str(tmp_path / "nowhere")) as worker:
        wait_until(lambda: "is not a folder" in worker.rerank("hens", TEXTS)[1])
        scores, remark = worker.rerank("hens", TEXTS)
        assert scores == []
        assert remark == f"[search] reranker: {tmp_path / 'nowhere'} is not a folder of a cross-encoder"
    said = [record for record in caplog.records if "is not a folder" in record.getMessage()]
    assert len(said) == 1


def test_without_a_reranker_nobody_is_asked(worker: Worker) -> None:
    """Where none is configured the child is not bothered."""
    assert worker.rerank("hens", TEXTS) == ([], "no reranker is configured")
