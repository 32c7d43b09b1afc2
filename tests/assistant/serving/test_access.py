"""The token and the file it stands in."""

import os
import stat
from collections.abc import Iterator

import pytest

from assistant.serving import TOKEN_FILE, open_token
from indexer.errors import ConfigError
from indexer.paths import Places
from tests.homes import short_home


@pytest.fixture
def places() -> Iterator[Places]:
    """Return an empty home."""
    with short_home() as places:
        yield places


def test_the_token_is_made_once_and_for_its_owner_alone(places: Places) -> None:
    """It stays the same, so that programs need to be told only once."""
    token = open_token(places)
    assert len(token) >= 43
    assert open_token(places) == token
    assert stat.S_IMODE((places.home / TOKEN_FILE).stat().st_mode) == 0o600


def test_the_umask_does_not_open_the_token(places: Places) -> None:
    """Whatever others may read of new files, not this one."""
    before = os.umask(0)
    try:
        open_token(places)
    finally:
        os.umask(before)
    assert stat.S_IMODE((places.home / TOKEN_FILE).stat().st_mode) == 0o600


def test_two_homes_have_two_tokens(places: Places) -> None:
    """It is drawn by chance."""
    with short_home() as other:
        assert open_token(places) != open_token(other)


@pytest.mark.parametrize("content", ["", "short\n", "with a space in the middle of all of it\n", "é" * 40])
def test_a_file_without_a_token_is_refused(places: Places, content: str) -> None:
    """An empty token would let everybody in."""
    file = places.home / TOKEN_FILE
    file.write_text(content, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=TOKEN_FILE):
        open_token(places)


def test_a_token_that_others_may_read_is_refused(places: Places) -> None:
    """Somebody may have it by now."""
    open_token(places)
    (places.home / TOKEN_FILE).chmod(0o644)
    with pytest.raises(ConfigError, match="others may read the token"):
        open_token(places)
