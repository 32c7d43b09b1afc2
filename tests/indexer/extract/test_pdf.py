"""Tests of PDF, with files made on the spot."""

from pathlib import Path

import pytest

from indexer.chunking import chunk_document
from indexer.errors import PermanentError
from indexer.extract.pdf import extract
from indexer.types import BlockKind, Document
from tests.indexer.extract.pdfs import edited, encrypted, labelled, pdf, written
from tests.indexer.tokenizer import minilm_counter

STORY = "The cabin by the lake was painted red in 1987.\nIts roof is made of tin, as it always was."


def read(data: bytes) -> Document:
    return extract(Path("/papers/cabin.pdf"), data)


def test_text_is_read_page_by_page() -> None:
    """Every block names the page it stands on."""
    document = read(pdf("The cabin is red.", "The boat is blue."))
    assert document.text == "The cabin is red.\n\nThe boat is blue."
    assert [block.page for block in document.blocks] == [1, 2]
    assert not document.has_lines


def test_pages_without_text_are_reported() -> None:
    """A scan is in the index only as far as it has text, and says which pages have none."""
    document = read(pdf("Text.", "", "More."))
    assert document.pages_without_text == (2,)


def test_printed_page_labels_are_kept_where_they_differ() -> None:
    """A reader is sent to the page as it is printed."""
    document = read(labelled(pdf("Preface.", "Thanks.", "Chapter."), roman_until=2))
    assert document.page_labels == {1: "i", 2: "ii", 3: "1"}


def test_labels_that_are_the_numbers_are_not_repeated() -> None:
    """Page 1 need not be called 1."""
    assert read(pdf("One.", "Two.")).page_labels == {}


def test_an_encrypted_file_is_named_as_such() -> None:
    """Without its password there is nothing to read, and the reason is told."""
    with pytest.raises(PermanentError, match="the PDF is encrypted") as caught:
        read(encrypted(pdf(STORY), password="secret"))
    assert caught.value.hint


def test_a_file_locked_against_changes_only_is_read() -> None:
    """An empty password is no password: every viewer opens it."""
    assert "painted red" in read(encrypted(pdf(STORY), password="")).text


@pytest.mark.parametrize("keep", [5, 20, 200, 400])
def test_a_truncated_file_is_damaged(keep: int) -> None:
    """Half a download is an error with a name, whatever the half."""
    with pytest.raises(PermanentError, match="the PDF is damaged"):
        read(pdf(STORY)[:keep])


def test_a_file_whose_table_of_contents_is_wrong_is_repaired() -> None:
    """The objects are found by looking for them."""
    data = pdf(STORY)
    assert "painted red" in read(data[: data.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n").text


def test_what_one_reader_refuses_the_other_reads() -> None:
    """A file that lost its first line is read page by page all the same."""
    document = read(
        labelled(pdf("The cabin is red.", "The boat is blue."), roman_until=1).removeprefix(b"%PDF-1.4")
    )
    assert [block.page for block in document.blocks] == [1, 2]
    assert document.page_labels == {1: "i", 2: "1"}


def test_something_else_with_the_name_of_a_pdf_is_damaged() -> None:
    """A saved error page is no PDF."""
    with pytest.raises(PermanentError, match="the PDF is damaged"):
        read(b"<html>Not found</html>")


def test_bookmarks_become_headings() -> None:
    """What the outline names on a page is a heading there, with its level, under its own name."""
    writer = edited(pdf("Intro\nThe cabin is red.", "running head\n1.2 Roof\nIt is made of tin.\nAnd paint."))
    chapter = writer.add_outline_item(title="Intro", page_number=0)
    writer.add_outline_item(title="Roof", page_number=1, parent=chapter)
    document = read(written(writer))
    found = [(b.level, b.title, b.page) for b in document.blocks if b.kind is BlockKind.HEADING]
    assert found == [(1, "Intro", 1), (2, "Roof", 2)]


def test_a_bookmark_that_the_page_does_not_show_is_passed_over() -> None:
    """Nothing is invented."""
    writer = edited(pdf("The cabin is red."))
    writer.add_outline_item(title="Elsewhere", page_number=0)
    assert [block.kind for block in read(written(writer)).blocks] == [BlockKind.PARAGRAPH]


def test_a_short_line_that_ends_a_sentence_ends_a_paragraph() -> None:
    """Pages have no blank lines in their text; paragraphs are told by their last lines."""
    lines = ["The cabin by the lake was painted red in the year nineteen", "hundred and eighty-seven."]
    document = read(pdf("\n".join([*lines, *lines])))
    assert [document.text[b.start : b.end] for b in document.blocks] == ["\n".join(lines)] * 2


def test_a_title_counts_if_the_first_page_bears_it() -> None:
    """Programs leave working titles behind, which name nothing."""
    for title, expected in (("The Red Cabin", "The Red Cabin"), ("Microsoft Word - draft7.doc", "cabin")):
        writer = edited(pdf("THE RED CABIN\nA story."))
        writer.add_metadata({"/Title": title, "/Author": "Ida"})
        document = read(written(writer))
        assert document.title == expected
        assert document.metadata == {"title": title, "author": "Ida"}


def test_chunks_run_over_page_boundaries_and_say_so() -> None:
    """A short document is one chunk from its first to its last page."""
    document = read(labelled(pdf("The cabin is red.", "The boat is blue."), roman_until=1))
    chunk = chunk_document(document, counter=minilm_counter(), capacity_tokens=220)[0]
    assert (chunk.locator.page_start, chunk.locator.page_end, chunk.locator.page_label) == (1, 2, "i")


def test_control_characters_do_not_pass() -> None:
    """What drives a terminal or a printer is no text."""
    document = read(pdf("The \x1b[31mcabin\x07 is red."))
    assert not any(ord(character) < 32 and character != "\n" for character in document.text)
