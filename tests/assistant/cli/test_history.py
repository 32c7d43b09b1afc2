"""`kb history`, and the conversations that `kb ask` keeps, through the real command line."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.history import History, Source, StoredTurn
from indexer.types import Locator
from tests.assistant.cli.conftest import Home
from tests.assistant.cli.kb import Run, kb
from tests.homes import short_home

RENT = "How much is the rent of the cabin?"


@pytest.fixture
def alone() -> Iterator[Path]:
    """Return a home of its own, without a daemon, that holds two conversations."""
    with short_home() as places:
        lease = Source(
            n=1, path=Path("/notes/lease.md"), locator=Locator(line_start=3), quote="4,200 kr a month."
        )
        with History.open(places.history_file) as history:
            rent = history.add(
                StoredTurn(
                    question=RENT,
                    standalone=RENT,
                    answer="It is 4,200 kr \x1b[31m[1].",
                    sources=(lease,),
                    asked_at=1_000.0,
                )
            )
            history.add(
                StoredTurn(
                    question="and of the boat?",
                    standalone="and of the boat? (rent)",
                    answer="",
                    answered=False,
                    asked_at=2_000.0,
                ),
                rent,
            )
            history.add(StoredTurn(question="Who bakes?", standalone="", answer="Ada.", asked_at=3_000.0))
        yield places.home


def conversation_of(run: Run) -> int:
    """Return the conversation that `kb ask --json` names."""
    found = json.loads(run.out)["conversation"]
    assert isinstance(found, int)
    return found


@pytest.mark.timeout(300)  # two models are loaded
def test_an_answer_is_kept_and_gone_on_with(home: Home) -> None:
    """`kb ask` begins a conversation, `-c` goes on with the last, `--conversation` with any."""
    first = kb(home.path, "ask", "--json", "--model", str(home.answering), RENT)
    other = kb(home.path, "ask", "--json", "--no-model", "When is bread done?")
    number = conversation_of(first)
    assert conversation_of(other) != number
    again = kb(
        home.path, "ask", "--json", "--no-model", "--conversation", str(number), "and who bought the cabin?"
    )
    assert conversation_of(again) == number
    last = kb(home.path, "ask", "-c", "--json", "--model", str(home.refusing), "and who painted it?")
    assert (last.code, conversation_of(last)) == (1, number)
    shown = kb(home.path, "history", "show", str(number), "--json")
    turns = json.loads(shown.out)["turns"]
    assert [turn["question"] for turn in turns] == [RENT, "and who bought the cabin?", "and who painted it?"]
    assert [turn["answered"] for turn in turns] == [True, True, False]
    assert turns[0]["sources"] == json.loads(first.out)["citations"]
    assert turns[0]["model"] == "answering.gguf"


def test_private_keeps_nothing(home: Home) -> None:
    """Neither on its own nor in a conversation that goes on, and not where the config says so."""
    run = kb(
        home.path, "ask", "--private", "--json", "--no-model", "What is the quokkaberry rent of the cabin?"
    )
    assert json.loads(run.out)["conversation"] is None
    kb(home.path, "ask", "--no-model", RENT)
    kb(home.path, "ask", "-c", "--private", "--no-model", "and the quokkaberry rent?")
    config = home.path / "config.toml"
    config.write_text("[history]\nkeep = false\n", encoding="utf-8")
    try:
        kb(home.path, "ask", "--no-model", "Which quokkaberry rent?")
    finally:
        config.unlink()
    assert kb(home.path, "history", "search", "quokkaberry").code == 1
    left = [path for path in home.path.rglob("*") if path.is_file() and b"quokkaberry" in path.read_bytes()]
    assert left == []


def test_a_damaged_history_costs_only_itself(home: Home) -> None:
    """The answer is given all the same, one sentence says what is wrong; to go on is refused."""
    file = home.path / "history.sqlite"
    kept = file.read_bytes() if file.exists() else None
    for name in ("history.sqlite-wal", "history.sqlite-shm"):
        (home.path / name).unlink(missing_ok=True)
    file.write_bytes(b"garbage " * 2000)
    try:
        run = kb(home.path, "ask", "--model", str(home.answering), RENT)
        assert run.code == 0
        assert run.out.startswith("The rent is 4,200 kr a month [1].")
        assert run.err == (
            f"kb: this answer is not kept: {file} is no history, or is damaged\n"
            "  move it away, and a new one is begun\n"
        )
        run = kb(home.path, "ask", "-c", "--no-model", "and now?")
        assert (run.code, run.out) == (3, "")
        assert run.err.startswith(f"kb: error: {file} is no history, or is damaged\n")
    finally:
        file.unlink()
        if kept is not None:
            file.write_bytes(kept)


def test_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    """`-c` before the first question is a misuse, and makes no answer up."""
    run = kb(tmp_path, "ask", "-c", "and now?")
    assert (run.code, run.out) == (2, "")
    assert run.err == 'kb: error: there is no conversation yet\n  begin one: `kb ask "…"`\n'


def test_conversations_are_listed(alone: Path) -> None:
    """The latest first, for people and for programs."""
    run = kb(alone, "history", "list")
    assert [line.split("\t")[0] for line in run.out.splitlines()] == ["2", "1"]
    assert run.out.splitlines()[1].endswith(f"\t2 questions\t{RENT}")
    listed = json.loads(kb(alone, "history", "list", "-n", "1", "--json").out)
    assert listed == [
        {"id": 2, "title": "Who bakes?", "begun_at": listed[0]["begun_at"], "updated_at": 3000.0, "turns": 1}
    ]


def test_a_conversation_is_shown(alone: Path) -> None:
    """Questions, how they were understood, answers and sources, without what could drive the terminal."""
    run = kb(alone, "history", "show", "1")
    assert run.code == 0
    lines = run.out.splitlines()
    assert lines[0] == f"{RENT}  conversation 1"
    assert lines[3:5] == ["It is 4,200 kr [1].", "[1] /notes/lease.md, line 3"]
    assert lines[7:] == ["searched for: and of the boat? (rent)", "not in your files"]
    assert kb(alone, "history", "show").out.startswith("Who bakes?  conversation 2\n")
    assert kb(alone, "history", "show", "9").err.startswith("kb: error: there is no conversation 9\n")


def test_words_are_searched_for(alone: Path) -> None:
    """Where they stand in questions or answers; exit code 1 where they do not."""
    run = kb(alone, "history", "search", "rents", "cabin")
    assert run.out.startswith(f"1  {RENT}  ")
    assert run.out.endswith("    It is 4,200 kr [1].\n")
    found = json.loads(kb(alone, "history", "search", "boat", "--json").out)
    assert [(each["conversation"], each["turn"], each["question"]) for each in found] == [
        (1, 2, "and of the boat?")
    ]
    run = kb(alone, "history", "search", "submarine", "--json")
    assert (run.code, json.loads(run.out)) == (1, [])


def test_conversations_are_exported(alone: Path, tmp_path: Path) -> None:
    """As Markdown with sources, to stdout or to a file that is not replaced unasked."""
    run = kb(alone, "history", "export", "1")
    assert (
        f"\n## {RENT}\n\nIt is 4,200 kr [1].\n\n- \\[1\\] `/notes/lease.md`, line 3\n  > 4,200 kr a month.\n"
        in run.out
    )
    assert "*Searched for: and of the boat? (rent)*\n\n*Not in your files.*" in run.out
    target = tmp_path / "all.md"
    run = kb(alone, "history", "export", "--output", str(target))
    assert (run.code, run.out) == (0, "")
    text = target.read_text(encoding="utf-8")
    assert text.index(f"# {RENT}") < text.index("# Who bakes?")
    run = kb(alone, "history", "export", "--output", str(target))
    assert (run.code, run.err) == (2, f"kb: error: {target} is there already\n  --force replaces it\n")
    assert kb(alone, "history", "export", "2", "--output", str(target), "--force").code == 0
    assert target.read_text(encoding="utf-8").startswith("# Who bakes?\n")


def test_a_conversation_is_renamed(alone: Path) -> None:
    """Its title is what the list shows."""
    assert kb(alone, "history", "rename", "1", "The", "cabin").code == 0
    assert kb(alone, "history", "list").out.splitlines()[1].endswith("\tThe cabin")
    assert kb(alone, "history", "rename", "9", "x").code == 2


def test_conversations_are_deleted(alone: Path) -> None:
    """Not unasked where nobody can be asked; then no byte of them is left."""
    run = kb(alone, "history", "delete", "1")
    assert (run.code, run.out) == (2, "")
    assert kb(alone, "history", "delete").code == 2
    run = kb(alone, "history", "delete", "1", "--yes")
    assert (run.code, run.out) == (0, "1 conversation deleted\n")
    left = b"".join(path.read_bytes() for path in alone.rglob("*") if path.is_file())
    assert b"4,200" not in left
    assert b"bakes" in left
    assert kb(alone, "history", "delete", "--all", "--yes").out == "1 conversation deleted\n"
    assert kb(alone, "history", "list").code == 1
    with sqlite3.connect(alone / "history.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (0,)
    connection.close()


def test_without_a_history_nothing_is_found(tmp_path: Path) -> None:
    """And no file is made by looking."""
    for command in (["list"], ["show"], ["search", "x"], ["export"], ["delete", "--all", "--yes"]):
        assert kb(tmp_path, "history", *command).code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_follow_up_says_what_was_searched_for(home: Home) -> None:
    """On demand on stderr, always in the JSON; the answer leans on the turn before."""
    kb(home.path, "ask", "--no-model", "Who bought the cabin in 1987?")
    run = kb(home.path, "ask", "-c", "--no-model", "--show-rewrite", "How much is its rent?")
    assert run.code == 0
    assert run.err.startswith("kb: searched for: How much is its rent? (")
    assert "cabin" in run.err.splitlines()[0]
    assert "4,200 kr" in run.out
    run = kb(home.path, "ask", "-c", "--no-model", "--json", "Is it a monthly rent?")
    assert run.err == ""
    assert json.loads(run.out)["question"].startswith("Is it a monthly rent? (")
