"""The socket that the API is served on."""

import os
import socket
import stat

import pytest

from indexer.api.serving import listening
from indexer.errors import DaemonError
from tests.homes import short_home


def test_the_socket_is_the_owners_alone_and_goes_with_the_listener() -> None:
    """Mode 0600, also under a generous umask, and nothing is left behind."""
    with short_home() as places:
        path = places.indexer_socket
        umask = os.umask(0)
        try:
            with listening(path):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
        finally:
            os.umask(umask)
        assert not path.exists()


def test_what_a_dead_daemon_left_is_replaced() -> None:
    """A socket file without a listener does not stop the next one."""
    with short_home() as places:
        path = places.indexer_socket
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        with listening(path), socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_socket_that_cannot_be_made_is_a_sentence() -> None:
    """The path and the system's reason are named."""
    with short_home() as places:
        path = places.home / "missing" / "x"
        with pytest.raises(DaemonError) as caught, listening(path):
            pass
    assert caught.value.message == f"cannot listen on {path}: No such file or directory"


def test_the_socket_of_a_successor_stays() -> None:
    """Who leaves takes away its own socket and no other."""
    with short_home() as places:
        path = places.indexer_socket
        with socket.socket(socket.AF_UNIX) as successor:
            with listening(path):
                path.unlink()
                successor.bind(str(path))
            assert path.exists()
