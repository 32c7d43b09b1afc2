"""The running daemon keeps up with the disk by itself."""

import time
from pathlib import Path

from indexer.client import IndexerClient, connect
from indexer.paths import Places
from indexer.types import Filters
from tests.homes import short_home
from tests.indexer.pipeline.bench import wait_until


def test_what_is_saved_moved_and_deleted_is_known_by_itself(
    real_daemon: IndexerClient, tmp_path: Path
) -> None:
    """Nobody has to say that something changed, and a move embeds nothing."""
    root = tmp_path / "notes"
    root.mkdir()
    real_daemon.add_root(root)
    assert list(real_daemon.progress())[-1].is_idle

    def found() -> list[str]:
        passages = real_daemon.search(
            "Where do I keep the violin?", filters=Filters(within=(str(root),))
        ).passages
        return [str(passage.path.relative_to(root)) + ": " + passage.text for passage in passages]

    note = root / "violin.md"
    note.write_text("The violin is in the attic.\n", encoding="utf-8")
    wait_until(lambda: found() == ["violin.md: The violin is in the attic."])
    note.write_text("The violin is at Ada's.\n", encoding="utf-8")
    wait_until(lambda: found() == ["violin.md: The violin is at Ada's."])
    embedded = real_daemon.status()["embedded_total"]
    (root / "music").mkdir()
    note.rename(root / "music" / "violin.md")
    wait_until(lambda: found() == ["music/violin.md: The violin is at Ada's."])
    (root / "music").rename(root / "old")
    wait_until(lambda: found() == ["old/violin.md: The violin is at Ada's."])
    assert real_daemon.status()["embedded_total"] == embedded
    (root / "old" / "violin.md").unlink()
    wait_until(lambda: found() == [])
    assert [each["not_watched"] for each in real_daemon.status()["roots"]] == [""]
    real_daemon.remove_root(root)


def test_an_ignore_file_takes_effect_by_itself(real_daemon: IndexerClient, tmp_path: Path) -> None:
    """Writing one takes files out of the index, and deleting it brings them back."""
    root = tmp_path / "notes"
    (root / "old").mkdir(parents=True)
    for name in ("kept.md", "draft.md", "old/oboe.md"):
        (root / name).write_text(f"An oboe in {name}.\n", encoding="utf-8")
    real_daemon.add_root(root)
    assert list(real_daemon.progress())[-1].is_idle

    def files() -> dict[str, str]:
        return {str(each.path.relative_to(root)): each.reason for each in real_daemon.files(under=root)}

    everything = dict.fromkeys(("kept.md", "draft.md", "old/oboe.md"), "")
    assert files() == everything
    (root / ".kbignore").write_text("/draft*\nold/\n", encoding="utf-8")
    left = {".kbignore": "a hidden file", "draft.md": ".kbignore line 1: /draft*", "kept.md": ""}
    wait_until(lambda: files() == left)
    (root / ".kbignore").unlink()
    wait_until(lambda: files() == everything)
    real_daemon.remove_root(root)


def test_what_kb_writes_itself_wakes_nobody() -> None:
    """A home inside a root is no reason to look again and again."""
    with short_home() as outer:
        home = outer.home / "data"
        places = Places(config_file=home / "config.toml", home=home)
        client = connect(places)
        try:
            (outer.home / "note.md").write_text("A note.\n", encoding="utf-8")
            client.add_root(outer.home)
            assert list(client.progress())[-1].is_idle
            log = places.log_dir / "indexer.log"
            swept = log.read_text(encoding="utf-8").count("root_swept")
            client.search("a note")
            (home / "beside.txt").write_text("x", encoding="utf-8")
            (outer.home / "second.md").write_text("Another note.\n", encoding="utf-8")
            wait_until(lambda: log.read_text(encoding="utf-8").count("root_swept") > swept)
            time.sleep(1.5)
            assert log.read_text(encoding="utf-8").count("root_swept") == swept + 1
        finally:
            client.stop()
