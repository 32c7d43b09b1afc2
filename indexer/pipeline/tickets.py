"""What somebody waits for who wants everything found that is on disk now.

First the looks at the disk that begin after the call, then exactly the reads
that are outstanding when these have ended. A file that changes again meanwhile
is read again later, and nobody waits for that: so the wait has an end even
where a file never comes to rest.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from indexer.pipeline.tasks import Read, Sweep


class Ticket:
    """One wait. Kept by the queue, under whose lock everything here is called.

    Args:
        whole: Roots of which everything matters.
        parts: Files and folders of other roots that matter, by root.
        also: Roots with places that are about to be looked at anyway.
    """

    def __init__(
        self, whole: Collection[Path], parts: dict[Path, frozenset[Path]], *, also: Collection[Path] = ()
    ) -> None:
        self._whole = frozenset(whole)
        self._parts = parts
        self._waiting = {(root, True) for root in whole} | {(root, False) for root in (*parts, *also)}
        """Looks that have not begun: the root, and whether it is looked through as a whole."""

        self._sweeps: list[Sweep] = []
        self._reads: dict[Path, Read] | None = None
        self.total = 0
        """How many files are waited for; 0 until that is known."""

    @property
    def is_done(self) -> bool:
        """Whether everything that was on disk at the time of the call can be found."""
        return self._reads is not None and not self._reads

    @property
    def left(self) -> int:
        """How many files are still waited for."""
        return len(self._reads or ())

    def covers(self, read: Read) -> bool:
        """Tell whether a file matters."""
        if read.root in self._whole:
            return True
        places = self._parts.get(read.root, frozenset())
        return read.path in places or any(above in places for above in read.path.parents)

    def begin(self, sweep: Sweep) -> None:
        """Note that a look begins."""
        # a look through all of a root is one at each of its places too.
        seen = {(sweep.root, False)} if sweep.below else {(sweep.root, False), (sweep.root, True)}
        if not self._waiting.isdisjoint(seen):
            self._waiting -= seen
            self._sweeps.append(sweep)

    def end(self, sweep: Sweep, outstanding: Iterable[Read]) -> None:
        """Note that a look has ended.

        Args:
            sweep: The look.
            outstanding: All reads that are outstanding now, of a file the newest.
        """
        if any(each is sweep for each in self._sweeps):
            self._sweeps = [each for each in self._sweeps if each is not sweep]
            self.look(outstanding)

    def look(self, outstanding: Iterable[Read]) -> None:
        """Choose what is waited for, once every look has ended."""
        if self._reads is None and not (self._waiting or self._sweeps):
            self._reads = {read.path: read for read in outstanding if self.covers(read)}
            self.total = len(self._reads)

    def finish(self, read: Read) -> None:
        """Note that a file is done; that is enough for its earlier reads too, carried out or replaced."""
        if self._reads and (waited := self._reads.get(read.path)) and waited.number <= read.number:
            del self._reads[read.path]

    def forget(self, roots: Collection[Path] | None, outstanding: Iterable[Read]) -> None:
        """Wait no longer for what was taken back of some roots, or of all."""
        self._waiting = {key for key in self._waiting if roots is not None and key[0] not in roots}
        self.look(outstanding)
