"""Many clients at once, and clients that do not behave, on real sockets."""

import contextlib
import functools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from indexer.api import Api
from indexer.api.serving import Limits, listening, serving
from indexer.api.threads import THREADS
from indexer.catalog import Catalog
from indexer.client import IndexerClient
from indexer.index import Index
from indexer.paths import Places
from indexer.pipeline import Pipeline
from indexer.search import Found
from indexer.types import Filters, Locator, Passage, SearchTrace
from indexer.walk import WalkRules
from tests.faults.clients import (
    answer_of,
    asking,
    closing_all,
    connected,
    everything,
    post,
    search_for,
)
from tests.homes import short_home
from tests.indexer.api_bench import Alone
from tests.indexer.fakes import InMemoryWorker, ParagraphReader
from tests.indexer.pipeline.bench import wait_until

LARGE = "x" * 4_000_000
"""More than the system keeps of an answer that nobody reads."""


class Search:
    """Finds one passage, once it is let; keeps what was begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.turns = threading.Semaphore(0)

    def __call__(self, query: str, _top_k: int, filters: Filters, _beside: str) -> Found:
        """Answer."""
        self.begun.append(query)
        while not (self.gate.is_set() or self.turns.acquire(timeout=0.01)):
            pass
        passage = Passage(
            chunk_id=1,
            path=Path("/a.md"),
            root=Path("/"),
            title="a",
            text=LARGE if query == "large" else query,
            locator=Locator(),
            score=1.0,
            similarity=1.0,
            lexical=0.0,
        )
        return Found(passages=(passage,), question=query, filters=filters)

    def has_begun(self, number: int) -> bool:
        """Tell whether more than so many were begun."""
        return len(self.begun) > number


def unexplained(query: str, top_k: int, filters: Filters, file: Path | None) -> SearchTrace:
    """Stand for what nobody asks here."""
    raise AssertionError(query, top_k, filters, file)


class Served:
    """A running API over an empty index."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.client = IndexerClient(places, timeout_s=30)
        self.search = Search()

    def settle(self) -> None:
        """Have everything handled that was sent before."""
        for _ in range(3):
            assert self.client.status()["pid"] == os.getpid()

    def asked(self, query: str) -> socket.socket:
        """Send a question, and return when it has arrived."""
        connection = asking(self.places, search_for(query))
        self.settle()
        return connection


@contextmanager
def served(limits: Limits | None = None) -> Iterator[Served]:
    """Serve an empty index with a search of our own."""
    with short_home() as places, closing(Index(Catalog.open(places.catalog_file), InMemoryWorker())) as index:
        bench = Served(places)
        rules = WalkRules(max_file_bytes=1_000_000, is_supported=lambda path: path.suffix == ".md")
        pipeline = Pipeline(index, rules=rules, open_reader=ParagraphReader, home=places.home)
        api = Api(
            current=Alone(index, pipeline),
            search=bench.search,
            explain=unexplained,
            describe=lambda: {"pid": os.getpid()},
            is_ready=lambda: True,
            stop=lambda: None,
        )
        with (
            listening(places.indexer_socket) as listener,
            serving(api.app(), listener, limits=limits),
            closing(pipeline),
        ):
            pipeline.start()
            try:
                yield bench
            finally:
                bench.search.gate.set()


def assert_hung_up_on(connection: socket.socket) -> None:
    """Send a byte now and then until nothing can be sent any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            connection.send(b"x")
        except OSError:
            return
        time.sleep(0.02)
    pytest.fail("the connection stays open")


def open_files() -> int:
    """Count the files that this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def test_fifty_clients_are_answered_in_the_order_they_came() -> None:
    """Each question that is answered lets the one begin that waits longest; the status does not wait."""
    with served() as bench, closing_all([]) as connections:
        bench.search.gate.clear()
        for number in range(50):
            connections.append(bench.asked(f"question {number}"))
        for number in range(THREADS, 50):
            bench.search.turns.release()
            wait_until(functools.partial(bench.search.has_begun, number))
        assert bench.search.begun[THREADS:] == [f"question {number}" for number in range(THREADS, 50)]
        bench.search.gate.set()
        for number, connection in enumerate(connections):
            assert answer_of(connection)["passages"][0]["text"] == f"question {number}"


def test_what_a_client_waits_for_is_not_begun_when_it_has_gone() -> None:
    """Those behind it in the line are not held up by questions that nobody asks any more."""
    with served() as bench, closing_all([]) as connections:
        bench.search.gate.clear()
        connections += [bench.asked(f"first {number}") for number in range(THREADS)]
        gone = [bench.asked(f"gone {number}") for number in range(5)]
        connections.append(bench.asked("last"))
        for connection in gone:
            connection.close()
        bench.settle()
        bench.search.gate.set()
        for connection in connections:
            answer_of(connection)
        assert bench.search.begun[THREADS:] == ["last"]


def test_a_request_may_come_byte_by_byte() -> None:
    """Slow is not wrong, as long as it comes to an end."""
    with served() as bench, connected(bench.places) as connection:
        for byte in search_for("slowly"):
            connection.send(bytes([byte]))
        assert answer_of(connection)["passages"][0]["text"] == "slowly"


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /v1/status HT",
        post("/v1/search", {"query": "cut"})[:-3],
        b"POST /v1/sweep HTTP/1.1\r\n\r\nGET",
    ],
    ids=["nothing", "half a head", "half a body", "half a second request"],
)
def test_a_request_that_never_ends_is_hung_up_on(beginning: bytes) -> None:
    """The connection is closed after a while, and everybody else is answered meanwhile."""
    with served(Limits(asking_s=0.3)) as bench, asking(bench.places, beginning) as connection:
        assert bench.client.search("another").passages
        everything(connection)
        assert bench.client.search("another").passages


def test_bytes_that_trickle_do_not_put_off_the_end() -> None:
    """The clock runs from the beginning of a request and not from its last byte."""
    with served(Limits(asking_s=0.3)) as bench, connected(bench.places) as connection:
        assert_hung_up_on(connection)


def test_an_answer_that_is_not_read_is_thrown_away() -> None:
    """A client that asks and never reads costs a connection for a while, and no longer."""
    with served(Limits(unread_s=0.3)) as bench, asking(bench.places, search_for("large")) as connection:
        assert_hung_up_on(connection)
        assert len(everything(connection)) < len(LARGE)
        assert bench.client.search("another").passages


def test_an_answer_that_is_read_slowly_arrives() -> None:
    """A client may take its time, as long as it reads."""
    with served() as bench, asking(bench.places, search_for("large")) as connection:
        received = 0
        while piece := connection.recv(50_000):
            received += len(piece)
        assert received > len(LARGE)


def test_the_oldest_idle_connection_makes_room() -> None:
    """However many connect and say nothing, those who ask are answered, and those who wait keep it."""
    with served(Limits(connections=20)) as bench, closing_all([]) as idle:
        bench.search.gate.clear()
        with bench.asked("patient") as patient:
            idle += [connected(bench.places) for _ in range(200)]
            bench.settle()
            bench.search.gate.set()
            assert answer_of(patient)["passages"][0]["text"] == "patient"
        assert everything(idle[0]) == b""
        idle[-1].sendall(b"GET /v1/roots HTTP/1.0\r\n\r\n")
        assert answer_of(idle[-1]) == {"roots": []}


def test_where_everybody_waits_for_an_answer_one_more_is_told_so() -> None:
    """It is refused with a sentence instead of growing the line without end."""
    with served(Limits(connections=10)) as bench, closing_all([]) as connections:
        bench.search.gate.clear()
        connections += [asking(bench.places, search_for(f"question {number}")) for number in range(10)]
        with asking(bench.places, search_for("one more")) as refused:
            said = everything(refused)
        assert said.startswith(b"HTTP/1.1 503")
        assert b"the indexer has too much to do" in said
        bench.search.gate.set()
        for connection in connections:
            assert len(answer_of(connection)["passages"]) == 1


def test_clients_that_vanish_leave_nothing_behind() -> None:
    """In the middle of a request, of the wait, of an answer, of a stream: no file stays open."""
    with served() as bench:
        bench.settle()
        before = open_files()
        whole = search_for("large")
        for request in (whole[:10], whole[:-5], whole, b"GET /v1/progress HTTP/1.0\r\n\r\n"):
            for is_reading in (False, True):
                with asking(bench.places, request) as connection:
                    if is_reading and len(request) >= 30 and not request.endswith(b"que"):
                        with contextlib.suppress(TimeoutError):
                            connection.settimeout(0.2)
                            connection.recv(100)
        wait_until(lambda: open_files() <= before)
