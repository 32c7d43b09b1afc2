"""A disk that fills up in the middle of a write, and is given room again."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from indexer.client import IndexerClient, connect
from indexer.errors import KbError
from indexer.paths import Places
from indexer.types import Filters
from tests.faults.comparing import contents_of, differences
from tests.homes import short_home

PATIENCE_S = 240.0


@contextlib.contextmanager
def small_disk(places: Places, megabytes: int) -> Iterator[None]:
    """Put a home on a disk of its own, where we may mount one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "kb-test", str(places.home)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        places.create()
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(places.home)], check=True)


def fill(ballast: Path) -> None:
    """Take all room of a disk."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"\0" * 65536)


def wait_for(client: IndexerClient, holds: Callable[[dict[str, object]], bool]) -> dict[str, object]:
    """Wait for a status."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(KbError):
            if holds(status := client.status()):
                return status
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.1)


def write_notes(folder: Path, name: str, count: int) -> None:
    """Write so many files of some paragraphs."""
    for number in range(count):
        text = "\n\n".join(f"{name} {number} in paragraph {part} is {number * part}." for part in range(4))
        (folder / f"{name}-{number}.md").write_text(f"# {name} {number}\n\n{text}\n", encoding="utf-8")


@pytest.mark.timeout(600)
def test_a_full_disk_stops_the_work_and_loses_nothing(tmp_path: Path) -> None:
    """One sentence, searches go on, the log stays small; with room again everything is indexed."""
    with short_home() as places, short_home() as fresh, small_disk(places, 32):
        client = connect(places)
        try:
            write_notes(tmp_path, "early", 20)
            client.add_root(tmp_path)
            for _ in client.progress():
                pass
            ballast = places.home / "ballast"
            fill(ballast)
            write_notes(tmp_path, "late", 200)
            status = wait_for(client, lambda said: said["fault"] is not None)
            assert "the disk is full" in str(status["fault"])
            log = places.log_dir / "indexer.log"
            log_bytes = log.stat().st_size
            found = client.search("early 7 in paragraph 3", filters=Filters(within=(str(tmp_path),))).passages
            assert found[0].path == tmp_path / "early-7.md"
            daemon = psutil.Process(int(str(status["pid"])))
            spent_s = daemon.cpu_times().user
            time.sleep(2)
            assert daemon.cpu_times().user - spent_s < 1
            assert log.stat().st_size - log_bytes < 10_000
            ballast.unlink()
            # as the daemon does by itself a minute later; see the tests of `Troubles`.
            client.sweep()
            wait_for(client, lambda said: said["state"] == "idle" and not said["pending"])
            client.stop()
            reference = connect(fresh)
            try:
                reference.add_root(tmp_path)
                for _ in reference.progress():
                    pass
            finally:
                reference.stop()
            assert differences(contents_of(places), contents_of(fresh)) == []
        finally:
            with contextlib.suppress(KbError):
                connect(places, start=False).stop()
