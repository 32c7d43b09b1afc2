"""Tests of reading the heads of GGUF files."""

import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.gguf import check_magic, read_head
from assistant.errors import ModelFileError


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
    assert "<|im_start|>" in head.template
    assert head.of_architecture("block_count") == 1
    assert head.metadata["tokenizer.ggml.merges"] == ["t h"]
    assert {"token_embd.weight", "output_norm.weight"} <= {tensor.name for tensor in head.tensors}
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
