"""Tests of finding model files and reading their heads."""

import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.models import check_magic, find_model, list_models, read_head
from assistant.errors import ModelFileError, ModelNotFoundError


def make(folder: Path, *names: str) -> None:
    """Make empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_no_model_configured(tmp_path: Path) -> None:
    """An empty name says where to write one."""
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("", [tmp_path])
    assert caught.value.message == "no model is configured"
    assert caught.value.hint == "set [model] path in the config file to a GGUF file, or give --model"


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """A path needs no folder."""
    make(tmp_path, "a.gguf")
    assert find_model(str(tmp_path / "a.gguf"), []) == tmp_path / "a.gguf"


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(str(tmp_path / "gone.gguf"), [])
    assert caught.value.message == f"there is no file {tmp_path / 'gone.gguf'}"


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """A folder is refused by name."""
    with pytest.raises(ModelNotFoundError) as caught:
        find_model(str(tmp_path), [])
    assert caught.value.message == f"{tmp_path} is a folder, not a GGUF file"


@pytest.mark.parametrize("name", ["Qwen3-8B-Q4_K_M.gguf", "qwen3-8b-q4_k_m", "qwen3", "QWEN3-8B"])
def test_a_name_is_found_in_the_folders(tmp_path: Path, name: str) -> None:
    """File name, stem or a beginning that nothing else shares, in any case and below publisher folders."""
    make(tmp_path, "qwen/qwen3-gguf/Qwen3-8B-Q4_K_M.gguf", "gemma-3-4b.gguf")
    assert find_model(name, [tmp_path]).name == "Qwen3-8B-Q4_K_M.gguf"


def test_a_full_name_wins_over_a_longer_one(tmp_path: Path) -> None:
    """A stem that is also the beginning of another name is not ambiguous."""
    make(tmp_path, "tiny.gguf", "tiny-large.gguf")
    assert find_model("tiny", [tmp_path]).name == "tiny.gguf"


def test_the_first_folder_wins(tmp_path: Path) -> None:
    """The same name in two folders is no riddle."""
    make(tmp_path, "one/a.gguf", "two/a.gguf")
    assert find_model("a", [tmp_path / "two", tmp_path / "one"]) == tmp_path / "two" / "a.gguf"


def test_an_ambiguous_name_lists_what_it_could_be(tmp_path: Path) -> None:
    """A beginning that two models share names both."""
    make(tmp_path, "qwen3-8b.gguf", "qwen3-14b.gguf")
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("qwen", [tmp_path])
    assert caught.value.message == "qwen could be any of qwen3-14b, qwen3-8b"


def test_an_unknown_name_lists_what_there_is(tmp_path: Path) -> None:
    """The message says where was looked, and what is there."""
    make(tmp_path, "gemma.gguf", "qwen.gguf")
    with pytest.raises(ModelNotFoundError) as caught:
        find_model("llama", [tmp_path])
    assert caught.value.message == f"there is no model llama in {tmp_path}; there are gemma, qwen"
    assert caught.value.hint == "give the path of a GGUF file"


def test_what_is_no_chat_model_is_not_listed(tmp_path: Path) -> None:
    """Image projectors, bare vocabularies, later parts and other files are passed over."""
    make(
        tmp_path,
        "m-00001-of-00002.gguf",
        "m-00002-of-00002.gguf",
        "mmproj-m.gguf",
        "ggml-vocab-m.gguf",
        "m.txt",
    )
    assert [file.name for file in list_models([tmp_path])] == ["m-00001-of-00002.gguf"]


def test_any_part_of_a_split_model_leads_to_the_first(tmp_path: Path) -> None:
    """llama.cpp wants the first part and finds the others."""
    make(tmp_path, "m-00001-of-00002.gguf", "m-00002-of-00002.gguf")
    first = tmp_path / "m-00001-of-00002.gguf"
    assert find_model(str(tmp_path / "m-00002-of-00002.gguf"), []) == first
    assert find_model("m", [tmp_path]) == first


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    """A split model with a hole is refused before it is loaded."""
    make(tmp_path, "m-00001-of-00003.gguf", "m-00003-of-00003.gguf")
    with pytest.raises(ModelFileError) as caught:
        find_model("m", [tmp_path])
    assert caught.value.message == "m comes in 3 files, and m-00002-of-00003.gguf is missing"


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (b"<!DOCTYPE html>", "m.gguf is not a GGUF file: it begins with '<!DOC'"),
        (b"version https://git-lfs", "m.gguf is not a GGUF file: it begins with 'versi'"),
        (b"\x00\x01\xff\xfe\x00", "m.gguf is not a GGUF file: it begins with '00 01 ff fe'"),
        (b"", "m.gguf is not a GGUF file: it is empty"),
    ],
)
def test_a_file_that_is_no_gguf(tmp_path: Path, begin: bytes, message: str) -> None:
    """The message shows what the file begins with, which tells a web page from a model."""
    file = tmp_path / "m.gguf"
    file.write_bytes(begin)
    with pytest.raises(ModelFileError) as caught:
        check_magic(file)
    assert caught.value.message == message


def test_the_head_is_read(scripted_model: Path) -> None:
    """Architecture, context and the size that the whole file must have."""
    head = read_head(scripted_model)
    assert (head.architecture, head.name, head.context_tokens) == ("llama", "wired", 8192)
    assert head.has_template
    assert head.needed_bytes == scripted_model.stat().st_size


def test_a_truncated_file_says_how_much_is_there(scripted_model: Path, tmp_path: Path) -> None:
    """An interrupted download is told by its numbers."""
    file = tmp_path / "cut.gguf"
    shutil.copyfile(scripted_model, file)
    with file.open("r+b") as stream:
        stream.truncate(1_000_000)
    with pytest.raises(ModelFileError) as caught:
        read_head(file)
    assert caught.value.message == "cut.gguf is cut short: 1.0 MB of 1.3 MB are there"
    assert caught.value.hint == "finish the download"


def test_a_head_that_makes_no_sense(tmp_path: Path) -> None:
    """Impossible numbers are refused before anything is made from them."""
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1))
    with pytest.raises(ModelFileError, match="is damaged: it claims 1152921504606846976 tensors and 1 keys"):
        read_head(file)


@given(
    damage=st.lists(st.tuples(st.integers(4, 9000), st.integers(0, 255)), max_size=20),
    end=st.integers(4, 9000),
)
def test_a_damaged_head_never_does_anything_else_than_raise(
    scripted_model: Path, tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]], end: int
) -> None:
    """Whatever bytes a head holds, it is read or refused."""
    data = bytearray(scripted_model.read_bytes()[:end])
    for at, value in damage:
        if at < len(data):
            data[at] = value
    file = tmp_path_factory.getbasetemp() / "damaged.gguf"
    file.write_bytes(data)
    with pytest.raises(ModelFileError):
        read_head(file)
