"""One index with everything that keeps it: its embedding model, its reader of files, its pipeline."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Self

from indexer.chunking import capacity_for
from indexer.config import IndexerSettings, IndexSettings
from indexer.errors import KbError
from indexer.extract.sandbox import Sandbox
from indexer.index import Index
from indexer.paths import Places
from indexer.pipeline import Pausing, Pipeline, Reader, Watching
from indexer.search import Found, explain, find
from indexer.types import Filters, SearchTrace
from indexer.walk import WalkRules
from indexer.worker import WorkerInfo

logger = logging.getLogger(__name__)

SEARCHES_CLOSE_S = 5.0
"""How long searches under way are waited for when an index is closed."""


class Edition:
    """An index that is open, and kept up to date once `start` was called.

    Args:
        places: Where it is.
        index: What is open there.
        rules: Which files are left out.
        watcher: What tells of changes.
        pausing: Says when nothing is to be indexed; one for all editions.
        make_reader: Makes what reads files, given the facts of the embedding model.
        on_trouble: Called when something failed that is to be tried again.
    """

    def __init__(
        self,
        places: Places,
        index: Index,
        *,
        rules: WalkRules,
        watcher: Watching,
        pausing: Pausing,
        make_reader: Callable[[WorkerInfo], Reader],
        on_trouble: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = places.edition
        self.index = index
        self.pipeline = Pipeline(
            index,
            rules=rules,
            open_reader=self._open_reader,
            home=places.home,
            watcher=watcher,
            pausing=pausing,
        )
        self.pipeline.troubles.on_nearer = on_trouble
        self._make_reader = make_reader
        self._info: WorkerInfo | None = None
        self._searches = 0
        self._searched = threading.Condition()
        self._warming = threading.Thread(target=self._warm_up, name="warming", daemon=True)

    @classmethod
    def open(
        cls,
        places: Places,
        settings: IndexerSettings,
        *,
        rules: WalkRules,
        watcher: Watching,
        pausing: Pausing,
        on_trouble: Callable[[], None] = lambda: None,
    ) -> Self:
        """Open an index, making it where there is none; returns before the model is loaded.

        Args:
            places: Where it is.
            settings: With the model that it is made with.
            rules: Which files are left out.
            watcher: What tells of changes.
            pausing: Says when nothing is to be indexed; one for all editions.
            on_trouble: Called when something failed that is to be tried again.

        Raises:
            ConfigError: If a directory cannot be made.
            StoreError: If the catalog cannot be opened.
            WorkerError: If no process can be started.
        """

        def sandbox(info: WorkerInfo) -> Sandbox:
            wanted_tokens = settings.embedding.chunk_tokens
            return Sandbox(
                tokenizer_file=info.tokenizer_file,
                # longer chunks than the model reads would be cut off.
                capacity_tokens=capacity_for(info.capacity_tokens, wanted_tokens=wanted_tokens),
                timeout_s=settings.index.extract_timeout_s,
                memory_mb=settings.index.extract_memory_mb,
                work_dir=places.work_dir,
                nice=settings.indexer.nice,
                io_priority=settings.indexer.io_priority,
            )

        index = Index.open(places, settings)
        if count := index.note_limits(_limits_of(settings.index)):
            logger.info("limits_changed retried=%d", count)
        return cls(
            places,
            index,
            rules=rules,
            watcher=watcher,
            pausing=pausing,
            make_reader=sandbox,
            on_trouble=on_trouble,
        )

    def start(self) -> None:
        """Begin to bring the index up to date, and to load the model."""
        self.pipeline.start()
        self._warming.start()

    def close(self) -> None:
        """Finish what is being written, let whoever still searches finish, and close."""
        self.pipeline.close()
        with self._searched:
            self._searched.wait_for(lambda: not self._searches, SEARCHES_CLOSE_S)
        self.index.close()

    @property
    def info(self) -> WorkerInfo | None:
        """The facts of the embedding model; `None` until it is loaded."""
        return self._info

    def begin_search(self) -> contextlib.AbstractContextManager[None]:
        """Keep the index open from this call on until the block ends."""
        with self._searched:
            self._searches += 1
        return self._search_under_way()

    @contextlib.contextmanager
    def _search_under_way(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._searched:
                self._searches -= 1
                self._searched.notify_all()

    def search(self, query: str, top_k: int, filters: Filters, beside: str = "") -> Found:
        """Find passages; waits for the model if it is still loading."""
        return find(self.index, query, top_k=top_k, filters=filters, beside=beside, now=time.time())

    def explain(self, query: str, top_k: int, filters: Filters, file: Path | None) -> SearchTrace:
        """Find passages and tell how; waits for the model if it is still loading."""
        return explain(self.index, query, top_k=top_k, filters=filters, file=file, now=time.time())

    def _warm_up(self) -> None:
        """Wait for the embedding model and bring the vectors in step; runs in a thread of its own."""
        started = time.monotonic()
        try:
            self.index.ready()
            self._info = info = self.index.describe()
        except KbError as error:
            self.pipeline.stop_work(error)
            return
        logger.info(
            "model_loaded model=%r device=%s dtype=%s took_s=%.1f",
            info.model,
            info.device,
            info.dtype,
            time.monotonic() - started,
        )

    def _open_reader(self) -> Reader:
        """Make what reads files; waits for the model, whose capacity chunks must fit."""
        self._info = self.index.describe()
        return self._make_reader(self._info)


def _limits_of(settings: IndexSettings) -> str:
    """Write down what decides whether a file can be read, besides the file."""
    return (
        f"kb {version('kb')}, {settings.max_file_mb} MB, {settings.extract_timeout_s} s,"
        f" {settings.extract_memory_mb} MB of memory"
    )
