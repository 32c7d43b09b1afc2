"""A pipeline over a real catalog, with children that stand in for worker and reader."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from indexer.catalog import Catalog
from indexer.index import Index
from indexer.pipeline import Pipeline, Watching
from indexer.walk import WalkRules
from tests.indexer.fakes import InMemoryWorker, ParagraphReader


class Bench:
    """A pipeline over one folder, opened by the test so that it can look before anything runs."""

    def __init__(self, home: Path, folder: Path, stack: ExitStack) -> None:
        self.home = home
        self.folder = folder
        self._stack = stack
        self.worker = InMemoryWorker()
        self.reader = ParagraphReader()
        self.now = time.time()
        """What the pipeline takes for the present time."""

    def open(
        self,
        *exclude: str,
        open_reader: Callable[[], ParagraphReader] | None = None,
        watcher: Watching | None = None,
    ) -> Pipeline:
        """Open the index anew and start a pipeline over it, without any root yet."""
        catalog = Catalog.open(self.home / "catalog.sqlite", clock=lambda: self.now)
        self.index = Index(catalog, self.worker)
        self._stack.callback(self.index.close)
        rules = WalkRules(
            exclude=exclude, max_file_bytes=1_000_000, is_supported=lambda path: path.suffix == ".md"
        )
        opener = open_reader or (lambda: self.reader)
        pipeline = Pipeline(
            self.index,
            rules=rules,
            open_reader=opener,
            home=self.home,
            watcher=watcher,
            clock=lambda: self.now,
        )
        self._stack.callback(pipeline.close)
        pipeline.start()
        return pipeline

    def write(self, name: str, text: str = "plain words") -> Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def ledger(self) -> dict[str, tuple[str, str]]:
        """Map each file's path below the folder to status and reason."""
        return {
            os.path.relpath(entry.path, self.folder): (entry.status.value, entry.reason)
            for entry in self.index.files()
        }


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.005)


def settle(pipeline: Pipeline) -> None:
    """Wait until nothing is left to do."""
    wait_until(lambda: pipeline.progress().is_idle)
