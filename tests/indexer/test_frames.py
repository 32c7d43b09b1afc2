"""Frames over a pipe: what goes in comes out, and garbage does not."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.frames import read_frame, write_frame

VALUES = st.dictionaries(
    # lone surrogates too: file names that are not UTF-8 hold them.
    st.text(st.characters(codec=None)),
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)) | st.lists(st.integers()),
)


@given(message=VALUES, payload=st.binary(max_size=200))
def test_a_frame_survives_the_way(message: dict[str, Any], payload: bytes) -> None:
    """Any JSON object and any bytes are read as they were written, one frame after another."""
    stream = io.BytesIO()
    write_frame(stream, message, payload)
    write_frame(stream, {"next": True})
    stream.seek(0)
    assert read_frame(stream) == (message, payload)
    assert read_frame(stream) == ({"next": True}, b"")


@given(cut=st.integers(min_value=0, max_value=24))
def test_a_frame_cut_short_is_the_end(cut: int) -> None:
    """A writer that dies in the middle looks like one that is gone, wherever it was."""
    stream = io.BytesIO()
    write_frame(stream, {"key": 1}, b"12345678")
    whole = stream.getvalue()
    with pytest.raises(EOFError):
        read_frame(io.BytesIO(whole[: min(cut, len(whole) - 1)]))


def test_what_is_no_frame_is_refused() -> None:
    """Text printed into the pipe is not waited for as if it were gigabytes."""
    with pytest.raises(ValueError, match="not a frame"):
        read_frame(io.BytesIO(b"Traceback (most recent call last):"))
