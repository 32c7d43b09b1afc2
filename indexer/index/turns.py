"""Who may write: one at a time, and only while Chroma is in step with the catalog."""

import logging
import threading
from collections.abc import Callable, Collection
from typing import TypeVar

from indexer.catalog import Catalog
from indexer.errors import KbError, StoreError
from indexer.index.repair import VectorWorker, bring_in_step, check_fingerprint
from indexer.worker import WorkerInfo

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")


class Turns:
    """The lock of all writes, and whether Chroma holds what the catalog holds. Thread-safe."""

    def __init__(self, catalog: Catalog, worker: VectorWorker) -> None:
        self._catalog = catalog
        self._worker = worker
        self.lock = threading.RLock()
        """Held for every write that both sides or others depend on; never while text is embedded."""

        self.info: WorkerInfo | None = None
        self.is_in_step = False
        self.epoch = 0
        """Counts the times that Chroma's vectors were put in order; spare ones are gone after it."""

        self.reserved: Callable[[], Collection[str]] = tuple
        """Returns the ids of vectors that are about to be named by chunks, so that mending keeps them."""

        self._mending: threading.Thread | None = None
        self._is_closed = False
        worker.tell_of_crashes(self.mend_later)

    def describe(self) -> WorkerInfo:
        """Return the facts of the worker; see `Index.describe`."""
        info = self._worker.describe()
        if self.info is None:
            check_fingerprint(self._catalog, info)
            self.info = info
        return info

    def ready(self) -> None:
        """Bring Chroma in step where it is not; see `Index.ready`."""
        if self.is_in_step:
            return
        # before the lock: while the model is being loaded, files may be forgotten and entered as failed.
        self.describe()
        with self.lock:
            if not self.is_in_step:
                # again: after a crash it is another child that has, or has not, opened the store.
                info = self.describe()
                if info.store_is_busy:
                    # not damage: what another process writes must not be thrown away under it.
                    raise StoreError(info.store_error)
                self.epoch += 1
                bring_in_step(self._catalog, self._worker, info.store_error, keep=self.reserved())
                self.is_in_step = True

    def writing(self, write: Callable[[], ResultT]) -> ResultT:
        """Run a write of both sides while nothing else writes; once more, mended, if Chroma fails.

        Raises:
            StoreError: If catalog or vectors cannot be written.
            WorkerError: If the worker dies twice.
        """
        self.ready()
        with self.lock:
            try:
                self.ready()
                return write()
            except StoreError as error:
                logger.warning("vectors_failed reason=%r", error.message)
                # a child that was killed may have left files that no longer open; once mended, go on.
                self.is_in_step = False
                self.ready()
                return write()

    def mend_later(self) -> None:
        """Have Chroma brought in step again, in the background."""
        self.is_in_step = False
        if self._is_closed or (self._mending is not None and self._mending.is_alive()):
            return
        self._mending = threading.Thread(target=self._mend, name="mending", daemon=True)
        self._mending.start()

    def close(self) -> None:
        """Mend no more."""
        self._is_closed = True

    def _mend(self) -> None:
        try:
            self.ready()
        except KbError as error:
            # the next start does it; until then the catalog's own copies answer.
            logger.warning("background_task_failed reason=%r", error.message)
