"""What a search found, in words."""

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.tui.found import Wanted, best_place, excerpt, name_of, place_of, said, summary
from indexer.types import Locator, Passage, SearchResult, Span

TEXT = "First line.\nThe rent is due.\nKeys hang by the door."


def passage(text: str = TEXT, **changes: object) -> Passage:
    """Return a passage whose second line is its highlight."""
    start = text.find("The rent")
    plain = Passage(
        chunk_id=1,
        path=Path("/home/me/notes/home/cabin.md"),
        root=Path("/home/me/notes"),
        title="",
        text=text,
        locator=Locator(line_start=10, line_end=10 + text.count("\n"), headings=("Cabin", "Money")),
        score=0.5,
        similarity=0.5,
        lexical=1.0,
        highlights=(Span(start=start, end=start + 16),) if start >= 0 else (),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def marked(query: str, text: str) -> list[str]:
    """Return the words of a text that are marked."""
    return [text[start:end] for start, end in Wanted(query).spans(text)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rent", ["Rent", "rents"]),
        ("renting the", ["Rent", "rents"]),
        ("ren", ["Rent", "rents"]),
        ("ren ", []),
        ("re", []),
        ("the", ["the"]),
        ("the cabin?", ["cabin"]),
        ("", []),
    ],
)
def test_words_are_marked_in_all_their_forms(query: str, found: list[str]) -> None:
    """The last one also as a beginning while it may be unfinished; "the" only where it is all there is."""
    assert marked(query, "Rent: he rents the cabin"[: 24 if "cabin" in query else 18]) == found


def test_the_sentence_with_most_words_is_shown() -> None:
    """Of the highlights, or the beginning of a text that has none."""
    text = "Keys are kept.\nThe rent of the cabin."
    both = (Span(start=0, end=14), Span(start=15, end=37))
    assert excerpt(passage(text, highlights=both), Wanted("cabin keys rent"), most_chars=80) == (
        "The rent of the cabin."
    )
    assert excerpt(passage(highlights=()), Wanted("rent"), most_chars=80).startswith("First line. The rent")


def test_a_long_sentence_begins_near_what_was_searched_for() -> None:
    """So that it is seen in one line; a word that is seen anyway moves nothing."""
    long = "word " * 60 + "rent " + "word " * 60
    shown = excerpt(passage(long), Wanted("rent"), most_chars=40)
    assert shown.startswith("…word")
    assert "rent" in shown[:40]
    assert excerpt(passage("rent " + long), Wanted("none"), most_chars=40).startswith("rent")


def test_control_sequences_of_documents_are_not_shown() -> None:
    """Nor line ends."""
    text = "The rent\x1b[2J is\u202e due.\n"
    hostile = passage(
        text, highlights=(Span(start=0, end=len(text)),), path=Path("/home/me/notes/\x1b[1mx.md")
    )
    assert excerpt(hostile, Wanted("rent"), most_chars=80) == "The rent is due."
    assert name_of(hostile) == "x.md"


def test_a_passage_is_named_and_placed() -> None:
    """By its file; by its title where that says more, and the file then stands with the place."""
    assert name_of(passage()) == "cabin.md"
    assert place_of(passage()) == "notes/home · lines 10-12 · Money"
    titled = passage(title="Our cabin")
    assert name_of(titled) == "Our cabin"
    assert place_of(titled) == "notes/home/cabin.md · lines 10-12 · Money"
    same = passage(title="Cabin", locator=Locator(headings=("Cabin",)))
    assert (name_of(same), place_of(same)) == ("cabin.md", "notes/home")


def test_a_file_is_opened_at_the_marked_sentence() -> None:
    """Not at the beginning of its passage."""
    assert best_place(passage()).line_start == 11
    assert best_place(passage(highlights=())).line_start == 10


def test_a_result_is_summed_up() -> None:
    """How much, how quickly, how fresh."""
    found = SearchResult(passages=(passage(), passage()), as_of=1000.0, pending=0, took_ms=5)
    assert summary(found, took_ms=23.4, now=1001.0) == (
        "2 passages in 1 file · 23 ms · index current as of now"
    )
    late = replace(found, passages=(), pending=3)
    assert summary(late, took_ms=23.4, now=1180.0) == (
        "nothing found · 23 ms · index current as of 3 min ago, 3 files waiting"
    )
    assert "not current yet" in summary(replace(found, as_of=0.0), took_ms=1, now=9.0)


def test_remarks_stand_in_one_line() -> None:
    """Whatever the names in them hold."""
    assert said(["only files in “a\nb”", "second"]) == "only files in “a b” · second"
