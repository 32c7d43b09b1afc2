"""The daemon as a process: one per home, started and ended in order, unharmed by kills and full disks."""

import concurrent.futures
import os
import queue
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from indexer.children import child_environment
from indexer.client import IndexerClient, connect
from indexer.daemon import wait_for_stop
from indexer.errors import DaemonError, StoreError, UsageError
from indexer.paths import Places
from indexer.types import FileStatus, Filters
from tests.homes import short_home

NOTES = 400
"""So many that they are not indexed in a moment."""

ARGUMENTS = [sys.executable, "-m", "indexer"]


@contextmanager
def home() -> Iterator[Places]:
    """Make a home; whatever daemon serves it is gone at the end."""
    with short_home() as places:
        try:
            yield places
        finally:
            with suppress(DaemonError):
                connect(places, start=False).stop()


def run_in_foreground(places: Places) -> subprocess.CompletedProcess[str]:
    """Run a daemon to its end."""
    return subprocess.run(
        [*ARGUMENTS, "--home", str(places.home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=child_environment(),
    )


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def assert_gone(processes: list[psutil.Process]) -> None:
    """Wait until none of the processes runs any more."""
    deadline = time.monotonic() + 30
    while any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes):
        assert time.monotonic() < deadline, "a process outlived its daemon"
        time.sleep(0.05)


def test_files_of_several_kinds_are_indexed_and_found(real_daemon: IndexerClient, tmp_path: Path) -> None:
    """The whole way through the real children: files in, passages with places out."""
    write(tmp_path, "garden.md", "# Garden\n\nThe tomatoes are watered every second evening.\n")
    write(tmp_path, "notes.txt", "The dentist moved to Elm Street 14.\n")
    write(tmp_path, "empty.md", "")
    write(tmp_path, "broken.pdf", "%PDF-1.7 and then nothing of the kind")
    write(tmp_path, "photo.png", "not read")
    real_daemon.add_root(tmp_path)
    assert list(real_daemon.progress())[-1].is_idle
    by_status = {
        status: [entry.path.name for entry in real_daemon.files(status=status, under=tmp_path)]
        for status in FileStatus
    }
    assert by_status[FileStatus.FAILED] == ["broken.pdf"]
    assert by_status[FileStatus.SKIPPED] == ["photo.png"]
    assert {"garden.md", "notes.txt"} <= set(by_status[FileStatus.INDEXED])
    best = real_daemon.search(
        "how often do I water the tomatoes?", filters=Filters(within=(str(tmp_path),))
    ).passages[0]
    assert best.path == tmp_path / "garden.md"
    assert best.locator.headings == ("Garden",)
    status = real_daemon.status()
    assert status["embedding"]["model"] == "all-MiniLM-L6-v2"
    assert status["memory_mb"] > 100
    assert real_daemon.remove_root(tmp_path) == 5


def test_a_root_that_is_no_folder_is_refused_over_the_socket(
    real_daemon: IndexerClient, tmp_path: Path
) -> None:
    """The sentences of the walk reach the client as usage errors."""
    with pytest.raises(UsageError) as caught:
        real_daemon.add_root(tmp_path / "missing")
    assert caught.value.message == f"{tmp_path}/missing does not exist"
    file = write(tmp_path, "a.md", "x")
    with pytest.raises(UsageError) as caught:
        real_daemon.add_root(file)
    assert (caught.value.message, caught.value.hint) == (
        f"{file} is a file, not a folder",
        f"run `kb add {tmp_path}`",
    )


def test_a_second_daemon_leaves_with_one_sentence(real_daemon: IndexerClient, real_places: Places) -> None:
    """Exit code 3, the sentence names the first one, and the first one is not disturbed."""
    pid = real_daemon.status()["pid"]
    ended = run_in_foreground(real_places)
    assert ended.returncode == 3
    assert ended.stderr == f"kb: error: another daemon (pid {pid}) serves this home\n"
    assert real_daemon.status()["pid"] == pid


def test_first_clients_that_race_share_one_daemon() -> None:
    """Each of them may start a daemon; one wins, and every client is served by it."""
    with home() as places, concurrent.futures.ThreadPoolExecutor(3) as threads:
        clients = list(threads.map(connect, [places] * 3))
        assert len({client.status()["pid"] for client in clients}) == 1


def test_a_socket_left_by_a_killed_daemon_is_taken_over() -> None:
    """After a SIGKILL the next client simply starts another daemon; no child is left of the old one."""
    with home() as places:
        first = connect(places).status()["pid"]
        processes = family(first)
        os.kill(first, signal.SIGKILL)
        assert_gone(processes)
        assert places.indexer_socket.exists()
        second = connect(places).status()["pid"]
        assert second != first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_in_order(number: signal.Signals) -> None:
    """The socket is removed, the children end, the exit code is 0, and the log says why."""
    with home() as places:
        process = subprocess.Popen(
            [*ARGUMENTS, "--home", str(places.home)], stderr=subprocess.DEVNULL, env=child_environment()
        )
        client = IndexerClient(places)
        deadline = time.monotonic() + 60
        while not client.is_running():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        processes = family(process.pid)[1:]
        assert processes
        process.send_signal(number)
        assert process.wait(60) == 0
        assert_gone(processes)
        assert not places.indexer_socket.exists()
        log = (places.log_dir / "indexer.log").read_text(encoding="utf-8")
        assert f"stopping reason={number.name}" in log
        assert "Traceback" not in log


def test_stop_returns_when_the_daemon_is_gone() -> None:
    """After `stop` the home is free at once: the next daemon starts without waiting."""
    with home() as places:
        client = connect(places)
        processes = family(client.status()["pid"])
        client.stop()
        assert_gone(processes)
        assert not client.is_running()
        assert connect(places).status()["roots"] == []


def test_a_daemon_killed_while_indexing_goes_on_where_it_was(tmp_path: Path) -> None:
    """After a SIGKILL in the middle the next daemon indexes the rest, and embeds nothing twice."""
    for number in range(NOTES):
        write(tmp_path, f"{number}.md", f"Note number {number} is about the number {number * 7}.\n")
    with home() as places:
        client = connect(places)
        client.add_root(tmp_path)
        # not by its progress, which is told now and then: a quick machine may be done by then.
        while not client.status()["embedded_total"]:
            time.sleep(0.005)
        assert client.status()["files"]["pending"]
        os.kill(client.status()["pid"], signal.SIGKILL)
        with pytest.raises(DaemonError):
            client.status()
        client = connect(places)
        assert list(client.progress())[-1].is_idle
        status = client.status()
        assert status["files"]["indexed"] == NOTES
        assert status["chunks"] == NOTES
        # one batch may have been embedded and not been committed.
        assert NOTES <= status["embedded_total"] < NOTES + 100
        found = client.search("note number 42").passages
        assert any(passage.path == tmp_path / "42.md" for passage in found)


def fill(folder: Path) -> None:
    """Make so many files that the catalog grows by megabytes, none of which needs the model."""
    for number in range(12_000):
        (folder / f"a-rather-long-name-that-fills-the-catalog-soon-{number}.png").touch()


def assert_stopped_by_the_store(client: IndexerClient, folder: Path) -> StoreError:
    """Index a folder that does not fit; everyone is told why, and the daemon still ends in order."""
    client.add_root(folder)
    with pytest.raises(StoreError) as caught:
        list(client.progress())
    with pytest.raises(StoreError) as again:
        client.search("anything")
    assert again.value.message == caught.value.message
    status = client.status()
    assert (status["state"], status["fault"]["kind"]) == ("stopped", "StoreError")
    client.stop()
    return caught.value


def test_a_full_disk_is_one_sentence_and_no_deadlock(tmp_path: Path) -> None:
    """When no byte fits any more, indexing stops with the sentence that says so."""
    fill(tmp_path)
    with short_home() as places:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "kb-test", str(places.home)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("only root can mount a small disk")
        try:
            error = assert_stopped_by_the_store(connect(places), tmp_path)
            assert error.message == f"the disk is full, so {places.catalog_file} cannot be written"
            assert error.hint == "free some space and try again"
        finally:
            subprocess.run(["umount", "--lazy", str(places.home)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process can only be set on Linux")
def test_a_catalog_that_cannot_grow_is_one_sentence_and_no_deadlock(tmp_path: Path) -> None:
    """A limit on the size of files ends as a full disk does, for whoever may not mount one."""
    fill(tmp_path)
    with home() as places:
        client = connect(places)
        resource.prlimit(client.status()["pid"], resource.RLIMIT_FSIZE, (400_000, 400_000))
        error = assert_stopped_by_the_store(client, tmp_path)
        assert error.message.startswith(f"the catalog {places.catalog_file} ")


def test_a_daemon_without_its_home_ends() -> None:
    """When the socket is deleted or replaced nobody can reach the daemon, so it does not stay."""
    with short_home() as places:
        places.indexer_socket.touch()
        nothing: queue.SimpleQueue[str] = queue.SimpleQueue()
        inode = places.indexer_socket.stat().st_ino
        nothing.put("request")
        assert wait_for_stop(nothing, places.indexer_socket, inode, check_s=0.01) == "request"
        assert wait_for_stop(nothing, places.indexer_socket, inode + 1, check_s=0.01) == "socket_gone"
        found = wait_for_stop(
            nothing, places.indexer_socket, inode, trouble=lambda: "catalog_gone", check_s=0.01
        )
        assert found == "catalog_gone"
        places.indexer_socket.unlink()
        assert wait_for_stop(nothing, places.indexer_socket, inode, check_s=0.01) == "socket_gone"
