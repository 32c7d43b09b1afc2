"""Why a file is found, or is not."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import StoreError
from tests.indexer.api_bench import Served, served
from tests.indexer.fakes import InMemoryWorker
from tests.indexer.pipeline.bench import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.mkdir()
    return path


@pytest.fixture
def bench(folder: Path) -> Iterator[Served]:
    """Serve a folder with one file of each kind."""
    write(folder, "a.md", "one\n\ntwo")
    write(folder, "bad.md", "DAMAGED")
    write(folder, "locked.md", "LOCKED")
    write(folder, "photo.png")
    write(folder, "sub/b.md")
    write(folder, "node_modules/c.md")
    with served(folder) as bench:
        bench.client.add_root(folder)
        settle(bench)
        yield bench


def write(folder: Path, name: str, text: str = "plain words") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def settle(bench: Served) -> None:
    assert list(bench.client.progress())[-1].is_idle


def why(bench: Served, path: Path, *keys: str) -> Any:
    """Return what is said under some keys, or under one."""
    said = bench.client.why(path)
    return said[keys[0]] if len(keys) == 1 else tuple(said[key] for key in keys)


def test_an_indexed_file(bench: Served) -> None:
    """Its state since when, its chunks, its folder, and when it was indexed."""
    said = bench.client.why(bench.folder / "a.md")
    assert (said["state"], said["reason"], said["chunks"], said["is_findable"]) == ("indexed", "", 2, True)
    assert (said["root"], said["is_root_away"], said["has_changed"]) == (str(bench.folder), False, False)
    assert abs(said["since"] - said["indexed_at"]) < 1
    assert (said["queue_place"], said["files"], said["retry_at"]) == (None, None, None)


def test_an_empty_file(bench: Served) -> None:
    """It is indexed, and there is nothing to find in it."""
    path = write(bench.folder, "empty.md", "")
    bench.client.sweep()
    settle(bench)
    assert why(bench, path, "state", "reason", "is_findable") == ("indexed", "it holds no text", False)


def test_a_paused_indexer(bench: Served) -> None:
    """A file that waits says for what."""
    bench.client.pause()
    path = write(bench.folder, "new.md")
    bench.client.sweep()
    wait_until(lambda: bench.client.status()["queue"] == 1)
    assert why(bench, path, "state", "queue_place", "waits_for") == ("pending", 1, "indexing is paused")
    assert bench.client.status()["state"] == "paused"
    bench.client.resume()
    settle(bench)
    assert why(bench, path, "state") == "indexed"


def test_a_file_that_is_new_while_indexing_has_stopped(bench: Served) -> None:
    """What is in the way, and when it is tried again."""
    bench.worker.error = StoreError("the disk is full")
    path = write(bench.folder, "new.md", "new words")
    bench.client.sweep()
    wait_until(lambda: bench.client.status()["state"] == "stopped")
    state, waits_for, retry_at = why(bench, path, "state", "waits_for", "retry_at")
    assert (state, waits_for) == ("unseen", "the disk is full")
    assert retry_at == bench.pipeline.troubles.retry_at


def test_a_failed_file(bench: Served) -> None:
    """The error, and when it is tried again; one that only a change can help is not."""
    assert why(bench, bench.folder / "bad.md", "state", "reason", "attempts", "retry_at", "is_findable") == (
        "failed",
        "the file is damaged",
        1,
        None,
        False,
    )
    state, attempts, since, retry_at = why(
        bench, bench.folder / "locked.md", "state", "attempts", "since", "retry_at"
    )
    assert (state, attempts) == ("failed", 1)
    assert 29 < retry_at - since < 31


def test_a_file_that_a_rule_leaves_out(bench: Served) -> None:
    """The rule is named, of the file itself or of the folder it is in."""
    assert why(bench, bench.folder / "photo.png", "state", "reason") == (
        "skipped",
        "no reader for .png files",
    )
    state, reason = why(bench, bench.folder / "node_modules" / "c.md", "state", "reason")
    assert state == "left_out"
    assert "node_modules" in reason


def test_folders(bench: Served) -> None:
    """Files by state and chunks of one that is read, the rule of one that is not."""
    state, files, chunks = why(bench, bench.folder, "state", "files", "chunks")
    assert (state, chunks) == ("folder", 3)
    assert files == {"pending": 0, "indexed": 2, "partial": 0, "skipped": 1, "failed": 2}
    state, reason, is_findable = why(bench, bench.folder / "node_modules", "state", "reason", "is_findable")
    assert (state, is_findable) == ("left_out", False)
    assert "node_modules" in reason


def test_what_is_under_no_indexed_folder(bench: Served) -> None:
    """The hint is to add its folder; above an indexed folder that one is named."""
    other = write(bench.folder.parent, "elsewhere/d.md")
    assert why(bench, other, "state", "hint", "root") == (
        "outside",
        f"`kb add {other.parent}` indexes its folder",
        None,
    )
    state, reason, chunks = why(bench, bench.folder.parent, "state", "reason", "chunks")
    assert (state, chunks) == ("outside", 3)
    assert str(bench.folder) in reason


def test_what_does_not_exist(bench: Served) -> None:
    """Under an indexed folder or not; and whether a rule would leave it out anyway."""
    assert why(bench, bench.folder / "no.md", "state", "reason") == ("missing", "it does not exist")
    assert why(bench, Path("/nowhere/no.md"), "state", "root") == ("missing", None)
    reason = why(bench, bench.folder / "node_modules" / "no.md", "reason")
    assert reason.startswith("it does not exist, and would be left out: ")
    assert "node_modules" in reason


def test_a_file_that_nobody_has_looked_at(bench: Served) -> None:
    """It is new, and nothing has told of it."""
    new = write(bench.folder, "new.md")
    assert why(bench, new, "state", "hint") == ("unseen", "`kb index` looks through all folders now")


def test_a_file_that_changed_or_is_gone_since(bench: Served) -> None:
    """What is indexed of it is still found, and it is said that the disk differs."""
    write(bench.folder, "a.md", "three")
    state, has_changed, hint, chunks = why(
        bench, bench.folder / "a.md", "state", "has_changed", "hint", "chunks"
    )
    assert (state, has_changed, chunks) == ("indexed", True, 2)
    assert hint.startswith("it changed since")
    (bench.folder / "a.md").unlink()
    hint = why(bench, bench.folder / "a.md", "hint")
    assert hint.startswith("it is gone from the disk")


def test_links(bench: Served) -> None:
    """What a link leads to is explained, where that is in an indexed folder."""
    link = bench.folder / "link.md"
    link.symlink_to(bench.folder / "a.md")
    assert why(bench, link, "state", "leads_to", "is_findable") == (
        "indexed",
        str(bench.folder / "a.md"),
        True,
    )
    away = write(bench.folder.parent, "elsewhere/d.md")
    out = bench.folder / "out.md"
    out.symlink_to(away)
    assert why(bench, out, "state", "leads_to", "hint") == (
        "link",
        str(away),
        f"`kb add {away.parent}` indexes its folder",
    )
    broken = bench.folder / "broken.md"
    broken.symlink_to(bench.folder / "nothing.md")
    assert why(bench, broken, "state", "reason") == ("link", "a symbolic link that leads nowhere")
    loop = bench.folder / "loop.md"
    loop.symlink_to(loop)
    assert why(bench, loop, "state", "reason") == ("unreadable", "it cannot be looked at: a loop of links")


def test_a_path_through_a_link_is_the_real_one(bench: Served) -> None:
    """A folder above may be a link; the file behind it is known by its real path."""
    entry = bench.folder.parent / "entry"
    entry.symlink_to(bench.folder)
    assert why(bench, entry / "sub" / "b.md", "state", "path") == ("indexed", str(entry / "sub" / "b.md"))
    assert why(bench, entry, "state", "leads_to") == ("folder", str(bench.folder))


def test_what_is_under_a_root_that_is_away(bench: Served) -> None:
    """What was indexed is still known, and the hints are how to forget it."""
    bench.folder.rename(bench.folder.with_name("unmounted"))
    bench.client.sweep()
    settle(bench)
    state, is_away, chunks, hint = why(
        bench, bench.folder / "a.md", "state", "is_root_away", "chunks", "hint"
    )
    assert (state, is_away, chunks) == ("indexed", True, 2)
    assert "kb index --prune" in hint
    assert why(bench, bench.folder / "never.md", "state", "is_findable") == ("away", False)
    assert why(bench, bench.folder, "state", "chunks") == ("away", 3)


def test_kbs_own_folder(bench: Served) -> None:
    """Its catalog is nobody's document."""
    state, reason = why(bench, bench.places.catalog_file, "state", "reason")
    assert state == "own"
    assert str(bench.places.home) in reason


def test_a_file_that_waits(folder: Path) -> None:
    """Its place in the queue, by the order in which files are read."""
    gate = threading.Event()
    for name, size in (("small.md", 10), ("large.md", 500_000)):
        os.utime(write(folder, name, "x" * size), (1, 1))
    with served(folder, worker=InMemoryWorker(gate=gate)) as bench:
        bench.client.add_root(folder)
        wait_until(lambda: bench.client.status()["queue"] == 2)
        assert why(bench, folder / "small.md", "state", "queue_place", "queue_length") == ("pending", 1, 2)
        assert why(bench, folder / "large.md", "state", "queue_place") == ("pending", 2)
        assert why(bench, folder, "files")["pending"] == 2
        gate.set()
        settle(bench)


def test_a_name_that_is_not_utf8(bench: Served) -> None:
    """Bytes that are no text come through."""
    odd = write(bench.folder, os.fsdecode(b"caf\xe9 &+%.md"))
    bench.client.sweep()
    settle(bench)
    assert why(bench, odd, "state", "path") == ("indexed", str(odd))


def test_a_page_without_text_is_named(bench: Served) -> None:
    """Which pages of a partly indexed file nothing is found of."""
    path = write(bench.folder, "scan.md", "SCAN of a letter")
    bench.client.sweep()
    settle(bench)
    state, pages, is_findable = why(bench, path, "state", "pages_without_text", "is_findable")
    assert (state, pages, is_findable) == ("partial", [2, 5], True)
