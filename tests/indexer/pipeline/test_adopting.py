"""Files whose bytes are indexed already are neither read nor embedded again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.extract.sandbox import Extracted
from indexer.pipeline import Pipeline
from indexer.pipeline.adopting import are_read_alike, content_of
from indexer.pipeline.items import Gone, Item, Ready, Verdicts
from indexer.pipeline.looking import MOVES_AT_ONCE
from indexer.pipeline.reading import read_file
from indexer.pipeline.tasks import Read
from indexer.reconcile import Upsert
from indexer.walk import WalkRules, state_of
from tests.indexer.fakes import ParagraphReader
from tests.indexer.pipeline.bench import Bench, settle

TEXT = "plain words\n\nmore plain words"


def start(bench: Bench) -> Pipeline:
    """Index what is written, and count extractions from here on."""
    pipeline = bench.open()
    pipeline.add_root(bench.folder)
    settle(pipeline)
    bench.reader.read.clear()
    return pipeline


def found(bench: Bench, words: str) -> list[tuple[str, str, int, str]]:
    """Return path, title, ordinal and text of every chunk that some words find."""
    ranking = bench.index.lexical(f'"{words}"', top_k=100)
    chunks = bench.index.chunks([chunk_id for chunk_id, _ in ranking])
    return sorted(
        (os.path.relpath(each.path, bench.folder), each.title, each.ordinal, each.text) for each in chunks
    )


def rename(folder: Path) -> None:
    (folder / "sub/cabin.md").rename(folder / "sub/hut.md")


def rename_folder(folder: Path) -> None:
    (folder / "sub").rename(folder / "sup")


def move(folder: Path) -> None:
    (folder / "sub/cabin.md").rename(folder / "cabin.md")


def move_over(folder: Path) -> None:
    (folder / "sub/cabin.md").replace(folder / "other.md")


def copy(folder: Path) -> None:
    shutil.copy2(folder / "sub/cabin.md", folder / "copy.md")


def touch(folder: Path) -> None:
    os.utime(folder / "sub/cabin.md", (1, 1))


def save_again(folder: Path) -> None:
    beside = folder / "sub/cabin.tmp"
    beside.write_bytes((folder / "sub/cabin.md").read_bytes())
    beside.replace(folder / "sub/cabin.md")


@pytest.mark.parametrize("is_hinted", [True, False], ids=["hinted", "swept"])
@pytest.mark.parametrize("change", [rename, rename_folder, move, move_over, copy, touch, save_again])
def test_the_same_bytes_are_neither_read_nor_embedded_again(
    bench: Bench, change: Callable[[Path], None], is_hinted: bool
) -> None:
    """Whatever was done to the file, the index is then what it would be if it were built anew."""
    bench.write("sub/cabin.md", TEXT)
    bench.write("other.md", "another file")
    pipeline = start(bench)
    before = bench.index.embedded_total
    change(bench.folder)
    if is_hinted:
        pipeline.look_at(bench.folder, [*bench.folder.iterdir(), bench.folder / "sub"])
    else:
        pipeline.sweep()
    settle(pipeline)
    assert bench.reader.read == []
    assert bench.index.embedded_total == before == len(bench.worker.embedded)
    after = [bench.ledger(), *(found(bench, word) for word in ("plain", "cabin", "hut", "other", "copy"))]
    states = bench.index.states(bench.folder)
    pipeline.remove_root(bench.folder)
    pipeline.add_root(bench.folder)
    settle(pipeline)
    assert bench.reader.read
    assert after == [
        bench.ledger(),
        *(found(bench, word) for word in ("plain", "cabin", "hut", "other", "copy")),
    ]
    assert states == bench.index.states(bench.folder)


def test_a_move_to_another_root_is_a_copy_until_the_old_file_is_missed(bench: Bench) -> None:
    """A watcher tells of the arrival first; both is done without reading."""
    path = bench.write("a.md", TEXT)
    pipeline = start(bench)
    other = bench.home.parent / "other"
    other.mkdir()
    pipeline.add_root(other)
    settle(pipeline)
    path.rename(other / "a.md")
    pipeline.look_at(other, [other / "a.md"])
    settle(pipeline)
    pipeline.look_at(bench.folder, [path])
    settle(pipeline)
    assert bench.reader.read == []
    assert [each.path for each in bench.index.files()] == [other / "a.md"]
    assert len(bench.worker.embedded) == 2


def test_a_folder_of_many_files_moves_like_one_of_few(bench: Bench) -> None:
    """More files than one thread can hash while somebody waits are left to the other one."""
    count = MOVES_AT_ONCE + 1
    for number in range(count):
        bench.write(f"sub/{number}.md", f"note {number}")
    pipeline = start(bench)
    (bench.folder / "sub").rename(bench.folder / "sup")
    pipeline.look_at(bench.folder, [bench.folder / "sub", bench.folder / "sup"])
    settle(pipeline)
    assert bench.reader.read == []
    assert {path.split("/")[0] for path in bench.ledger()} == {"sup"}
    assert len(bench.ledger()) == count == len(bench.worker.embedded)


def test_what_moves_is_never_absent(bench: Bench) -> None:
    """The chunks stay the same rows, so that a search that runs meanwhile finds them."""
    bench.write("sub/cabin.md", TEXT)
    pipeline = start(bench)
    before = bench.index.lexical('"plain"', top_k=9)
    rename(bench.folder)
    pipeline.sweep()
    settle(pipeline)
    assert bench.index.lexical('"plain"', top_k=9) == before
    assert {path for path, *_ in found(bench, "plain")} == {"sub/hut.md"}


def test_other_bytes_in_the_place_of_a_moved_file_are_read(bench: Bench) -> None:
    """Inode, size and time may be the same by chance, or by intent; what counts is the hash."""
    path = bench.write("a.md", "one text")
    pipeline = start(bench)
    status = path.stat()
    path.rename(bench.folder / "b.md")
    bench.write("b.md", "any text")
    os.utime(bench.folder / "b.md", ns=(status.st_atime_ns, status.st_mtime_ns))
    pipeline.sweep()
    settle(pipeline)
    assert bench.reader.read == [bench.folder / "b.md"]
    assert [text for *_, text in found(bench, "text")] == ["any text"]
    assert set(bench.ledger()) == {"b.md"}


def test_a_file_that_moves_to_where_a_rule_leaves_it_out_is_forgotten(bench: Bench) -> None:
    """Its old row goes, and the new one names the rule."""
    path = bench.write("a.md", TEXT)
    pipeline = start(bench)
    path.rename(bench.folder / ".a.md")
    pipeline.sweep()
    settle(pipeline)
    assert bench.ledger() == {".a.md": ("skipped", "a hidden file")}
    assert found(bench, "plain") == []


def test_a_file_that_failed_is_read_again_after_a_move(bench: Bench) -> None:
    """Only what was read once is known; a failure belongs to nobody else."""
    path = bench.write("a.md", "DAMAGED")
    pipeline = start(bench)
    path.rename(bench.folder / "b.md")
    pipeline.sweep()
    settle(pipeline)
    assert bench.ledger() == {"b.md": ("failed", "the file is damaged")}


def test_a_file_back_to_what_another_holds_is_its_copy(bench: Bench) -> None:
    """The chunks of the older content go, and those of the other file come."""
    bench.write("a.md", TEXT)
    bench.write("b.md", "older words")
    pipeline = start(bench)
    bench.write("b.md", TEXT)
    pipeline.sweep()
    settle(pipeline)
    assert bench.reader.read == []
    assert found(bench, "older") == []
    assert {path for path, *_ in found(bench, "plain")} == {"a.md", "b.md"}


def test_many_empty_files_are_all_indexed(bench: Bench) -> None:
    """They hold the same bytes, and nothing that could be found."""
    for number in range(40):
        bench.write(f"{number}.md", "")
    start(bench)
    assert set(bench.ledger().values()) == {("indexed", "")}
    assert len(bench.ledger()) == 40


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("a.md", "b.md", True),
        ("a.MD", "b.md", True),
        ("a.txt", "a.md", False),
        ("a.py", "a.js", False),
        ("CMakeLists.txt", "notes.txt", False),
        ("x/Makefile", "y/Makefile", True),
        ("Makefile", "README", False),
    ],
)
def test_names_tell_whether_files_are_read_alike(one: str, other: str, is_alike: bool) -> None:
    """The suffix decides, or the whole name where there is none or it means more."""
    assert are_read_alike(Path(one), Path(other)) is is_alike


def test_no_link_is_passed_through_while_hashing(tmp_path: Path) -> None:
    """Neither a file nor a folder above it that became a link leads out of the root."""
    outside, root = tmp_path / "outside", tmp_path / "root"
    (root / "real").mkdir(parents=True)
    outside.mkdir()
    (outside / "a.md").write_text("secret", encoding="utf-8")
    (root / "real" / "a.md").write_text("words", encoding="utf-8")
    (root / "folder").symlink_to(outside)
    (root / "file.md").symlink_to(outside / "a.md")
    assert content_of(root, root / "real" / "a.md") is not None
    for path in (root / "folder" / "a.md", root / "file.md", root / "missing.md"):
        with pytest.raises(FileNotFoundError):
            content_of(root, path)


class Meddling(ParagraphReader):
    """Does something to the disk between the moment a file is hashed and the moment it is read."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self._meddle = meddle

    def extract(self, path: Path) -> Extracted:
        """Meddle, then read."""
        self._meddle()
        return super().extract(path)


def read_meddled(bench: Bench, path: Path, meddle: Callable[[], object]) -> Item:
    """Read a file that is not as it was when it comes to it."""
    read = Read(bench.folder, Upsert(path, state_of(path.lstat())))
    rules = WalkRules(max_file_bytes=99, is_supported=lambda _: True)
    return read_file(read, rules=rules, open_reader=lambda: Meddling(meddle))


def test_nothing_is_indexed_through_a_folder_that_becomes_a_link(bench: Bench) -> None:
    """What stands outside of the root is read then, and thrown away."""
    path = bench.write("sub/a.md", "words")
    outside = bench.home / "sub"
    outside.mkdir()
    (outside / "a.md").write_text("secret", encoding="utf-8")

    def meddle() -> None:
        path.parent.rename(bench.folder / "away")
        path.parent.symlink_to(outside)

    assert isinstance(read_meddled(bench, path, meddle), Gone)


def test_a_file_that_changes_before_it_is_read_is_recorded_as_it_was_read(bench: Bench) -> None:
    """The state in the ledger belongs to the bytes in the index."""
    path = bench.write("a.md", "words")
    item = read_meddled(bench, path, lambda: bench.write("a.md", "more words"))
    assert isinstance(item, Ready)
    assert [chunk.text for chunk in item.document.chunks] == ["more words"]
    assert item.document.state == state_of(path.lstat())


def test_a_file_that_is_another_one_by_its_end_is_tried_again(bench: Bench) -> None:
    """Nobody knows which state its bytes had."""
    path = bench.write("a.md", "words")
    texts = iter(["other words", "yet others"])

    class Growing(ParagraphReader):
        def extract(self, path: Path) -> Extracted:
            bench.write("a.md", next(texts))
            extracted = super().extract(path)
            bench.write("a.md", next(texts))
            return extracted

    read = Read(bench.folder, Upsert(path, state_of(path.lstat())))
    rules = WalkRules(max_file_bytes=99, is_supported=lambda _: True)
    item = read_file(read, rules=rules, open_reader=Growing)
    assert isinstance(item, Verdicts)
    assert [record.reason for record in item.records] == ["it changed while it was being read"]


def test_what_is_no_file_is_not_hashed(tmp_path: Path) -> None:
    """Nobody waits at a pipe."""
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    assert content_of(tmp_path, tmp_path / "pipe.md") is None
    assert content_of(tmp_path, tmp_path / "folder.md") is None
