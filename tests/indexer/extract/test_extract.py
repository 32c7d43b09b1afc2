"""Tests of finding the format of a file."""

import importlib
from pathlib import Path

import pytest

from indexer.extract import FORMATS, extract, is_supported
from indexer.types import BlockKind
from tests.indexer.extract.pdfs import pdf


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.module)
def test_every_format_has_a_module_that_reads(entry: object) -> None:
    """A line in the table and a module are all a format needs."""
    module = importlib.import_module(f"indexer.extract.{entry.module}")  # type: ignore[attr-defined]
    assert callable(module.extract)


def test_no_suffix_belongs_to_two_formats() -> None:
    """A file has one reader."""
    suffixes = [suffix for entry in FORMATS for suffix in entry.suffixes.split()]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("name", ["a.md", "A.MD", "b.txt", "c.pdf", "d.HTML", "e.py", "README", "Makefile"])
def test_names_that_are_read(name: str) -> None:
    """Known suffixes in any case, and names without one."""
    assert is_supported(Path(name))


@pytest.mark.parametrize("name", ["a.png", "b.zip", "c.docx", "d.unknown", "e.eml"])
def test_names_that_are_not_read(name: str) -> None:
    """What no module reads is said to be unsupported before it is opened."""
    assert not is_supported(Path(name))


@pytest.mark.parametrize("name", ["a.md", "b.txt", "c.pdf", "d.html", "e.py", "README"])
def test_an_empty_file_is_an_empty_document(name: str) -> None:
    """Nothing to read is no error."""
    document = extract(Path(name), b"")
    assert document.blocks == ()
    assert document.title == Path(name).stem


def test_a_pdf_is_known_by_what_it_says() -> None:
    """A wrong suffix does not hide it."""
    assert extract(Path("scan.txt"), pdf("The cabin is red.")).text == "The cabin is red."


def test_a_script_without_a_suffix_is_code() -> None:
    """The first line says so."""
    document = extract(Path("deploy"), b"#!/bin/sh\necho hello\n")
    assert {block.kind for block in document.blocks} == {BlockKind.CODE}
