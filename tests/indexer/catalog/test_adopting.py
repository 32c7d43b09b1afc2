"""Rows of the ledger that go on under another name."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from indexer.catalog import Adoption, Catalog, FileRecord
from indexer.types import Embeddings, FileState, FileStatus
from tests.indexer.documents import STATE, make_chunks

ROOT = Path("/notes")
HASH = "0123"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    with catalog.write() as transaction:
        transaction.add_root(ROOT)
    yield catalog
    catalog.close()


def put(
    catalog: Catalog,
    name: str,
    text: str = "words",
    *,
    title: str,
    headings: tuple[str, ...] = (),
    metadata: Mapping[str, str] | None = None,
    status: FileStatus = FileStatus.INDEXED,
) -> Path:
    """Enter a file of one chunk."""
    path = ROOT / name
    with catalog.write() as transaction:
        transaction.add_vectors(["00" * 16], Embeddings(np.array([[0.6, 0.8]], np.float32)))
        record = FileRecord(
            path=path,
            root=ROOT,
            state=STATE,
            status=status,
            title=title,
            content_hash=HASH,
            metadata=metadata,
        )
        file_id = transaction.put_file(record)
        transaction.replace_chunks(
            file_id, make_chunks([text], headings=headings), ["00" * 16], name=path.name
        )
    return path


def adopt(catalog: Catalog, source: Path, name: str, *, is_move: bool = True, root: Path = ROOT) -> bool:
    """Let another file have what is stored of one."""
    state = FileState(size_bytes=1, mtime_ns=2, inode=(1 << 64) - 3)
    adoption = Adoption(
        path=ROOT / name, root=root, state=state, content_hash=HASH, source=source, is_move=is_move
    )
    with catalog.write() as transaction:
        return transaction.adopt(adoption)


def stored(catalog: Catalog) -> list[tuple[str, str]]:
    """Return name and title of every chunk that is found."""
    with catalog.read() as transaction:
        ranking = transaction.lexical("words", top_k=9, scope=None, weights=(1, 1, 1))
        chunks = transaction.chunks([chunk_id for chunk_id, _ in ranking])
    return sorted((chunk.path.name, chunk.title) for chunk in chunks.values())


@pytest.mark.parametrize("is_move", [True, False])
@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [
        ("a.md", "a", "b"),
        ("a.md", "A cabin", "A cabin"),
        ("a.py", "a.py", "b.py"),
    ],
)
def test_a_title_that_is_the_name_follows_it(
    catalog: Catalog, name: str, title: str, expected: str, is_move: bool
) -> None:
    """A title of the document's own stays."""
    path = put(catalog, name, title=title)
    new = path.with_stem("b").name
    assert adopt(catalog, path, new, is_move=is_move)
    assert stored(catalog) == [*([] if is_move else [(name, title)]), (new, expected)]


@pytest.mark.parametrize(
    ("name", "text", "headings", "metadata"),
    [
        ("a.md", "# a\n\nwords", (), {}),
        ("a.md", "words", ("a",), {}),
        ("a.md", "words", (), {"title": "a"}),
        ("a.html", "words", (), {}),
    ],
)
def test_where_a_title_is_the_name_by_chance_the_file_is_read(
    catalog: Catalog, name: str, text: str, headings: tuple[str, ...], metadata: dict[str, str]
) -> None:
    """Only the document can tell what it is called under another name; in another folder it is the same."""
    path = put(catalog, name, text, title="a", headings=headings, metadata=metadata)
    with catalog.read() as transaction:
        assert not transaction.may_adopt(path, path.with_stem("b"), HASH)
        assert transaction.may_adopt(path, ROOT / "folder" / name, HASH)
    assert not adopt(catalog, path, path.with_stem("b").name)
    assert [found for found, _ in stored(catalog)] == [name]


@pytest.mark.parametrize("status", [FileStatus.FAILED, FileStatus.SKIPPED, FileStatus.PENDING])
def test_only_files_that_were_read_are_known(catalog: Catalog, status: FileStatus) -> None:
    """What is left of a file that failed since is not what it holds."""
    path = put(catalog, "a.md", title="a", status=status)
    with catalog.read() as transaction:
        assert transaction.copies_of(HASH) == []
    assert not adopt(catalog, path, "b.md")


def test_other_bytes_are_not_adopted(catalog: Catalog) -> None:
    """A row that was written anew meanwhile stays as it is."""
    path = put(catalog, "a.md", title="a")
    with catalog.read() as transaction:
        assert not transaction.may_adopt(path, ROOT / "b.md", "4567")
    assert stored(catalog) == [("a.md", "a")]


def test_a_root_that_was_removed_gets_no_file(catalog: Catalog) -> None:
    """The row of the file that moved there stays until a sweep deletes it."""
    path = put(catalog, "a.md", title="a")
    assert not adopt(catalog, path, "b.md", root=Path("/elsewhere"))


def test_the_new_name_finds_and_the_old_one_does_not(catalog: Catalog) -> None:
    """Words of the file's name are in the full text."""
    path = put(catalog, "cabin.md", title="cabin")
    assert adopt(catalog, path, "hut.md")
    with catalog.read() as transaction:
        counts = [transaction.word_count(word) for word in ("cabin", "hut")]
        (entry,) = transaction.files(status=None, under=None, limit=9, offset=0)
    assert counts == [0, 1]
    assert entry.state == FileState(size_bytes=1, mtime_ns=2, inode=(1 << 64) - 3)


def test_bare_rows_hold_what_a_sweep_compares(catalog: Catalog) -> None:
    """They come for a folder, for a file by itself, and not for a folder whose name begins alike."""
    put(catalog, "sub/a.md", title="a")
    put(catalog, "sub-b.md", title="b")
    with catalog.read() as transaction:
        row = (b"/notes/sub/a.md", STATE.size_bytes, STATE.mtime_ns, STATE.inode, None)
        assert transaction.file_rows(ROOT / "sub") == {row[0]: row}
        assert transaction.file_rows(ROOT / "sub" / "a.md") == {row[0]: row}
        assert len(transaction.file_rows(ROOT)) == 2
