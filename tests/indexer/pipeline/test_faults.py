"""What goes wrong, and what it may not take with it."""

import threading
import time
from collections.abc import Sequence

import pytest

from indexer.errors import StoreError, WorkerError
from indexer.types import Embeddings, FileStatus
from tests.indexer.fakes import InMemoryWorker, ParagraphReader
from tests.indexer.pipeline.bench import Bench, settle, wait_until


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
    assert {error["reason"] for error in pipeline.troubles.last_errors} == {
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
    added_at = time.time()
    settle(pipeline)
    fault = pipeline.fault
    assert fault is bench.worker.error
    assert bench.ledger() == {}
    assert pipeline.as_of < added_at
    bench.worker.error = None
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.fault is None
    assert bench.index.counts()[FileStatus.INDEXED] == 200


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
    assert pipeline.troubles.last_errors == []


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


def test_a_worker_that_is_ended_by_us_is_nobodys_fault(bench: Bench) -> None:
    """When the daemon ends while a file is embedded, the file is not recorded as failed."""

    class Ended(InMemoryWorker):
        def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
            closing.start()
            wait_until(lambda: bench.reader.is_closed)
            raise WorkerError(f"the worker was stopped over {len(texts)} texts, urgent: {is_urgent}")

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
