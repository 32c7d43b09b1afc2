"""The two threads that look at the disk and read files.

One does what somebody waits for: it looks at places that just changed and reads
a few small files. The other does all the rest. So neither a folder of a million
files nor a book of a thousand pages stands between saving a note and finding it.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from indexer.errors import IndexerError, KbError
from indexer.pipeline.adopting import Known
from indexer.pipeline.reading import Reader, read_file
from indexer.pipeline.tasks import Lane, Read, Sweep, Work
from indexer.pipeline.work import WorkQueue
from indexer.pipeline.writer import Flush, Handoff, Item, Swept, failed, log_bug
from indexer.walk import WalkRules


class Readers:
    """Lends what reads files: one reader, and a spare one while the first is busy with a large file.

    Args:
        open_reader: Makes a reader; may wait for the embedding model.
    """

    def __init__(self, open_reader: Callable[[], Reader]) -> None:
        self._open_reader = open_reader
        self._first = _Lent()
        self._spare = _Lent()

    @contextlib.contextmanager
    def lent(self, lane: Lane) -> Iterator[Callable[[], Reader]]:
        """Lend what opens a reader, to one thread at a time; only the urgent lane gets the spare one."""
        lent = self._first
        if not lent.lock.acquire(blocking=lane is not Lane.URGENT):
            lent = self._spare
            lent.lock.acquire()
        try:
            yield lambda: self._open(lent)
        finally:
            lent.lock.release()

    def open(self) -> None:
        """Open the first reader, if it is not."""
        with self._first.lock:
            self._open(self._first)

    def close_spare(self) -> None:
        """End the spare reader, whose memory is not needed while nothing is in its way."""
        with self._spare.lock:
            reader, self._spare.reader = self._spare.reader, None
        if reader is not None:
            reader.close()

    def close(self) -> None:
        """End both, also in the middle of a file."""
        for lent in (self._first, self._spare):
            if (reader := lent.reader) is not None:
                reader.close()

    def _open(self, lent: "_Lent") -> Reader:
        if lent.reader is None:
            lent.reader = self._open_reader()
        return lent.reader


class _Lent:
    """One reader and the right to use it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reader: Reader | None = None


class ReadingLane:
    """One of the two threads, until the queue is stopped.

    Args:
        lane: What it does.
        work: Where work is taken from.
        items: Where results are put.
        look: Carries out a look at the disk.
        readers: What reads files.
        index: What is indexed already.
        rules: Which files are left out.
        on_fault: Told of an error that concerns the index and not one file.
        on_error: Told of a root that could not be looked at because of a bug, with the reason.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        lane: Lane,
        *,
        work: WorkQueue,
        items: Handoff,
        look: Callable[[Sweep], None],
        readers: Readers,
        index: Known,
        rules: WalkRules,
        on_fault: Callable[[KbError], None],
        on_error: Callable[[Path, str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lane = lane
        self._work = work
        self._put = items.put_urgent if lane is Lane.URGENT else items.put
        self._look = look
        self._readers = readers
        self._index = index
        self._rules = rules
        self._on_fault = on_fault
        self._on_error = on_error
        self._clock = clock
        self._thread = threading.Thread(target=self._run, name=f"reading-{lane.value}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._work.is_stopped:
            work = self._work.take(self._lane, wait=False)
            if work is None:
                is_quiet = self._work.is_quiet_but_for(self._lane)
                # nothing to read ahead: what is gathered is written now, and then it is time to tidy up.
                self._put(Flush(is_drained=is_quiet))
                if is_quiet:
                    self._readers.close_spare()
                work = self._work.take(self._lane)
            if work is None:
                break
            self._carry_out(work)
        self._readers.close()

    def _carry_out(self, work: Work) -> None:
        try:
            if isinstance(work, Sweep):
                self._look(work)
                self._put(Swept(work))
            else:
                self._put(self._read(work))
        except KbError as error:
            self._on_fault(error)
            if isinstance(work, Sweep):
                self._work.finish_sweep(work)
            else:
                self._work.finish_read(work)
        except Exception as error:  # noqa: BLE001 - the loop outlives a bug
            log_bug("reading_failed", error)
            bug = IndexerError(f"an internal error ({type(error).__name__})")
            if isinstance(work, Read):
                # the next version of kb may do better, and so may another try.
                self._put(failed(work, work.upsert.state, bug, is_lasting=False, now=self._clock()))
            else:
                self._on_error(work.root, bug.message)
                self._put(Swept(work))

    def _read(self, read: Read) -> Item:
        with self._readers.lent(self._lane) as open_reader:
            return read_file(
                read, rules=self._rules, open_reader=open_reader, clock=self._clock, index=self._index
            )
