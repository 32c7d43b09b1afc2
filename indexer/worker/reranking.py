"""The reranker of the worker child: loaded beside its other work, when it is first asked for.

Whatever is wrong with it is a sentence and never an error: a search goes on without it.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from indexer.config import EmbeddingSettings, SearchSettings
from indexer.embedding.reranking import Reranker
from indexer.errors import ConfigError

LOADING = "the reranker is still being loaded"


class Reranking:
    """What the child does of reranking; for the thread that answers questions.

    Args:
        settings: The `[search]` section.
        embedding: The `[embedding]` section, whose device and threads hold here too.
    """

    def __init__(self, settings: SearchSettings, embedding: EmbeddingSettings) -> None:
        self._settings = settings
        self._embedding = embedding
        self._model: Reranker | None = None
        self._trouble = LOADING
        self._loading: threading.Thread | None = None

    def answer(self, question: str, texts: Sequence[str]) -> dict[str, Any]:
        """Return `scores` of the first texts, and a `remark` for people."""
        if self._loading is None:
            self._loading = threading.Thread(target=self._load, name="reranker", daemon=True)
            self._loading.start()
        if self._model is None:
            return {"scores": [], "remark": self._trouble}
        try:
            scores = self._model.scores(question, texts, budget_ms=self._settings.rerank_budget_ms)
        # out of memory, or a model that cannot read this text: the first ranking stands.
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            return {"scores": [], "remark": f"the reranker failed with {type(error).__name__}"}
        read = f"{self._model.name} read {len(scores)} of {len(texts)} passages on {self._model.device}"
        return {"scores": scores, "remark": read}

    def _load(self) -> None:
        try:
            self._model = Reranker.load(
                Path(self._settings.reranker).expanduser(),
                device=self._embedding.device,
                threads=self._embedding.threads,
            )
        except ConfigError as error:
            self._trouble = error.message
