"""The end of a daemon, whatever hangs, and its replacement by one of a newer kb."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from indexer.children import child_environment, family
from indexer.client import IndexerClient, connect
from indexer.client.holding import is_held, read_holder, write_holder
from indexer.client.stopping import stop
from indexer.errors import ConfigError, DaemonError
from indexer.paths import Places
from indexer.release import RELEASE, Release
from tests.homes import short_home

NEWER = Release("99.0", RELEASE.api)
OLDER = Release("0.0.1", RELEASE.api)


@pytest.fixture
def places() -> Iterator[Places]:
    """Return a home; whatever daemon serves it is gone at the end."""
    with short_home() as made:
        yield made
        stop(made)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def are_gone(processes: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def test_a_daemon_whose_children_and_clients_hang_still_ends(places: Places, tmp_path: Path) -> None:
    """It gives up on what does not move, takes it along, and counts as stopped, not as failed."""
    (tmp_path / "note.md").write_text("A note.\n", encoding="utf-8")
    daemon = subprocess.Popen(
        [sys.executable, "-m", "indexer", "--home", str(places.home)],
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )
    client = IndexerClient(places)
    wait_until(client.is_running)
    client.add_root(tmp_path)
    assert list(client.progress())[-1].is_idle
    processes = family(daemon.pid)
    for child in processes[1:]:
        child.suspend()
    (tmp_path / "other.md").write_text("Another note.\n", encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as greedy:
        silent.connect(str(places.indexer_socket))
        greedy.connect(str(places.indexer_socket))
        greedy.sendall(b"GET /v1/progress HTTP/1.0\r\n\r\n")
        assert stop(places)
    assert daemon.wait(30) == 0
    wait_until(lambda: are_gone(processes))


def test_an_end_that_hangs_is_cut_short() -> None:
    """Past its time the process is gone with its children, as one that was asked to end."""
    script = (
        "import subprocess, sys, time; from indexer.daemon import end_by\n"
        "child = subprocess.Popen(['sleep', '1000'])\n"
        "print(child.pid, flush=True); end_by(0.2); time.sleep(1000)"
    )
    hanging = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert hanging.stdout is not None
    child = psutil.Process(int(hanging.stdout.readline()))
    hanging.stdout.close()
    assert hanging.wait(60) == 0
    wait_until(lambda: are_gone([child]))


def test_a_daemon_that_hangs_itself_is_killed(places: Places) -> None:
    """Whoever asks it to stop does not wait for ever, and the next one starts at once."""
    pid = connect(places).status()["pid"]
    processes = family(pid)
    os.kill(pid, signal.SIGSTOP)
    assert stop(places, stop_s=0.5)
    wait_until(lambda: are_gone(processes))
    assert connect(places).status()["pid"] != pid


def test_a_daemon_that_does_not_listen_yet_is_stopped(places: Places) -> None:
    """Its lock tells of it, and a signal ends it."""
    daemon = subprocess.Popen(
        [sys.executable, "-m", "indexer", "--home", str(places.home)],
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )
    wait_until(lambda: read_holder(places)[0] == daemon.pid)
    assert stop(places)
    daemon.wait(10)
    assert not is_held(places)


def test_stopping_nothing_says_so(places: Places) -> None:
    """Neither a home without a lock nor a lock that nobody holds is a daemon."""
    assert not stop(places)
    connect(places)
    assert stop(places)
    assert not stop(places)
    assert read_holder(places)[0] > 0


def test_a_newer_client_replaces_the_daemon_once(places: Places) -> None:
    """The one that it starts is of its own kb, and stays."""
    first = connect(places).status()["pid"]
    replaced = connect(places, release=NEWER).status()["pid"]
    assert replaced != first
    assert connect(places).status()["pid"] == replaced
    log = (places.log_dir / "indexer.log").read_text(encoding="utf-8")
    assert "stopping reason=request" in log


def test_whoever_searches_meanwhile_gets_an_answer(places: Places, tmp_path: Path) -> None:
    """The answers under way are finished, and what comes in between is asked again."""
    (tmp_path / "note.md").write_text("The beacon glows at dusk.\n", encoding="utf-8")
    client = connect(places)
    client.add_root(tmp_path)
    assert list(client.progress())[-1].is_idle
    client.search("beacon")
    found: list[int] = []
    failures: list[Exception] = []
    is_replaced = threading.Event()

    def search() -> None:
        try:
            while not is_replaced.is_set():
                found.append(len(connect(places).search("beacon").passages))
        except DaemonError as error:
            failures.append(error)

    searching = [threading.Thread(target=search) for _ in range(2)]
    for thread in searching:
        thread.start()
    wait_until(lambda: len(found) > 10)
    replaced = connect(places, release=NEWER)
    before = len(found)
    wait_until(lambda: len(found) > before + 10 or bool(failures))
    is_replaced.set()
    for thread in searching:
        thread.join()
    assert failures == []
    assert set(found) == {1}
    assert replaced.status()["chunks"] == 1


def test_an_older_client_leaves_a_newer_daemon_alone(places: Places) -> None:
    """As long as the two understand each other, nothing is said of it."""
    pid = connect(places).status()["pid"]
    assert connect(places, release=OLDER).status()["pid"] == pid


def test_an_older_client_that_speaks_otherwise_says_so(places: Places) -> None:
    """It neither ends what it does not understand nor guesses at the answers."""
    pid = connect(places).status()["pid"]
    with pytest.raises(DaemonError) as caught:
        connect(places, release=Release(OLDER.version, RELEASE.api - 1))
    assert caught.value.message == (
        f"the indexer that runs is of kb {RELEASE.version}, which kb 0.0.1 cannot talk to"
    )
    assert caught.value.hint == "use the newer kb, or run `kb indexer restart` to go back to this one"
    assert connect(places).status()["pid"] == pid


def test_a_lock_that_says_nothing_is_not_taken_for_an_old_daemon(places: Places) -> None:
    """On a full disk nothing may be written there; then the daemon itself is asked."""
    client = connect(places)
    pid = client.status()["pid"]
    places.indexer_lock.write_bytes(b"")
    assert connect(places).status()["pid"] == pid


def test_a_daemon_is_not_ended_where_the_next_would_not_start(places: Places) -> None:
    """With a config that cannot be honoured the older daemon goes on."""
    pid = connect(places).status()["pid"]
    places.config_file.write_text("[index]\nmax_file_mb = 0\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        connect(places, release=NEWER)
    assert IndexerClient(places).status()["pid"] == pid


def test_the_holder_of_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A shorter text leaves nothing of a longer one behind."""
    with short_home() as places, places.indexer_lock.open("wb") as lock:
        write_holder(lock.fileno(), 4_000_000, Release("10.20.30rc4", 12))
        write_holder(lock.fileno(), 7, Release("1.0", 1))
        assert read_holder(places) == (7, Release("1.0", 1))
        assert places.indexer_lock.read_bytes() == b"7\n1.0 api 1\n"
