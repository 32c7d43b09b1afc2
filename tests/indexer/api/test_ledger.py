"""What the status says beside what the index knows."""

from pathlib import Path

from indexer.api.ledger import disk_bytes


def test_all_that_a_home_takes_is_added_up(tmp_path: Path) -> None:
    """Catalog with its log, stores, logs; also of indexes that were made with another model."""
    sizes = {
        "catalog.sqlite": 1,
        "catalog.sqlite-wal": 2,
        "editions/other/catalog.sqlite": 4,
        "chroma/one/data.bin": 8,
        "editions/other/chroma/data.bin": 16,
        "chroma.next/data.bin": 32,
        "log/indexer.log": 64,
        "run/indexer.lock": 128,
    }
    for name, size in sizes.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    (tmp_path / "chroma" / "link").symlink_to(tmp_path / "run" / "indexer.lock")
    assert disk_bytes(tmp_path) == {"catalog": 7, "chroma": 56, "logs": 64}


def test_an_empty_home_takes_nothing(tmp_path: Path) -> None:
    """Before anything is made there is nothing to add up."""
    assert disk_bytes(tmp_path) == {"catalog": 0, "chroma": 0, "logs": 0}
