"""The API served for real on a Unix socket, over a real catalog and stand-ins for the children."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from indexer.api import Api
from indexer.api.serving import listening, serving
from indexer.catalog import Catalog
from indexer.client import IndexerClient
from indexer.index import Index
from indexer.paths import Places
from indexer.pipeline import Pipeline
from indexer.search import Found, explain
from indexer.types import Filters, Locator, Passage, SearchTrace
from indexer.walk import WalkRules
from tests.homes import short_home
from tests.indexer.fakes import InMemoryWorker, ParagraphReader


@dataclass(frozen=True)
class Alone:
    """One index that never changes."""

    index: Index
    pipeline: Pipeline


@dataclass
class Served:
    """A running API and what stands behind it."""

    places: Places
    client: IndexerClient
    pipeline: Pipeline
    worker: InMemoryWorker
    reader: ParagraphReader
    folder: Path
    index: Index
    searches: list[tuple[str, int, Filters]] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    search_error: Exception | None = None
    meanwhile: Callable[[], object] = bool
    """Called in the middle of every search."""

    stops: list[str] = field(default_factory=list)
    is_ready: bool = True

    def search(self, query: str, top_k: int, filters: Filters, beside: str) -> Found:
        """Find one made-up passage."""
        self.searches.append((query, top_k, filters))
        self.beside.append(beside)
        self.meanwhile()
        if self.search_error is not None:
            raise self.search_error
        path = self.folder / os.fsdecode(b"caf\xe9.md")
        passage = Passage(
            chunk_id=1,
            path=path,
            root=self.folder,
            title="café",
            text="a passage \ud800",
            locator=Locator(line_start=1, line_end=2),
            score=0.5,
            similarity=0.4,
            lexical=0.0,
        )
        return Found(passages=(passage,), question=query, filters=filters)

    def explain(self, query: str, top_k: int, filters: Filters, file: Path | None) -> SearchTrace:
        """Explain a search of the index as it is."""
        self.searches.append((query, top_k, filters))
        return explain(self.index, query, top_k=top_k, filters=filters, file=file)


@contextmanager
def served(folder: Path, *, worker: InMemoryWorker | None = None) -> Iterator[Served]:
    """Serve an empty index; nothing runs any more when the block ends."""
    worker = worker or InMemoryWorker()
    reader = ParagraphReader()
    with short_home() as places, closing(Index(Catalog.open(places.catalog_file), worker)) as index:
        rules = WalkRules(max_file_bytes=1_000_000, is_supported=lambda path: path.suffix == ".md")
        pipeline = Pipeline(index, rules=rules, open_reader=lambda: reader, home=places.home)
        bench = Served(places, IndexerClient(places, timeout_s=20), pipeline, worker, reader, folder, index)
        api = Api(
            current=Alone(index, pipeline),
            search=bench.search,
            explain=bench.explain,
            describe=lambda: {"pid": os.getpid()},
            is_ready=lambda: bench.is_ready,
            stop=lambda: bench.stops.append("asked"),
        )
        with listening(places.indexer_socket) as listener, serving(api.app(), listener), closing(pipeline):
            pipeline.start()
            yield bench
