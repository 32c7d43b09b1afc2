"""Markdown drawn block by block: as a whole would be, with its marks, and without anything it could do."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from assistant.tui.blocks import Blocks
from assistant.tui.document import Document
from assistant.tui.drawing import Drawn, Look, draw

LOOK = Look(
    styles=(("mark", Style(bold=True)), ("doubt", Style(italic=True)), ("link_url", Style(underline=True))),
    code_theme="monokai",
    code_background="#101010",
)

WORD = st.sampled_from(
    ["rent", "due", "*May*", "**4,200**", "`a[1]`", "[1]", "[2, 3]", "[?]", "größe", "日本語"]
)
LINE = st.lists(WORD, min_size=1, max_size=8).map(" ".join)
PARAGRAPH = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
ITEMS = st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"- {line}" for line in lines))
LOOSE = st.lists(LINE, min_size=1, max_size=3).map(
    lambda lines: "\n\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
)
NESTED = st.tuples(LINE, LINE).map(lambda pair: f"- {pair[0]}\n  - {pair[1]}\n\n  more of it")
CODE = st.lists(st.sampled_from(["def f():", "    return 1", "", "# [1]", "- x"]), max_size=5).map(
    lambda lines: "```python\n" + "\n".join(lines) + "\n```"
)
TABLE = st.lists(st.tuples(WORD, WORD), min_size=1, max_size=3).map(
    lambda rows: "| a | b |\n|---|---|\n" + "\n".join(f"| {one} | {two} |" for one, two in rows)
)
QUOTE = LINE.map(lambda line: f"> {line}")
HEADING = LINE.map(lambda line: f"## {line}")
TEXT = st.lists(
    st.one_of(PARAGRAPH, ITEMS, LOOSE, NESTED, CODE, TABLE, QUOTE, HEADING, st.just("---")),
    min_size=1,
    max_size=6,
).map("\n\n".join)


def said(drawn: Drawn) -> list[str]:
    """Return the lines that hold anything."""
    return [text for line in drawn.lines if (text := line.text.rstrip())]


def whole(text: str, width: int = 60) -> str:
    """Return all that is drawn of a text."""
    return "\n".join(line.text for line in draw(text, width, LOOK).lines)


@given(text=TEXT, cuts=st.lists(st.integers(0, 400), max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_text_in_pieces_is_drawn_as_the_whole_is(text: str, cuts: list[int]) -> None:
    """However it comes: the lines, the marks and the code are the same."""
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    document = Document()
    for start, end in pairwise(places):
        document.append(text[start:end])
        document.draw(50, LOOK)
    drawn, at_once = document.draw(50, LOOK), Document(text).draw(50, LOOK)
    assert document.text == text
    assert [line.text for line in drawn.lines] == [line.text for line in at_once.lines]
    assert (drawn.stops, drawn.codes) == (at_once.stops, at_once.codes)


@given(text=TEXT)
@settings(max_examples=100, deadline=None)
def test_blocks_lose_nothing(text: str) -> None:
    """All blocks together are the text, and drawing them one by one shows what drawing it at once shows."""
    blocks = Blocks(text)
    assert "".join(blocks.settled) + blocks.last == text
    assert said(Document(text).draw(50, LOOK)) == said(draw(text, 50, LOOK))


@given(text=TEXT, width=st.integers(1, 100))
@settings(max_examples=100, deadline=None)
def test_no_line_is_wider_than_its_box(text: str, width: int) -> None:
    """At any width that a terminal has."""
    assert all(line.cell_length <= max(width, 12) for line in draw(text, width, LOOK).lines)


@given(before=TEXT, after=TEXT)
@settings(max_examples=60, deadline=None)
def test_a_text_can_be_replaced(before: str, after: str) -> None:
    """What is drawn then is that of the new text alone."""
    document = Document(before)
    document.draw(50, LOOK)
    document.replace(after)
    at_once = Document(after).draw(50, LOOK)
    assert [line.text for line in document.draw(50, LOOK).lines] == [line.text for line in at_once.lines]


def test_settled_blocks_are_drawn_once() -> None:
    """The lines of what cannot change are the same objects from then on."""
    document = Document("# Title\n\nOne paragraph.\n\nAnother one,\nwhich goes on.")
    before = document.draw(40, LOOK).lines
    document.append(" And on.")
    after = document.draw(40, LOOK).lines
    assert before[0] is after[0]
    assert before[2] is after[2]
    assert before[4] is not after[4]


@pytest.mark.parametrize(
    "text",
    [
        "> quoted\n#",
        "- item\n\n-",
        "para\n\n| a | b |\n|--",
        "```\na\n\nb",
        "1. a\n\n   b\n\n2",
        "text\n\n  ",
    ],
)
def test_what_may_still_change_is_not_settled(text: str) -> None:
    """A line that is not whole says nothing yet of what it begins."""
    blocks = Blocks(text)
    for more in ("foo", "- x\n\ny\n\nz", " rest\n\nend\n\nlast"):
        grown = Blocks(text)
        grown.append(more)
        assert grown.settled[: len(blocks.settled)] == blocks.settled
        assert said(Document(text + more).draw(40, LOOK)) == said(draw(text + more, 40, LOOK))


def numbers(text: str) -> list[int]:
    """Return the numbers of the marks that are drawn of a text."""
    return [stop.number for stop in draw(text, 60, LOOK).stops if stop.number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So it is [1].", [1]),
        ("So it is [1, 2][3].", [1, 2, 3]),
        ("- in a list [2]\n- and **bold [4]**", [2, 4]),
        ("| a |\n|---|\n| cell [3] |", [3]),
        ("Not `a[1]` and not\n\n```\nb[2]\n```", []),
        ("Nor [1](http://x.example).", []),
    ],
)
def test_marks_can_be_gone_to(text: str, expected: list[int]) -> None:
    """Each number of a mark by itself, but nothing in code and no link."""
    assert numbers(text) == expected


def test_a_mark_is_where_it_is_drawn() -> None:
    """Its place is that of its letters in its line."""
    drawn = draw("Some words before it [12], and behind.", 16, LOOK)
    (stop,) = drawn.stops
    assert drawn.lines[stop.line].text[stop.start : stop.end] == "[12]"


def test_links_show_where_they_lead() -> None:
    """Text and target, and no link that a terminal would know."""
    text = "See [the lease](notes/lease.md) or <https://x.example/a>, ![a cat](cat.png)"
    drawn = draw(text, 80, LOOK)
    assert "the lease (notes/lease.md)" in drawn.lines[0].text
    assert "https://x.example/a," in drawn.lines[0].text
    assert "[image: a cat] (cat.png)" in " ".join(said(drawn))
    assert [stop.target for stop in drawn.stops] == ["notes/lease.md", "https://x.example/a", "cat.png"]
    assert all(style is None or style.link is None for line in drawn.lines for _, style, _ in line)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>raw</b> <script>x</script>", "<b>raw</b> <script>x</script>"),
        ("<div>\nblock\n</div>", "<div> block </div>"),
        ("[red]x[/red] [@click=app.quit]y[/] [link=http://e.example]z[/link]", None),
        ("[a]: http://e.example\n\n[a] is text", "[a]: http://e.example\n\n[a] is text"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
    ],
)
def test_raw_html_and_markup_are_text(text: str, shown: str | None) -> None:
    """They are shown as they stand."""
    assert "\n".join(line.rstrip() for line in whole(text, 100).split("\n")) == (shown or text)


@pytest.mark.parametrize("entity", ["&#x202e;", "&#x200b;", "&#x1b;", "&#27;", "&#x9b;", "&#x2066;"])
def test_entities_make_no_characters_that_drive_a_terminal(entity: str) -> None:
    """The parser reads them as letters; in text, code, links, images and tables they are none."""
    text = (
        f"a{entity}b [l{entity}m](n{entity}o.md) ![p{entity}q](r{entity}s.png) `t{entity}u`\n\n"
        f"```x{entity}\nv{entity}w\n```\n\n| c{entity}d |\n|---|\n| e{entity}f |\n"
    )
    drawn = whole(text, 200)
    assert not any(ord(char) in range(0x1B, 0x20) or char in "\x9b\u202e\u200b\u2066" for char in drawn)


def test_code_can_be_taken_as_it_was_written() -> None:
    """Without the lines it was broken into; each block knows where it is drawn."""
    long = "x = " + "1 + " * 40 + "1"
    drawn = draw(f"Do:\n\n```python\n{long}\n```\n\n- then\n\n  ```\n  second\n  ```\n", 40, LOOK)
    assert [code.text for code in drawn.codes] == [long, "second"]
    first, second = drawn.codes
    assert first.last - first.first > 3
    assert "second" in drawn.lines[second.first].text
