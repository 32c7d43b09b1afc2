"""Carrying out one look at the disk: what differs there is handed out as work."""

import contextlib
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from indexer.catalog import Adoption
from indexer.index import FileRecord
from indexer.pipeline.adopting import adoption_of, content_of
from indexer.pipeline.freshness import Freshness, Watching
from indexer.pipeline.ledger import Ledger
from indexer.pipeline.sweeping import Memory, compare, outermost
from indexer.pipeline.tasks import Lane, Sweep, urgent_paths
from indexer.pipeline.troubles import Troubles
from indexer.pipeline.work import WorkQueue
from indexer.pipeline.writer import Adopted, Gone, Handoff, Verdicts
from indexer.reconcile import Delete, Job, Move, Skip, Upsert, covering
from indexer.types import FileStatus
from indexer.walk import RootAwayError, WalkRules

logger = logging.getLogger(__name__)

MOVES_AT_ONCE = 512
"""More files than this that moved are left to a look at all of their root."""

MOVES_TOGETHER = 256
"""Files that go on under another path in one transaction."""


class Looker:
    """Compares roots and places in them with the disk; used by both reading threads.

    Args:
        index: What is known.
        rules: Which files are left out.
        home: kb's own directory, as a real path, which is never walked.
        watcher: Told to follow each root before all of it is looked through.
        work: Where files to be read are put.
        items: Where all else that differs is put.
        troubles: Told of places that cannot be looked at.
        freshness: Told of what was looked through.
        prepare: Called before each look; raises what makes it useless.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        index: Ledger,
        *,
        rules: WalkRules,
        home: Path,
        watcher: Watching,
        work: WorkQueue,
        items: Handoff,
        troubles: Troubles,
        freshness: Freshness,
        prepare: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._rules = rules
        self._home = home
        self._watcher = watcher
        self._work = work
        self._items = items
        self._troubles = troubles
        self._freshness = freshness
        self._prepare = prepare
        self._clock = clock
        self._memory = Memory()
        self._looked_at: dict[Path, frozenset[Path]] = {}
        """Per root that is being looked through, the places that were looked at meanwhile."""

        self.away: set[Path] = set()
        """Roots that did not exist, or had emptied at once, when they were last looked at."""

    def look(self, sweep: Sweep) -> None:
        """Compare a root, or parts of it, with the disk and hand out what is to be done.

        Raises:
            StoreError: If the ledger cannot be read.
        """
        roots = self._index.roots()
        if sweep.root not in roots:
            return
        self._prepare()
        places = outermost(sweep.root, sweep.below)
        if places:
            if sweep.root in self._looked_at:
                self._looked_at[sweep.root] |= frozenset(places)
            self._look(sweep, places, roots)
            self._troubles.hurry(frozenset(places))
            return
        self._looked_at[sweep.root] = frozenset()
        try:
            # watched first: what changes during the walk is looked at again.
            self._watcher.follow(sweep.root)
            self._look(sweep, places, roots)
        finally:
            # both threads may look through one root: a changed .gitignore concerns all of it.
            self._looked_at.pop(sweep.root, None)

    def _look(self, sweep: Sweep, places: Sequence[Path], roots: Collection[Path]) -> None:
        started, began_at = time.monotonic(), self._clock()
        root = sweep.root
        compared = None
        try:
            compared = compare(
                self._index,
                root,
                places,
                self._rules,
                avoid=[self._home, *(each for each in roots if root in each.parents)],
                is_stopped=lambda: self._work.is_stopped,
                memory=self._memory,
            )
            if compared is None:
                return
        except RootAwayError:
            self._watcher.forget(root)
        if not places:
            self._freshness.note_look(root, began_at)
        if compared is None or compared.is_emptied:
            # an unmounted disk leaves an empty folder; whoever means it says `kb remove`.
            self.away.add(root)
            logger.warning("root_away path=%r exists=%s", str(root), compared is not None)
            return
        for item in compared.unreadable:
            logger.warning("unreadable path=%r reason=%r", str(item.path), item.reason)
            self._troubles.note_error(item.path, item.reason)
        if root in self.away:
            self.away.discard(root)
            if places:
                # nobody looked while it was away.
                self._work.add_changes(root, ())
        if root in self._index.roots():
            # it may have been removed meanwhile; and whoever looked meanwhile saw those places later.
            jobs = compared.jobs
            if places and sum(isinstance(job, Move) for job in jobs) > MOVES_AT_ONCE:
                # hashing them all would hold up what somebody saves meanwhile.
                self._work.add_changes(root, (), since=began_at)
                jobs = tuple(job for job in jobs if not isinstance(job, Move))
            adoptions = self._adoptions(root, jobs)
            seen_later = frozenset() if places else self._looked_at.get(root, frozenset())
            self._hand_out(sweep, _settled(jobs, adoptions, seen_later))
        logger.info(
            "root_swept path=%r places=%d files=%d jobs=%d took_ms=%.0f",
            str(root),
            len(places),
            compared.files,
            len(compared.jobs),
            (time.monotonic() - started) * 1000,
        )

    def forget(self, roots: Collection[Path]) -> None:
        """Have nothing to do with some roots any more."""
        self.away.difference_update(roots)
        for root in roots:
            self._watcher.forget(root)

    def look_again(self, paths: Collection[Path]) -> None:
        """Look at those of some files that were just forgotten and are there again."""
        roots = self._index.roots()
        back: dict[Path, list[Path]] = {}
        for path in paths:
            if os.path.lexists(path) and (root := covering(path, roots)) is not None:
                back.setdefault(root, []).append(path)
        for root, places in back.items():
            self._work.add_changes(root, places)

    def _adoptions(self, root: Path, jobs: Sequence[Job]) -> dict[Path, Adoption]:
        """Return what is to be done about the true moves among some jobs, by the new path."""
        adoptions: dict[Path, Adoption] = {}
        for job in jobs:
            if self._work.is_stopped:
                break
            if isinstance(job, Move):
                with contextlib.suppress(FileNotFoundError):
                    content = content_of(root, job.path)
                    adoption = content and adoption_of(
                        self._index, root, job.path, content, moved_from=job.old
                    )
                    if adoption:
                        adoptions[job.path] = adoption
        return adoptions

    def _hand_out(self, sweep: Sweep, jobs: Sequence[Job | Adoption]) -> None:
        root = sweep.root
        put = self._items.put_urgent if sweep.lane is Lane.URGENT else self._items.put
        gone = tuple(job.path for job in jobs if isinstance(job, Delete))
        skips = [job for job in jobs if isinstance(job, Skip)]
        # what was read of them before must not come after.
        moves = [job for job in jobs if isinstance(job, Adoption)]
        moved = (path for job in moves for path in (job.source, job.path))
        self._work.cancel([*gone, *(job.path for job in skips), *moved])
        for start in range(0, len(moves), MOVES_TOGETHER):
            put(Adopted(tuple(moves[start : start + MOVES_TOGETHER])))
        if gone:
            put(Gone(gone))
        if skips:
            put(
                Verdicts(
                    tuple(
                        FileRecord(
                            path=job.path,
                            root=root,
                            state=job.state,
                            status=FileStatus.SKIPPED,
                            reason=job.reason,
                        )
                        for job in skips
                    )
                )
            )
        upserts = [job for job in jobs if isinstance(job, Upsert)]
        urgent = urgent_paths(upserts, is_hinted=bool(sweep.below), now_s=self._clock())
        self._work.add_reads(root, upserts, urgent=urgent)


def _settled(
    jobs: Sequence[Job], adoptions: Mapping[Path, Adoption], seen_later: Collection[Path]
) -> list[Job | Adoption]:
    """Leave out what was looked at since, and make of files that only look moved what they are.

    Args:
        jobs: What a sweep found.
        adoptions: By their new paths, the files that truly moved.
        seen_later: Places that were looked at after the sweep came there.
    """
    settled: list[Job | Adoption] = []
    for job in jobs:
        is_due = not _is_within(job.path, seen_later)
        if not isinstance(job, Move):
            settled += [job] if is_due else []
            continue
        is_old_due = not _is_within(job.old, seen_later)
        if is_due and is_old_due and job.path in adoptions:
            settled.append(adoptions[job.path])
        else:
            settled += [Delete(job.old)] if is_old_due else []
            settled += [Upsert(job.path, job.state)] if is_due else []
    return settled


def _is_within(path: Path, places: Collection[Path]) -> bool:
    return bool(places) and (path in places or any(above in places for above in path.parents))
