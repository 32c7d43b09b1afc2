"""Tests of plain text."""

from pathlib import Path

import pytest

from indexer.errors import PermanentError
from indexer.extract.text import extract
from indexer.types import BlockKind


def test_blank_lines_part_paragraphs() -> None:
    """Each stretch of lines is a block, with its indentation."""
    document = extract(Path("/notes/cabin.txt"), b"\n  The cabin\nis red.\n \t\n\nThe boat is not.\n")
    assert [document.text[b.start : b.end] for b in document.blocks] == [
        "  The cabin\nis red.",
        "The boat is not.",
    ]
    assert {b.kind for b in document.blocks} == {BlockKind.PARAGRAPH}


def test_the_file_name_is_the_title() -> None:
    """Text has no title of its own."""
    document = extract(Path("/notes/Red cabin.txt"), b"text")
    assert document.title == "Red cabin"
    assert document.has_lines


def test_formats_made_of_lines_are_cut_between_lines() -> None:
    """A table of values is no prose."""
    document = extract(Path("log.csv"), b"day,colour\n1,red\n")
    assert [b.kind for b in document.blocks] == [BlockKind.CODE]


def test_xml_may_name_its_encoding() -> None:
    """The declaration of an XML file is believed."""
    data = '<?xml version="1.0" encoding="cp1250"?><a>Příliš žluťoučký</a>'.encode("cp1250")
    assert "Příliš žluťoučký" in extract(Path("a.xml"), data).text


def test_a_binary_file_is_refused() -> None:
    """A wrong suffix does not fill the index with noise."""
    with pytest.raises(PermanentError, match="it looks binary"):
        extract(Path("a.txt"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
