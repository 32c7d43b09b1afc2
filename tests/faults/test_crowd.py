"""Many clients at once at a real daemon that is indexing."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from indexer.client import IndexerClient
from indexer.paths import Places
from indexer.types import Filters, SearchResult
from tests.faults.clients import asking, post, search_for

CLIENTS = 50


@pytest.mark.timeout(300)
def test_fifty_clients_are_answered_while_files_are_indexed(
    real_daemon: IndexerClient, real_places: Places, tmp_path: Path
) -> None:
    """Each finds what it asked for, others vanish or do not read, and nothing of them is left behind."""
    early, late = tmp_path / "early", tmp_path / "late"
    for folder in (early, late):
        folder.mkdir()
    for number in range(CLIENTS):
        (early / f"{number}.md").write_text(f"The code of locker {number} is {number * 7 + 1000}.\n")
    real_daemon.add_root(early)
    assert list(real_daemon.progress())[-1].is_idle
    real_daemon.search("which locker?", filters=Filters(within=(str(early),)))
    daemon = psutil.Process(real_daemon.status()["pid"])
    files, threads = daemon.num_fds(), daemon.num_threads()
    for number in range(400):
        (late / f"{number}.md").write_text(f"Note {number} says that the weather was mild on day {number}.\n")
    real_daemon.add_root(late)
    rude = [asking(real_places, search_for(f"vanished {number}")) for number in range(10)]
    rude += [asking(real_places, post("/v1/fresh", {"under": []})) for _ in range(3)]

    def ask(number: int) -> SearchResult:
        return IndexerClient(real_places).search(
            f"the code of locker {number}", top_k=1, filters=Filters(within=(str(early),))
        )

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(ask, range(CLIENTS)))
    for number, answer in enumerate(answers):
        assert answer.passages[0].path == early / f"{number}.md"
    for connection in rude:
        connection.close()
    assert list(real_daemon.progress())[-1].is_idle
    assert real_daemon.status()["files"]["indexed"] == CLIENTS + 400
    # threads of the pool may have been made meanwhile and stay, each with its connection to the catalog.
    assert daemon.num_fds() <= files + 24
    assert daemon.num_threads() <= threads + 16
    for folder in (early, late):
        with contextlib.suppress(Exception):
            real_daemon.remove_root(folder)
