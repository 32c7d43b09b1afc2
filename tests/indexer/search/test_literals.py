"""Identifiers, numbers and dates are looked for in every way that they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.search.literals import Literal, literals_of

DAY = (("2026", "05", "03"), ("3", "may", "2026"), ("may", "3", "2026"))


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("what is read_file?", [(("read", "file"), ("readfile",))]),
        ("what is readFile?", [(("readfile",), ("read", "file"))]),
        ("HTTPServer", [(("httpserver",), ("http", "server"))]),
        ("os.path.join of std::vector", [(("os", "path", "join"),), (("std", "vector"),)]),
        ("mail to ada@example.org", [(("ada", "example", "org"),)]),
        ("paid 1,200 for it", [(("1", "200"), ("1200",))]),
        ("paid 12500 for it", [(("12500",), ("12", "500"))]),
        ("version 3.5.1 at 10:30", [(("3", "5", "1"),), (("10", "30"),)]),
        ("on 2026-05-03", [DAY]),
        ("on May 3rd, 2026", [DAY]),
        ("the 3rd of May 2026", [DAY]),
        ("3. may 2026 or 2026-05-03", [DAY]),
        ("what was said in 2026, or in May", []),
        ("on 2026-15-03", []),
        ("low-speed don't", []),
        ("PDFs and URLs", []),
    ],
)
def test_what_is_named_letter_by_letter(text: str, literals: list[Literal]) -> None:
    """Each has all the spellings that an index of words can find, as it was typed first."""
    assert literals_of(text) == literals


@given(st.text(max_size=60))
def test_any_text_has_literals_of_letters_and_digits(text: str) -> None:
    """Whatever is typed, only words in lower case come out, and nothing twice."""
    found = literals_of(text)
    assert len(found) == len(set(found))
    for literal in found:
        assert literal
        for phrase in literal:
            assert phrase
            assert all(word and word == word.lower() for word in phrase)
