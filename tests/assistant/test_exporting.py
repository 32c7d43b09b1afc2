"""Conversations as Markdown files."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.exporting import as_markdown, file_name, write_file
from assistant.history import Conversation, History
from indexer.errors import UsageError
from tests.assistant.history.test_history import turn

KEPT = Conversation(id=1, title="What is the rent?", begun_at=1.0, updated_at=2.0, turns=1)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is the rent?", "what-is-the-rent.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("\x1b[2J…", "conversation.md"),
        ("word " * 50, "word-word-word-word-word-word-word-word-word-word.md"),
        ("Über Köln", "über-köln.md"),
    ],
)
def test_a_file_is_named_after_its_conversation(title: str, name: str) -> None:
    """Of letters and digits alone, and not too long."""
    assert file_name([replace(KEPT, title=title)]) == name


def test_a_file_of_several_says_how_many() -> None:
    """No title would do for all of them."""
    assert file_name([KEPT, KEPT]) == "2-conversations.md"


def test_conversations_follow_one_another(tmp_path: Path) -> None:
    """In the order given."""
    with History.open(tmp_path / "history.sqlite") as history:
        for question in ("rent?", "cabin?"):
            history.add(turn(question))
        text = as_markdown(history, history.conversations()[::-1])
    assert text.index("# rent?") < text.index("# cabin?")


def test_a_file_is_private_and_replaces_none(tmp_path: Path) -> None:
    """Unless that was allowed."""
    path = tmp_path / "kept.md"
    write_file(path, "one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_file(path, "two")
    write_file(path, "2", replaces=True)
    assert path.read_text() == "2"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """It names the file and the reason."""
    with pytest.raises(UsageError, match=r"cannot write .*no such file or directory"):
        write_file(tmp_path / "nowhere" / "x.md", "text")
