"""The local API over its real socket."""

import json
import logging
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.api.requests import MAX_BODY_BYTES
from indexer.errors import IndexerError, StoreError, StoreMismatchError, UsageError
from indexer.types import FileStatus, Filters
from tests.indexer.api_bench import Served, served
from tests.indexer.fakes import InMemoryWorker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.mkdir()
    return path


@pytest.fixture
def bench(folder: Path) -> Iterator[Served]:
    with served(folder) as bench:
        yield bench


def write(folder: Path, name: str, text: str = "plain words") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def settle(bench: Served) -> None:
    assert list(bench.client.progress())[-1].is_idle


def raw(bench: Served, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they are and return status and body."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(bench.places.indexer_socket))
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            answer = stream.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def post(path: str, body: bytes) -> bytes:
    return b"POST %s HTTP/1.0\r\nHost: kb\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body


def test_socket_and_directory_are_the_owners_alone(bench: Served) -> None:
    """The socket has mode 0600 and stands in a directory of mode 0700."""
    assert stat.S_IMODE(bench.places.indexer_socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.places.run_dir.stat().st_mode) == 0o700


def test_a_search_brings_passages_and_how_fresh_they_are(bench: Served) -> None:
    """What search finds comes back whole, also names and texts that are not UTF-8."""
    result = bench.client.search("cabin", top_k=3, filters=Filters(within=(str(bench.folder),)))
    assert bench.searches == [("cabin", 3, Filters(within=(str(bench.folder),)))]
    (passage,) = result.passages
    assert os.fsencode(passage.path) == os.fsencode(bench.folder) + b"/caf\xe9.md"
    assert passage.text == "a passage \ud800"
    assert (result.pending, result.took_ms >= 0) == (0, True)


def test_an_empty_query_is_refused(bench: Served) -> None:
    """White space is no query."""
    with pytest.raises(UsageError, match=r"^the query is empty$"):
        bench.client.search(" \n ")


def test_the_same_question_in_other_words_comes_along(bench: Served) -> None:
    """It reaches the search; without it there is none, and what is no text is refused."""
    bench.client.search("how old is it? (cabin)", beside="how old is it?")
    bench.client.search("cabin")
    assert bench.beside == ["how old is it?", ""]
    status, answer = raw(bench, post("/v1/search", b'{"query": "cabin", "beside": 1}'))
    assert (status, b"what stands beside the query is no text" in answer) == (400, True)


def test_a_query_of_100000_characters_is_taken(bench: Served) -> None:
    """Length alone is no reason to refuse, even where every character is escaped on the way."""
    query = "é" * 100_000
    bench.client.search(query)
    assert bench.searches[0][0] == query


def test_a_request_that_is_too_large_is_refused(bench: Served) -> None:
    """The body is bounded, so that nobody fills the daemon's memory."""
    status, body = raw(bench, post("/v1/search", b'{"query": "' + b"x" * MAX_BODY_BYTES + b'"}'))
    assert status == 400
    assert json.loads(body)["error"]["message"] == "the request is larger than 1 MB"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"not json", "the request is not JSON"),
        (b"\xff\xfe", "the request is not JSON"),
        (b"[1]", "the request is not a JSON object"),
        (b'{"query": 3}', "the query is empty"),
        (b'{"query": "a", "top_k": 0}', "the number of passages must be from 1 to 1000, not 0"),
        (b'{"query": "a", "top_k": "8"}', "the number of passages must be from 1 to 1000, not 8"),
    ],
)
def test_a_request_that_makes_no_sense_is_named(bench: Served, body: bytes, message: str) -> None:
    """What is wrong comes back as a usage error in one sentence, and nothing is searched."""
    status, answer = raw(bench, post("/v1/search", body))
    assert (status, json.loads(answer)["error"]) == (
        400,
        {"kind": "UsageError", "message": message, "hint": ""},
    )
    assert bench.searches == []


def test_an_unknown_address_is_an_error_of_the_same_shape(bench: Served) -> None:
    """A client of another version gets a sentence as well."""
    status, body = raw(bench, b"GET /v9/x HTTP/1.0\r\nHost: kb\r\n\r\n")
    assert (status, json.loads(body)["error"]["message"]) == (404, "the indexer has no GET /v9/x")


def test_errors_arrive_as_the_class_they_were_raised_with(bench: Served) -> None:
    """Message, hint and class survive the socket, also for classes that make their own message."""
    bench.search_error = StoreMismatchError(stored="a", configured="b")
    with pytest.raises(StoreMismatchError) as caught:
        bench.client.search("x")
    assert caught.value.message == "the index holds embeddings of a, the config asks for b"
    assert caught.value.hint == "run `kb indexer rebuild`, or set [embedding] model back"


def test_a_bug_is_told_without_its_message(bench: Served, caplog: pytest.LogCaptureFixture) -> None:
    """An unforeseen exception names its kind alone, in the answer and in the log."""
    bench.search_error = ZeroDivisionError("text of a document")
    with caplog.at_level(logging.DEBUG), pytest.raises(IndexerError) as caught:
        bench.client.search("x")
    assert caught.value.message == "the indexer failed on an internal error (ZeroDivisionError)"
    assert "request_failed kind=ZeroDivisionError" in caplog.text
    assert "text of a document" not in caplog.text


def test_roots_are_added_listed_and_removed(bench: Served) -> None:
    """The whole life of a root, with what the person is told."""
    write(bench.folder, "a.md")
    assert bench.client.add_root(bench.folder) == ""
    settle(bench)
    assert bench.client.roots() == [bench.folder]
    assert bench.client.add_root(bench.folder) == f"{bench.folder} is already indexed"
    assert bench.client.remove_root(bench.folder) == 1
    assert bench.client.roots() == []


def test_progress_ends_with_everything_indexed(bench: Served) -> None:
    """The stream counts up to the end and then stops by itself."""
    for number in range(30):
        write(bench.folder, f"{number}.md", f"words {number}")
    bench.client.add_root(bench.folder)
    events = list(bench.client.progress())
    assert [event.is_idle for event in events].count(True) == 1
    assert (events[-1].files_done, events[-1].files_total, events[-1].chunks_done) == (30, 30, 30)


def test_a_client_that_leaves_during_progress_is_no_trouble(folder: Path) -> None:
    """The stream of a client that went away ends, and the next client is served."""
    gate = threading.Event()
    write(folder, "a.md")
    with served(folder, worker=InMemoryWorker(gate=gate)) as bench:
        bench.client.add_root(folder)
        stream = bench.client.progress()
        assert not next(stream).is_idle
        del stream
        assert bench.client.status()["state"] == "indexing"
        gate.set()
        settle(bench)


def test_an_error_of_the_store_ends_progress_and_answers_searches(bench: Served) -> None:
    """A full disk is one sentence wherever it is asked for, and a later sweep goes on."""
    write(bench.folder, "a.md")
    bench.worker.error = StoreError("the disk is full", hint="free some space")
    bench.client.add_root(bench.folder)
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        list(bench.client.progress())
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        bench.client.search("x")
    status = bench.client.status()
    assert status["state"] == "stopped"
    retry_at = status["fault"].pop("retry_at")
    assert retry_at == bench.pipeline.troubles.retry_at
    assert status["fault"] == {"kind": "StoreError", "message": "the disk is full", "hint": "free some space"}
    bench.worker.error = None
    bench.client.sweep()
    settle(bench)
    assert bench.client.status()["files"]["indexed"] == 1
    assert len(bench.client.search("x").passages) == 1


def test_status_tells_everything_at_a_glance(bench: Served) -> None:
    """Counts of every status, roots with their files, chunks, the queue and what failed."""
    write(bench.folder, "a.md", "one\n\ntwo")
    bad = write(bench.folder, "bad.md", "DAMAGED")
    write(bench.folder, "photo.png")
    bench.client.add_root(bench.folder)
    settle(bench)
    status = bench.client.status()
    assert status["state"] == "idle"
    assert status["pid"] == os.getpid()
    assert status["files"] == {"pending": 0, "indexed": 1, "partial": 0, "skipped": 1, "failed": 1}
    (root,) = status["roots"]
    assert root == {
        "path": str(bench.folder),
        "files": 3,
        "is_away": False,
        "not_watched": "",
        "watching": "watched",
    }
    assert (status["chunks"], status["embedded_total"], status["queue"]) == (2, 2, 0)
    assert status["fault"] is None
    assert status["as_of"] > 0
    (error,) = status["last_errors"]
    assert (error["path"], error["reason"]) == (str(bad), "the file is damaged")
    assert status["retry"] == {"count": 0, "next_at": None}
    assert (status["paused_until"], status["paused_why"], status["rebuilding"]) == (None, "", None)
    assert status["disk_bytes"]["catalog"] > 0


def test_status_and_roots_are_served_before_the_model_is_loaded(folder: Path) -> None:
    """While embedding is not possible yet, roots are taken and what waits is listed."""
    gate = threading.Event()
    path = write(folder, "a.md")
    with served(folder, worker=InMemoryWorker(gate=gate)) as bench:
        bench.is_ready = False
        bench.client.add_root(folder)
        while not bench.client.files(status=FileStatus.PENDING):
            pass
        assert bench.client.status()["state"] == "starting"
        assert [entry.path for entry in bench.client.files(status=FileStatus.PENDING)] == [path]
        assert [entry.status for entry in bench.client.files(under=path)] == [FileStatus.PENDING]
        assert bench.client.files(status=FileStatus.PENDING, under=Path("/elsewhere")) == []
        gate.set()
        settle(bench)


def test_the_ledger_is_listed_by_status_and_folder(bench: Served) -> None:
    """One status, one folder, a name that is not UTF-8."""
    name = os.fsdecode(b"caf\xe9 &+%.md")
    (bench.folder / "sub").mkdir()
    write(bench.folder, "sub/a.md")
    odd = write(bench.folder, name)
    write(bench.folder, "photo.png")
    bench.client.add_root(bench.folder)
    settle(bench)
    everything = bench.client.files()
    assert len(everything) == 3
    assert [entry.reason for entry in bench.client.files(status=FileStatus.SKIPPED)] == [
        "no reader for .png files"
    ]
    assert [entry.path.name for entry in bench.client.files(under=bench.folder / "sub")] == ["a.md"]
    assert [entry.path for entry in bench.client.files(under=odd)] == [odd]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=lost", "there is no status 'lost'; allowed: pending, indexed, partial, skipped, failed"),
        ("limit=-1", "limit must be a whole number, not '-1'"),
        ("under=notes", "an absolute path is needed, not 'notes'"),
    ],
)
def test_a_listing_that_makes_no_sense_is_refused(bench: Served, query: str, message: str) -> None:
    """A wrong filter is an error and not an empty list."""
    status, body = raw(bench, f"GET /v1/files?{query} HTTP/1.0\r\nHost: kb\r\n\r\n".encode())
    assert (status, json.loads(body)["error"]["message"]) == (400, message)


def test_a_stop_is_passed_on_and_ends_progress(folder: Path) -> None:
    """Whoever waits for indexing learns that the daemon was stopped."""
    gate = threading.Event()
    write(folder, "a.md")
    with served(folder, worker=InMemoryWorker(gate=gate)) as bench:
        bench.client.add_root(folder)
        stream = bench.client.progress()
        next(stream)
        raw(bench, post("/v1/stop", b""))
        assert bench.stops == ["asked"]
        with pytest.raises(IndexerError, match=r"^the indexer was stopped$"):
            list(stream)
        gate.set()


def test_a_wait_ends_when_what_is_on_disk_can_be_found(bench: Served) -> None:
    """No event is needed, and the last line counts the files that were waited for."""
    write(bench.folder, "a.md")
    bench.client.add_root(bench.folder)
    settle(bench)
    for name in ("b.md", "c.md"):
        write(bench.folder, name, f"words of {name}")
    last = list(bench.client.fresh())[-1]
    assert (last.is_idle, last.files_done, last.files_total) == (True, 2, 2)
    assert bench.client.status()["files"]["indexed"] == 3
    write(bench.folder, "d.md", "words of d.md")
    assert list(bench.client.fresh(under=[bench.folder / "c.md"]))[-1].files_total == 0
    assert list(bench.client.fresh(under=[bench.folder / "d.md"]))[-1].files_total == 1


def test_a_wait_ends_with_the_error_that_stops_the_work(bench: Served) -> None:
    """A full disk is told to whoever waits, and asking again tries again."""
    write(bench.folder, "a.md")
    bench.worker.error = StoreError("the disk is full")
    bench.client.add_root(bench.folder)
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        list(bench.client.progress())
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        list(bench.client.fresh())
    bench.worker.error = None
    assert list(bench.client.fresh())[-1].is_idle
    assert bench.client.status()["files"]["indexed"] == 1


def test_a_pause_is_told_to_whoever_waits(bench: Served) -> None:
    """Waiting for it would take as long as the pause; where nothing differs there is nothing to wait for."""
    write(bench.folder, "a.md")
    bench.client.add_root(bench.folder)
    settle(bench)
    bench.client.pause()
    assert list(bench.client.fresh())[-1].is_idle
    write(bench.folder, "b.md")
    for stream in (bench.client.fresh(), bench.client.progress()):
        with pytest.raises(IndexerError, match=r"^indexing is paused$") as caught:
            list(stream)
        assert caught.value.hint == "run `kb indexer resume` to go on now"
    assert bench.client.search("cabin").pending == 1
    bench.client.resume()
    settle(bench)
    assert bench.client.search("cabin").pending == 0


@pytest.mark.parametrize("seconds", ["0", "-1", '"1h"', "true", "1e99", "NaN"])
def test_a_pause_that_makes_no_sense_is_refused(bench: Served, seconds: str) -> None:
    """A length is a positive number of seconds, of a year at most."""
    status, body = raw(bench, post("/v1/pause", b'{"seconds": %s}' % seconds.encode()))
    assert status == 400
    assert json.loads(body)["error"]["message"].startswith("a pause lasts from 1 to 31,622,400 seconds, not")
    assert bench.pipeline.paused_until is None


def test_a_pause_may_have_an_end(bench: Served) -> None:
    """It is kept in seconds since the epoch."""
    bench.client.pause(3600)
    until = bench.pipeline.paused_until
    assert isinstance(until, float)
    assert 3590 < until - time.time() <= 3600
    bench.client.resume()
    assert bench.pipeline.paused_until is None


def test_roots_that_are_away_are_forgotten_on_demand(bench: Served) -> None:
    """Their files are, the folders stay listed; what has come back is looked at instead."""
    gone, back = bench.folder / "gone", bench.folder / "back"
    for root in (gone, back):
        root.mkdir()
        write(root, "a.md", f"words of {root.name}")
        bench.client.add_root(root)
    settle(bench)
    for root in (gone, back):
        root.rename(root.with_suffix(".away"))
    bench.client.sweep()
    settle(bench)
    assert bench.pipeline.away == {gone, back}
    back.with_suffix(".away").rename(back)
    assert bench.client.prune() == 1
    settle(bench)
    assert bench.client.roots() == [back, gone]
    assert [entry.path for entry in bench.client.files()] == [back / "a.md"]
    assert bench.pipeline.away == {gone}
    assert bench.client.prune() == 0
    gone.with_suffix(".away").rename(gone)
    bench.client.sweep()
    settle(bench)
    assert len(bench.client.files()) == 2
