"""Tests of what the formats share."""

import datetime

from indexer.extract.builder import DocumentBuilder, line_offsets, plain_metadata, span_of_lines
from indexer.extract.encoding import MAX_TEXT_CHARS
from indexer.types import Block, BlockKind


def test_blocks_are_parted_by_an_empty_line() -> None:
    """Text and blocks agree on where each one stands."""
    builder = DocumentBuilder()
    builder.add(BlockKind.HEADING, "Cabin", level=1, title="Cabin", page=2)
    builder.add(BlockKind.PARAGRAPH, " \n")
    builder.add(BlockKind.PARAGRAPH, "\nIt is red.  \n", page=3)
    document = builder.build(title="t")
    assert document.text == "Cabin\n\nIt is red."
    assert document.blocks == (
        Block(kind=BlockKind.HEADING, start=0, end=5, level=1, title="Cabin", page=2),
        Block(kind=BlockKind.PARAGRAPH, start=7, end=17, page=3),
    )


def test_a_document_that_is_too_long_says_so() -> None:
    """What does not fit is left out, and noted."""
    builder = DocumentBuilder()
    builder.add(BlockKind.PARAGRAPH, "kept")
    builder.add(BlockKind.PARAGRAPH, "x" * MAX_TEXT_CHARS)
    document = builder.build(title="t")
    assert document.text == "kept"
    assert document.notes == ("only the first 4 characters were read",)


def test_lone_surrogates_do_not_pass() -> None:
    """Neither the catalog nor a tokenizer could hold them."""
    builder = DocumentBuilder()
    builder.add(BlockKind.PARAGRAPH, "a\ud800b")
    assert builder.build(title="\udfff").text == "a\ufffdb"


def test_lines_are_located_without_blank_ends() -> None:
    """A span of lines begins with its first line's indentation and ends with its last word."""
    text = "\n  one\ntwo \n\n"
    offsets = line_offsets(text)
    span = span_of_lines(text, offsets, 0, 4)
    assert span is not None
    assert text[slice(*span)] == "  one\ntwo"
    assert span_of_lines(text, offsets, 3, 5) is None


def test_metadata_is_what_json_holds() -> None:
    """Dates are ISO strings, keys are strings, strange values are text."""
    assert plain_metadata(
        {
            "date": datetime.date(2026, 3, 4),
            "when": datetime.datetime(2026, 3, 4, 5, 6, tzinfo=datetime.UTC),
            7: {True, 1.5},
            "none": None,
            "nan": float("nan"),
            "large": 2**80,
            "bytes": b"x",
        }
    ) == {
        "date": "2026-03-04",
        "when": "2026-03-04T05:06:00+00:00",
        "7": [True, 1.5],
        "none": None,
        "nan": "nan",
        "large": hex(2**80),
        "bytes": "b'x'",
    }


def test_metadata_that_multiplies_is_dropped() -> None:
    """A list of lists of the same list does not fill the memory."""
    value: list[object] = ["lol"]
    for _ in range(40):
        value = [value] * 10
    assert plain_metadata({"bomb": value}) == {}


def test_metadata_that_holds_itself_is_dropped() -> None:
    """A loop ends."""
    loop: list[object] = []
    loop.append(loop)
    assert plain_metadata({"loop": loop}) == {}
