"""Filters as other programs send them."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.types import Filters
from tests.indexer.api_bench import Served, served


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Served]:
    """Return a running API over an empty index."""
    with served(tmp_path) as bench:
        yield bench


def ask(bench: Served, filters: bytes) -> tuple[int, dict[str, object]]:
    """Search with filters as they are written; return status and answer."""
    body = b'{"query": "a", "filters": %s}' % filters
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(bench.places.indexer_socket))
        head = b"POST /v1/search HTTP/1.0\r\nHost: kb\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)
        with connection.makefile("rb") as stream:
            head, _, answer = stream.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(answer)


def test_filters_reach_the_search_as_they_are(bench: Served) -> None:
    """Every field comes through, and the answer says what was searched."""
    filters = Filters(
        within=("/x", "work"), exclude=("*.tmp",), types=("pdf",), tags=("a/b",), since=1.5, before=9
    )
    assert bench.client.search("a", top_k=2, filters=filters).filters == filters
    assert bench.searches == [("a", 2, filters)]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (b"null", "`filters` must be an object"),
        (b'["x"]', "`filters` must be an object"),
        (
            b'{"under": ["/x"]}',
            "there is no filter 'under'; allowed: within, exclude, types, tags, since, before",
        ),
        (b'{"within": "/x"}', "the filter `within` must be a list of words"),
        (b'{"tags": [1]}', "the filter `tags` must be a list of words"),
        (b'{"types": [" "]}', "the filter `types` must be a list of words"),
        (b'{"exclude": null}', "the filter `exclude` must be a list of words"),
        (
            b'{"within": ["/x\\u0000"]}',
            "the filter `within` holds a character that no name has",
        ),
        (
            b'{"since": "2026"}',
            "the filter `since` must be a number of seconds since the epoch",
        ),
        (
            b'{"before": true}',
            "the filter `before` must be a number of seconds since the epoch",
        ),
        (
            b'{"before": NaN}',
            "the filter `before` must be a number of seconds since the epoch",
        ),
        (
            b'{"before": 1%s}' % (b"0" * 400),
            "the filter `before` must be a number of seconds since the epoch",
        ),
    ],
)
def test_filters_that_make_no_sense_are_named(bench: Served, filters: bytes, message: str) -> None:
    """Nothing is passed over in silence, and nothing fails in the middle."""
    status, answer = ask(bench, filters)
    assert (status, answer["error"]) == (400, {"kind": "UsageError", "message": message, "hint": ""})
    assert bench.searches == []
