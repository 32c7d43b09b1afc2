"""Tests of HTML."""

from pathlib import Path

from indexer.extract.html import extract
from indexer.types import BlockKind, Document


def read(html: str) -> Document:
    return extract(Path("/saved/page.html"), html.encode())


def shape(document: Document) -> list[tuple[str, str]]:
    return [(b.kind.value, document.text[b.start : b.end]) for b in document.blocks]


def test_a_simple_page_loses_nothing() -> None:
    """Without marks of what is what, all text is the page's own, in order."""
    document = read(
        "<title>Cabin</title><h1>The <em>red</em> cabin</h1>loose words<p>First<br>line.</p><div>A div."
        "<p>Inside.</p>after</div><pre>x\n  y</pre><blockquote>Said.</blockquote><dl><dt>Term<dd>Meaning</dl>"
    )
    assert shape(document) == [
        ("heading", "The red cabin"),
        ("paragraph", "loose words"),
        ("paragraph", "First\nline."),
        ("paragraph", "A div."),
        ("paragraph", "Inside."),
        ("paragraph", "after"),
        ("code", "x\n  y"),
        ("paragraph", "Said."),
        ("paragraph", "Term"),
        ("paragraph", "Meaning"),
    ]
    assert document.title == "Cabin"
    assert not document.has_lines


def test_what_surrounds_the_text_is_left_out() -> None:
    """Navigation, footers, scripts and controls are not what the page says."""
    document = read(
        "<nav>Home</nav><script>var x</script><style>p{}</style><p>Text.</p><aside>Ads</aside>"
        "<button>Buy</button><div hidden>gone</div><div role=navigation>Menu</div>"
        "<noscript>Enable</noscript><footer>Imprint</footer>"
    )
    assert document.text == "Text."


def test_a_page_of_furniture_alone_is_read_all_the_same() -> None:
    """A page with nothing else is better read than lost."""
    assert read("<nav><p>All there is.</p></nav>").text == "All there is."


def test_the_main_element_is_taken_where_it_holds_the_text() -> None:
    """What stands beside it is dropped, but for the page's heading."""
    body = (
        "<div>Sidebar</div><header><h1>Cabin</h1></header><main><h2>Roof</h2><p>It is made of tin.</p></main>"
    )
    document = read(body)
    assert shape(document) == [("heading", "Cabin"), ("heading", "Roof"), ("paragraph", "It is made of tin.")]
    assert [b.level for b in document.blocks] == [1, 2, 0]


def test_a_main_element_with_little_in_it_is_passed_over() -> None:
    """A misplaced mark does not hide the text."""
    assert "long story" in read(f"<main>Skip</main><p>{'A long story. ' * 20}</p>").text


def test_a_lone_article_is_the_text_and_several_are_a_list() -> None:
    """An overview page keeps what stands around its articles."""
    assert read("<p>Around</p><article>The whole story.</article>").text == "The whole story."
    assert "Around" in read("<p>Around</p><article>One.</article><article>Two.</article>").text


def test_notes_inside_an_article_are_kept() -> None:
    """An aside or a footer of the text is part of it."""
    text = read("<article><p>Text.</p><aside>A note.</aside><footer>By Ida.</footer></article>").text
    assert text == "Text.\n\nA note.\n\nBy Ida."


def test_lists_keep_their_marks_and_depth() -> None:
    """One block per list, numbers counted."""
    document = read("<ol><li>one<ul><li>inner</ul><li><p>two</p></ol>after")
    assert shape(document) == [("list", "1. one\n  - inner\n2. two"), ("paragraph", "after")]


def test_tables_are_rows_of_cells() -> None:
    """Each row is a line, and an empty cell keeps its column."""
    document = read("<table><tr><th>Day<th>Colour<tr><td><p>Mon</p><td>red<tr><td><td>blue</table>")
    assert shape(document) == [("table", "Day | Colour\nMon | red\n | blue")]


def test_a_table_that_lays_out_a_page_is_no_table() -> None:
    """Headings inside cells are headings."""
    document = read("<table><tr><td><h2>Roof</h2><p>Tin.</p></td></tr></table>")
    assert shape(document) == [("heading", "Roof"), ("paragraph", "Tin.")]


def test_pictures_speak_by_their_descriptions() -> None:
    """The text for those who cannot see it is text."""
    assert read('<p>See <img src="https://example.org/a.png" alt="the red roof"> here</p>').text == (
        "See the red roof here"
    )


def test_entities_and_spaces_are_resolved() -> None:
    """Text is as a reader sees it."""
    assert read("<p>caf&eacute; &amp;\n   a&nbsp;&nbsp;bar &#xD800;</p>").text == "café & a bar \ufffd"


def test_the_declared_charset_is_used() -> None:
    """A page may say how it is encoded; Latin-1 means what browsers mean by it."""
    page = '<meta charset="iso-8859-1"><p>„größer“</p>'
    assert extract(Path("a.html"), page.encode("cp1252")).text == "„größer“"
    page = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><p>домик</p>'
    assert extract(Path("a.html"), page.encode("cp1251")).text == "домик"


def test_properties_are_kept() -> None:
    """Author, description and language are metadata."""
    head = '<meta name="author" content="Ida"><meta property="x" content="y">'
    document = read(f'<html lang="en"><head>{head}</head><p>a</html>')
    assert document.metadata == {"author": "Ida", "language": "en"}


def test_the_title_falls_back_to_heading_and_name() -> None:
    """A page without a title is called by its first heading, or its file."""
    assert read("<h1>The  cabin</h1>").title == "The cabin"
    assert read("<p>text</p>").title == "page"


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    """A page may nest deeper than Python recurses."""
    assert read("<div>" * 3000 + "deep" + "</div>" * 3000).text == "deep"


def test_empty_and_broken_pages_are_read_as_far_as_they_go() -> None:
    """Unclosed tags and stray ends are no error."""
    assert read("   ").blocks == ()
    assert read("<p>one<table><tr><td>two</div></p><li>three").text.split() == ["one", "two", "three"]


def test_headings_inside_lists_end_the_list() -> None:
    """What stands before the heading keeps its place before it."""
    kinds = [b.kind for b in read("<ul><li>one<li><h3>Roof</h3>two</ul>").blocks]
    assert kinds == [BlockKind.LIST, BlockKind.HEADING, BlockKind.LIST]
