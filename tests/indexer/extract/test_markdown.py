"""Tests of Markdown."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.extract.markdown import extract
from indexer.types import BlockKind, Document

_LINES = (
    *(
        "# a",
        "a",
        "",
        "- a",
        "  - b",
        "> c",
        "```",
        "~~~",
        "---",
        "===",
        "| a | b |",
        "|-|-|",
        "<div>",
        "1. x",
    ),
    *("\ta", "[a]: b", "   ", "+++", "a\u2028b", "a\x0bb", "\x0c", "title: x", "...", "\u00a0", "<!--"),
)


def read(text: str) -> Document:
    return extract(Path("/vault/Red cabin.md"), text.encode())


def shape(document: Document) -> list[tuple[str, str]]:
    return [(b.kind.value, document.text[b.start : b.end]) for b in document.blocks]


def headings(text: str) -> list[tuple[int, str]]:
    return [(b.level, b.title) for b in read(text).blocks if b.kind is BlockKind.HEADING]


def test_each_kind_of_block_is_told() -> None:
    """Every block stands with the lines it has in the file."""
    text = "# Cabin\nRed\nwood.\n\n- one\n  - two\n\n```py\nx = 1\n```\n\n| a |\n|---|\n| 1 |\n\n> quoted\n"
    assert shape(read(text)) == [
        ("heading", "# Cabin"),
        ("paragraph", "Red\nwood."),
        ("list", "- one\n  - two"),
        ("code", "```py\nx = 1\n```"),
        ("table", "| a |\n|---|\n| 1 |"),
        ("paragraph", "> quoted"),
    ]


def test_headings_of_both_styles_are_found() -> None:
    """Underlined headings count like those with number signs."""
    assert headings("Cabin\n=====\n\nRoof\n---\n\n### Tin ###\n") == [(1, "Cabin"), (2, "Roof"), (3, "Tin")]


def test_what_only_looks_like_a_heading_is_none() -> None:
    """Comments in code, tags, and escaped signs are text."""
    assert headings("```sh\n# a comment\n```\n\n#tag\n\n\\# escaped\n\n    # indented code\n") == []


def test_heading_titles_are_as_a_reader_sees_them() -> None:
    """Marks, links and block ids go, words stay."""
    first = "# **Red** `cabin` of [[Person/Ida|Ida]] and [Bo](bo.md) ^id1\n"
    assert headings(f"{first}## ![[x.png]]\n## snake_case and 2 * 3 * 4\n") == [
        (1, "Red cabin of Ida and Bo"),
        (2, "x.png"),
        (2, "snake_case and 2 * 3 * 4"),
    ]


def test_wikilinks_stay_in_the_text() -> None:
    """What a person typed is what is found."""
    assert "[[Boat house#Keys|the keys]]" in read("See [[Boat house#Keys|the keys]].\n").text


def test_front_matter_becomes_metadata() -> None:
    """Properties are read, dates as ISO strings, and their lines are one block."""
    document = read("---\ntitle: The cabin\ndate: 2026-03-04\ntags: [wood, red]\n---\nText.\n")
    assert document.metadata == {"title": "The cabin", "date": "2026-03-04", "tags": ["wood", "red"]}
    assert document.title == "The cabin"
    assert shape(document) == [
        ("front_matter", "---\ntitle: The cabin\ndate: 2026-03-04\ntags: [wood, red]\n---"),
        ("paragraph", "Text."),
    ]


def test_toml_front_matter_is_read() -> None:
    """Plus signs enclose TOML."""
    assert read('+++\ntitle = "Cabin"\n+++\nText.\n').metadata == {"title": "Cabin"}


@pytest.mark.parametrize(
    "broken", ["title: {{title}}: x", "a: [", "date: 2026-13-45", "\ttab: 1", "? {a: 1}: 2"]
)
def test_broken_front_matter_stays_text(broken: str) -> None:
    """It is no error and no heading; the note is read all the same."""
    document = read(f"---\n{broken}\n---\n# Cabin\n\nText.\n")
    assert document.metadata == {}
    assert document.title == "Cabin"
    assert shape(document) == [
        ("front_matter", f"---\n{broken}\n---"),
        ("heading", "# Cabin"),
        ("paragraph", "Text."),
    ]


def test_a_paragraph_between_rulers_is_no_front_matter() -> None:
    """Only a mapping is."""
    assert [kind for kind, _ in shape(read("---\n\nJust words.\n\n---\n"))] == ["paragraph"] * 3


def test_front_matter_that_never_ends_is_text() -> None:
    """A ruler at the top swallows nothing."""
    document = read("---\ntitle: x\n\nText.\n")
    assert document.metadata == {}
    assert "Text." in [text for _, text in shape(document)]


def test_a_note_that_is_all_front_matter_has_one_block() -> None:
    """The end of the file ends it as well."""
    document = read("---\ntitle: x\n---")
    assert shape(document) == [("front_matter", "---\ntitle: x\n---")]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 2026\n---\n# H\n", "2026"),
        ("---\ntitle: true\n---\n# H\n", "H"),
        ("## Two\n\n# One\n", "One"),
        ("Text only.\n", "Red cabin"),
    ],
)
def test_the_title_is_the_best_there_is(text: str, title: str) -> None:
    """Front matter first, then the first main heading, then the file's name."""
    assert read(text).title == title


def test_what_the_parser_passes_over_is_kept() -> None:
    """Link definitions make no block of their own, and are still part of the text."""
    assert shape(read("Text.\n\n[ref]: https://example.org\n\nMore.\n")) == [
        ("paragraph", "Text."),
        ("paragraph", "[ref]: https://example.org"),
        ("paragraph", "More."),
    ]


def test_embedded_pictures_are_left_out() -> None:
    """A line of base64 is no text; its line stays, so that later lines keep their numbers."""
    document = read(f"Before.\n\n![roof](data:image/png;base64,{'iVBORw0KGgo' * 99}==)\n\nAfter.\n")
    assert document.text == "Before.\n\n![roof](data:image/png;base64,…)\n\nAfter.\n"


def test_tables_lose_their_padding() -> None:
    """What only draws columns would take a chunk's room; lines stay lines."""
    document = read(f"| a{' ' * 50}| b |\n|{'-' * 300}|---|\n| 1{' ' * 50}| 2 |\n\nText  with  spaces.\n")
    assert document.text == "| a | b |\n|---|---|\n| 1 | 2 |\n\nText  with  spaces.\n"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_LINES), max_size=25))
def test_blocks_cover_any_file_in_whole_lines(lines: list[str]) -> None:
    """Blocks are in order, do not overlap, begin where lines begin, and leave out nothing but white space."""
    document = read("\n".join(lines))
    assert document.text == "\n".join(lines)
    place = 0
    for block in document.blocks:
        assert block.start >= place
        assert not document.text[place : block.start].strip()
        assert block.start == 0 or document.text[block.start - 1] == "\n"
        assert document.text[block.start : block.end].strip()
        place = block.end
    assert not document.text[place:].strip()
