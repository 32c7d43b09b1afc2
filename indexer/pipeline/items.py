"""What the reading threads hand to the writing one, and the queue in which it waits."""

import queue
from dataclasses import dataclass
from pathlib import Path

from indexer.catalog import Adoption
from indexer.index import FileRecord, NewDocument
from indexer.pipeline.work import Read, Sweep

READ_AHEAD_CHUNKS = 1024
"""How much may be read and not yet taken by the writer."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was read and chunked."""

    read: Read
    document: NewDocument


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Files that are not indexed, and why."""

    records: tuple[FileRecord, ...]
    read: Read | None = None
    """The work that ends with a verdict; `None` where a sweep already knew."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The end of a sweep: what it found without reading a file is in front of this."""

    sweep: Sweep


@dataclass(frozen=True, slots=True)
class Gone:
    """Files that are no longer there."""

    paths: tuple[Path, ...]
    read: Read | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """Files that need not be read, because what is stored of others, or of themselves, is theirs."""

    adoptions: tuple[Adoption, ...]
    read: Read | None = None


@dataclass(frozen=True, slots=True)
class Flush:
    """Nothing follows for now: what is gathered is to be written."""

    is_drained: bool = False
    """Whether this is the end of a stretch of work, so that what moved has arrived."""


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing follows at all."""


Item = Ready | Verdicts | Gone | Adopted | Swept | Flush | Close


class Handoff(queue.Queue[Item]):
    """What the reading threads hand to the writing ones; full when it holds `READ_AHEAD_CHUNKS`.

    Counting chunks and not files lets hundreds of notes be read ahead, and only a few books.
    What comes of a change that somebody just made has a way of its own.
    """

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._weight = 0
        self._urgent: queue.SimpleQueue[Item] = queue.SimpleQueue()

    def _qsize(self) -> int:
        return self._weight

    def _put(self, item: Item) -> None:
        self._weight += _weight_of(item)
        super()._put(item)

    def _get(self) -> Item:
        item: Item = super()._get()
        self._weight -= _weight_of(item)
        return item

    def put_urgent(self, item: Item) -> None:
        """Put what comes of a change that somebody just made, without ever waiting for room.

        All of it comes from one thread and keeps its order: what was read, what is gone, the end of a look.
        """
        self._urgent.put(item)

    def get_urgent(self, *, wait: bool) -> Item:
        """Take what was put by `put_urgent`.

        Raises:
            queue.Empty: If there is nothing and `wait` is false.
        """
        return self._urgent.get(block=wait)

    def hand_down(self, item: Item) -> None:
        """Put what was urgent and turned out to be long in front of all that is not, also without room."""
        with self.mutex:
            self._weight += _weight_of(item)
            self.queue.appendleft(item)
            self.unfinished_tasks += 1
            self.not_empty.notify()

    def close(self) -> None:
        """Put `Close`, also where there is no room: whoever ends kb does not wait for a batch."""
        self._urgent.put(Close())
        with self.mutex:
            self._put(Close())
            self.unfinished_tasks += 1
            self.not_empty.notify()


def paths_of(item: Verdicts | Gone | Adopted) -> set[Path]:
    """Return the files that an item is about."""
    if isinstance(item, Verdicts):
        return {record.path for record in item.records}
    if isinstance(item, Gone):
        return set(item.paths)
    return {path for each in item.adoptions for path in (each.path, each.source)}


def _weight_of(item: Item) -> int:
    return 1 + len(item.document.chunks) if isinstance(item, Ready) else 1
