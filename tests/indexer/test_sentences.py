"""Sentences are found where a reader sees them, as spans of the text."""

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sentences import LONGEST_CHARS, Sentence, quotable_sentences, split_sentences

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
            "\n    x = 1",
            "Key: ",
            "# ",
            "\r\n",
        ]
    )
)
MARKS = st.text(st.sampled_from("ab A.!?\n-#|>1 。"), max_size=300)


def split(text: str) -> list[str]:
    """Return the sentences themselves."""
    return [text[one.start : one.end] for one in split_sentences(text)]


def quotable(text: str) -> list[str]:
    """Return what can be quoted."""
    return [text[one.start : one.end] for one in quotable_sentences(text)]


@given(PIECES.map("".join) | MARKS | st.text())
def test_sentences_cover_the_text_in_order(text: str) -> None:
    """Between sentences stands only white space, and no sentence is blank or overlaps the next."""
    at = 0
    for one in split_sentences(text):
        assert not text[at : one.start].strip()
        assert text[one.start : one.end].strip() == text[one.start : one.end] != ""
        at = one.end
    assert not text[at:].strip()


@given(PIECES.map("".join) | MARKS)
def test_quotable_sentences_are_spans_in_order(text: str) -> None:
    """Spans neither overlap nor begin or end with white space, and every letter outside fences is in one."""
    spans = quotable_sentences(text)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(text[one.start : one.end].strip() == text[one.start : one.end] != "" for one in spans)
    covered = {position for one in spans for position in range(one.start, one.end)}
    fenced = {
        position
        for match in re.finditer(r"(?m)^[\s>]*(?:```|~~~).*$", text)
        for position in range(match.start(), match.end())
    }
    assert all(position in covered | fenced for position, char in enumerate(text) if char.isalpha())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It rained. We stayed in! Why? Because.", ["It rained.", "We stayed in!", "Why?", "Because."]),
        ("Dr. Ada met J. K. Rowling. They spoke.", ["Dr. Ada met J. K. Rowling.", "They spoke."]),
        ("J. R. Smith came. He left.", ["J. R. Smith came.", "He left."]),
        ("See fig. 3, e.g. the left one. Then go.", ["See fig. 3, e.g. the left one.", "Then go."]),
        (
            "Ask Dr. Berg, e.g. on Monday. Then pay 3.50 kr.",
            ["Ask Dr. Berg, e.g. on Monday.", "Then pay 3.50 kr."],
        ),
        ("Come early, e.g. Monday. Or not.", ["Come early, e.g. Monday.", "Or not."]),
        ("The U.S. Army came. It left.", ["The U.S. Army came.", "It left."]),
        ("Version 3.11 costs 2.50 euros. Cheap.", ["Version 3.11 costs 2.50 euros.", "Cheap."]),
        ("She said no. See no. 5 and pp. 3. Go.", ["She said no.", "See no. 5 and pp. 3.", "Go."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ('"Why?" he asked. "So."', ['"Why?" he asked.', '"So."']),
        ("what now? i dunno! really", ["what now?", "i dunno!", "really"]),
        ("**It rained.** We stayed.", ["**It rained.**", "We stayed."]),
        ("東京は首都です。人口は多い！本当？", ["東京は首都です。", "人口は多い！", "本当？"]),
        ("部屋は狭い。家賃は高い。", ["部屋は狭い。", "家賃は高い。"]),
        ("already cut , into tokens . and so on .", ["already cut , into tokens .", "and so on ."]),
        ("as a man's own ... as the wheat. End.", ["as a man's own ... as the wheat.", "End."]),
        ("", []),
        (" \n\n ", []),
    ],
)
@pytest.mark.parametrize("cut", [split, quotable])
def test_sentences_end_where_a_reader_sees_it(
    cut: Callable[[str], list[str]], text: str, expected: list[str]
) -> None:
    """Abbreviations, initials and numbers end no sentence; other scripts have their own marks."""
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The quick brown fox jumps over the lazy dog and then\nruns away. It is gone.",
            ["The quick brown fox jumps over the lazy dog and then\nruns away.", "It is gone."],
        ),
        (
            "wrapped at a width\nof twenty characters\nor so. Next one.",
            ["wrapped at a width\nof twenty characters\nor so.", "Next one."],
        ),
        (
            "The rent of the cabin by the lake\nis due. It may be\npaid late.\nNew tenants pay first.",
            ["The rent of the cabin by the lake\nis due.", "It may be\npaid late.", "New tenants pay first."],
        ),
        (
            "There are now the following\nthings: a boat and an oar.",
            ["There are now the following\nthings: a boat and an oar."],
        ),
        (
            "人口は多い\nです。家賃は高くて部屋は狭いのだ。",
            ["人口は多い\nです。", "家賃は高くて部屋は狭いのだ。"],
        ),
    ],
)
def test_a_wrapped_line_goes_on(text: str, expected: list[str]) -> None:
    """Prose that was broken at a margin is one sentence, however narrow the column."""
    assert split(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "# Title\nIntro\n- one\n- two\n1. first\n| a. B | c |\n```\nx = f(1)\ny = 2\n```\nEnd",
        "milk\neggs\nflour",
        "Rent: 400 kr\nDeposit: 800 kr\nKey: under the pot",
        "tags: cabin\npermalink: the-cabin-by-the-lake\nmobile: true",
        "int rent() {\nint total = 0;\nfor (month : months) total += 400;\n}",
        "first line of a verse<br>\nsecond line of the verse",
        "1. Call Ada about it\n> 2. Pay the rent of May",
    ],
)
def test_list_items_headings_rows_fields_and_code_stand_alone(text: str) -> None:
    """What the eye sees as a line of its own is one sentence."""
    assert split(text) == text.split("\n")


def test_an_indented_line_goes_on_with_its_list_item_and_stands_alone_elsewhere() -> None:
    """Behind an item an indented line is more of it; behind other lines it is code."""
    item = "- the key hangs behind the stove in\n    the kitchen."
    assert split(item) == [item]
    assert split("def rent(months):\n    total = 400\n    return total") == [
        "def rent(months):",
        "total = 400",
        "return total",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- milk\n- two eggs\n\n3. call Ada", ["milk", "two eggs", "call Ada"]),
        ("3. Call Ada\n- [ ] Pay Bo", ["Call Ada", "Pay Bo"]),
        ("# Cabin\nThe rent is due.", ["Cabin", "The rent is due."]),
        ("| a | b |\n|---|---|\n| x | y |", ["| a | b |", "| x | y |"]),
        ("```\ncode\n```\n***\nEnd", ["code", "End"]),
        ("```md\n![[Cabin]]\n```\nLook:\n\n![](a.png)", ["Look:"]),
        ("- \n- -\n", []),
    ],
)
def test_what_is_quoted_is_without_list_marks_and_rules(text: str, expected: list[str]) -> None:
    """A quotation says something by itself: marks, rules and fences are left out."""
    assert quotable(text) == expected


@pytest.mark.parametrize("cut", [split_sentences, quotable_sentences])
def test_headings_are_told_apart(cut: Callable[[str], list[Sentence]]) -> None:
    """A heading is known as one, in all its parts, so that it is not quoted as a statement."""
    assert [one.is_heading for one in cut("# Cabin\n\nIt is red.")] == [True, False]
    assert [one.is_heading for one in cut("## The cabin. A house\nIt is red.")] == [True, True, False]


@pytest.mark.parametrize("cut", [split, quotable])
def test_endless_lines_are_cut(cut: Callable[[str], list[str]]) -> None:
    """Minified text yields pieces of bounded length."""
    assert max(map(len, cut("word " * 1000))) <= LONGEST_CHARS
    assert max(map(len, cut("x" * 1000))) <= LONGEST_CHARS
    assert max(map(len, cut("| cell " * 1000))) <= LONGEST_CHARS


def test_what_a_text_says_of_itself_is_told_apart() -> None:
    """Sentences of the front matter are known as such, those behind it and after a mere rule are not."""
    text = "---\ntitle: Cabin\naliases:\n  - Hut\n---\nThe cabin is red.\n"
    assert [(text[one.start : one.end], one.is_metadata) for one in quotable_sentences(text)] == [
        ("title: Cabin", True),
        ("aliases:", True),
        ("Hut", True),
        ("The cabin is red.", False),
    ]
    ruled = "---\nThe cabin is red.\n---\nIt is small.\n"
    assert not any(one.is_metadata for one in quotable_sentences(ruled))


def test_the_kind_of_a_callout_is_no_part_of_what_it_says() -> None:
    """As the sign of a list, it is not quoted."""
    text = "> [!tip] Press Enter.\n\n> [!info]- More\n> It folds.\n"
    assert [text[one.start : one.end] for one in quotable_sentences(text)] == [
        "Press Enter.",
        "More",
        "It folds.",
    ]
