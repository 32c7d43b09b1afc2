"""Releases: which of two is the newer one."""

import importlib.metadata
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.release import RELEASE, Release

IN_ORDER = ["0.1.0.dev3", "0.1.0a1", "0.1.0b2", "0.1.0rc1", "0.1", "0.1.0.post1", "0.1.1", "0.2", "0.10", "1"]

RELEASES = st.builds(Release, st.from_regex(r"\A\d{1,2}(\.\d{1,2}){0,3}(rc\d)?\Z"), st.integers(0, 9))


@pytest.mark.parametrize(("older", "newer"), list(combinations(IN_ORDER, 2)))
def test_later_versions_are_newer(older: str, newer: str) -> None:
    """Numbers count as numbers, and what leads to a release comes before it."""
    assert Release(newer, 1).is_newer_than(Release(older, 1))
    assert not Release(older, 1).is_newer_than(Release(newer, 1))


def test_the_api_decides_between_equal_versions() -> None:
    """Two states of one version may differ in what they speak; zeros at the end mean nothing."""
    assert Release("0.1", 2).is_newer_than(Release("0.1.0", 1))
    assert not Release("0.1", 1).is_newer_than(Release("0.1.0", 1))


@given(one=RELEASES, other=RELEASES)
def test_never_is_each_of_two_newer(one: Release, other: Release) -> None:
    """Two clients can never replace each other's daemon by turns."""
    assert not (one.is_newer_than(other) and other.is_newer_than(one))


@given(release=RELEASES)
def test_a_release_is_read_as_it_was_written(release: Release) -> None:
    """What a daemon writes into its lock file is what a client reads."""
    assert Release.parse(f"{release}\n") == release


@pytest.mark.parametrize("text", ["", "0.1.0", "0.1.0 api", "0.1.0 api x", "0.1.0 ipa 1", "a b c d"])
def test_anything_else_is_no_release(text: str) -> None:
    """A line of another form is not guessed at."""
    assert Release.parse(text) is None


def test_the_release_is_that_of_the_package() -> None:
    """The version stands in two places, for reading it from metadata takes longer than a search."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert RELEASE.version == project["project"]["version"] == importlib.metadata.version("kb")
