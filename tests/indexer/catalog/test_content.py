"""What the catalog keeps of files, chunks and words."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.catalog import Catalog, CatalogWriter, FileRecord
from indexer.errors import StoreError, UsageError
from indexer.types import Embeddings, FileState, FileStatus, Filters, Locator
from tests.indexer.documents import STATE, make_chunks

ROOT = Path("/notes")
WEIGHTS = (1.0, 1.0, 1.0)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Return a catalog with one root."""
    catalog = Catalog.open(tmp_path / "catalog.sqlite")
    with catalog.write() as transaction:
        transaction.add_root(ROOT)
    yield catalog
    catalog.close()


def vector_of(text: str) -> str:
    """Return the id that a text's vector has in these tests."""
    return text.encode("utf-8", "surrogatepass").hex()[:32].ljust(32, "0")


def put(
    transaction: CatalogWriter,
    path: Path,
    texts: Sequence[str],
    *,
    headings: tuple[str, ...] = (),
    root: Path = ROOT,
    state: FileState = STATE,
) -> None:
    """Enter a file with chunks of these texts."""
    ids = [vector_of(text) for text in texts]
    if ids:
        transaction.add_vectors(ids, Embeddings(np.tile(np.array([0.6, 0.8], np.float32), (len(ids), 1))))
    record = FileRecord(path=path, root=root, state=state, status=FileStatus.INDEXED, title=path.stem)
    file_id = transaction.put_file(record)
    transaction.replace_chunks(file_id, make_chunks(texts, headings=headings), ids, name=path.name)


def find(catalog: Catalog, match: str, *, top_k: int = 100, under: Sequence[Path] = ()) -> list[str]:
    """Return the texts that an expression finds, best first."""
    with catalog.read() as transaction:
        scope = transaction.scope(Filters(within=tuple(map(str, under))))
        ranking = transaction.lexical(match, top_k=top_k, scope=scope, weights=WEIGHTS)
        chunks = transaction.chunks([chunk_id for chunk_id, _ in ranking])
    return [chunks[chunk_id].text for chunk_id, _ in ranking]


def check_full_text(catalog: Catalog) -> None:
    """Have FTS5 compare its index with its text, and us its rows with the chunks."""
    with catalog.write() as transaction:
        transaction._connection.execute("INSERT INTO chunk_text (chunk_text) VALUES ('integrity-check')")
        query = "SELECT (SELECT group_concat(id) FROM (SELECT id FROM chunks ORDER BY id)),"
        query += " (SELECT group_concat(rowid) FROM (SELECT rowid FROM chunk_text ORDER BY rowid))"
        chunks, rows = transaction._connection.execute(query).fetchone()
        assert chunks == rows


def test_full_text_forms_and_accents_do_not_matter(catalog: Catalog) -> None:
    """A word is found in other forms, with and without accents, in text, headings and file name."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", ["the chickens were laying"])
        put(transaction, ROOT / "b.md", ["nothing of note"], headings=("Über Hühner",))
        put(transaction, ROOT / "invoice-2024.pdf", ["pay soon"])
    assert find(catalog, '"chicken"') == ["the chickens were laying"]
    assert find(catalog, '"huhner"') == ["nothing of note"]
    assert find(catalog, '"invoices" OR "2024"') == ["pay soon"]
    assert find(catalog, 'headings : "chicken"') == []


def test_an_invalid_expression_is_a_usage_error(catalog: Catalog) -> None:
    """What FTS5 cannot parse is the asker's fault, and nothing is wrong with the store."""
    for match in ('"unclosed', "AND", "nosuchcolumn : word", ""):
        with pytest.raises(UsageError, match="not a valid full-text expression"):
            find(catalog, match)


def test_full_text_keeps_in_step(catalog: Catalog) -> None:
    """Editing, renaming, forgetting and removing leave exactly the words that are still there."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", ["alpha one", "beta two"])
        put(transaction, ROOT / "b.md", ["gamma three"])
        put(transaction, ROOT / "c.md", ["delta four"])
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", ["beta two", "epsilon five"])
        transaction.forget([ROOT / "b.md"])
        transaction.drop_chunks(ROOT / "c.md")
    check_full_text(catalog)
    words = {word: find(catalog, f'"{word}"') for word in ("alpha", "beta", "gamma", "delta", "epsilon")}
    assert words == {"alpha": [], "beta": ["beta two"], "gamma": [], "delta": [], "epsilon": ["epsilon five"]}
    with catalog.write() as transaction:
        assert transaction.remove_root(ROOT) == 2
    check_full_text(catalog)
    assert find(catalog, '"beta"') == []


TEXTS = st.lists(st.sampled_from(["one", "two", "three", "four", "same", "same"]), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(TEXTS, min_size=1, max_size=4))
def test_a_file_holds_its_last_version(catalog: Catalog, versions: list[list[str]]) -> None:
    """However often it changed, its chunks are the last ones, in order, with full text in step."""
    with catalog.write() as transaction:
        transaction.forget([ROOT / "a.md"])
        for texts in versions:
            put(transaction, ROOT / "a.md", texts)
        ids = [row[0] for row in transaction._connection.execute("SELECT id FROM chunks")]
        found = sorted(transaction.chunks(ids).values(), key=lambda chunk: chunk.ordinal)
    assert [(chunk.ordinal, chunk.text, chunk.locator.line_start) for chunk in found] == [
        (ordinal, text, ordinal + 1) for ordinal, text in enumerate(versions[-1])
    ]
    with catalog.read() as reader:
        assert reader.chunk_count() == len(versions[-1])
    check_full_text(catalog)


def test_an_edit_keeps_the_rows_of_what_stays(catalog: Catalog) -> None:
    """A chunk that only moved keeps its id, and ids are never given to another chunk."""
    path = ROOT / "a.md"
    with catalog.write() as transaction:
        put(transaction, path, ["first", "second"])
        before = {chunk.text: chunk.chunk_id for chunk in transaction.chunks(range(100)).values()}
        put(transaction, path, ["new", "second"])
        after = {chunk.text: chunk.chunk_id for chunk in transaction.chunks(range(100)).values()}
    assert after["second"] == before["second"]
    assert after["new"] not in before.values()


def test_a_renamed_title_is_found(catalog: Catalog) -> None:
    """The name by which chunks are found changes with the file's row, also where no chunk changed."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", ["text"])
        (file_id,) = transaction._connection.execute("SELECT id FROM files").fetchone()
        transaction.replace_chunks(file_id, make_chunks(["text"]), [vector_of("text")], name="budget.md")
    assert find(catalog, '"budget"') == ["text"]
    assert find(catalog, '"a"') == []
    check_full_text(catalog)


def test_names_that_are_not_text_survive(catalog: Catalog) -> None:
    """A path that is not UTF-8, and a title made of it, come back or are replaced, never refused."""
    path = ROOT / os.fsdecode(b"caf\xe9.md")
    with catalog.write() as transaction:
        put(transaction, path, ["lone \udcff surrogate"], headings=("bad \ud800",))
    with catalog.read() as transaction:
        (chunk,) = transaction.chunks([1]).values()
        assert list(transaction.states(ROOT)) == [path]
    assert chunk.path == path
    assert chunk.text == "lone ? surrogate"
    assert chunk.locator == Locator(line_start=1, line_end=1, headings=("bad \ud800",))


def test_large_numbers_survive(catalog: Catalog) -> None:
    """Inodes use all 64 bits on some file systems, and times may lie before 1970."""
    state = FileState(size_bytes=1 << 50, mtime_ns=-5, inode=(1 << 64) - 3)
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", [], state=state)
    with catalog.read() as transaction:
        assert transaction.states(ROOT) == {ROOT / "a.md": state}


def test_a_folder_is_not_its_namesake(catalog: Catalog) -> None:
    """What stands under /notes/b is not what stands under /notes/bc or /notes/b.md."""
    names = ("b/one.md", "bc/two.md", "b.md", "b", "b0/three.md", "b/deep/four.md")
    with catalog.write() as transaction:
        for name in names:
            put(transaction, ROOT / name, [f"word in {name}"])
    inside = {"word in b", "word in b/one.md", "word in b/deep/four.md"}
    assert set(find(catalog, '"word"', under=[ROOT / "b"])) == inside
    assert set(find(catalog, '"word"', under=[ROOT / "b" / "deep", ROOT / "bc" / "two.md"])) == {
        "word in b/deep/four.md",
        "word in bc/two.md",
    }
    assert len(find(catalog, '"word"', under=[Path("/")])) == len(names)
    with catalog.read() as transaction:
        assert transaction.chunk_count(under=[ROOT / "b"]) == 3
        listed = transaction.files(status=None, under=ROOT / "b", limit=10, offset=0)
    assert {entry.path for entry in listed} == {ROOT / "b", ROOT / "b/one.md", ROOT / "b/deep/four.md"}


def test_thousands_of_paths_can_be_asked_for(catalog: Catalog) -> None:
    """A filter of many single files is not too long an expression."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "7.md", ["seven"])
    assert find(catalog, '"seven"', under=[ROOT / f"{number}.md" for number in range(3_000)]) == ["seven"]


def test_the_ledger_is_listed_in_order_and_in_parts(catalog: Catalog) -> None:
    """Files come in path order, of one status if asked, some at a time."""
    with catalog.write() as transaction:
        for name in ("c.md", "a.md", "b.md"):
            put(transaction, ROOT / name, ["x"])
        record = FileRecord(
            path=ROOT / "d.png", root=ROOT, state=STATE, status=FileStatus.SKIPPED, reason="no text"
        )
        transaction.set_status(record)
    with catalog.read() as reader:
        listed = reader.files(status=FileStatus.INDEXED, under=None, limit=2, offset=1)
        counts = reader.counts()
        (skipped,) = reader.files(status=FileStatus.SKIPPED, under=None, limit=9, offset=0)
    assert [entry.path.name for entry in listed] == ["b.md", "c.md"]
    assert (skipped.reason, skipped.chunks, skipped.indexed_at) == ("no text", 0, None)
    assert counts == {**dict.fromkeys(FileStatus, 0), FileStatus.INDEXED: 3, FileStatus.SKIPPED: 1}


def test_pending_files_are_not_believed(catalog: Catalog) -> None:
    """The state of a file that was not looked into yet is none to compare with."""
    record = FileRecord(path=ROOT / "a.md", root=ROOT, state=STATE, status=FileStatus.PENDING)
    with catalog.write() as transaction:
        transaction.set_status(record)
        assert transaction.states(ROOT) == {}
        transaction.set_status(replace(record, status=FileStatus.FAILED, reason="damaged"))
        assert transaction.states(ROOT) == {ROOT / "a.md": STATE}


def test_a_file_needs_a_root(catalog: Catalog) -> None:
    """A file of a root that was removed meanwhile is refused, and nothing of it stays."""
    expected = pytest.raises(UsageError, match=r"^/gone is not one of the indexed folders$")
    with expected, catalog.write() as transaction:
        put(transaction, Path("/gone/a.md"), ["x"], root=Path("/gone"))
    with catalog.read() as reader:
        assert reader.vector_count() == 0


def test_only_vectors_without_a_chunk_are_spare(catalog: Catalog) -> None:
    """A vector goes when the last chunk that names it is gone, and not before."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", ["shared", "own"])
        put(transaction, ROOT / "b.md", ["shared"])
        transaction.forget([ROOT / "a.md"])
        assert transaction.delete_spare_vectors() == [vector_of("own")]
        assert transaction.delete_spare_vectors() == []
        transaction.forget([ROOT / "b.md"])
        put(transaction, ROOT / "c.md", ["shared"])
        assert transaction.delete_spare_vectors() == []
        assert transaction.vector_ids() == {vector_of("shared")}


def test_a_chunk_never_lacks_its_vector(catalog: Catalog) -> None:
    """The tables themselves refuse to delete a vector that a chunk names."""
    with catalog.write() as transaction:
        put(transaction, ROOT / "a.md", ["text"])
    with pytest.raises(StoreError), catalog.write() as transaction:
        transaction._connection.execute("DELETE FROM vectors")
