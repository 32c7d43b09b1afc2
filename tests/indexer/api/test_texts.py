"""Files by their names, and their text, over the real API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.errors import UsageError
from indexer.types import FileStatus, FileText, Filters
from tests.indexer.api_bench import Served, served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.mkdir()
    return path


@pytest.fixture
def bench(folder: Path) -> Iterator[Served]:
    with served(folder) as bench:
        yield bench


def test_a_file_is_known_by_its_name_and_read_without_a_search(bench: Served, folder: Path) -> None:
    """Its text comes in reading order, page by page; a file that is not indexed has none."""
    paragraphs = [f"paragraph {number}" for number in range(2500)]
    path = folder / "book.md"
    path.write_text("\n\n".join(paragraphs), encoding="utf-8")
    (folder / "other.md").write_text("other words", encoding="utf-8")
    bench.client.add_root(folder)
    assert list(bench.client.progress())[-1].is_idle
    (named,), nobody = bench.client.resolve(["Book", "nobody.md"])
    assert (named.path, named.root, named.status, named.chunks) == (path, folder, FileStatus.INDEXED, 2500)
    assert nobody == []
    text = bench.client.passages_of(path)
    assert ([passage.text for passage in text.passages], text.total) == (paragraphs, 2500)
    assert bench.client.passages_of(folder / "nobody.md") == FileText((), 0)


@pytest.mark.parametrize("names", [[1], [""] * 21])
def test_names_are_checked(bench: Served, names: object) -> None:
    """What is no short list of names is refused."""
    with pytest.raises(UsageError, match="names"):
        bench.client.resolve(names)  # type: ignore[arg-type]


def test_a_sample_is_spread_over_files(bench: Served, folder: Path) -> None:
    """The long file does not fill it, and the seed decides what is drawn."""
    (folder / "book.md").write_text("\n\n".join(f"paragraph {n}" for n in range(50)), encoding="utf-8")
    for number in range(3):
        (folder / f"{number}.md").write_text(f"note {number}", encoding="utf-8")
    bench.client.add_root(folder)
    assert list(bench.client.progress())[-1].is_idle
    drawn = bench.client.sample(4, seed=3)
    assert {passage.path.name for passage in drawn} == {"book.md", "0.md", "1.md", "2.md"}
    assert bench.client.sample(4, seed=3) == drawn
    assert len(bench.client.sample(500)) == 53
    within = Filters(within=(str(folder / "1.md"),))
    assert [passage.text for passage in bench.client.sample(5, filters=within)] == ["note 1"]


@pytest.mark.parametrize("count", [0, 501, True, "5"])
def test_the_size_of_a_sample_is_checked(bench: Served, count: object) -> None:
    """So many passages at a time and no more."""
    with pytest.raises(UsageError, match="number of passages"):
        bench.client.sample(count)  # type: ignore[arg-type]
