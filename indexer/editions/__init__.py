"""The index that answers, and the one that is built beside it for another embedding model.

Vectors of two models cannot be compared, so another model in the config means
another index. It is built in the background while the old one answers and is
kept up to date; when it holds everything, one small file is replaced, and from
then on it is the one that answers. The old one stays on disk, so that going
back is a matter of looking for what changed meanwhile.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from indexer.catalog import Catalog, is_beyond_repair, rescued_roots
from indexer.config import IndexerSettings
from indexer.editions.edition import Edition
from indexer.editions.record import Made, Record, load_record, save_record
from indexer.errors import ConfigError, KbError, StoreError
from indexer.index import Index
from indexer.index.rebuild import delete_index
from indexer.index.repair import chunker_of
from indexer.paths import Places
from indexer.pipeline import Pipeline
from indexer.search import Found
from indexer.types import Filters, SearchTrace
from indexer.worker import WorkerInfo

__all__ = ["Edition", "Editions", "current_places"]

logger = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often it is looked whether an index that is being built holds everything; only while one is."""

RETRY_S = 60.0
"""How long after an index could not be begun it is tried again."""

GRACE_S = 10.0
"""How long the index that answered stays open after the switch, for whoever is still reading it."""

KEPT = 2
"""Indexes of former models that are kept on disk besides the one that answers."""


class Editions:
    """The index that answers and, at times, the one that will. Thread-safe."""

    def __init__(
        self,
        places: Places,
        settings: IndexerSettings,
        record: Record,
        *,
        open_edition: Callable[[Places, IndexerSettings], Edition],
        look_s: float = LOOK_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._places = places
        self._settings = settings
        self._record = record
        self._open_edition = open_edition
        self._look_s = look_s
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._serving = self._open(record.current)
        self._building: Edition | None = None
        self._build_error: KbError | None = None
        self._follower = threading.Thread(target=self._follow, name="building", daemon=True)

    @classmethod
    def open(
        cls,
        places: Places,
        settings: IndexerSettings,
        *,
        open_edition: Callable[[Places, IndexerSettings], Edition],
        look_s: float = LOOK_S,
        grace_s: float = GRACE_S,
    ) -> Self:
        """Open the index that answers; one that is to be built is begun by `start`.

        Args:
            places: The home.
            settings: The config, whose model may be another than that of the index.
            open_edition: Opens one index: its places, and the settings with its model.
            look_s: How often it is looked whether what is being built holds everything.
            grace_s: How long the index that answered stays open after a switch.

        Raises:
            ConfigError: If a directory cannot be made.
            StoreError: If the catalog cannot be opened.
            WorkerError: If no process can be started.
        """
        wanted = Made.of(settings.embedding)
        record = load_record(places.editions_file) or _first_record(places, wanted)
        name = record.named(wanted)
        if record.made.get(record.current) != wanted:
            current, former = _places_of(places, record.current), _places_of(places, name)
            if name in record.whole and former.catalog_file.exists():
                if current.catalog_file.exists():
                    _copy_roots(current, former)
                logger.info("edition_switched from=%r to=%r", record.current, name)
                record = record.switched(name)
            elif not roots_of(current):
                # there is nothing to go on answering from.
                record = record.begun(record.current, wanted)
        save_record(places.editions_file, record)
        return cls(places, settings, record, open_edition=open_edition, look_s=look_s, grace_s=grace_s)

    def start(self) -> None:
        """Begin to keep the index up to date, and to build another one where the config asks for it."""
        self._serving.start()
        self._follower.start()

    def close(self) -> None:
        """Finish what is being written, and close."""
        self._ended.set()
        if self._follower.is_alive():
            self._follower.join()
        with self._lock:
            building, self._building = self._building, None
        # side by side: each may take a while to finish what it is writing.
        with ThreadPoolExecutor() as threads:
            list(threads.map(Edition.close, filter(None, (building, self._serving))))

    # -- the one that answers

    @property
    def index(self) -> Index:
        """The index that answers."""
        return self._serving.index

    @property
    def pipeline(self) -> Pipeline:
        """What keeps that index up to date."""
        return self._serving.pipeline

    @property
    def info(self) -> WorkerInfo | None:
        """The facts of its embedding model; `None` until it is loaded."""
        return self._serving.info

    def search(self, query: str, top_k: int, filters: Filters, beside: str = "") -> Found:
        """Find passages in it; it stays open until they are found."""
        with self._searching() as serving:
            return serving.search(query, top_k, filters, beside)

    def explain(self, query: str, top_k: int, filters: Filters, file: Path | None) -> SearchTrace:
        """Find passages in it, and tell how; of a file as well what became of it."""
        with self._searching() as serving:
            return serving.explain(query, top_k, filters, file)

    @contextlib.contextmanager
    def _searching(self) -> Iterator[Edition]:
        with self._lock:
            serving = self._serving
            searching = serving.begin_search()
        with searching:
            yield serving

    # -- both

    def look_at(self, root: Path, paths: Collection[Path], since: float | None = None) -> None:
        """Have what may have changed, the first of it at a time, compared with the disk."""
        for edition in self._open_ones():
            edition.pipeline.look_at(root, paths, since)

    def sweep_again(self, roots: Collection[Path]) -> None:
        """Have roots compared with the disk as a matter of routine."""
        for edition in self._open_ones():
            edition.pipeline.sweep_again(roots)

    def retry(self) -> float | None:
        """Try again what failed and is due; return when more is, in seconds since the epoch."""
        times = [edition.pipeline.retry() for edition in self._open_ones()]
        return min((at for at in times if at is not None), default=None)

    def describe_building(self) -> dict[str, Any] | None:
        """Return how far the index is that is being built; `None` where none is."""
        with self._lock:
            building, error = self._building, self._build_error
        if building is None and error is None:
            return None
        wanted = Made.of(self._settings.embedding)
        answering = self._made(self._record.current)
        said: dict[str, Any] = {
            "model": wanted.title if wanted.model != answering.model else f"{wanted.title} with other chunks",
            "answering": answering.title,
        }
        if building is not None:
            error = error or building.pipeline.fault
            said["progress"] = building.pipeline.progress().to_json()
            said["waiting_for"] = sorted(map(str, building.pipeline.away))
        said["error"] = None if error is None else error.message
        return said

    def _open_ones(self) -> list[Edition]:
        with self._lock:
            return [edition for edition in (self._serving, self._building) if edition is not None]

    # -- building

    def _made(self, name: str) -> Made:
        return self._record.made.get(name) or Made.of(self._settings.embedding)

    def _open(self, name: str) -> Edition:
        embedding = self._made(name).settings(self._settings.embedding)
        settings = self._settings.model_copy(update={"embedding": embedding})
        return self._open_edition(_places_of(self._places, name), settings)

    def _follow(self) -> None:
        """Build the index that the config asks for, switch to it, and delete what is no longer kept."""
        wanted = Made.of(self._settings.embedding)
        if self._made(self._record.current) != wanted:
            building = None
            while building is None or not self._try_to_switch_to(building):
                if building is None:
                    building = self._try_to_begin(wanted)
                if self._ended.wait(self._look_s if building else RETRY_S):
                    return
        self._delete_spare()

    def _try_to_begin(self, wanted: Made) -> Edition | None:
        try:
            building = self._begin(wanted)
        except KbError as error:
            self._note(error)
            return None
        self._note(None)
        return building

    def _try_to_switch_to(self, building: Edition) -> bool:
        """Switch if the index that is being built holds everything; tell whether it answers now."""
        try:
            self._follow_roots(building)
            is_due = self._is_whole(building) or (building.info is not None and self._is_orphaned())
            if is_due:
                self._switch_to(building)
        except KbError as error:
            self._note(error)
            return False
        self._note(None)
        return is_due

    def _note(self, error: KbError | None) -> None:
        """Keep what stands in the way of building."""
        if error is not None and self._build_error is None:
            logger.error("edition_failed kind=%s reason=%r", type(error).__name__, error.message)
        self._build_error = error

    def _begin(self, wanted: Made) -> Edition:
        name = self._record.named(wanted)
        self._record = self._record.begun(name, wanted)
        save_record(self._places.editions_file, self._record)
        building = self._open(name)
        with self._lock:
            self._building = building
        logger.info("edition_begun name=%r model=%r", name, wanted.title)
        self._follow_roots(building)
        building.start()
        return building

    def _follow_roots(self, building: Edition) -> None:
        """Give the index that is being built the roots of the one that answers."""
        wanted, there = set(self.index.roots()), set(building.index.roots())
        for root in there - wanted:
            building.pipeline.remove_root(root)
        for root in wanted - there:
            # not through `add_root` of the pipeline: one that is away stays a root.
            building.index.add_root(root)
        if wanted - there:
            building.pipeline.sweep_again(wanted - there)

    def _is_whole(self, building: Edition) -> bool:
        pipeline = building.pipeline
        return (
            building.info is not None
            and pipeline.progress().is_idle
            and pipeline.fault is None
            # what is on a disk that is away can only be found in the old index.
            and not any(self.index.files(under=root, limit=1) for root in pipeline.away)
            and set(building.index.roots()) == set(self.index.roots())
        )

    def _is_orphaned(self) -> bool:
        """Tell whether the index that answers cannot: its embedding model is gone."""
        return isinstance(self.pipeline.fault, ConfigError)

    def _switch_to(self, building: Edition) -> None:
        record = self._record.switched(building.name)
        save_record(self._places.editions_file, record)
        roots = set(building.index.roots())
        with self._lock:
            old, self._serving, self._building, self._record = self._serving, building, None, record
        logger.info("edition_switched from=%r to=%r", old.name, building.name)
        self._ended.wait(self._grace_s)
        # a folder may have been added or removed at the very moment of the switch.
        late = set(old.index.roots())
        for root in late - roots:
            building.index.add_root(root)
        for root in (roots - late) & set(building.index.roots()):
            building.pipeline.remove_root(root)
        building.pipeline.sweep_again(late - roots)
        old.close()

    def _delete_spare(self) -> None:
        """Delete indexes that nobody would go back to: never finished ones, and all but the last few."""
        record = self._record
        former = [name for name in record.whole if name != record.current]
        kept = {record.current, *former[-KEPT:]}
        for name in [each for each in record.made if each not in kept]:
            try:
                delete_index(_places_of(self._places, name))
            except (StoreError, OSError) as error:
                logger.warning("edition_not_deleted name=%s kind=%s", name, type(error).__name__)
                continue
            record = record.without(name)
            logger.info("edition_deleted name=%r", name)
        if record is not self._record:
            self._record = record
            save_record(self._places.editions_file, record)


def current_places(places: Places) -> Places:
    """Return the places of the index that answers in a home."""
    record = load_record(places.editions_file)
    return _places_of(places, record.current) if record else places


def roots_of(places: Places) -> list[Path]:
    """Return the roots of an index that nobody has open; none where there is no index.

    Raises:
        StoreError: If its catalog cannot be read.
    """
    if not places.catalog_file.exists():
        return []
    try:
        with contextlib.closing(Catalog.open(places.catalog_file)) as catalog, catalog.read() as reading:
            return reading.roots()
    except StoreError as error:
        if not is_beyond_repair(error):
            raise
        return rescued_roots(places.catalog_file)


def _first_record(places: Places, wanted: Made) -> Record:
    """Return the record of a home that has none: one index, made as the config says."""
    made = wanted
    if places.catalog_file.exists():
        with (
            contextlib.suppress(StoreError),
            contextlib.closing(Catalog.open(places.catalog_file)) as catalog,
        ):
            with catalog.read() as reading:
                fingerprint = reading.meta("fingerprint") or ""
            # an earlier version of kb may have cut its chunks otherwise.
            made = replace(wanted, chunker=chunker_of(fingerprint) or wanted.chunker)
    return Record(current="", made={"": made}, whole=("",))


def _copy_roots(source: Places, target: Places) -> None:
    """Make the roots of one index those of another; what it knows of other roots is forgotten."""
    wanted = set(roots_of(source))
    target.create()
    with contextlib.closing(Catalog.open(target.catalog_file)) as catalog, catalog.write() as writing:
        there = set(writing.roots())
        for root in wanted - there:
            writing.add_root(root)
        for root in there - wanted:
            writing.remove_root(root)


def _places_of(places: Places, name: str) -> Places:
    return replace(places, edition=name)
