"""A search is explained over the real socket, with what the ledger says of a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.types import FileOutcome
from tests.indexer.api_bench import Served, served
from tests.indexer.test_api import post, raw


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Served]:
    """A served index of a folder of notes."""
    folder = tmp_path / "notes"
    folder.mkdir()
    with served(folder) as running:
        yield running


def test_a_search_is_explained(bench: Served) -> None:
    """Every stage comes whole, and of a file what the ledger says of it as well."""
    bench.pipeline.add_root(bench.folder)
    (bench.folder / "cabin.md").write_text("the key of the cabin", encoding="utf-8")
    (bench.folder / "scan.jpg").write_bytes(b"\xff")
    list(bench.client.fresh())
    trace = bench.client.explain("cabin key", file=bench.folder / "cabin.md")
    assert trace.candidates[0].path == bench.folder / "cabin.md"
    assert trace.result.as_of > 0
    assert trace.file is not None
    assert trace.file.verdict == "cabin.md is passage 1"
    assert trace.file.why["state"] == "indexed"
    left_out = bench.client.explain("cabin key", file=bench.folder / "scan.jpg").file
    assert left_out is not None
    assert left_out.outcome is FileOutcome.NOT_INDEXED
    assert left_out.verdict.startswith("nothing of scan.jpg is in the index: ")
    assert bench.client.explain("cabin key").file is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"query": " "}', "the query is empty"),
        (b'{"query": "a", "file": "x"}', "an absolute path is needed, not 'x'"),
    ],
)
def test_an_explanation_of_nothing_is_refused(bench: Served, body: bytes, message: str) -> None:
    """A question and, where there is one, a whole path are needed."""
    status, answer = raw(bench, post("/v1/explain", body))
    assert (status, json.loads(answer)["error"]["message"]) == (400, message)
