"""Completion of filters over the real API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.errors import UsageError
from indexer.types import Offer
from tests.indexer.api_bench import Served, served


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Served]:
    """Return a running API over an empty index."""
    with served(tmp_path) as bench:
        yield bench


def test_what_the_files_have_is_offered(bench: Served, tmp_path: Path) -> None:
    """Folders, kinds and tags, each with how many files it leaves."""
    folder = tmp_path / "notes"
    (folder / "plans").mkdir(parents=True)
    (folder / "plans" / "a.md").write_text("about #work", encoding="utf-8")
    (folder / "b.md").write_text("about #work", encoding="utf-8")
    bench.client.add_root(folder)
    assert list(bench.client.progress())[-1].is_idle
    assert bench.client.offers("in", "pl") == (Offer(value="plans/", files=1),)
    assert bench.client.offers("tag", "w") == (Offer(value="work", files=2),)
    assert bench.client.offers("type", "", limit=1) == (Offer(value="markdown", files=2),)
    assert bench.client.offers("since", "yes") == (Offer(value="yesterday"),)


@pytest.mark.parametrize(
    ("name", "typed", "limit", "message"),
    [
        ("size", "", 5, "no filter"),
        (3, "", 5, "must be text"),
        ("in", "x" * 1001, 5, "no name of anything"),
        ("in", "\0", 5, "no name of anything"),
        ("in", "", 0, "number of offers"),
        ("in", "", 201, "number of offers"),
    ],
)
def test_what_is_asked_is_checked(bench: Served, name: object, typed: str, limit: int, message: str) -> None:
    """Nothing is passed over in silence."""
    with pytest.raises(UsageError, match=message):
        bench.client.offers(name, typed, limit=limit)  # type: ignore[arg-type]
