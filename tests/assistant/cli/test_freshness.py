"""How fresh an index is, said only where it matters; and waiting until it is."""

import time
from pathlib import Path

import pytest

from assistant.cli.freshness import freshness
from indexer.client import IndexerClient
from indexer.paths import Places
from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb

NOON = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("age_s", "pending", "said"),
    [
        (0, 0, ""),
        (120, 0, ""),
        (121, 0, "index current as of 11:57"),
        (5, 1, "index current as of 11:59, 1 file pending"),
        (3600, 1234, "index current as of 11:00, 1,234 files pending"),
        (86400, 0, "index current as of 2026-11-22 12:00"),
        (NOON, 12, "the index is not complete yet, 12 files pending"),
        (NOON, 0, "the index is not complete yet"),
    ],
)
def test_only_what_matters_is_said(age_s: float, pending: int, said: str) -> None:
    """A moment ago is now; else the time is told, with the date on another day."""
    assert freshness(NOON - age_s, pending, now=NOON) == said


def test_fresh_finds_what_was_written_just_before(home: Home, tmp_path: Path) -> None:
    """Search and ask wait for it, and nothing is said where nothing is missing."""
    for number, command in enumerate((["search", "--json"], ["ask", "--no-model", "--json"])):
        note = home.vault / f"fresh {number}.md"
        try:
            note.write_text(f"The code of locker {number}{number} is marmalade.\n", encoding="utf-8")
            run = kb(home.path, *command, "--fresh", "--in", str(note), f"code of locker {number}{number}")
            assert (run.code, run.err) == (0, "")
            assert "marmalade" in run.out
        finally:
            note.unlink()
    assert kb(home.path, "search", "--fresh", "--json", "marmalade locker").out.count("marmalade") == 0


def test_what_keeps_an_index_from_being_fresh_is_said(home: Home) -> None:
    """While indexing is paused a search answers at once and says so; waiting is refused."""
    client = IndexerClient(Places(config_file=home.path / "config.toml", home=home.path))
    note = home.vault / "paused.md"
    client.pause()
    try:
        note.write_text("Not to be read for now.\n", encoding="utf-8")
        deadline = time.monotonic() + 30
        while not client.search("x").pending:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run = kb(home.path, "search", "--json", "wifi password")
        said, hint = run.err.splitlines()
        assert said.startswith("kb: index current as of ")
        assert said.endswith(", 1 file pending")
        assert hint == "  indexing is paused by you; `kb indexer resume` goes on"
        run = kb(home.path, "search", "--fresh", "wifi password")
        assert (run.code, run.out) == (3, "")
        assert run.err == "kb: error: indexing is paused\n  run `kb indexer resume` to go on now\n"
    finally:
        note.unlink()
        client.resume()
        assert list(client.fresh())[-1].is_idle
        assert client.search("x").pending == 0
