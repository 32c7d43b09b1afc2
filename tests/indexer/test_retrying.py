"""The running daemon tries again what failed, once what made it fail may have changed."""

from pathlib import Path

from indexer.client import connect
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
