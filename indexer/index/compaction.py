"""Rebuilding Chroma beside itself, because it never frees the space of what was deleted.

The new store is filled from the catalog's own copies while the old one goes on
answering and taking writes. In one short turn at the end it gets what changed
meanwhile, and one transaction of the catalog says which of the two is in step:
whatever ends the process, the next start opens that one and deletes the other.
"""

import logging
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer.catalog import Catalog
from indexer.errors import KbError
from indexer.index.repair import PAGE_VECTORS, VectorWorker
from indexer.index.turns import Turns

logger = logging.getLogger(__name__)

DEAD_LEAST = 100
"""Fewer deleted entries than this are not worth it: an empty store has the size of some hundred."""

DEAD_SHARE = 0.2
"""Deleted entries for each living one past which the store is rebuilt."""

LAST_VECTORS = 100
"""When no more than so many are missing, they are stored while writes wait."""

FIRST_STORE = "chroma"
"""The directory of an index that was never rebuilt."""

_STORE_KEY = "chroma_dir"
_STORE_NAME = re.compile(r"chroma(-[0-9]+)?")


def current_store(catalog: Catalog) -> str:
    """Return the name of the directory that holds the vectors."""
    with catalog.read() as transaction:
        return transaction.meta(_STORE_KEY) or FIRST_STORE


def leftover_stores(directory: Path, current: str) -> list[str]:
    """Return the names of the stores beside the current one, which a crash left behind."""
    return sorted(
        entry.name
        for entry in directory.glob(f"{FIRST_STORE}*")
        if entry.is_dir() and _STORE_NAME.fullmatch(entry.name) and entry.name != current
    )


def is_worth_it(living: int, dead: int) -> bool:
    """Tell whether a store with so many entries is to be rebuilt."""
    return dead > max(DEAD_LEAST, DEAD_SHARE * living)


class Compaction:
    """Rebuilds the store in a thread of its own when too much of it is dead. Thread-safe."""

    def __init__(self, catalog: Catalog, worker: VectorWorker, turns: Turns) -> None:
        self._catalog = catalog
        self._worker = worker
        self._turns = turns
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self.progress: tuple[int, int] | None = None
        """Vectors stored and all there are, while the store is being rebuilt."""

    def begin_if_worth(self) -> None:
        """Begin to rebuild where enough is dead, and return at once."""
        with self._catalog.read() as transaction:
            dead = int(transaction.meta("vectors_deleted") or "0")
            living = transaction.vector_count()
            is_worth = is_worth_it(living, dead)
        with self._lock:
            is_running = self._thread is not None and self._thread.is_alive()
            if is_worth and not is_running and not self._is_closed and self._turns.is_in_step:
                self.progress = (0, living)
                self._thread = threading.Thread(target=self._run, name="compacting", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Wait until nothing is being rebuilt."""
        if (thread := self._thread) is not None:
            thread.join()

    def close(self) -> None:
        """Give up what is being rebuilt; ends once the worker has answered or was closed."""
        with self._lock:
            self._is_closed = True
        self.wait()

    def _run(self) -> None:
        former = current_store(self._catalog)
        number = int(former.rpartition("-")[2]) + 1 if "-" in former else 1
        name = f"{FIRST_STORE}-{number}"
        try:
            # the same that is dead in Chroma is dead in the full-text index.
            self._catalog.merge_words(lambda: not self._is_closed)
            has_switched = self._fill(name) and self._switch(name)
            self._worker.remove_store(former if has_switched else name)
        except KbError as error:
            # the present store is as good as before; the next start deletes what is left of the other.
            logger.warning("compaction_failed reason=%r", error.message)
        finally:
            self.progress = None

    def _fill(self, name: str) -> bool:
        """Build the new store up to the last few vectors; return whether it is still wanted."""
        self._stored: set[str] = set()
        self._worker.open_beside(name)
        while True:
            with self._catalog.read() as transaction:
                expected = transaction.vector_ids()
            missing = sorted(expected - self._stored)
            if len(missing) <= LAST_VECTORS:
                return True
            for start in range(0, len(missing), PAGE_VECTORS):
                if self._is_closed or not self._turns.is_in_step:
                    return False
                self.progress = (len(self._stored), len(expected))
                self._store(missing[start : start + PAGE_VECTORS], is_urgent=False)

    def _store(self, vector_ids: Sequence[str], *, is_urgent: bool) -> None:
        with self._catalog.read() as transaction:
            ids, rows = transaction.vectors_by_id(vector_ids)
        if ids:
            self._worker.store(ids, rows.astype(np.float32), is_beside=True, is_urgent=is_urgent)
        # also those that are gone: nobody will ask for them again.
        self._stored.update(ids)

    def _switch(self, name: str) -> bool:
        """Bring the new store in step and answer from it, while nothing is written."""
        with self._turns.lock:
            if not self._turns.is_in_step:
                return False
            with self._catalog.read() as transaction:
                expected = transaction.vector_ids()
            self._store(sorted(expected - self._stored), is_urgent=True)
            surplus = sorted(self._stored - expected)
            if surplus:
                self._worker.delete(surplus, is_beside=True)
            with self._catalog.write() as transaction:
                dead = int(transaction.meta("vectors_deleted") or "0")
                transaction.set_meta(_STORE_KEY, name)
                transaction.set_meta("vectors_deleted", str(len(surplus)))
            # vectors of documents that are not committed yet are not in it.
            self._turns.epoch += 1
            self._worker.switch(name)
        logger.info("store_compacted name=%s vectors=%d dead=%d", name, len(expected), dead)
        return True
