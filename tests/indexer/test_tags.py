"""Which tags a file has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.tags import normal_tag, tags_of


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [
        ({"tags": ["Work", "#garden", "work/plans"]}, ["work", "garden", "work/plans"]),
        ({"tags": "a, b c"}, ["a", "b c"]),
        ({"tags": "a b"}, ["a", "b"]),
        ({"Tag": "one"}, ["one"]),
        ({"keywords": "two words; three"}, ["two words", "three"]),
        ({"tags": [2026, None, True, {"x": 1}]}, ["2026"]),
        ({"tags": None}, []),
        ({"tags": {"a": 1}}, []),
    ],
)
def test_tags_at_the_top(metadata: dict[str, object], tags: list[str]) -> None:
    """Lists and strings, in any case, with and without "#"."""
    assert tags_of(metadata) == tags


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#work and #Garden, (#home/roof).", ["work", "garden", "home/roof"]),
        ("#über #日本", ["über", "日本"]),
        ("- a\n    - #nested", ["nested"]),
        ("text\n    #wrapped", ["wrapped"]),
        ("# heading\n## two", []),
        ("#123 #", []),
        ("C# a#b \\#no [[note#part]] [x](#part) https://a/#part &#39;", []),
        ("`#code` ``#more ` #still``", []),
        ("```\n#code\n```\n#text", ["text"]),
        ("~~~py\n#code\n```\n#code\n~~~", []),
        ("> ```\n> #code\n> ```", []),
        ("text\n\n    #indented", []),
        ("---\nx: '#no'\n---\n#yes", ["yes"]),
    ],
)
def test_tags_in_the_text(text: str, tags: list[str]) -> None:
    """Words with "#" before them, but no headings, links, numbers, and nothing of code."""
    assert tags_of({}, text) == tags


def test_each_tag_is_kept_once() -> None:
    """A tag at the top that stands in the text as well is one tag."""
    assert tags_of({"tags": "work"}, "#Work #work") == ["work"]


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    """Every tag that is found is what it would be looked for as."""
    assert all(normal_tag(tag) == tag for tag in tags_of({"tags": text}, text))
