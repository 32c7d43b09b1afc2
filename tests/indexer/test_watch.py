"""Changes on a real disk are reported when they have settled, whatever dance a program does."""

import errno
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.settling import FLOOD_PATHS
from indexer.watch import Watcher, remote_type

# see `indexer.watch`: pytest's own filters come before it.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")


class Reports:
    """Keeps what a watcher reports."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.batches: list[tuple[Path, frozenset[Path]]] = []
        self.sinces: list[float] = []

    def __call__(self, root: Path, paths: Collection[Path], since: float) -> None:
        with self._changed:
            self.batches.append((root, frozenset(paths)))
            self.sinces.append(since)
            self._changed.notify_all()

    @property
    def paths(self) -> set[Path]:
        """Everything that was reported so far."""
        return {path for _, paths in self.batches for path in paths}

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until what was reported fulfils a condition."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout=20), self.batches


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def watcher(tmp_path: Path, reports: Reports) -> Iterator[Watcher]:
    watcher = Watcher(
        is_wanted=lambda root, path: "/.git" not in path[len(str(root)) :], probe_folder=tmp_path
    )
    watcher.start(reports)
    yield watcher
    watcher.close()


def create(root: Path) -> set[Path]:
    (root / "new.md").write_text("x")
    return {root / "new.md"}


def append(root: Path) -> set[Path]:
    with (root / "old.md").open("a") as file:
        file.write("more")
    return {root / "old.md"}


def truncate(root: Path) -> set[Path]:
    os.truncate(root / "old.md", 0)
    return {root / "old.md"}


def write_and_rename(root: Path) -> set[Path]:
    (root / "old.md~tmp").write_text("y")
    (root / "old.md~tmp").replace(root / "old.md")
    return {root / "old.md"}


def back_up_and_rename(root: Path) -> set[Path]:
    (root / "old.md").rename(root / "old.md~")
    (root / "old.md").write_text("y")
    (root / "old.md~").unlink()
    return {root / "old.md"}


def delete_and_recreate(root: Path) -> set[Path]:
    (root / "old.md").unlink()
    (root / "old.md").write_text("y")
    return {root / "old.md"}


def move_out(root: Path) -> set[Path]:
    (root / "old.md").rename(root.parent / "elsewhere.md")
    return {root / "old.md"}


def move_in(root: Path) -> set[Path]:
    (root.parent / "outside").rename(root / "inside")
    return {root / "inside"}


def move_folder(root: Path) -> set[Path]:
    (root / "sub").rename(root / "sup")
    return {root / "sub", root / "sup"}


def delete_tree(root: Path) -> set[Path]:
    shutil.rmtree(root / "sub")
    return {root / "sub"}


def touch(root: Path) -> set[Path]:
    os.utime(root / "old.md", (1, 1))
    return {root / "old.md"}


def link(root: Path) -> set[Path]:
    (root / "link.md").symlink_to(root / "old.md")
    return {root / "link.md"}


@pytest.mark.parametrize(
    "change",
    [
        create,
        append,
        truncate,
        write_and_rename,
        back_up_and_rename,
        delete_and_recreate,
        move_out,
        move_in,
        move_folder,
        delete_tree,
        touch,
        link,
    ],
)
def test_every_way_to_change_something_is_reported(
    root: Path, watcher: Watcher, reports: Reports, change: Callable[[Path], set[Path]]
) -> None:
    """Whatever is done, the paths at which the disk is now different are among those reported."""
    (root / "old.md").write_text("x")
    (root / "sub").mkdir()
    (root / "sub" / "a.md").write_text("a")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "b.md").write_text("b")
    watcher.follow(root)
    expected = change(root)
    reports.wait(lambda: expected <= reports.paths)
    assert {where for where, _ in reports.batches} == {root}


def test_a_folder_that_is_filled_at_once_is_seen_whole(
    root: Path, watcher: Watcher, reports: Reports
) -> None:
    """Files that stand in a new folder before its watch does are covered by the folder."""
    watcher.follow(root)
    deep = root / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "note.md").write_text("x")
    reports.wait(lambda: any(path in reports.paths for path in (root / "a", deep / "note.md")))
    (deep / "later.md").write_text("y")
    reports.wait(lambda: deep / "later.md" in reports.paths)


def test_a_flood_is_one_report_about_everything(root: Path, watcher: Watcher, reports: Reports) -> None:
    """An unpacked archive is no list of thousands of paths."""
    watcher.follow(root)
    for number in range(3 * FLOOD_PATHS):
        watcher.note(root, str(root / f"{number}.md"), is_open=False)
    reports.wait(lambda: (root, frozenset()) in reports.batches)


def test_no_file_of_a_flood_is_missed(root: Path, watcher: Watcher, reports: Reports) -> None:
    """Each is reported by name or by a report about everything, which comes after it was written."""
    watcher.follow(root)
    written = {root / f"{number}.md" for number in range(2 * FLOOD_PATHS)}
    for path in sorted(written):
        path.write_text("x")
    reports.wait(lambda: (root, frozenset()) in reports.batches or written <= reports.paths)


def test_what_has_not_settled_is_reported_on_demand(root: Path, watcher: Watcher, reports: Reports) -> None:
    """Whoever asks for the disk as it is now does not wait until a file is closed."""
    watcher.follow(root)
    before = time.time()
    watcher.note(root, str(root / "a.md"), is_open=True)
    count, since = watcher.unsettled()
    assert (count, since is not None and before - 1 < since < time.time() + 1) == (1, True)
    watcher.hurry()
    assert reports.batches == [(root, frozenset({root / "a.md"}))]
    assert reports.sinces == [pytest.approx(since, abs=0.1)]
    assert watcher.unsettled() == (0, None)


def test_what_does_not_matter_is_not_reported(root: Path, watcher: Watcher, reports: Reports) -> None:
    """Names that are left out wake nobody."""
    watcher.follow(root)
    (root / ".git").mkdir()
    (root / ".git" / "index").write_text("x")
    (root / "note.md").write_text("x")
    reports.wait(lambda: root / "note.md" in reports.paths)
    assert reports.paths == {root / "note.md"}


def test_a_root_that_is_forgotten_is_silent(root: Path, watcher: Watcher, reports: Reports) -> None:
    """After `forget` nothing is reported of it, and others go on."""
    other = root.parent / "other"
    other.mkdir()
    watcher.follow(root)
    watcher.follow(other)
    watcher.forget(root)
    (root / "a.md").write_text("x")
    (other / "b.md").write_text("x")
    reports.wait(lambda: other / "b.md" in reports.paths)
    assert {where for where, _ in reports.batches} == {other}


def test_a_root_that_comes_back_is_watched_again(root: Path, watcher: Watcher, reports: Reports) -> None:
    """The watch goes with the folder; the next `follow` makes another."""
    watcher.follow(root)
    root.rmdir()
    reports.wait(lambda: root in reports.paths)
    root.mkdir()
    watcher.follow(root)
    (root / "a.md").write_text("x")
    reports.wait(lambda: root / "a.md" in reports.paths)


def test_lost_events_make_everything_suspect(root: Path, watcher: Watcher, reports: Reports) -> None:
    """Watchdog only logs that the queue ran over; that is heard."""
    watcher.follow(root)
    logging.getLogger("watchdog.observers.inotify_c").warning(
        "Inotify queue overflowed; filesystem events were lost"
    )
    assert reports.batches == [(root, frozenset())]


def test_the_limit_of_watches_is_told(
    root: Path, watcher: Watcher, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system refuses one more watch the root counts as not watched, with the command that helps."""
    schedule = watcher._observer.schedule

    def refuse(handler: Any, path: str, **options: Any) -> Any:
        if not options:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return schedule(handler, path, **options)

    monkeypatch.setattr(watcher._observer, "schedule", refuse)
    for _ in range(2):
        watcher.follow(root)
    assert not watcher._observer.emitters
    assert watcher.reasons() == {
        root: "it has more folders than the system watches;"
        " `sudo sysctl fs.inotify.max_user_watches=1048576` raises the limit"
    }


def test_a_remote_file_system_is_not_watched(tmp_path: Path, root: Path, reports: Reports) -> None:
    """Others change it unseen, so it is left to sweeps and said so."""
    watcher = Watcher(
        is_wanted=lambda *_: True,
        probe_folder=tmp_path,
        types=lambda: [("/", "ext4"), (str(tmp_path), "nfs4")],
    )
    watcher.follow(root)
    assert watcher.reasons() == {root: "on a nfs4 file system, whose changes are not reported"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/home/a/notes", ""), ("/mnt/nas/notes", "cifs"), ("/mnt/nas2", ""), ("/mnt/ssh", "fuse.sshfs")],
)
def test_the_innermost_mount_decides(path: str, expected: str) -> None:
    """A path is on the file system of the longest mount point above it."""
    mounted = [("/", "ext4"), ("/mnt", "ext4"), ("/mnt/nas", "cifs"), ("/mnt/ssh", "fuse.sshfs")]
    assert remote_type(Path(path), mounted) == expected
