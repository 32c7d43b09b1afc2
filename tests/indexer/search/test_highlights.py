"""Sentences are found where a reader sees them, and the best ones are chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.search.highlights import best_sentences, split_sentences, word_root

PIECES = st.lists(
    st.sampled_from(
        [
            "The fox ran",
            ". ",
            "! ",
            "?\n",
            "\n\n",
            "- item",
            "| a | b |",
            "```\n",
            "e.g. ",
            "。",
            " ",
            "3.14",
            "\t",
            "Dr. A",
            "é",
        ]
    )
)


def sentences(text: str) -> list[str]:
    """Return the sentences themselves."""
    return [text[span.start : span.end] for span in split_sentences(text)]


@given(PIECES.map("".join) | st.text())
def test_sentences_cover_the_text_in_order(text: str) -> None:
    """Between sentences stands only white space, and no sentence is blank or overlaps the next."""
    at = 0
    for span in split_sentences(text):
        assert not text[at : span.start].strip()
        assert text[span.start : span.end].strip() == text[span.start : span.end] != ""
        at = span.end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Ada met J. K. Rowling. They spoke.", ["Dr. Ada met J. K. Rowling.", "They spoke."]),
        ("See fig. 3, e.g. the left one. Then go.", ["See fig. 3, e.g. the left one.", "Then go."]),
        ("Version 3.11 costs 2.50 euros. Cheap.", ["Version 3.11 costs 2.50 euros.", "Cheap."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("東京は首都です。人口は多い！本当？", ["東京は首都です。", "人口は多い！", "本当？"]),
        ("already cut , into tokens . and so on .", ["already cut , into tokens .", "and so on ."]),
    ],
)
def test_sentences_end_where_a_reader_sees_it(text: str, expected: list[str]) -> None:
    """Abbreviations, initials and numbers end no sentence; other scripts have their own marks."""
    assert sentences(text) == expected


def test_a_wrapped_line_goes_on() -> None:
    """Prose that was broken at a margin is one sentence."""
    text = "The quick brown fox jumps over the lazy dog and then\nruns away. It is gone."
    assert sentences(text) == [text[:63], "It is gone."]


def test_list_items_headings_rows_and_code_stand_alone() -> None:
    """What the eye sees as a line of its own is one sentence."""
    text = "# Title\nIntro\n- one\n- two\n1. first\n| a. B | c |\n```\nx = f(1)\ny = 2\n```\nEnd"
    assert sentences(text) == text.split("\n")


def test_the_sentence_with_the_words_is_chosen() -> None:
    """The words of the question decide, whatever form they stand in."""
    text = "The cabin is red. The key hangs behind the stove. Wood is dry."
    (span,) = best_sentences(text, {"keys": 3.0, "hang": 2.0})
    assert text[span.start : span.end] == "The key hangs behind the stove."


def test_a_rare_word_outweighs_common_ones() -> None:
    """The weights decide which sentence comes first."""
    text = "The old cabin has a door. Here sleeps Kutuzov."
    (span,) = best_sentences(text, {"cabin": 0.5, "door": 0.5, "kutuzov": 6.0}, most=1)
    assert text[span.start : span.end] == "Here sleeps Kutuzov."


def test_further_sentences_must_add_words() -> None:
    """A sentence that only repeats what is shown is left out, one with another word is added."""
    text = "Rent is due monthly. Rent is rent. The deposit is two months."
    spans = best_sentences(text, {"rent": 2.0, "deposit": 2.0})
    assert [text[span.start : span.end] for span in spans] == [
        "Rent is due monthly.",
        "The deposit is two months.",
    ]


def test_highlights_stand_in_reading_order() -> None:
    """The best sentence may come last; it is still shown where it stands."""
    text = "A boat lies here. Nothing else. The boat engine needs winter oil."
    spans = best_sentences(text, {"boat": 1.0, "engine": 3.0, "oil": 3.0, "lies": 2.0})
    assert [text[span.start : span.end] for span in spans] == [
        "A boat lies here.",
        "The boat engine needs winter oil.",
    ]


def test_without_a_common_word_the_first_real_sentence_is_shown() -> None:
    """A passage found by meaning alone still shows something, and not its heading."""
    text = "# Cabin\n\nThe place by the lake is cold in winter. Bring wood."
    (span,) = best_sentences(text, {"hut": 1.0})
    assert text[span.start : span.end] == "The place by the lake is cold in winter."


def test_blank_text_has_no_highlights() -> None:
    """White space holds no sentence."""
    assert best_sentences(" \n ", {"a": 1.0}) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("run", "running"),
        ("key", "keys"),
        ("city", "cities"),
        ("bake", "baked"),
        ("Café", "cafe"),
        ("box", "boxes"),
        ("quick", "quickly"),
    ],
)
def test_forms_of_a_word_share_a_root(one: str, other: str) -> None:
    """Plural, past tense and the like, case and accents do not keep words apart."""
    assert word_root(one) == word_root(other)


@pytest.mark.parametrize(("one", "other"), [("glass", "gla"), ("bus", "bu"), ("ring", "r"), ("need", "ne")])
def test_short_words_keep_their_endings(one: str, other: str) -> None:
    """What only looks like an ending is not cut off."""
    assert word_root(one) != word_root(other)


@given(st.text(min_size=1))
def test_any_word_has_a_root(word: str) -> None:
    """No word makes the root finder fail."""
    word_root(word)
