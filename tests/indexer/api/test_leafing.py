"""Leafing through the ledger, and having what failed read again, over the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.types import FileStatus
from tests.indexer.api_bench import Served, served


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Served]:
    """Return a served index of an empty folder."""
    folder = tmp_path / "notes"
    folder.mkdir()
    with served(folder) as bench:
        yield bench


def write(folder: Path, name: str, text: str = "plain words") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def settle(bench: Served) -> None:
    assert list(bench.client.progress())[-1].is_idle


def test_the_ledger_is_leafed_through(bench: Served) -> None:
    """A page at a time, by a word in path or reason, with the count of all pages."""
    for name in ("a.md", "b.md", "other.md"):
        write(bench.folder, name)
    (bench.folder / "bad.png").write_bytes(b"\x89PNG")
    bench.client.add_root(bench.folder)
    settle(bench)
    page = bench.client.files_page(status=FileStatus.INDEXED, offset=1, limit=1)
    assert ([each.path.name for each in page.entries], page.total) == (["b.md"], 3)
    page = bench.client.files_page(text="OTHER", under=bench.folder, limit=9)
    assert ([each.path.name for each in page.entries], page.total) == (["other.md"], 1)
    assert bench.client.files_page(status=FileStatus.PENDING, limit=9).total == 0


def test_what_failed_is_read_again_on_demand(bench: Served) -> None:
    """All of it, or what was named; the count says how much that is."""
    bad = write(bench.folder, "bad.md", "DAMAGED")
    bench.client.add_root(bench.folder)
    settle(bench)
    assert bench.client.retry([bench.folder / "other.md"]) == 0
    assert bench.client.retry([bad]) == 1
    settle(bench)
    assert bench.client.retry() == 1
    settle(bench)
    (entry,) = bench.client.files(status=FileStatus.FAILED)
    assert entry.attempts == 3
