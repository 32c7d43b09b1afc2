"""Tests of reading a file's bytes."""

import errno
import os
from pathlib import Path

import pytest

from indexer.errors import PermanentError, TransientError
from indexer.extract.loading import explain, load


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """All bytes come, in order."""
    file = tmp_path / "a.txt"
    file.write_bytes(bytes(range(256)) * 1000)
    assert load(file) == bytes(range(256)) * 1000


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """It took the place of a file since that was looked at, and may lead out of the folder."""
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    (tmp_path / "b.txt").symlink_to("a.txt")
    with pytest.raises(TransientError, match="it became a symbolic link"):
        load(tmp_path / "b.txt")


def test_a_file_that_is_gone_may_come_back(tmp_path: Path) -> None:
    """It is tried again."""
    with pytest.raises(TransientError, match="it is gone"):
        load(tmp_path / "a.txt")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """Trying again would not help."""
    with pytest.raises(PermanentError, match="it is a directory"):
        load(tmp_path)


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody writes to it, and reading ends at once."""
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(PermanentError, match="it is not a regular file"):
        load(tmp_path / "pipe.txt")


def test_a_device_is_not_read() -> None:
    """It would never end."""
    with pytest.raises(PermanentError, match="it is not a regular file"):
        load(Path("/dev/zero"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    """It may become readable, and the hint says how."""
    file = tmp_path / "a.txt"
    file.touch(mode=0o000)
    with pytest.raises(TransientError, match="permission denied"):
        load(file)


def test_permission_denied_is_worth_another_attempt() -> None:
    """It may become readable, and the hint says how."""
    error = explain(PermissionError(errno.EACCES, "Permission denied"))
    assert isinstance(error, TransientError)
    assert (error.message, error.hint) == ("permission denied", "make the file readable for your user")


def test_a_failing_disk_is_worth_another_attempt() -> None:
    """A network disk may come back."""
    error = explain(OSError(errno.EIO, "Input/output error"))
    assert isinstance(error, TransientError)
    assert error.message == "it cannot be read: Input/output error"
