"""What overtakes, interrupts or ends other work leaves the index as the disk is."""

import os
import threading
from pathlib import Path

import pytest

from indexer.index import FileRecord, NewDocument
from indexer.pipeline import CLOSE_S
from indexer.pipeline.work import Read, WorkQueue
from indexer.pipeline.writer import Gone, Handoff, Ready, Verdicts, Writer
from indexer.reconcile import Upsert
from indexer.types import FileState, FileStatus
from tests.indexer.fakes import InMemoryWorker
from tests.indexer.pipeline.bench import Bench, settle, wait_until


class Gate(threading.Event):
    """A gate that tells when somebody waits at it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set."""
        self.is_reached.set()
        return super().wait(timeout)


STATE = FileState(size_bytes=1, mtime_ns=1, inode=1)


def test_a_root_that_is_absorbed_while_it_is_read_keeps_every_file(bench: Bench) -> None:
    """Files that are being read for the root that goes are read again for the one that comes."""
    gate = threading.Event()
    bench.worker = InMemoryWorker(gate=gate)
    names = {f"sub/{number}.md" for number in range(20)}
    for name in names:
        bench.write(name, f"words of {name}")
    pipeline = bench.open()
    pipeline.add_root(bench.folder / "sub")
    wait_until(lambda: len(bench.reader.read) == len(names))
    pipeline_thread = threading.Thread(target=pipeline.add_root, args=(bench.folder,))
    pipeline_thread.start()
    gate.set()
    pipeline_thread.join()
    settle(pipeline)
    assert set(bench.ledger()) == names
    assert {status for status, _ in bench.ledger().values()} == {"indexed"}
    assert {entry.path.name for entry in bench.index.files(under=bench.folder)} == {
        Path(name).name for name in names
    }


def test_what_is_gathered_is_written_before_what_is_newer(bench: Bench) -> None:
    """A file that was read, and then deleted or left out, does not come back with the batch."""
    bench.open()
    index = bench.index
    index.add_root(bench.folder)
    work, items = WorkQueue(), Handoff(1000)
    writer = Writer(index, work=work, items=items, on_failure=print, on_fault=print, has_fault=lambda: False)
    for name, newer in (
        ("gone.md", lambda path: Gone((path,))),
        (
            "skipped.md",
            lambda path: Verdicts(
                (
                    FileRecord(
                        path=path,
                        root=bench.folder,
                        state=STATE,
                        status=FileStatus.SKIPPED,
                        reason="a rule",
                    ),
                )
            ),
        ),
    ):
        path = bench.folder / name
        document = NewDocument(path=path, root=bench.folder, state=STATE, title="", chunks=())
        items.put(Ready(Read(bench.folder, Upsert(path, STATE)), document))
        items.put(newer(path))
    items.close()
    writer.run()
    assert bench.ledger() == {"skipped.md": ("skipped", "a rule")}


def test_closing_does_not_wait_for_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading is far ahead of a batch that takes long, the end comes after its own limit."""
    gate = Gate()
    bench.worker = InMemoryWorker(gate=gate)
    monkeypatch.setattr("indexer.pipeline.READ_AHEAD_CHUNKS", 2)
    monkeypatch.setattr("indexer.pipeline.CLOSE_S", 0.1)
    bench.write("first.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    closed: list[bool] = []
    closing = threading.Thread(target=lambda: closed.append(pipeline.close()))
    try:
        wait_until(gate.is_reached.is_set)
        pipeline.look_at(bench.folder, [bench.write(f"{number}.md") for number in range(80)])
        wait_until(pipeline._items.full)
        closing.start()
        closing.join(CLOSE_S)
        assert closed == [False]
    finally:
        gate.set()


def test_a_root_that_empties_at_once_is_away(bench: Bench, tmp_path: Path) -> None:
    """An unmounted disk leaves an empty folder: nothing is forgotten, and all is compared when it is back."""
    names = ["a.md", "b.md"]
    for name in names:
        bench.write(name)
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    for name in names:
        (bench.folder / name).rename(tmp_path / name)
    pipeline.sweep()
    settle(pipeline)
    assert pipeline.away == {bench.folder}
    assert set(bench.ledger()) == set(names)
    (tmp_path / "a.md").rename(bench.folder / "a.md")
    pipeline.look_at(bench.folder, [bench.folder / "a.md"])
    settle(pipeline)
    assert pipeline.away == frozenset()
    assert set(bench.ledger()) == {"a.md"}


def test_a_home_that_is_reached_by_a_link_is_not_indexed(bench: Bench, tmp_path: Path) -> None:
    """Kb's own files are left out whatever name its home has."""
    home = bench.folder / "data"
    home.mkdir()
    (home / "README.md").write_text("ours")
    link = tmp_path / "link"
    link.symlink_to(home)
    bench.home = link
    bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert set(bench.ledger()) == {"a.md"}


def test_a_root_in_a_marked_folder_stays_a_root(bench: Bench) -> None:
    """A walk from above would not come there, so it is not made part of the folder above."""
    inner = bench.write("sub/a.md").parent
    bench.write("sub/CACHEDIR.TAG", "")
    bench.write("b.md")
    pipeline = bench.open()
    pipeline.add_root(inner)
    settle(pipeline)
    assert pipeline.add_root(bench.folder) == ""
    settle(pipeline)
    assert {name for name, (status, _) in bench.ledger().items() if status == "indexed"} == {
        "sub/a.md",
        "b.md",
    }
    assert set(bench.index.roots()) == {bench.folder, inner}


def test_a_bug_in_one_sweep_stops_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is named among the errors, and the next sweep goes on."""
    bench.write("a.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    with monkeypatch.context() as patched:
        patched.setattr("indexer.pipeline.looking.compare", lambda *_, **__: 1 // 0)
        pipeline.sweep()
        settle(pipeline)
    assert pipeline.fault is None
    assert [error["path"] for error in pipeline.troubles.last_errors] == [str(bench.folder)]
    bench.write("b.md")
    pipeline.look_at(bench.folder, [bench.folder / "b.md"])
    settle(pipeline)
    assert set(bench.ledger()) == {"a.md", "b.md"}


def test_a_file_that_met_a_bug_is_tried_again(bench: Bench) -> None:
    """The fault is kb's, and another try may do better."""
    bug = bench.write("bug.md", "BUG")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    bench.now += 30
    pipeline.retry()
    settle(pipeline)
    assert bench.reader.read == [bug]


def test_what_was_indexed_stays_while_a_file_cannot_be_read(bench: Bench) -> None:
    """A locked file is still found by what it held, and embeds nothing when it is free again."""
    path = bench.write("a.md", "a thought")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    path.write_text("LOCKED")
    pipeline.sweep()
    settle(pipeline)
    assert bench.ledger() == {"a.md": ("failed", "the file is locked")}
    assert bench.index.chunk_count() == 1
    path.write_text("a thought")
    pipeline.sweep()
    settle(pipeline)
    assert bench.ledger() == {"a.md": ("indexed", "")}
    assert bench.worker.embedded == ["a thought"]


def test_a_folder_above_that_cannot_be_looked_at_is_unknown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead mount above a changed file is no reason to stop, nor to forget what lies behind it."""
    path = bench.write("sub/a.md")
    bench.write("b.md")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    lstat = Path.lstat

    def refuse(self: Path) -> os.stat_result:
        if self.name == "sub":
            raise PermissionError(13, "Permission denied")
        return lstat(self)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "lstat", refuse)
        pipeline.look_at(bench.folder, [path])
        settle(pipeline)
    assert pipeline.fault is None
    assert set(bench.ledger()) == {"sub/a.md", "b.md"}
    assert pipeline.troubles.last_errors[-1]["reason"] == "permission denied"


def test_a_verdict_that_was_overtaken_is_looked_at_again(bench: Bench) -> None:
    """A file that was too large when a sweep saw it may be small before that is written down."""
    path = bench.write("a.md", "plain words")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    record = FileRecord(
        path=path, root=bench.folder, state=STATE, status=FileStatus.SKIPPED, reason="too large"
    )
    # nobody tells of it.
    path.write_text("other words", encoding="utf-8")
    pipeline._items.put(Verdicts((record,)))
    wait_until(lambda: bench.worker.embedded == ["plain words", "other words"])
    settle(pipeline)
    assert bench.ledger() == {"a.md": ("indexed", "")}
