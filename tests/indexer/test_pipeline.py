"""The pipeline over a real catalog, with children that stand in for worker and reader."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from indexer.catalog import Catalog
from indexer.errors import StoreError, UsageError, WorkerError
from indexer.index import Index
from indexer.pipeline import Pipeline
from indexer.types import FileStatus, Vectors
from indexer.walk import WalkRules
from tests.indexer.fakes import InMemoryWorker, ParagraphReader


class Bench:
    """A pipeline over one folder, opened by the test so that it can look before anything runs."""

    def __init__(self, home: Path, folder: Path, stack: ExitStack) -> None:
        self.home = home
        self.folder = folder
        self._stack = stack
        self.worker = InMemoryWorker()
        self.reader = ParagraphReader()

    def open(self, *exclude: str, open_reader: Callable[[], ParagraphReader] | None = None) -> Pipeline:
        """Open the index anew and start a pipeline over it, without any root yet."""
        catalog = Catalog.open(self.home / "catalog.sqlite")
        self.index = Index(catalog, self.worker)
        self._stack.callback(self.index.close)
        rules = WalkRules(
            exclude=exclude, max_file_bytes=1_000_000, is_supported=lambda path: path.suffix == ".md"
        )
        opener = open_reader or (lambda: self.reader)
        pipeline = Pipeline(self.index, rules=rules, open_reader=opener, home=self.home)
        self._stack.callback(pipeline.close)
        pipeline.start()
        return pipeline

    def write(self, name: str, text: str = "plain words") -> Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def ledger(self) -> dict[str, tuple[str, str]]:
        """Map each file's path below the folder to status and reason."""
        return {
            os.path.relpath(entry.path, self.folder): (entry.status.value, entry.reason)
            for entry in self.index.files()
        }


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    home, folder = tmp_path / "home", tmp_path / "notes"
    home.mkdir()
    folder.mkdir()
    with ExitStack() as stack:
        yield Bench(home, folder, stack)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.005)


def settle(pipeline: Pipeline) -> None:
    """Wait until nothing is left to do."""
    wait_until(lambda: pipeline.progress().is_idle)


def test_a_new_root_is_indexed_file_by_file(bench: Bench) -> None:
    """Everything readable becomes chunks, and what is left out says why."""
    bench.write("a.md", "one\n\ntwo")
    bench.write("sub/b.md", "three")
    bench.write("photo.png")
    pipeline = bench.open()
    assert pipeline.add_root(bench.folder) == ""
    settle(pipeline)
    assert bench.ledger() == {
        "a.md": ("indexed", ""),
        "sub/b.md": ("indexed", ""),
        "photo.png": ("skipped", "no reader for .png files"),
    }
    progress = pipeline.progress()
    assert (progress.files_done, progress.files_total, progress.chunks_done) == (2, 2, 3)
    assert pipeline.as_of > 0


def test_work_is_announced_before_adding_a_root_returns(bench: Bench) -> None:
    """A client that asks for progress right after adding never sees an idle daemon."""
    gate = threading.Event()
    bench.worker = InMemoryWorker(gate=gate)
    bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    assert not pipeline.progress().is_idle
    gate.set()
    settle(pipeline)


def test_an_empty_folder_is_done_at_once(bench: Bench) -> None:
    """Nothing to index is no error, and the index agrees with the disk."""
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert bench.ledger() == {}
    assert pipeline.as_of > 0


def test_a_failing_file_does_not_stop_the_rest(bench: Bench) -> None:
    """A damaged file, a locked one, one that makes the reader crash: each is recorded with its reason."""
    bench.write("bad.md", "DAMAGED")
    bench.write("good.md")
    bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert bench.ledger() == {
        "bad.md": ("failed", "the file is damaged"),
        "good.md": ("indexed", ""),
        "locked.md": ("failed", "the file is locked"),
    }
    assert {error["reason"] for error in pipeline.last_errors} == {
        "the file is damaged",
        "the file is locked",
    }


def test_a_bug_in_reading_one_file_is_recorded_without_its_text(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen exception is one file's failure, and its message stays out of ledger and log."""
    bench.write("bug.md", "BUG and a secret")
    bench.write("good.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert bench.ledger() == {
        "bug.md": ("failed", "an internal error (ZeroDivisionError)"),
        "good.md": ("indexed", ""),
    }
    assert "secret" not in caplog.text


def test_a_locked_file_is_tried_again_by_the_next_sweep(bench: Bench) -> None:
    """What may pass is tried again although the file did not change; what cannot, is not."""
    bad, locked = bench.write("bad.md", "DAMAGED"), bench.write("locked.md", "LOCKED")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    pipeline.sweep()
    settle(pipeline)
    assert bench.reader.read == [locked]
    os.utime(bad, ns=(1, 1))
    pipeline.sweep()
    settle(pipeline)
    assert set(bench.reader.read) == {bad, locked}


def test_a_file_that_kills_the_worker_is_found_out(bench: Bench) -> None:
    """A batch that the worker does not survive is tried file by file, and only the culprit fails."""
    bench.worker = InMemoryWorker(deadly="poison")
    bench.write("bad.md", "a poison pill")
    for number in range(5):
        bench.write(f"good-{number}.md", f"words {number}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert pipeline.fault is None
    statuses = bench.ledger()
    assert statuses.pop("bad.md") == ("failed", "the embedding worker died twice over one request")
    assert set(statuses.values()) == {("indexed", "")}


def test_a_worker_that_never_survives_stops_the_work(bench: Bench) -> None:
    """When file after file kills the worker, the worker is at fault and no more files are blamed."""
    bench.worker.error = WorkerError("the embedding worker died twice over one request")
    for number in range(10):
        bench.write(f"{number}.md", f"words {number}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert isinstance(pipeline.fault, WorkerError)
    assert len(bench.ledger()) == 2


def test_a_full_store_stops_the_work_until_the_next_sweep(bench: Bench) -> None:
    """Nothing is blamed on the files, nothing hangs, and asking again goes on where it stopped."""
    bench.worker.error = StoreError("the disk is full")
    for number in range(200):
        bench.write(f"{number}.md", f"words {number}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    fault = pipeline.fault
    assert fault is bench.worker.error
    assert bench.ledger() == {}
    assert pipeline.as_of == 0
    bench.worker.error = None
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.fault is None
    assert bench.index.counts()[FileStatus.INDEXED] == 200


def test_a_sweep_finds_what_changed(bench: Bench) -> None:
    """Edited files are read again, deleted ones forgotten, untouched ones left alone."""
    bench.write("edited.md", "before")
    bench.write("same.md")
    deleted = bench.write("deleted.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    edited = bench.write("edited.md", "after all")
    deleted.unlink()
    pipeline.sweep()
    settle(pipeline)
    assert bench.reader.read == [edited]
    assert set(bench.ledger()) == {"edited.md", "same.md"}
    wait_until(lambda: len(bench.worker.vectors) == 2)


def test_a_moved_file_is_not_embedded_again(bench: Bench) -> None:
    """A rename deletes and adds, and its vectors outlive the moment between."""
    path = bench.write("old.md", "a thought")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    path.rename(bench.folder / "new.md")
    pipeline.sweep()
    settle(pipeline)
    assert set(bench.ledger()) == {"new.md"}
    assert bench.worker.embedded == ["a thought"]


def test_files_that_vanish_before_they_are_read_are_forgotten(bench: Bench) -> None:
    """Neither the file at hand nor one that waits is a failure when it is gone."""
    files = [bench.write("a.md"), bench.write("b.md")]

    def open_reader() -> ParagraphReader:
        for file in files:
            file.unlink()
        return bench.reader

    pipeline = bench.open(open_reader=open_reader)
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert bench.reader.read == files[:1]
    assert bench.ledger() == {}
    assert pipeline.last_errors == []


def test_a_root_that_is_away_is_kept(bench: Bench) -> None:
    """When a whole root is missing nothing is forgotten, and it is taken up when it is back."""
    bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    elsewhere = bench.folder.rename(bench.home / "elsewhere")
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.away == {bench.folder}
    assert set(bench.ledger()) == {"a.md"}
    elsewhere.rename(bench.folder)
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.away == frozenset()


def test_a_folder_inside_a_root_is_not_added(bench: Bench) -> None:
    """It is indexed already, and the person is told as part of what."""
    inside = bench.write("sub/a.md").parent
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    assert pipeline.add_root(inside) == f"{inside} is already indexed as part of {bench.folder}"
    assert pipeline.add_root(bench.folder) == f"{bench.folder} is already indexed"
    assert bench.index.roots() == [bench.folder]


def test_a_hidden_folder_inside_a_root_becomes_one_of_its_own(bench: Bench) -> None:
    """What the walk of a root does not reach can be added, and neither root touches the other's files."""
    hidden = bench.write(".private/a.md").parent
    bench.write("b.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    assert pipeline.add_root(hidden) == ""
    settle(pipeline)
    pipeline.sweep()
    settle(pipeline)
    assert bench.index.root_counts() == {bench.folder: 1, hidden: 1}


def test_a_folder_above_a_root_absorbs_it(bench: Bench) -> None:
    """The inner root ends, and nothing of it is read or embedded again."""
    inner = bench.write("inner/a.md", "inner words").parent
    bench.write("b.md", "outer words")
    pipeline = bench.open()
    pipeline.add_root(inner)
    settle(pipeline)
    assert pipeline.add_root(bench.folder) == f"{inner} is now part of {bench.folder}"
    settle(pipeline)
    assert bench.index.root_counts() == {bench.folder: 2}
    assert bench.reader.read == [inner / "a.md", bench.folder / "b.md"]


def test_a_removed_root_is_forgotten_with_its_vectors(bench: Bench) -> None:
    """The number of files comes back, and the files themselves stay."""
    path = bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert pipeline.remove_root(bench.folder) == 1
    assert bench.index.roots() == []
    assert bench.worker.vectors == {}
    assert path.exists()


def test_a_root_can_be_removed_while_it_is_being_indexed(bench: Bench) -> None:
    """What was read of it before is not written any more, and nothing is left waiting."""
    gate = threading.Event()
    bench.worker = InMemoryWorker(gate=gate)
    for number in range(200):
        bench.write(f"{number}.md", f"words {number}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    wait_until(lambda: bool(bench.reader.read))
    threading.Timer(0.1, gate.set).start()
    pipeline.remove_root(bench.folder)
    settle(pipeline)
    assert bench.ledger() == {}
    assert pipeline.fault is None
    assert pipeline.last_errors == []


def test_removing_what_is_no_root_is_refused(bench: Bench) -> None:
    """The sentence names the path, and the root that holds it where there is one."""
    inside = bench.write("sub/a.md").parent
    pipeline = bench.open()
    with pytest.raises(UsageError) as caught:
        pipeline.remove_root(inside)
    assert (caught.value.message, caught.value.hint) == (
        f"{inside} is not an indexed folder",
        "run `kb roots`",
    )
    pipeline.add_root(bench.folder)
    with pytest.raises(UsageError) as caught:
        pipeline.remove_root(inside)
    assert caught.value.message == f"{inside} is not an indexed folder, but part of {bench.folder}"
    assert caught.value.hint == f"run `kb remove {bench.folder}`"


def test_a_rule_that_changed_between_two_starts_is_applied(bench: Bench) -> None:
    """A file that the config now excludes leaves the index at the next start, and comes back after it."""
    bench.write("draft.md")
    first = bench.open()
    first.add_root(bench.folder)
    settle(first)
    first.close()
    second = bench.open("draft*")
    settle(second)
    assert bench.ledger() == {"draft.md": ("skipped", "[index] exclude: draft*")}
    assert bench.index.chunk_count() == 0
    second.close()
    third = bench.open()
    settle(third)
    assert bench.ledger() == {"draft.md": ("indexed", "")}


def test_closing_in_the_middle_loses_nothing(bench: Bench) -> None:
    """The batch under way is written, the rest is found by the next start, nothing is embedded twice."""
    gate = threading.Event()
    bench.worker = InMemoryWorker(gate=gate)
    for number in range(300):
        bench.write(f"{number}.md", f"words {number}")
    first = bench.open()
    first.add_root(bench.folder)
    wait_until(lambda: bool(bench.reader.read))
    threading.Timer(0.1, gate.set).start()
    assert first.close()
    assert bench.reader.is_closed
    assert bench.index.counts()[FileStatus.INDEXED] < 300
    second = bench.open()
    settle(second)
    assert bench.index.counts()[FileStatus.INDEXED] == 300
    assert len(bench.worker.embedded) == 300


def test_progress_moves_inside_a_book(bench: Bench) -> None:
    """A file of many chunks is embedded in parts, and each part is seen."""
    seen: list[int] = []

    class Watching(InMemoryWorker):
        def embed_and_store(self, ids: Sequence[str], texts: Sequence[str]) -> Vectors:
            seen.append(pipeline.progress().chunks_done)
            return super().embed_and_store(ids, texts)

    bench.worker = Watching()
    bench.write("book.md", "\n\n".join(f"paragraph {number}" for number in range(600)))
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert seen == [0, 256, 512]
    assert pipeline.progress().chunks_done == 600


def test_a_worker_that_is_ended_by_us_is_nobodys_fault(bench: Bench) -> None:
    """When the daemon ends while a file is embedded, the file is not recorded as failed."""

    class Ended(InMemoryWorker):
        def embed_and_store(self, ids: Sequence[str], texts: Sequence[str]) -> Vectors:
            closing.start()
            wait_until(lambda: bench.reader.is_closed)
            raise WorkerError(f"the worker was stopped over {len(ids)} of {len(texts)} texts")

    bench.worker = Ended()
    bench.write("a.md")
    pipeline = bench.open()
    closing = threading.Thread(target=pipeline.close)
    pipeline.add_root(bench.folder)
    wait_until(lambda: closing.ident is not None)
    closing.join()
    assert bench.ledger() == {}
    assert pipeline.fault is None


def test_closing_does_not_wait_for_the_model(bench: Bench) -> None:
    """A daemon that is stopped while the model is being loaded ends at once, and leaves no reader behind."""
    bench.write("a.md")
    is_opening, gate = threading.Event(), threading.Event()

    def open_reader() -> ParagraphReader:
        is_opening.set()
        gate.wait(20)
        return bench.reader

    pipeline = bench.open(open_reader=open_reader)
    pipeline.add_root(bench.folder)
    assert is_opening.wait(20)
    assert pipeline.close()
    gate.set()
    wait_until(lambda: bench.reader.is_closed)
    assert bench.ledger() == {}


def test_a_file_with_a_name_that_is_not_utf8_is_indexed(bench: Bench) -> None:
    """Names are bytes on this system, and every part agrees on them."""
    bench.write(os.fsdecode(b"caf\xe9.md"))
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert bench.ledger() == {os.fsdecode(b"caf\xe9.md"): ("indexed", "")}


def test_small_files_are_embedded_together(bench: Bench) -> None:
    """Many notes of one chunk fill a batch instead of making one each."""
    for number in range(100):
        bench.write(f"{number}.md", f"words {number}")
    batches: list[int] = []

    class Counting(InMemoryWorker):
        def embed_and_store(self, ids: Sequence[str], texts: Sequence[str]) -> Vectors:
            batches.append(len(texts))
            return super().embed_and_store(ids, texts)

    bench.worker = Counting()
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert sum(batches) == 100
    assert len(batches) < 50
