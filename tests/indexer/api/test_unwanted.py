"""Searches that nobody waits for any more, over the real API."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.api.threads import THREADS
from indexer.client import Breaker, BrokenOffError
from indexer.search import UnwantedError, check_wanted
from tests.indexer.api_bench import Served, served
from tests.waiting import PATIENCE_S, wait_until


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Served]:
    """Return a running API over an empty index."""
    with served(tmp_path) as bench:
        yield bench


def ask(bench: Served, breaker: Breaker, query: str = "a") -> threading.Thread:
    """Search in a thread of its own, until that is broken off."""

    def search() -> None:
        with pytest.raises(BrokenOffError):
            bench.client.search(query, breaker=breaker)

    thread = threading.Thread(target=search)
    thread.start()
    return thread


def test_a_search_ends_when_its_client_has_gone(bench: Served) -> None:
    """At its next stage."""
    ended = threading.Event()

    def search_on() -> None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                check_wanted()
            except UnwantedError:
                ended.set()
                raise
            time.sleep(0.01)

    bench.meanwhile = search_on
    breaker = Breaker()
    thread = ask(bench, breaker)
    wait_until(lambda: bool(bench.searches), what="it has begun")
    breaker.break_off()
    assert ended.wait(PATIENCE_S)
    thread.join()


def test_no_more_are_at_work_than_there_is_room_for(bench: Served) -> None:
    """Those that nobody waits for keep their place until they end, and what waits in line is not begun."""
    may_end = threading.Event()
    bench.meanwhile = lambda: may_end.wait(PATIENCE_S)
    breakers = [Breaker() for _ in range(THREADS + 3)]
    threads = [ask(bench, breaker, str(number)) for number, breaker in enumerate(breakers)]
    wait_until(lambda: len(bench.searches) == THREADS, what="all places are taken")
    for breaker in breakers:
        breaker.break_off()
    for thread in threads:
        thread.join()
    answered = threading.Thread(target=lambda: bench.client.search("last"))
    answered.start()
    answered.join(0.2)
    assert len(bench.searches) == THREADS
    may_end.set()
    answered.join()
    assert [query for query, _, _ in bench.searches[THREADS:]] == ["last"]
