"""The small file that says which index answers."""

from pathlib import Path

import pytest

from indexer.config import EmbeddingSettings
from indexer.editions.record import Made, Record, load_record, save_record
from indexer.errors import StoreError

BUNDLED = Made(model="", chunk_tokens=0)
OTHER = Made(model="/models/other", chunk_tokens=0)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    """Editions, what they were made with, and which of them was ever whole."""
    record = Record(current="", made={"": BUNDLED}, whole=("",)).begun("b", OTHER).switched("b")
    save_record(tmp_path / "editions.json", record)
    assert load_record(tmp_path / "editions.json") == record
    assert list(tmp_path.iterdir()) == [tmp_path / "editions.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"current": ""}', '{"current": "", "made": {"": {}}, "whole": []}']
)
def test_a_file_that_makes_no_sense_is_no_record(tmp_path: Path, text: str) -> None:
    """Half a file, or another program's, is as good as none."""
    file = tmp_path / "editions.json"
    assert load_record(file) is None
    file.write_text(text, encoding="utf-8")
    assert load_record(file) is None


def test_the_name_follows_from_what_an_index_is_made_with() -> None:
    """The same model finds its index again; another model, chunk length or chunker has another name."""
    record = Record(current="", made={"": BUNDLED})
    assert record.named(BUNDLED) == ""
    names = {
        record.named(made)
        for made in (
            OTHER,
            Made(model="", chunk_tokens=100),
            Made(model="", chunk_tokens=0, chunker="another"),
        )
    }
    assert len(names) == 3
    assert "" not in names
    assert record.named(OTHER) == record.begun(record.named(OTHER), OTHER).named(OTHER)


def test_the_last_to_answer_stands_last() -> None:
    """Going back and forth keeps each edition once, in the order in which they answered."""
    record = Record(current="a", made={}, whole=("a",)).switched("b").switched("c").switched("a")
    assert (record.current, record.whole) == ("a", ("b", "c", "a"))


def test_the_person_s_own_folder_is_spelt_out(tmp_path: Path) -> None:
    """`~` and `..` are no other model than the path they stand for."""
    spelt = Made.of(EmbeddingSettings(model=f"{tmp_path}/x/../model"))
    assert spelt == Made.of(EmbeddingSettings(model=f"{tmp_path}/model"))
    assert spelt.settings(EmbeddingSettings(threads=3)) == EmbeddingSettings(
        model=f"{tmp_path}/model", threads=3
    )


def test_a_record_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The error names the file."""
    file = tmp_path / "missing" / "editions.json"
    with pytest.raises(StoreError, match=rf"^cannot write {file}: No such file or directory$"):
        save_record(file, Record(current=""))
