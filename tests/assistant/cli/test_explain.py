"""`kb explain`: the real command, daemon and models."""

import json
from pathlib import Path

from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import kb, on_terminal


def test_every_stage_is_shown(home: Home) -> None:
    """Words, search, answer, and a file that was found besides."""
    file = str(home.vault / "lease.md")
    ended = kb(home.path, "explain", "--no-model", "How much is the rent of the cabin?", "--file", file)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    headings = [line for line in lines if line and not line.startswith(" ") and "\t" not in line]
    assert headings == ["Question", "Words", "Search", "File", "Do the files say it?", "Answer"]
    assert "rent\t" in ended.out
    assert "cabin.md :" in ended.out
    assert "lease.md" in ended.out
    assert "borne 1.00" in ended.out


def test_json_has_the_whole(home: Home) -> None:
    """Answer, searches with every candidate, statements; with a model also what it read."""
    ended = kb(home.path, "explain", "--json", "--model", str(home.answering), "How much is the rent?")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    assert said["answer"]["answered"]
    assert said["searches"][0]["candidates"]
    assert said["readings"][0]["prompt_tokens"] > 0
    assert said["statements"][0]["is_borne"]
    assert said["searches"][0]["file"] is None


def test_a_file_that_is_not_indexed_has_the_reason_of_the_ledger(home: Home, tmp_path: Path) -> None:
    """As `kb why` says it; the question is answered all the same."""
    (tmp_path / "elsewhere.md").write_text("text", encoding="utf-8")
    file = str(tmp_path / "elsewhere.md")
    ended = kb(home.path, "explain", "--no-model", "How much is the rent?", "--file", file)
    assert ended.code == 0
    assert "it is under no indexed folder" in ended.out
    assert f"`kb add {tmp_path}`" in ended.out


def test_a_refusal_is_explained_too(home: Home) -> None:
    """Exit code 1, with what was found and was not enough."""
    ended = kb(home.path, "explain", "--no-model", "Who directed the opera about zeppelins?")
    assert ended.code == 1
    assert "not in your files" in ended.out
    assert "zeppelins\t0\t" in ended.out


def test_it_fits_a_terminal(home: Home) -> None:
    """No line is wider than 80 columns."""
    command = ["-m", "assistant", "explain", "--no-model", "How much is the rent?"]
    shown = on_terminal(home.path, *command, environ={"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"})
    lines = [line.rpartition("\x1b[K")[2].rstrip("\r") for line in shown.split("\n")]
    assert any(line.startswith("  FILE") for line in lines)
    assert max(map(len, lines)) <= 80
