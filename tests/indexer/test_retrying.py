"""The running daemon tries again what failed, once what made it fail may have changed."""

from pathlib import Path

from indexer.client import connect
from indexer.types import FileStatus
from tests.assistant.cli.kb import kb, obey_file_modes
from tests.homes import short_home
from tests.indexer.pipeline.bench import wait_until


def test_raised_limits_are_a_reason_to_try_again(tmp_path: Path) -> None:
    """What failed for good is read again at a start with other limits, and at no other."""
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing of a PDF follows")
    with short_home() as places:

        def attempts() -> int:
            (entry,) = connect(places).files()
            return entry.attempts

        try:
            client = connect(places)
            client.add_root(tmp_path)
            assert list(client.progress())[-1].is_idle
            assert attempts() == 1
            client.stop()
            client = connect(places)
            assert list(client.progress())[-1].is_idle
            assert attempts() == 1
            client.stop()
            places.config_file.write_text("[index]\nextract_timeout_s = 90\n", encoding="utf-8")
            wait_until(lambda: attempts() == 2)
        finally:
            connect(places).stop()


def test_a_file_that_may_be_read_again_is_read_at_once(tmp_path: Path) -> None:
    """It failed because of its mode, is to be tried again by itself, and a change of mode hurries that."""
    note = tmp_path / "note.md"
    note.write_text("The violin is in the attic.\n", encoding="utf-8")
    note.chmod(0)
    with short_home() as places:
        try:
            # who runs the tests as root has a daemon that can read everything.
            assert kb(places.home, "add", str(tmp_path), before=obey_file_modes).code == 0
            client = connect(places)
            (entry,) = client.files()
            assert (entry.status, entry.reason) == (FileStatus.FAILED, "permission denied")
            assert client.status()["retry"]["count"] == 1
            note.chmod(0o600)
            wait_until(lambda: client.files()[0].status is FileStatus.INDEXED)
            assert client.status()["retry"] == {"count": 0, "next_at": None}
        finally:
            connect(places).stop()
