"""The client against sockets that misbehave, and daemons that do not start."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from indexer.client import Breaker, BrokenOffError, IndexerClient, connect
from indexer.errors import ConfigError, DaemonError, IndexerError, StoreError
from indexer.paths import Places
from tests.homes import short_home
from tests.waiting import PATIENCE_S

Answer = Callable[[socket.socket], object]


@contextmanager
def listening(answer: Answer, *, timeout_s: float = 0.3) -> Iterator[IndexerClient]:
    """Serve one connection after the other with whatever the test writes."""
    with short_home() as places, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places.indexer_socket))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield IndexerClient(places, timeout_s=timeout_s)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def say(text: str) -> Answer:
    """Answer every request with some bytes."""

    def answer(connection: socket.socket) -> None:
        # a client that only looks whether somebody listens is gone before the answer.
        with suppress(OSError):
            connection.recv(65536)
            connection.sendall(text.encode())

    return answer


def test_a_request_can_be_broken_off() -> None:
    """Whoever waits is told at once, and the daemon sees that the client has gone."""
    asked, hung_up = threading.Event(), threading.Event()

    def never(connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        connection.recv(65536)
        asked.set()
        if connection.recv(65536) == b"":
            hung_up.set()

    def break_off() -> None:
        asked.wait(PATIENCE_S)
        breaker.break_off()

    breaker = Breaker()
    with listening(never, timeout_s=PATIENCE_S) as client:
        threading.Thread(target=break_off).start()
        with pytest.raises(BrokenOffError):
            client.search("rent", breaker=breaker)
        assert hung_up.wait(PATIENCE_S)


def test_a_request_that_was_broken_off_before_is_not_made() -> None:
    """Nothing is sent for it, and one that was answered does not mind."""
    requests: list[bytes] = []
    with listening(lambda connection: requests.append(connection.recv(65536))) as client:
        breaker = Breaker()
        breaker.break_off()
        with pytest.raises(BrokenOffError):
            client.search("rent", breaker=breaker)
    assert all(request == b"" for request in requests)


def test_breaking_off_what_is_answered_does_nothing() -> None:
    """The answer was complete."""
    breaker = Breaker()
    answer = '{"passages": [], "as_of": 1, "pending": 0, "took_ms": 2}'
    with listening(say(f"HTTP/1.0 200 OK\r\n\r\n{answer}")) as client:
        assert client.search("rent", breaker=breaker).as_of == 1
        breaker.break_off()


def test_no_daemon_is_a_sentence_with_a_remedy() -> None:
    """Neither a missing socket nor a dead one is a traceback."""
    with short_home() as places:
        for _ in ("missing", "dead"):
            with pytest.raises(DaemonError) as caught:
                IndexerClient(places).status()
            assert caught.value.message == "the indexer is not running"
            assert caught.value.hint == "run `kb indexer start`"
            if not places.indexer_socket.exists():
                with socket.socket(socket.AF_UNIX) as dead:
                    dead.bind(str(places.indexer_socket))


def test_connecting_without_starting_needs_a_daemon() -> None:
    """`kb indexer stop` does not start what it is to stop, and makes no directories."""
    with short_home() as places:
        elsewhere = Places(config_file=places.config_file, home=places.home / "new")
        with pytest.raises(DaemonError, match=r"^the indexer is not running$"):
            connect(elsewhere, start=False)
        assert not elsewhere.home.exists()


def test_a_daemon_that_dies_in_the_middle_is_a_sentence() -> None:
    """Half an answer, or none, names the log."""
    for text in ("", "HTTP/1.1 200 OK\r\n", 'HTTP/1.1 200 OK\r\n\r\n{"state": "id'):
        with listening(say(text)) as client, pytest.raises(DaemonError) as caught:
            client.status()
        assert caught.value.message == "the indexer went away in the middle of a request"
        assert caught.value.hint.startswith("see /")


def test_progress_that_breaks_off_is_a_sentence() -> None:
    """A stream that ends without an end is not taken for success."""
    event = (
        '{"files_done": 1, "files_total": 2, "chunks_done": 3, "chunks_per_s": 4.0,'
        ' "seconds_left": null, "current": "", "is_idle": false}\n'
    )
    for rest in ("", '{"files_d'):
        with listening(say("HTTP/1.1 200 OK\r\n\r\n" + event + rest)) as client:
            stream = client.progress()
            assert next(stream).chunks_done == 3
            with pytest.raises(DaemonError, match=r"^the indexer went away in the middle of a request$"):
                next(stream)


def test_a_daemon_that_hangs_is_given_up_on() -> None:
    """No answer within the time is a sentence that says how long that was."""
    release = threading.Event()
    with listening(lambda _: release.wait(20)) as client:
        with pytest.raises(DaemonError, match=r"^the indexer did not answer within 0.3 s$"):
            client.status()
        release.set()


def test_an_error_of_a_class_we_do_not_know_is_still_an_error() -> None:
    """A newer daemon may raise what this client has never heard of."""
    for kind in ("FromTheFutureError", "KbError.__class__", "Exception"):
        body = f'{{"error": {{"kind": "{kind}", "message": "m", "hint": "h"}}}}'
        with listening(say("HTTP/1.1 503 X\r\n\r\n" + body)) as client, pytest.raises(IndexerError) as caught:
            client.status()
        assert (type(caught.value), caught.value.message, caught.value.hint) == (IndexerError, "m", "h")
    with (
        listening(
            say('HTTP/1.1 503 X\r\n\r\n{"error": {"kind": "StoreError", "message": "m", "hint": ""}}')
        ) as client,
        pytest.raises(StoreError),
    ):
        client.status()


def test_a_socket_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    """The system's limit is told before anything is started, with the remedy."""
    home = tmp_path / ("h" * 100)
    with pytest.raises(ConfigError) as caught:
        connect(Places(config_file=home / "config.toml", home=home))
    length = len(os.fsencode(home / "run" / "indexer.sock"))
    assert caught.value.message == (
        f"the socket path {home}/run/indexer.sock is {length} bytes long, and the system allows 103"
    )
    assert caught.value.hint == "set KB_HOME to a shorter directory"
    assert not home.exists()


def test_a_home_that_cannot_be_made_is_named() -> None:
    """A read-only place ends in one sentence and no daemon."""
    home = Path("/proc/kb")
    with pytest.raises(ConfigError) as caught:
        connect(Places(config_file=home / "config.toml", home=home))
    assert caught.value.message.startswith("cannot make the directory /proc/kb: ")
    assert caught.value.hint == "make it writable, or set KB_HOME to a directory that is"


def test_a_daemon_that_does_not_start_says_why() -> None:
    """The last line of its log is the reason, and the log is the hint."""
    with short_home() as places:
        places.catalog_file.mkdir()
        with pytest.raises(DaemonError) as caught:
            connect(places)
        assert caught.value.message.startswith("the indexer did not start: ")
        assert str(places.catalog_file) in caught.value.message
        assert caught.value.hint == f"see {places.log_dir}/indexer.log"


def test_a_config_that_cannot_be_honoured_starts_nothing() -> None:
    """What is wrong with it is said by the client itself, as for every command."""
    with short_home() as places:
        places.config_file.write_text("[index]\nmax_file_mb = 0\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            connect(places)
        assert caught.value.message == (
            f"{places.config_file}: index.max_file_mb = 0 is not allowed;"
            " it must be a whole number from 1 to 4096"
        )
        assert not (places.log_dir / "indexer.log").exists()


def test_a_log_that_cannot_be_written_is_named() -> None:
    """Where even the log has no place, the sentence names it."""
    with short_home() as places:
        (places.log_dir / "indexer.log").mkdir()
        with pytest.raises(DaemonError) as caught:
            connect(places)
        assert (
            caught.value.message == f"the indexer did not start: {places.log_dir}/indexer.log: Is a directory"
        )


def test_the_client_imports_nothing_heavy() -> None:
    """`kb search` pays for the standard library alone, and not for its slow parts."""
    heavy = {
        "chromadb",
        "email",
        "http",
        "numpy",
        "pydantic",
        "ssl",
        "starlette",
        "subprocess",
        "torch",
        "uvicorn",
    }
    script = "import sys, indexer.client; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert heavy.isdisjoint(loaded.split())
