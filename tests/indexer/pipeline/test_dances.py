"""Real files under a real watch: whatever is done to them, the index follows by itself."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.extract.sandbox import Extracted
from indexer.pipeline import Pipeline
from indexer.settling import QUIET_S
from indexer.types import FileStatus
from indexer.watch import Watcher
from tests.indexer.fakes import ParagraphReader
from tests.indexer.pipeline.bench import Bench, settle, wait_until

# see `indexer.watch`: pytest's own filters come before it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")

Watched = tuple[Bench, Pipeline, Watcher]


@pytest.fixture
def watched(bench: Bench) -> Iterator[Watched]:
    """Return a pipeline over a watched folder with a few files, all of them indexed."""
    for name in ("a.md", "b.md", "sub/c.md", "sub/deep/d.md"):
        bench.write(name, f"the words of {name}")
    watcher = Watcher(is_wanted=lambda *_: True, probe_folder=bench.home)
    pipeline = bench.open(watcher=watcher)
    watcher.start(pipeline.look_at)
    try:
        pipeline.add_root(bench.folder)
        settle(pipeline)
        assert watcher.is_watching(bench.folder)
        yield bench, pipeline, watcher
    finally:
        watcher.close()


def texts(bench: Bench) -> dict[str, str]:
    """Map each indexed file to its text."""
    ids = [chunk_id for chunk_id, _ in bench.index.dense("words", top_k=1000)[1]]
    return {str(chunk.path.relative_to(bench.folder)): chunk.text for chunk in bench.index.chunks(ids)}


def on_disk(bench: Bench) -> dict[str, str]:
    """Map each file to its text, as the disk says."""
    return {
        str(path.relative_to(bench.folder)): text
        for path in bench.folder.rglob("*.md")
        if not path.is_symlink() and (text := path.read_text(encoding="utf-8"))
    }


def append(folder: Path) -> None:
    with (folder / "a.md").open("a") as file:
        file.write(", and more")


def truncate(folder: Path) -> None:
    os.truncate(folder / "a.md", 0)


def cut(folder: Path) -> None:
    os.truncate(folder / "a.md", 9)


def write_and_rename(folder: Path) -> None:
    (folder / ".a.md.swp").write_text("saved by vim")
    (folder / ".a.md.swp").replace(folder / "a.md")


def back_up_and_rename(folder: Path) -> None:
    (folder / "a.md").rename(folder / "a.md~")
    (folder / "a.md").write_text("saved with a backup")


def delete_and_recreate(folder: Path) -> None:
    (folder / "a.md").unlink()
    (folder / "a.md").write_text("made anew")


def swap(folder: Path) -> None:
    (folder / "a.md").rename(folder / "x.md")
    (folder / "b.md").rename(folder / "a.md")
    (folder / "x.md").rename(folder / "b.md")


def move_away_and_back(folder: Path) -> None:
    (folder / "sub").rename(folder.parent / "outside")
    (folder.parent / "outside").rename(folder / "sub")


def move_tree(folder: Path) -> None:
    (folder / "sub").rename(folder / "sup")
    (folder / "sup" / "deep" / "e.md").write_text("a word in a tree that moved")


def move_tree_out(folder: Path) -> None:
    (folder / "sub").rename(folder.parent / "outside")


def copy_tree_in(folder: Path) -> None:
    shutil.copytree(folder / "sub", folder / "new" / "copy")


def delete_tree(folder: Path) -> None:
    shutil.rmtree(folder / "sub")


def fill_at_once(folder: Path) -> None:
    deep = folder / "one" / "two" / "three"
    deep.mkdir(parents=True)
    for number in range(20):
        (deep / f"{number}.md").write_text(f"note {number}")


def link_in_a_circle(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "sub" / "out").symlink_to(folder.parent)
    (folder / "sub" / "link.md").symlink_to(folder / "a.md")
    (folder / "sub" / "f.md").write_text("a word beside a circle")


@pytest.mark.parametrize(
    "change",
    [
        append,
        truncate,
        cut,
        write_and_rename,
        back_up_and_rename,
        delete_and_recreate,
        swap,
        move_away_and_back,
        move_tree,
        move_tree_out,
        copy_tree_in,
        delete_tree,
        fill_at_once,
        link_in_a_circle,
    ],
)
def test_the_index_follows(watched: Watched, change: Callable[[Path], None]) -> None:
    """What can be found is what stands on disk, soon after, and it stays so."""
    bench, pipeline, watcher = watched
    change(bench.folder)
    wait_until(lambda: texts(bench) == on_disk(bench))
    wait_until(lambda: watcher.unsettled()[0] == 0 and pipeline.progress().is_idle)
    assert texts(bench) == on_disk(bench)
    assert {name for name, (status, _) in bench.ledger().items() if status == "indexed"} == {
        str(path.relative_to(bench.folder)) for path in bench.folder.rglob("*.md") if not path.is_symlink()
    }


@pytest.mark.parametrize("change", [swap, move_away_and_back, copy_tree_in, delete_tree])
def test_nothing_is_embedded_that_is_known(watched: Watched, change: Callable[[Path], None]) -> None:
    """Bytes that move, or are copied, are the same bytes."""
    bench, _, _ = watched
    embedded = len(bench.worker.embedded)
    change(bench.folder)
    wait_until(lambda: texts(bench) == on_disk(bench))
    assert len(bench.worker.embedded) == embedded


def test_a_file_that_is_being_copied_is_read_when_it_is_whole(watched: Watched) -> None:
    """Piece after piece comes over a slow line, and only what stands there in the end is read, once."""
    bench, pipeline, watcher = watched
    read = len(bench.reader.read)
    path = bench.folder / "book.md"
    with path.open("w", encoding="utf-8", buffering=1) as file:
        for number in range(12):
            file.write(f"words of page {number}\n")
            # each longer than a file rests that nobody has open.
            time.sleep(1.5 * QUIET_S)
    wait_until(lambda: texts(bench).get("book.md", "").count("page") == 12)
    wait_until(lambda: watcher.unsettled()[0] == 0 and pipeline.progress().is_idle)
    assert bench.reader.read[read:] == [path]


def test_a_checkout_is_seen_whole(watched: Watched) -> None:
    """Thousands of files that appear at once are all found, by a few looks and not by thousands."""
    bench, pipeline, watcher = watched
    looks: list[Path] = []
    are_written = threading.Event()

    def count(root: Path, paths: Collection[Path], since: float) -> None:
        looks.append(root)
        # however slow the disk is, all files appear within one look.
        are_written.wait(60)
        pipeline.look_at(root, paths, since)

    watcher._on_changes = count
    names = {f"tree/{number % 40}/{number}.md" for number in range(3000)}
    for name in sorted(names):
        bench.write(name, f"note {name}")
    are_written.set()
    wait_until(lambda: bench.index.counts()[FileStatus.INDEXED] == len(names) + 4)
    assert len(looks) < 20


def test_lost_events_are_made_up_for(watched: Watched) -> None:
    """When the system's queue runs over, what it would have told is looked for."""
    bench, pipeline, watcher = watched
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    observer: Any = watcher._observer
    with observer._inotify_fd._lock:
        # the reader is stopped: the queue fills up with the moves of one file, each of which is two events.
        file = bench.folder / "b.md"
        for number in range(room // 2 + 1000):
            file = file.rename(bench.folder / f"b{number % 2}.txt")
        bench.write("late/after.md", "written when nobody listened")
        (bench.folder / "a.md").unlink()
    wait_until(lambda: texts(bench) == on_disk(bench))
    wait_until(lambda: watcher.unsettled()[0] == 0 and pipeline.progress().is_idle)
    bench.write("late/again.md", "written when the watches stood again")
    wait_until(lambda: texts(bench) == on_disk(bench))


def test_a_small_file_waits_for_no_large_one(bench: Bench) -> None:
    """While a book is being read, or a whole library, a note that is saved is found at once."""
    gate = threading.Event()

    class SlowReader(ParagraphReader):
        def extract(self, path: Path) -> Extracted:
            if "book" in path.name:
                gate.wait()
            return super().extract(path)

    watcher = Watcher(is_wanted=lambda *_: True, probe_folder=bench.home)
    for number in range(100):
        os.utime(bench.write(f"book {number}.md", f"the words of book {number}"), (1, 1))
    pipeline = bench.open(open_reader=SlowReader, watcher=watcher)
    watcher.start(pipeline.look_at)
    try:
        pipeline.add_root(bench.folder)
        wait_until(lambda: pipeline.pending_count == 100)
        bench.write("note.md", "the words of a note")
        wait_until(lambda: texts(bench) == {"note.md": "the words of a note"})
        (bench.folder / "note.md").unlink()
        wait_until(lambda: texts(bench) == {})
        ticket = pipeline.begin_wait([bench.write("waited.md", "the words of another")])
        wait_until(lambda: pipeline.progress(ticket).is_idle)
        assert texts(bench) == {"waited.md": "the words of another"}
        assert pipeline.pending_count >= 100
    finally:
        gate.set()
        watcher.close()
    settle(pipeline)
    assert len(texts(bench)) == 101


def test_what_is_forgotten_and_back_is_looked_at_again(bench: Bench) -> None:
    """A file may return between the look that missed it and the moment it is forgotten."""
    path = bench.write("a.md", "the words of a")
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    # as when a look saw the catalog before the writer came to forget the file.
    bench.index.forget([path])
    pipeline._looker.look_again([path, bench.folder / "never.md"])
    settle(pipeline)
    assert texts(bench) == {"a.md": "the words of a"}
