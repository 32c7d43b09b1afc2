"""Which folders are indexed: adding and removing them, and forgetting what is away."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from indexer.errors import UsageError
from indexer.pipeline.freshness import Freshness
from indexer.pipeline.ledger import Ledger
from indexer.pipeline.looking import Looker
from indexer.pipeline.work import WorkQueue
from indexer.reconcile import covering
from indexer.walk import Found, RootAwayError, WalkRules, check_root, walk

logger = logging.getLogger(__name__)

ALL_FILES = 1 << 60


class Roots:
    """Changes the list of roots; one change at a time, and none under a batch that is being written.

    Args:
        index: Where they are listed.
        rules: Which folders a walk comes to.
        home: kb's own directory, which is no root.
        work: Loses what waits for a root that goes.
        looker: Has to do with roots until they go.
        freshness: Told of roots that come and go.
        writing: Held while the index is written.
        sweep: Has roots compared with the disk.
    """

    def __init__(
        self,
        index: Ledger,
        *,
        rules: WalkRules,
        home: Path,
        work: WorkQueue,
        looker: Looker,
        freshness: Freshness,
        writing: threading.Lock,
        sweep: Callable[[Collection[Path]], None],
    ) -> None:
        self._index = index
        self._rules = rules
        self._home = home
        self._work = work
        self._looker = looker
        self._freshness = freshness
        self._writing = writing
        self._sweep = sweep
        self._lock = threading.Lock()

    def add(self, path: Path) -> str:
        """Have a folder indexed; see `Pipeline.add_root`."""
        real = check_root(path, home=self._home)
        with self._lock:
            roots = self._index.roots()
            holder = covering(real, roots)
            if holder == real:
                self._sweep([real])
                return f"{real} is already indexed"
            if holder is not None and self._rules.reaches(holder, real):
                self._sweep([holder])
                return f"{real} is already indexed as part of {holder}"
            absorbed = [root for root in roots if real in root.parents and self._rules.reaches(real, root)]
            # first: from the moment it is a root, the index is not current of now any more.
            self._freshness.add(real)
            try:
                self._enter(real, absorbed)
            except BaseException:
                self._freshness.remove([real])
                raise
            self._looker.forget(absorbed)
            self._freshness.remove(absorbed)
            self._sweep([real])
        logger.info("root_added path=%r absorbed=%d", str(real), len(absorbed))
        return "".join(f"{root} is now part of {real}\n" for root in absorbed).strip()

    def _enter(self, root: Path, absorbed: Sequence[Path]) -> None:
        if absorbed:
            self._work.drop(absorbed)
            # not under a batch: its files are about to change their root.
            with self._writing:
                self._index.add_root(root, absorbing=absorbed)
        else:
            self._index.add_root(root)

    def remove(self, path: Path) -> int:
        """Forget a root; see `Pipeline.remove_root`."""
        with self._lock:
            roots = self._index.roots()
            # as given first: a folder that is gone, or became a link, can be removed as well.
            found = next((each for each in (path, path.resolve()) if each in roots), None)
            if found is None:
                holder = covering(path.resolve(), roots)
                raise UsageError(
                    f"{path} is not an indexed folder" + (f", but part of {holder}" if holder else ""),
                    hint=f"run `kb remove {holder}`" if holder else "run `kb roots`",
                )
            self._work.drop([found])
            with self._writing:
                count = self._index.remove_root(found)
            self._looker.forget([found])
            self._freshness.remove([found])
        logger.info("root_removed path=%r files=%d", str(found), count)
        return count

    def prune(self) -> int:
        """Forget the files of roots that are away; see `Pipeline.prune`."""
        forgotten = 0
        with self._lock:
            roots = self._index.roots()
            for root in sorted(self._looker.away & set(roots)):
                nested = [each for each in roots if root in each.parents]
                if self._is_back(root, nested):
                    self._sweep([root])
                    continue
                self._work.drop([root])
                with self._writing:
                    gone = [
                        entry.path
                        for entry in self._index.files(under=root, limit=ALL_FILES)
                        if covering(entry.path, roots) == root
                    ]
                    self._index.forget(gone)
                logger.info("root_pruned path=%r files=%d", str(root), len(gone))
                forgotten += len(gone)
        return forgotten

    def _is_back(self, root: Path, nested: Collection[Path]) -> bool:
        """Tell whether there are files in a root again, or it cannot be told."""
        try:
            found = walk(root, self._rules, avoid=[self._home, *nested])
            return any(not isinstance(each, Found) or not each.skip for each in found)
        except RootAwayError:
            return False
