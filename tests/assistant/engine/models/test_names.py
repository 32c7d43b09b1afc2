"""Tests of which name a person means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.models.names import match_names, suggest_names

NAMES = {
    "a": ["qwen3:8b", "qwen3:latest"],
    "b": ["Qwen3-30B-A3B-Instruct-2507-Q4_K_M", "unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF"],
    "c": ["gemma-3-4b-it-Q8_0"],
    "d": ["tiny"],
    "e": ["tiny-large"],
}


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("qwen3:8b", ["a"]),
        ("QWEN3", ["a"]),
        ("qwen3:latest", ["a"]),
        ("tiny", ["d"]),
        ("tin", ["d", "e"]),
        ("gemma", ["c"]),
        ("30b qwen", ["b"]),
        ("unsloth 2507", ["b"]),
        ("instruct q4_k_m", ["b"]),
        ("4b gemma q8", ["c"]),
        ("qw", ["a", "b"]),
        ("qwen330b", ["b"]),
        ("gemma34b", ["c"]),
        ("qwen330", ["b"]),
        ("emma3", []),
        ("2507 8", []),
        ("llama", []),
        ("", []),
        ("  ", []),
        ("!!", []),
    ],
)
def test_what_is_meant(wanted: str, meant: list[str]) -> None:
    """A whole name, its beginning, words in any order or written as one; the first that fits anything."""
    assert match_names(wanted, NAMES) == meant


def test_a_number_is_a_whole_word() -> None:
    """Who asks for 3 billion parameters does not mean 30."""
    assert match_names("qwen 3b", {"large": ["qwen-30b"], "small": ["qwen-3b"]}) == ["small"]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("qwne3:8b", ["qwen3:8b"]), ("gema", ["gemma-3-4b-it"]), ("zzzzzz", [])],
)
def test_what_is_like_it(wanted: str, near: list[str]) -> None:
    """A slip of the fingers finds the name; what is like nothing finds nothing."""
    assert suggest_names(wanted, ["qwen3:8b", "gemma-3-4b-it", "tiny"]) == near


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(
    names=st.dictionaries(st.integers(), st.lists(TEXTS, min_size=1, max_size=3), max_size=5), wanted=TEXTS
)
def test_any_name_is_borne(names: dict[int, list[str]], wanted: str) -> None:
    """Only what there is, is meant; and what is meant comes in order, none twice."""
    found = match_names(wanted, names)
    assert found == [key for key in names if key in found]
    assert len(suggest_names(wanted, [name for each in names.values() for name in each])) <= 3


@given(names=st.lists(st.text("abc123-_.:", min_size=1, max_size=12), min_size=1, max_size=6, unique=True))
def test_every_whole_name_finds_its_model(names: list[str]) -> None:
    """Nothing that begins like it, or has its words, gets between."""
    for name in names:
        assert name in match_names(name, {each: [each] for each in names})
        assert all(
            name in {found, found.removesuffix(":latest")}
            for found in match_names(name, {each: [each] for each in names})
        )
