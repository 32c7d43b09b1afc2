"""What stands behind the numbers of an answer, as it is listed and copied."""

from pathlib import Path

from assistant.citations import cite
from assistant.history import Source as StoredSource
from assistant.tui.sources import of_citations, of_passages, of_stored, with_sources
from indexer.types import Locator
from tests.fakes import make_passage

RENT = make_passage(
    "The rent is due on 5 May.\nIt is 4,200 kr.\nCash is fine.", name="lease.md", line_start=3
)
KEY = make_passage("The key is under the pot.", name="key.md", highlights=[(0, 7)])


def test_the_citations_of_a_number_are_one_source() -> None:
    """With every place, in order."""
    citations = cite("It is due on 5 May [1]. The key is under the pot [2]. It is 4,200 kr [1].", [RENT, KEY])
    first, second = of_citations(citations)
    assert (first.number, first.places, second.number) == (1, "line 3; line 4", 2)
    assert [RENT.text[span.start : span.end] for span in first.quotes] == [
        "The rent is due on 5 May.",
        "It is 4,200 kr.",
    ]
    assert first.line == "notes/lease.md, line 3; line 4"


def test_nearest_passages_are_numbered() -> None:
    """With what the search marked in them."""
    (source,) = of_passages([KEY])
    assert (source.number, len(source.quotes), source.places) == (1, 1, "line 1")


def test_what_was_kept_is_shown_as_it_was_cited() -> None:
    """All its quotes are marked; the short name is that of the folder it is in."""
    place = Locator(line_start=3, line_end=3)
    path = Path("/vault/notes/lease.md")
    kept = [StoredSource(n=1, path=path, locator=place, quote=quote) for quote in ("One.", "Two.", "One.")]
    (source,) = of_stored(kept, [Path("/vault")])
    assert source.is_stored
    assert [source.passage.text[span.start : span.end] for span in source.quotes] == ["One.", "Two."]
    assert source.line == "vault/notes/lease.md, line 3"
    assert of_stored(kept)[0].line == "notes/lease.md, line 3"


def test_an_answer_is_copied_with_its_sources() -> None:
    """As Markdown, with the whole paths and the lines."""
    sources = of_citations(cite("It is due on 5 May [1].", [RENT]))
    assert with_sources("It is due on 5 May [1].\n", sources) == (
        "It is due on 5 May [1].\n\n- [1] `/vault/notes/lease.md`, line 3\n"
    )


def test_what_a_file_is_called_can_do_nothing() -> None:
    """Neither listed nor copied."""
    (source,) = of_passages([make_passage("x", name="a\x1b[2J\u202e\nb.md")])
    assert source.line == "notes/a b.md, line 1"
    assert "\x1b" not in with_sources("x", [source])
