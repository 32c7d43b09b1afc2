"""What failed is tried again: files with growing patience, all work after an error of the index."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import StoreError, TransientError, WorkerError
from indexer.extract.sandbox import Extracted
from indexer.pipeline.rounds import LOOK_S, Rounds
from indexer.pipeline.troubles import FILE_WAITS_S, WORK_WAITS_S, Troubles, wait_s
from indexer.types import FileEntry
from tests.indexer.fakes import ParagraphReader
from tests.indexer.pipeline.bench import Bench, settle, wait_until


def entry(bench: Bench, path: Path) -> FileEntry:
    found = bench.index.file(path)
    assert found is not None
    return found


@given(attempt=st.integers(1, 10_000))
def test_patience_grows_and_has_an_end(attempt: int) -> None:
    """Each failure is followed by at least as long a wait as the one before, and by six hours at most."""
    assert wait_s(attempt, FILE_WAITS_S) <= wait_s(attempt + 1, FILE_WAITS_S) <= 6 * 3600
    assert wait_s(1, FILE_WAITS_S) == 30


def test_a_locked_file_is_left_alone_until_it_is_due(bench: Bench) -> None:
    """Sweeps pass it over; when its time has come it is read once, and waits longer each time."""
    locked = bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    for attempt, waited_s in enumerate((*FILE_WAITS_S, FILE_WAITS_S[-1]), start=1):
        found = entry(bench, locked)
        assert (found.attempts, found.retry_at) == (attempt, bench.now + waited_s)
        bench.reader.read.clear()
        bench.now += waited_s - 1
        pipeline.sweep()
        assert pipeline.retry() == bench.now + 1
        settle(pipeline)
        assert bench.reader.read == []
        bench.now += 1
        pipeline.retry()
        settle(pipeline)
        assert bench.reader.read == [locked]


def test_a_locked_file_is_indexed_when_it_is_free_again(bench: Bench) -> None:
    """Nothing of the failure is left then."""

    class Busy(ParagraphReader):
        is_locked = True

        def extract(self, path: Path) -> Extracted:
            if self.is_locked:
                raise TransientError("the file is locked")
            return super().extract(path)

    reader = Busy()
    path = bench.write("a.md", "a thought")
    pipeline = bench.open(open_reader=lambda: reader)
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert entry(bench, path).reason == "the file is locked"
    reader.is_locked = False
    bench.now += 30
    pipeline.retry()
    settle(pipeline)
    found = entry(bench, path)
    assert (found.status.value, found.reason, found.attempts, found.retry_at) == ("indexed", "", 0, None)


def test_a_file_that_changed_starts_over(bench: Bench) -> None:
    """It is read at once, and its next failure is a first one."""
    locked = bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.now += 30
    pipeline.retry()
    settle(pipeline)
    assert entry(bench, locked).attempts == 2
    locked.write_text("LOCKED again", encoding="utf-8")
    pipeline.sweep()
    settle(pipeline)
    found = entry(bench, locked)
    assert (found.attempts, found.retry_at) == (1, bench.now + FILE_WAITS_S[0])


def test_a_file_that_changed_before_its_next_try_starts_over(bench: Bench) -> None:
    """Whoever reads it finds another file than the one that failed."""
    locked = bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    locked.write_text("LOCKED again", encoding="utf-8")
    bench.now += 30
    pipeline.retry()
    settle(pipeline)
    assert entry(bench, locked).attempts == 1


def test_a_damaged_file_waits_for_a_change(bench: Bench) -> None:
    """However much time passes; but it is read when it is written anew."""
    damaged = bench.write("damaged.md", "DAMAGED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    found = entry(bench, damaged)
    assert (found.attempts, found.retry_at) == (1, None)
    bench.reader.read.clear()
    bench.now += 30 * 24 * 3600
    assert pipeline.retry() is None
    settle(pipeline)
    assert bench.reader.read == []
    os.utime(damaged, ns=(1, 1))
    pipeline.sweep()
    settle(pipeline)
    assert bench.reader.read == [damaged]


def test_a_damaged_file_is_tried_again_on_demand(bench: Bench) -> None:
    """As when a limit was raised; a failure that is no better is one more attempt."""
    damaged = bench.write("damaged.md", "DAMAGED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.index.retry_failed(bench.now)
    pipeline.retry()
    settle(pipeline)
    found = entry(bench, damaged)
    assert (found.attempts, found.retry_at) == (2, None)


def test_a_person_has_what_failed_read_again_now(bench: Bench) -> None:
    """Whatever it waits for, and only where that was asked for."""
    damaged, locked = bench.write("damaged.md", "DAMAGED"), bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    bench.now += 1
    assert pipeline.retry_now([damaged]) == 1
    settle(pipeline)
    assert bench.reader.read == [damaged]
    bench.now += 1
    assert pipeline.retry_now() == 2
    settle(pipeline)
    assert sorted(bench.reader.read[1:]) == [damaged, locked]
    assert (entry(bench, damaged).attempts, entry(bench, damaged).retry_at) == (3, None)
    assert entry(bench, locked).attempts == 2
    assert pipeline.retry_now([bench.folder / "elsewhere"]) == 0


def test_the_next_start_remembers_what_is_due(bench: Bench) -> None:
    """A restart is no reason to try before, and none to forget."""
    locked = bench.write("locked.md", "LOCKED")
    first = bench.open()
    first.add_root(bench.folder)
    settle(first)
    first.close()
    bench.reader.read.clear()
    second = bench.open()
    assert second.retry() == bench.now + 30
    settle(second)
    assert bench.reader.read == []
    bench.now += 31
    second.retry()
    settle(second)
    assert bench.reader.read == [locked]


def test_nothing_is_tried_again_while_its_root_is_away(bench: Bench) -> None:
    """A disk that is not there is no reason to forget a file, nor to count a failure."""
    locked = bench.write("locked.md", "LOCKED")
    bench.write("other.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    before = entry(bench, locked)
    unmounted = bench.folder.rename(bench.folder.with_name("unmounted"))
    bench.now += 30
    # once when nobody has noticed yet, and once when it is known.
    for _ in range(2):
        pipeline.retry()
        settle(pipeline)
        assert entry(bench, locked) == before
        pipeline.sweep()
        settle(pipeline)
    unmounted.rename(bench.folder)
    pipeline.sweep()
    settle(pipeline)
    pipeline.retry()
    settle(pipeline)
    assert entry(bench, locked).attempts == 2


def test_a_file_to_which_something_happened_is_tried_at_once(bench: Bench) -> None:
    """A change of mode does not show in size and time; the event alone is a reason, for this file only."""
    locked, other = bench.write("locked.md", "LOCKED"), bench.write("other.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    woken = threading.Event()
    pipeline.troubles.on_nearer = woken.set
    pipeline.look_at(bench.folder, [locked])
    settle(pipeline)
    assert woken.is_set()
    pipeline.retry()
    settle(pipeline)
    assert bench.reader.read == [locked]
    assert (entry(bench, locked).attempts, entry(bench, other).attempts) == (2, 1)


def test_an_event_at_a_damaged_file_is_no_reason(bench: Bench) -> None:
    """Only its content can help, and that did not change."""
    damaged = bench.write("damaged.md", "DAMAGED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    pipeline.look_at(bench.folder, [damaged])
    settle(pipeline)
    assert pipeline.retry() is None
    settle(pipeline)
    assert bench.reader.read == []


def test_what_waits_is_not_handed_out_twice(bench: Bench) -> None:
    """A look at the clock while the file waits in the queue changes nothing."""
    bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    troubles = Troubles(bench.index, clock=lambda: bench.now)
    bench.now += 30
    first, _ = troubles.take_due([bench.folder], ())
    second, _ = troubles.take_due([bench.folder], ())
    assert ([upsert.attempt for upsert in first[bench.folder]], second) == ([2], {})


def test_a_file_of_a_root_inside_another_is_tried_again_as_its_own(bench: Bench) -> None:
    """The inner root is the one that it belongs to."""
    hidden = bench.write(".private/locked.md", "LOCKED").parent
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    pipeline.add_root(hidden)
    settle(pipeline)
    bench.now += 30
    due, _ = Troubles(bench.index, clock=lambda: bench.now).take_due(bench.index.roots(), ())
    assert list(due) == [hidden]


def test_a_full_disk_heals_by_itself(bench: Bench) -> None:
    """The work goes on a minute later, and the wait doubles with every try that fails, up to half an hour."""
    bench.worker.error = StoreError("the disk is full")
    for number in range(20):
        bench.write(f"{number}.md", f"words {number}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    for waited_s in (*WORK_WAITS_S, WORK_WAITS_S[-1]):
        assert pipeline.fault is bench.worker.error
        assert pipeline.troubles.retry_at == bench.now + waited_s
        bench.now += waited_s - 1
        assert pipeline.retry() == bench.now + 1
        bench.now += 1
        pipeline.retry()
        settle(pipeline)
    bench.worker.error = None
    bench.now += WORK_WAITS_S[-1]
    pipeline.retry()
    settle(pipeline)
    assert (pipeline.fault, pipeline.troubles.retry_at) == (None, None)
    assert set(bench.ledger().values()) == {("indexed", "")}


def test_after_work_that_went_well_a_fault_is_a_first_one(bench: Bench) -> None:
    """The next full disk is looked at a minute later again."""
    bench.worker.error = StoreError("the disk is full")
    bench.write("a.md", "first words")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.now += WORK_WAITS_S[0]
    pipeline.retry()
    settle(pipeline)
    bench.worker.error = None
    bench.now += WORK_WAITS_S[1]
    pipeline.retry()
    settle(pipeline)
    pipeline.retry()
    bench.worker.error = StoreError("the disk is full")
    bench.write("b.md", "other words")
    pipeline.look_at(bench.folder, ())
    settle(pipeline)
    assert pipeline.troubles.retry_at == bench.now + WORK_WAITS_S[0]


def test_a_model_that_does_not_load_is_waited_for(bench: Bench) -> None:
    """Even where nothing is to be read, the work goes on only when the worker starts."""
    is_there = threading.Event()

    def open_reader() -> ParagraphReader:
        if not is_there.is_set():
            raise WorkerError("the model does not load")
        return bench.reader

    pipeline = bench.open(open_reader=open_reader)
    pipeline.add_root(bench.folder)
    settle(pipeline)
    pipeline.stop_work(WorkerError("the model does not load"))
    bench.now += WORK_WAITS_S[0]
    pipeline.retry()
    settle(pipeline)
    assert isinstance(pipeline.fault, WorkerError)
    is_there.set()
    bench.now += WORK_WAITS_S[1]
    pipeline.retry()
    settle(pipeline)
    assert pipeline.fault is None


class Timetable:
    """Rounds over no roots, and when something is to be tried again."""

    def __init__(self, retry_at: float | None) -> None:
        self.retry_at = retry_at
        self.tries = 0
        self.woken = threading.Event()
        self.rounds = Rounds(dict, lambda _: None, retry=self._retry, clock=lambda: 1_000.0, woken=self.woken)

    def _retry(self) -> float | None:
        self.tries += 1
        return self.retry_at


@pytest.mark.parametrize(
    ("retry_at", "pause_s"), [(None, LOOK_S), (1_010.0, 10.0), (5_000.0, LOOK_S), (900.0, 0.0)]
)
def test_the_clock_is_looked_at_again_when_something_is_due(retry_at: float | None, pause_s: float) -> None:
    """At the next try if that comes before the next regular look."""
    assert Timetable(retry_at).rounds.look() == pytest.approx(pause_s, abs=0.1)


def test_a_nearer_try_wakes_the_clock() -> None:
    """The thread looks at once at its start, and whenever it is told that something new is due."""
    table = Timetable(None)
    table.rounds.start()
    wait_until(lambda: table.tries == 1)
    table.woken.set()
    wait_until(lambda: table.tries == 2)
    table.rounds.close()


def test_an_unreadable_catalog_does_not_end_the_rounds() -> None:
    """The next look may find it in order again."""

    class Damaged(Timetable):
        def _retry(self) -> float | None:
            super()._retry()
            raise StoreError("the catalog is damaged")

    table = Damaged(None)
    table.rounds.start()
    for tries in (1, 2):
        wait_until(lambda tries=tries: table.tries >= tries)  # type: ignore[misc]
        table.woken.set()
    table.rounds.close()


def test_a_failure_tells_that_something_is_due(bench: Bench) -> None:
    """Whoever waits for the next try is woken after the ledger knows of it."""
    bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    known: list[float | None] = []
    pipeline.troubles.on_nearer = lambda: known.append(bench.index.next_retry())
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert known == [bench.now + 30]
