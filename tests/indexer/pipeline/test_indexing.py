"""From files to the index: what is read, left out, embedded and shown."""

import os
import threading
from collections.abc import Sequence

from indexer.types import Embeddings
from tests.indexer.fakes import InMemoryWorker
from tests.indexer.pipeline.bench import Bench, settle, wait_until


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


def test_progress_moves_inside_a_book(bench: Bench) -> None:
    """A file of many chunks is embedded in parts, and each part is seen."""
    seen: list[int] = []

    class Watching(InMemoryWorker):
        def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
            seen.append(pipeline.progress().chunks_done)
            return super().embed(texts, is_urgent=is_urgent)

    bench.worker = Watching()
    bench.write("book.md", "\n\n".join(f"paragraph {number}" for number in range(600)))
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert seen == [0, 256, 512]
    assert pipeline.progress().chunks_done == 600


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
        def embed(self, texts: Sequence[str], *, is_urgent: bool = False) -> Embeddings:
            batches.append(len(texts))
            return super().embed(texts, is_urgent=is_urgent)

    bench.worker = Counting()
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert sum(batches) == 100
    assert len(batches) < 50
