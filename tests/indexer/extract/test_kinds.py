"""Kinds of file, as people name them."""

import pytest

from indexer.extract import FORMATS
from indexer.extract.kinds import KINDS, all_endings, endings_of


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("pdf", "pdf"),
        (".PDF", "pdf"),
        ("*.rs", "rs"),
        ("md", "markdown"),
        ("note", "md"),
        ("code", "py"),
        ("mails", "eml"),
        ("text", ""),
        ("docs", "odt"),
    ],
)
def test_a_kind_has_its_endings(kind: str, ending: str) -> None:
    """Names in the singular and plural, endings with and without a dot."""
    assert ending in (endings_of(kind) or ())


@pytest.mark.parametrize("kind", ["", "foo", "12:30", "std"])
def test_other_words_are_no_kind(kind: str) -> None:
    """What nothing is called is not taken for an ending."""
    assert endings_of(kind) is None


def test_every_ending_that_is_read_is_a_kind() -> None:
    """Whatever is indexed can be asked for by its ending, and every name has endings."""
    assert all(endings_of(suffix) for entry in FORMATS for suffix in entry.suffixes.split())
    assert all(endings_of(kind) for kind in KINDS)
    assert all_endings(["pdf", "foo"]) == ("pdf", "foo")
