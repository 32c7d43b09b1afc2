"""Long work in the worker child leaves room for questions."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from indexer.embedding import Embedder
from indexer.errors import StoreError
from indexer.vectors import VectorStore
from indexer.worker.inbox import Request
from indexer.worker.service import Service
from indexer.worker.serving import StoreBusyError, _lock


def test_reading_back_and_deleting_pause_after_each_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash the whole store is read, and a question must not wait for all of it."""
    monkeypatch.setattr("indexer.vectors.PAGE_ROWS", 2)
    store = VectorStore.open(tmp_path / "chroma", dim=2, fingerprint="f")
    ids = ["a", "b", "c", "d", "e"]
    store.upsert(ids, np.ones((5, 2), np.float32))
    service = Service(cast("Embedder", None), store, "")

    def steps(message: dict[str, Any]) -> list[dict[str, Any] | None]:
        return [answer and answer[0] for answer in service.steps(Request(message, b""))]

    *pauses, answer = steps({"op": "ids"})
    assert pauses == [None] * 3
    assert answer is not None
    assert sorted(answer["ids"]) == ids
    assert steps({"op": "probe", "ids": ids}) == [None, None, None, {}]
    assert steps({"op": "delete", "ids": ids}) == [None, None, None, {}]
    assert store.count() == 0


def test_a_store_that_another_process_holds_is_busy_and_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two are told apart, since a damaged store is thrown away."""
    monkeypatch.setattr("indexer.worker.serving.LOCK_WAIT_S", -1.0)
    _lock(tmp_path / "chroma")
    with pytest.raises(StoreError, match=r"^another process has the vector store .* open$") as caught:
        _lock(tmp_path / "chroma")
    assert isinstance(caught.value, StoreBusyError)
