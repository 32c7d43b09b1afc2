"""The power fails between every two writes: `python -m tests.faults.power_loss SCENARIO`.

A scenario runs in a child that kills itself at its n-th write, for n = 1, 2, … until
it comes to its end alive. After each kill it is run once more to its end, and what
is stored is compared with an index made from scratch. Catalog, pipeline and rebuild
are the real ones; a directory of files stands for Chroma and its child. What is
counted as a write: a transaction that begins and one that commits, a file or folder
made, renamed or deleted, vectors stored or deleted, half of them too.

Prints one JSON object: how many writes there are, and what was different after which.
"""

import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from indexer.catalog import Catalog, CatalogWriter
from indexer.index import Index
from indexer.index.compaction import current_store, leftover_stores
from indexer.index.rebuild import open_catalog
from indexer.paths import Places
from indexer.pipeline import Pipeline
from indexer.types import Vectors
from indexer.walk import WalkRules
from tests.faults.comparing import Contents, contents_of, differences
from tests.indexer.fakes import InMemoryWorker, ParagraphReader

IDLE_S = 30.0
FAST_DISK = "/dev/shm" if Path("/dev/shm").is_dir() else None
WRITES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}


class Reaper:
    """Kills this process at its n-th write.

    Args:
        at: Which; 0 for none.
        home: What is written elsewhere does not count.
    """

    def __init__(self, at: int, home: Path) -> None:
        self._at = at
        self._home = os.fspath(home)
        self._stores = re.compile(re.escape(self._home) + r"/chroma[^/]*/.")
        self._count = 0

    def write(self) -> None:
        """Count one write that is about to happen."""
        self._count += 1
        if self._count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: Sequence[Any]) -> None:
        """Look at what Python does; to be given to `sys.addaudithook`."""
        path = str(arguments[0]) if event in WRITES else ""
        # each vector by itself would be hundreds of times the same.
        if path.startswith(self._home) and not self._stores.match(path):
            self.write()


class WatchedCatalog(Catalog):
    """A catalog whose transactions the reaper looks at."""

    reaper: Reaper

    @contextmanager
    def write(self) -> Iterator[CatalogWriter]:
        """Write, and come past the reaper in front of it, before the commit, and after it."""
        self.reaper.write()
        with super().write() as writer:
            yield writer
            self.reaper.write()
        self.reaper.write()


class DurableWorker(InMemoryWorker):
    """Stands for the worker child and Chroma: every vector is a file, written when it is stored."""

    def __init__(self, index_dir: Path, name: str, reaper: Reaper) -> None:
        super().__init__()
        self._index_dir = index_dir
        self._name = name
        self._reaper = reaper
        self.vectors = read_vectors(index_dir / name)

    def store(
        self, ids: Sequence[str], vectors: Vectors, *, is_beside: bool = False, is_urgent: bool = True
    ) -> None:
        """Keep vectors, one after the other."""
        super().store(ids, vectors, is_beside=is_beside, is_urgent=is_urgent)
        directory = self._directory(is_beside=is_beside)
        directory.mkdir(exist_ok=True)
        for number, (vector_id, vector) in enumerate(zip(ids, vectors, strict=True)):
            if number in {0, len(ids) // 2}:
                self._reaper.write()
            (directory / vector_id).write_bytes(np.asarray(vector, np.float32).tobytes())

    def delete(self, ids: Sequence[str], *, is_beside: bool = False) -> None:
        """Forget vectors, one after the other."""
        super().delete(ids, is_beside=is_beside)
        for number, vector_id in enumerate(ids):
            if number in {0, len(ids) // 2}:
                self._reaper.write()
            (self._directory(is_beside=is_beside) / vector_id).unlink(missing_ok=True)

    def open_beside(self, name: str) -> None:
        """Begin an empty store."""
        super().open_beside(name)
        shutil.rmtree(self._index_dir / name, ignore_errors=True)
        (self._index_dir / name).mkdir()

    def switch(self, name: str) -> None:
        """Answer from it."""
        super().switch(name)
        self._name = name

    def remove_store(self, name: str) -> None:
        """Delete a directory."""
        shutil.rmtree(self._index_dir / name, ignore_errors=True)

    def reset_store(self) -> None:
        """Forget everything."""
        super().reset_store()
        self.remove_store(self._name)

    def _directory(self, *, is_beside: bool) -> Path:
        return self._index_dir / (self.beside_name if is_beside else self._name)


def read_vectors(directory: Path) -> dict[str, Vectors]:
    """Return what a `DurableWorker` wrote; a file that was cut off does not count."""
    if not directory.exists():
        return {}
    read = {file.name: np.frombuffer(file.read_bytes(), np.float32) for file in directory.iterdir()}
    return {name: vector for name, vector in read.items() if len(vector) == DurableWorker.dim}


def read_store(directory: Path, found: Contents) -> None:
    """Read a store for a comparison."""
    found.chroma.update(read_vectors(directory))


def bring_up_to_date(places: Places, roots: Sequence[Path], reaper: Reaper) -> None:
    """Open an index, give it these roots and no others, and wait until it agrees with the disk."""

    def opened(file: Path) -> Catalog:
        reaper.write()
        catalog = WatchedCatalog.open(file)
        catalog.reaper = reaper
        return catalog

    catalog = open_catalog(places, opened=opened)
    store = current_store(catalog)
    worker = DurableWorker(places.index_dir, store, reaper)
    for name in leftover_stores(places.index_dir, store):
        worker.remove_store(name)
    with closing(Index(catalog, worker)) as index:
        rules = WalkRules(max_file_bytes=1_000_000, is_supported=lambda path: path.suffix == ".md")
        pipeline = Pipeline(index, rules=rules, open_reader=ParagraphReader, home=places.home)
        with closing(pipeline):
            for root in set(index.roots()) - set(roots):
                pipeline.remove_root(root)
            pipeline.start()
            for root in roots:
                pipeline.add_root(root)
            deadline = time.monotonic() + IDLE_S
            while not pipeline.progress().is_idle:
                assert time.monotonic() < deadline, "it never ended"
                assert pipeline.fault is None, pipeline.fault
                time.sleep(0.002)
            index.purge()
            index.ready()


class Stage:
    """Folders and homes of one scenario."""

    def __init__(self, base: Path) -> None:
        self.template, self.home, self.scratch = (
            Places(config_file=base / name / "config.toml", home=base / name)
            for name in ("template", "home", "scratch")
        )
        self.one, self.two = base / "one", base / "two"
        for folder in (self.one, self.two, self.one / "deep"):
            folder.mkdir()
        self.roots = [self.one, self.two]
        for number in range(12):
            self.write(self.one / f"{number}.md", *(f"note {number} part {part}" for part in range(3)))
        self.write(self.one / "deep" / "long.md", *(f"paragraph {number} of a book" for number in range(150)))
        self.write(self.two / "other.md", "of another folder", "note 3 part 1")

    @staticmethod
    def write(path: Path, *paragraphs: str) -> None:
        """Write a file."""
        path.write_text("\n\n".join(paragraphs), encoding="utf-8")

    def index(self, places: Places) -> None:
        """Index the folders into a home, and end in order."""
        places.create()
        bring_up_to_date(places, self.roots, Reaper(0, places.home))

    def change(self) -> None:
        """Edit, move, copy and delete files, so much that Chroma is rebuilt; take a root away."""
        self.write(self.one / "0.md", "note 0 part 0", "new", "note 0 part 2")
        self.write(self.one / "new.md", "a new one")
        (self.one / "1.md").rename(self.one / "deep" / "moved.md")
        shutil.copy(self.one / "2.md", self.one / "copy.md")
        (self.one / "3.md").unlink()
        (self.one / "deep" / "long.md").unlink()
        self.roots = [self.one]


def prepare(stage: Stage, scenario: str) -> None:
    """Bring the template home into the state that the scenario begins with."""
    if scenario == "index":
        stage.template.create()
        return
    in_child(lambda: stage.index(stage.template))
    if scenario == "change":
        stage.change()
    elif scenario == "damaged":
        stage.template.catalog_file.write_bytes(b"no catalog any more" * 1000)


def in_child(task: Callable[[], None]) -> int:
    """Run a task in a process of its own; return what `os.waitpid` says of its end."""
    pid = os.fork()
    if pid == 0:
        try:
            task()
        except BaseException:  # noqa: BLE001 - told to the parent by the exit code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def run_until_killed(stage: Stage, at: int) -> bool:
    """Run the scenario in a copy of the template; return whether it came to its end alive."""
    shutil.rmtree(stage.home.home, ignore_errors=True)
    shutil.copytree(stage.template.home, stage.home.home)
    reaper = Reaper(at, stage.home.home)

    def run() -> None:
        sys.addaudithook(reaper.audit)
        bring_up_to_date(stage.home, stage.roots, reaper)

    status = in_child(run)
    if os.WIFSIGNALED(status):
        return False
    assert os.waitstatus_to_exitcode(status) == 0
    return True


def main(scenario: str, *, loses_log: bool) -> None:
    """Go through a scenario and print what was found."""
    told: dict[int, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="kb-", dir=FAST_DISK) as name:
        stage = Stage(Path(name))
        prepare(stage, scenario)
        assert in_child(lambda: stage.index(stage.scratch)) == 0
        wanted = contents_of(stage.scratch, read_store=read_store)
        at = 1
        while not run_until_killed(stage, at):
            if loses_log:
                # what was committed last and not yet synced may be lost with the power.
                for suffix in ("-wal", "-shm"):
                    Path(f"{stage.home.catalog_file}{suffix}").unlink(missing_ok=True)
            if in_child(lambda: stage.index(stage.home)):
                told[at] = ["it did not go on"]
            elif found := differences(contents_of(stage.home, read_store=read_store), wanted):
                told[at] = found[:5]
            at += 1
    print(json.dumps({"writes": at - 1, "differences": told}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(sys.argv[1], loses_log="loses-log" in sys.argv[2:])
