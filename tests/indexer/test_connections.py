"""Tests of what is known of a client."""

import os
import socket

import pytest

from indexer.connections import peer_uid


@pytest.mark.skipif(
    not hasattr(socket, "SO_PEERCRED"), reason="the system does not say who is at the other end"
)
def test_the_user_at_the_other_end_is_known() -> None:
    """The system itself says who connected."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.getuid()


def test_a_client_on_the_network_is_no_user() -> None:
    """Only a Unix socket says who is at its other end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        assert peer_uid(client) is None
