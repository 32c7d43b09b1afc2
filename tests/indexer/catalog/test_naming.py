"""Which files a name may stand for."""

from collections.abc import Iterator

import pytest

from indexer.catalog import Catalog
from tests.indexer.catalog.test_content import ROOT, put

FILES = (
    "plan.md",
    "work/plan.md",
    "work/Meeting-notes 2026.md",
    "work/contract.pdf",
    "work/contract.md",
    "old/Contract.PDF",
    "home/cabin.md",
    "makefile",
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    """Return a catalog of the files above."""
    catalog = Catalog.open(tmp_path_factory.mktemp("naming") / "catalog.sqlite")
    with catalog.write() as transaction:
        transaction.add_root(ROOT)
        for name in FILES:
            put(transaction, ROOT / name, [f"text of {name} {part}" for part in range(3)])
    yield catalog
    catalog.close()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("plan.md", ["plan.md", "work/plan.md"]),
        ("work/plan.md", ["work/plan.md"]),
        ("./work/plan.md", ["work/plan.md"]),
        ("~/notes/plan.md", ["plan.md"]),
        ("/notes/plan.md", ["plan.md"]),
        ("WORK/PLAN.MD", ["work/plan.md"]),
        ("contract.pdf", ["work/contract.pdf"]),
        ("Contract.PDF", ["old/Contract.PDF"]),
        ("contract", ["old/Contract.PDF", "work/contract.md", "work/contract.pdf"]),
        ("meeting notes 2026", ["work/Meeting-notes 2026.md"]),
        ("Meeting_Notes-2026", ["work/Meeting-notes 2026.md"]),
        ("makefile", ["makefile"]),
        ("cabin", ["home/cabin.md"]),
        ("an.md", []),
        ("cab", []),
        ("home", []),
        ("home/cabin", []),
        ("", []),
        (" / ", []),
        ("-", []),
    ],
)
def test_a_name_is_a_path_or_its_end_or_a_stem(catalog: Catalog, name: str, found: list[str]) -> None:
    """Letters as they were typed go before others, a whole name before its stem; a part of one is none."""
    with catalog.read() as reader:
        (files,) = reader.named_files([name])
    assert [str(file.path.relative_to(ROOT)) for file in files] == found


def test_a_title_is_a_name_where_no_file_is_called_so(catalog: Catalog) -> None:
    """The stems of these files are their titles; another title finds its file too."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "x9.md", ["text"])
        transaction._connection.execute(
            "UPDATE files SET title = 'Tax return' WHERE path = ?", (b"/notes/x9.md",)
        )
    with catalog.read() as reader:
        assert [[file.path.name for file in files] for files in reader.named_files(["tax-return", "x9"])] == [
            ["x9.md"],
            ["x9.md"],
        ]
